"""Command lines of the control plane's components: what they set, and where that cannot be seen."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.collectors.command_line import (
    GATHERED,
    KEPT,
    LOOSE,
    NO_COMMAND,
    SCRIPT,
    SLICES,
    SWITCHES,
    VARIABLE,
    read,
    starts,
)

API = "kube-apiserver"


@pytest.mark.parametrize(("words", "found"), [
    ([API, "--anonymous-auth=false"], {"anonymous-auth": "false"}),
    (["/usr/local/bin/kube-apiserver", "--anonymous-auth"], {"anonymous-auth": "true"}),
    (["C:\\k\\kube-apiserver.exe", "--v", "2"], {"v": "2"}),
    (["/go-runner", "--log-file=/var/log/x.log", API, "--profiling=false"], {"profiling": "false"}),
    (["/sbin/tini", "--", "nice", "-n", "-5", API, "--profiling=false"], {"profiling": "false"}),
    ([API, "--audit-log-path", "-", "--audit-log-maxage", "-1"], {"audit-log-path": "-", "audit-log-maxage": "-1"}),
    ([API, "--profiling", "--anonymous-auth=false"], {"profiling": "true", "anonymous-auth": "false"}),
    ([API, "--profiling", "false"], {"profiling": "true"}),
    ([API, "--client_ca_file", "--profiling"], {"client-ca-file": "--profiling"}),
    ([API, "--made-up", "-1", "--profiling=false"], {"made-up": None, "profiling": "false"}),
    ([API, "--profiling=$(ON)", "--client-ca-file", "$(CA)"], {"profiling": None, "client-ca-file": None}),
    ([API, "--profiling=true", "--profiling=false"], {"profiling": "false"}),
    ([API, '--authorization-mode="Node","AlwaysAllow"'], {"authorization-mode": "Node,AlwaysAllow"}),
    ([API, '--tls-cipher-suites="A"', "--tls-cipher-suites=B"], {"tls-cipher-suites": "A,B"}),
    ([API, '--authorization-mode="Node'], {"authorization-mode": None}),
    ([API, "--authorization-mode=Node", "--authorization-mode=RBAC"], {"authorization-mode": "Node,RBAC"}),
    ([API, "--oidc-signing-algs=RS256", "--oidc-signing-algs", "none"], {"oidc-signing-algs": "RS256,none"}),
    ([API, "--requestheader-allowed-names=a", "--requestheader-allowed-names=b"],
     {"requestheader-allowed-names": "a,b"}),
    ([API, "--authorization-mode=$(FIRST)", "--authorization-mode=RBAC"], {"authorization-mode": None}),
    ([API, "--cloud-config=secret"], {"cloud-config": None}),
    ([API, "--etcd-servers=http://u:p@a:1,https://b:2,http://v:w@x@c:3"],
     {"etcd-servers": "http://a:1,https://b:2,http://c:3"}),
    (["/bin/sh", "-c", "exec /usr/local/bin/kube-apiserver --profiling=false"], {"profiling": "false"}),
    (["bash", "-ec", "kube-apiserver \\\n  --profiling=false \\\n  --v 2\n"], {"profiling": "false", "v": "2"}),
    (["/go-runner", "--log-dir=/var/log/kube-apiserver", API, "--v=2"], {"v": "2"}),
    ([API, "--cert-dir=/opt/sh", "--v=2"], {"cert-dir": None, "v": "2"}),
    (["sh", "-c", "kube-apiserver --audit-log-path '/var/log/a b'"], {"audit-log-path": "/var/log/a b"}),
])
def test_a_whole_line_tells_every_flag(words, found):
    assert read(API, words) == (found, None)


@pytest.mark.parametrize(("words", "found", "why"), [
    ([], {}, NO_COMMAND),
    (["--profiling=false", "--enable-admission-plugins=A"], {"profiling": "false", "enable-admission-plugins": None},
     NO_COMMAND),
    (["/etc/kubernetes/start-apiserver.sh"], {}, SCRIPT),
    (["/start.sh", API, "--profiling=false"], {"profiling": "false"}, SCRIPT),
    (["/bin/sh", "-c", "exec kube-apiserver --profiling=false 2>&1 | tee -a /var/log/x"], {}, SCRIPT),
    (["/bin/sh", "-c", "kube-apiserver --profiling=false; true"], {}, SCRIPT),
    (["/bin/sh", "-c", "kube-apiserver $FLAGS"], {}, SCRIPT),
    (["/bin/sh", "-c", "set -e\nkube-apiserver"], {}, SCRIPT),
    (["/bin/sh", "-c", "kube-apiserver --x='"], {}, SCRIPT),
    (["/bin/sh", "/start.sh", "-c"], {}, SCRIPT),
    (["/bin/sh", "/start.sh", "-c", "kube-apiserver --profiling=false"], {}, SCRIPT),
    ([API, "--profiling", "--new-flag", "--profiling=false"], {"profiling": None, "new-flag": None}, LOOSE),
    (["/bin/sh", "-c", "A=b kube-apiserver --profiling=false"], {"profiling": "false"}, SCRIPT),
    (["/bin/sh", "-c", "/start.sh --profiling=false"], {"profiling": "false"}, SCRIPT),
    ([API, "--profiling=false", "$(EXTRA)"], {"profiling": None}, VARIABLE),
    ([API, "$(EXTRA)", "--profiling=false"], {"profiling": "false"}, VARIABLE),
    ([API, "--$(NAME)=x", "--profiling=false"], {"profiling": "false"}, VARIABLE),
    ([API, "--profiling", "$(EXTRA)"], {"profiling": None}, VARIABLE),
    ([API, "--authorization-mode=RBAC", "more"], {"authorization-mode": None}, LOOSE),
    ([API, "--profiling=false", "--", "--token-auth-file=t"], {"profiling": None, "token-auth-file": "t"}, LOOSE),
    ([API, "--made-up", "--profiling=false"], {"made-up": None}, LOOSE),
])
def test_any_other_line_says_why_it_is_not_whole(words, found, why):
    assert read(API, words) == (found, why)


def test_a_value_that_ends_as_the_component_is_called_is_not_the_component():
    words = ["--name=a", "--data-dir", "/var/lib/etcd", "--auto-tls"]
    assert read("etcd", words) == ({"name": "a", "data-dir": "/var/lib/etcd", "auto-tls": "true"}, NO_COMMAND)
    assert read("etcd", ["etcd", *words]) == ({"name": "a", "data-dir": "/var/lib/etcd", "auto-tls": "true"}, None)


def test_a_component_is_found_at_any_place():
    assert starts("etcd", ["/usr/local/bin/etcd", "--name=x"]) and not starts("etcd", ["etcdctl", "--name=etcd"])


values = st.text("abcXYZ019./:,-_ '\"", min_size=1, max_size=12)
quoted = st.tuples(st.sampled_from(sorted(KEPT - SWITCHES - SLICES)), values)
lists = st.tuples(st.sampled_from(sorted(SLICES)), values.filter(lambda value: '"' not in value))
given_flags = st.lists(st.one_of(quoted, lists), max_size=6)


@given(given_flags)
def test_all_ways_to_write_a_line_say_the_same(pairs):
    equals = [API, *(f"--{flag}={value}" for flag, value in pairs)]
    spaces = [API, *(word for flag, value in pairs for word in (f"--{flag}", value))]
    wanted: dict[str, str] = {}
    for flag, value in pairs:
        wanted[flag] = f"{wanted[flag]},{value}" if flag in GATHERED and flag in wanted else value
    for words in (equals, spaces, ["sh", "-c", shlex.join(["exec", *equals])], ["sh", "-c", shlex.join(spaces)]):
        assert read(API, words) == (wanted, None)


@given(given_flags, st.integers(0, 6), st.sampled_from(["$(EXTRA)", "word", "--$(A)", "--"]))
def test_a_word_that_cannot_be_read_makes_everything_before_it_uncertain(pairs, at, word):
    words = [f"--{flag}={value}" for flag, value in pairs]
    found, why = read(API, [API, *words[:at], word, *words[at:]])
    assert why and set(found) == {flag for flag, _ in pairs}
    later = {flag for flag, _ in pairs[at:]}
    assert all(value is None for flag, value in found.items() if flag not in later or flag in GATHERED)

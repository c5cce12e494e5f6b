"""Command lines of Kubernetes' components and of etcd, to the flags that they set.

Arguments can hold credentials: only the values of the flags in `KEPT` are kept, and a user and password in an address
are struck out. A line is **whole** where one of its words is the component, and each word after it is a flag or the
value of one; of any other line flags may be set that are not seen, and then it is said why.

Sources: the flags that each component registers (kubernetes/kubernetes with k8s.io/apiserver, component-base,
controller-manager and cloud-provider; etcd-io/etcd), and how pflag and Go's flag package read a line.
"""

import csv
import re
import shlex
from itertools import takewhile
from typing import NamedTuple

KEPT_OF_ETCD = frozenset(
    "advertise-client-urls auto-tls cert-file cipher-suites client-cert-auth data-dir initial-advertise-peer-urls"
    " initial-cluster key-file listen-client-urls listen-metrics-urls listen-peer-urls name peer-auto-tls"
    " peer-cert-file peer-client-cert-auth peer-key-file peer-trusted-ca-file snapshot-count trusted-ca-file".split()
)

KEPT = KEPT_OF_ETCD | frozenset(
    # kube-apiserver
    "admission-control admission-control-config-file advertise-address allow-privileged anonymous-auth api-audiences"
    " audit-log-format audit-log-maxage audit-log-maxbackup audit-log-maxsize audit-log-mode audit-log-path"
    " audit-policy-file audit-webhook-config-file authentication-config authentication-token-webhook-config-file"
    " authorization-config authorization-mode authorization-webhook-config-file bind-address client-ca-file"
    " disable-admission-plugins egress-selector-config-file enable-admission-plugins enable-bootstrap-token-auth"
    " encryption-provider-config encryption-provider-config-automatic-reload etcd-cafile etcd-certfile etcd-keyfile"
    " etcd-servers event-ttl feature-gates goaway-chance insecure-port kubelet-certificate-authority"
    " kubelet-client-certificate kubelet-client-key kubelet-https kubelet-preferred-address-types"
    " max-mutating-requests-inflight max-requests-inflight min-request-timeout oidc-ca-file oidc-client-id"
    " oidc-groups-claim oidc-groups-prefix oidc-issuer-url oidc-required-claim oidc-signing-algs"
    " oidc-username-claim oidc-username-prefix profiling proxy-client-cert-file proxy-client-key-file"
    " request-timeout requestheader-allowed-names requestheader-client-ca-file secure-port"
    " service-account-extend-token-expiration service-account-issuer service-account-jwks-uri"
    " service-account-key-file service-account-lookup service-account-max-token-expiration"
    " service-account-signing-key-file service-cluster-ip-range service-node-port-range"
    " strict-transport-security-directives"
    " tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file token-auth-file v runtime-config"
    # kube-controller-manager, kube-scheduler and kube-proxy
    " allocate-node-cidrs authentication-kubeconfig authorization-kubeconfig cluster-cidr cluster-name"
    " cluster-signing-cert-file cluster-signing-duration cluster-signing-key-file config controllers kubeconfig"
    " leader-elect master metrics-bind-address metrics-port root-ca-file service-account-private-key-file"
    " terminated-pod-gc-threshold use-service-account-credentials rotate-certificates".split()
)
"""Flags whose value is a path, a switch, a name, a number or an address."""

SWITCHES = frozenset(
    # all of Kubernetes
    "help version profiling contention-profiling leader-elect permit-address-sharing permit-port-sharing"
    " disable-http2-serving authentication-skip-lookup authentication-tolerate-lookup-failure add-dir-header"
    " alsologtostderr logtostderr one-output skip-headers skip-log-headers log-json-split-stream log-text-split-stream"
    # kube-apiserver
    " aggregator-reject-forwarding-redirect allow-privileged anonymous-auth audit-log-batch-throttle-enable"
    " audit-log-compress audit-log-truncate-enabled audit-webhook-batch-throttle-enable audit-webhook-truncate-enabled"
    " emulation-forward-compatible enable-aggregator-routing enable-bootstrap-token-auth enable-garbage-collector"
    " enable-inflight-quota-handler enable-logs-handler enable-priority-and-fairness enable-swagger-ui"
    " encryption-provider-config-automatic-reload etcd-quorum-read experimental-bootstrap-token-auth"
    " insecure-allow-any-token kubelet-https repair-malformed-updates runtime-config-emulation-forward-compatible"
    " service-account-extend-token-expiration service-account-lookup shutdown-send-retry-after watch-cache"
    # kube-controller-manager and kube-scheduler
    " allocate-node-cidrs allow-untagged-cloud configure-cloud-routes disable-attach-detach-reconcile-sync"
    " enable-dynamic-provisioning enable-hostpath-provisioner enable-leader-migration enable-taint-manager"
    " horizontal-pod-autoscaler-use-rest-clients use-legacy-policy-config use-service-account-credentials"
    " webhook-disable-http2-serving"
    # kube-proxy
    " bind-address-hard-fail cleanup cleanup-iptables cleanup-ipvs conntrack-tcp-be-liberal enable-dsr"
    " forward-healthcheck-vip init-only iptables-localhost-nodeports ipvs-strict-arp masquerade-all windows-service"
    # etcd
    " auto-tls client-cert-auth debug discovery-insecure-skip-tls-verify discovery-insecure-transport"
    " enable-distributed-tracing enable-grpc-gateway enable-log-rotation enable-pprof enable-v2"
    " experimental-compact-hash-check-enabled experimental-enable-distributed-tracing"
    " experimental-enable-lease-checkpoint experimental-enable-lease-checkpoint-persist"
    " experimental-initial-corrupt-check experimental-memory-mlock experimental-peer-skip-client-san-verification"
    " experimental-stop-grpc-service-on-defrag experimental-txn-mode-write-with-shared-buffer force-new-cluster"
    " initial-election-tick-advance memory-mlock peer-auto-tls peer-client-cert-auth peer-skip-client-san-verification"
    " pre-vote socket-reuse-address socket-reuse-port strict-reconfig-check unsafe-no-fsync".split()
)
"""Flags that take no following word: ``--profiling false`` turns profiling on."""

GATHERED = frozenset(
    "admission-control api-audiences authorization-mode controllers disable-admission-plugins enable-admission-plugins"
    " etcd-servers feature-gates kubelet-preferred-address-types oidc-required-claim oidc-signing-algs"
    " requestheader-allowed-names runtime-config service-account-issuer service-account-key-file"
    " strict-transport-security-directives tls-cipher-suites".split()
)
"""Flags whose values add up where they are given more than once; of all others the last counts."""

_MAPS_AND_ARRAYS = frozenset("feature-gates oidc-required-claim runtime-config service-account-issuer"
                             " service-account-key-file".split())
SLICES = GATHERED - _MAPS_AND_ARRAYS
"""Those that are read as lines of CSV, so that quotation marks in them are none of the value."""

SHELLS = frozenset("sh bash ash dash ksh zsh".split())
WRAPPERS = frozenset("chrt dumb-init go-runner hyperkube ionice nice setpriv setsid taskset tini".split())
"""Programs that start the command after them as it stands there."""

NO_COMMAND = "its image sets the command, which may contain flags that are not visible"
SCRIPT = "a script starts it, so its flags are not visible"
VARIABLE = "its command line contains a variable whose value is not visible"
LOOSE = "its command line contains an unknown word"

_USER_INFO = re.compile(r"(?<=://)[^/\s]*@")
_MORE_THAN_ONE_COMMAND = re.compile(r"[;|&$`<>(){}#\n]")
_NUMBERS = re.compile(r"[\dx,.:-]+")

Values = dict[str, str | None]


class CommandLine(NamedTuple):
    """Flags with their values (``None``: set, and the value was not kept or is not certain), and why there may be
    others; ``None`` where there are not."""

    flags: Values
    unread: str | None


def read(component: str, words: list[str]) -> CommandLine:
    """The command line of a component, with its command and arguments as the words."""
    if any(_base(word) in SHELLS for word in words):
        if (script := _script(words)) is None:
            return CommandLine({}, SCRIPT)
        words = script
    if not words or words[0].startswith("-"):
        return CommandLine(_certain(_flags(words)[0]), NO_COMMAND)
    place = next((at for at, word in enumerate(words) if _base(word) == component), None)
    if place is None:
        return CommandLine(_certain(_flags(words)[0]), SCRIPT)
    found, why = _flags(words[place + 1:])
    if not all(map(_starts_as_it_stands, words[:place])):
        why = SCRIPT
    return CommandLine(_certain(found) if why else found, why)


def flags(words: list[str]) -> Values:
    """Flags as the components read them: ``--flag=value``, ``--flag value``, or ``--flag`` (true).

    The value of a flag that is not in `KEPT` is ``None``, and so is one that the kubelet puts in (``$(NAME)``).
    """
    return _flags(words)[0]


def starts(component: str, words: list[str]) -> bool:
    """True if one of the words is the component, at whatever place it lies."""
    return any(_base(word) == component for word in words)


def runs(component: str, words: list[str]) -> bool:
    """True if it is plain that the words start the component."""
    place = next((at for at, word in enumerate(words) if _base(word) == component), None)
    return place is not None and all(map(_starts_as_it_stands, words[:place]))


def kept(flag: str, value: str) -> str | None:
    """The value of a flag, as far as it may be kept."""
    return _USER_INFO.sub("", value) if flag in KEPT and "$(" not in value else None


def _base(word: str) -> str:
    """The name of the program that a word is; of a flag none."""
    return "" if word.startswith("-") else word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")


def _starts_as_it_stands(word: str) -> bool:
    return word.startswith("-") or _base(word) in WRAPPERS or bool(_NUMBERS.fullmatch(word))


def _script(words: list[str]) -> list[str] | None:
    """The words of the one plain command that a shell is told to run; ``None`` where it is told anything else."""
    shell = next(at for at, word in enumerate(words) if _base(word) in SHELLS)
    options = takewhile(lambda at: words[at].startswith("-"), range(shell + 1, len(words)))  # the rest is its script's
    option = next((at for at in options if re.fullmatch(r"-[A-Za-z]*c", words[at])), None)
    if option is None or option + 1 == len(words):
        return None
    script = words[option + 1].replace("\\\n", "").strip()
    try:
        command = None if _MORE_THAN_ONE_COMMAND.search(script) else shlex.split(script)
    except ValueError:  # a quotation mark without its other half
        return None
    return command and [*words[:shell], *command[command[0] == "exec":]]


def _certain(found: Values) -> Values:
    """What is certain of flags where more may be set: lists may have more items than are seen."""
    return {name: None if name in GATHERED else value for name, value in found.items()}


def _flags(words: list[str]) -> tuple[Values, str | None]:
    """Flags, and why others may be set. What stands before a word that cannot be read may be set anew by it."""
    found: Values = {}
    why: str | None = None
    unsure: str | None = None
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        name, given, value = word.lstrip("-").partition("=")
        name = name.replace("_", "-")
        if not word.startswith("-") or not name or "$(" in name:
            found, why = dict.fromkeys(found), VARIABLE if "$(" in word else LOOSE
            continue
        doubtful, unsure = unsure, None
        if not given:
            value, unsure = _following(name, rest)
            why = why or unsure
        if not doubtful:
            found[name] = _joined(found, name, _items(name, kept(name, value)))
        elif name in found:  # the word may as well be the value of the flag before it
            found[name] = None
    return found, why


def _following(name: str, rest: list[str]) -> tuple[str, str | None]:
    """The value of a flag that is given without one, taken off the words after it, and what is unsure about that."""
    if name in SWITCHES:
        if rest and rest[-1] in ("true", "false"):  # a word of its own, which sets nothing
            rest.pop()
        return "true", None
    if not rest:
        return "", None
    if name not in KEPT and re.match(r"--?[A-Za-z]", rest[-1]):
        return "", LOOSE
    return rest.pop(), None


def _items(name: str, value: str | None) -> str | None:
    """The items of a list, joined by commas; ``None`` where it cannot be read."""
    if name not in SLICES or not value:
        return value
    try:
        [items] = csv.reader([value], strict=True)
    except (csv.Error, ValueError):
        return None
    return ",".join(items)


def _joined(found: Values, name: str, value: str | None) -> str | None:
    if name not in GATHERED or name not in found:
        return value
    before = found[name]
    return None if before is None or value is None else ",".join(filter(None, (before, value)))

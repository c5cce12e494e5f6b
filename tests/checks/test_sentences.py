"""The sentences of the checks that ship: the title says what is wanted, the finding what a failing subject is or does."""

from collections import Counter

import pytest

from auditkit.checks import Check, all_checks
from auditkit.evaluation.sentences import NOUNS, plural, subjects_of

LONGEST_TITLE, LONGEST_FINDING = 100, 90
UNINFLECTED = {"can", "cannot", "may", "must"}
"""Verbs that are the same in singular and plural."""

LOWER_CASE = ("etcd ", "kube-proxy ")
"""Names with which a sentence may begin."""
NEGATIONS = {"no", "nobody", "not", "only", "without"}

CHECKS = {name: check for name, check in all_checks().items() if check.ships}
TOLD = [check for check in CHECKS.values() if check.finding]


def module(check: Check) -> str:
    return check.name.partition(".")[0]


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_title_is_one_sentence(check: Check) -> None:
    title = check.title
    assert title.endswith(".") and not title.endswith("..") and title == title.strip()
    assert title[0].isupper() or title.startswith(LOWER_CASE)
    assert len(title) <= LONGEST_TITLE


def test_no_two_checks_have_the_same_title() -> None:
    titles = Counter(check.title for check in CHECKS.values())
    assert [title for title, count in titles.items() if count > 1] == []


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_what_is_wanted_names_only_parameters_of_its_check(check: Check) -> None:
    assert not {"{", "}"} & set(check.expected)


def test_what_is_wanted_states_the_value_that_a_framework_sets() -> None:
    check = CHECKS["findings.images_scanned_recently"]
    assert check.expected == "a scan for vulnerabilities in the 30 days before the snapshot, with data from these days"
    assert check.with_parameters({"max_age_days": 183}).expected == (
        "a scan for vulnerabilities in the 183 days before the snapshot, with data from these days")
    capabilities = CHECKS["workloads.all_capabilities_dropped"].with_parameters({"allowed": ["CHOWN", "KILL"]})
    assert "only allowed capabilities are added (CHOWN, KILL)" in capabilities.expected


def test_every_check_has_a_finding() -> None:
    assert [check.name for check in CHECKS.values() if not check.finding] == []


@pytest.mark.parametrize("check", TOLD, ids=[check.name for check in TOLD])
def test_a_finding_is_a_verb_and_what_belongs_to_it(check: Check) -> None:
    finding = check.finding
    verb, _, rest = finding.partition(" ")
    assert verb.isalpha() and verb.islower() and rest
    assert verb in UNINFLECTED or (verb.endswith("s") and plural(finding) != finding)
    assert plural(finding).endswith(f" {rest}")
    assert not finding.endswith((".", " ")) and len(finding) <= LONGEST_FINDING


@pytest.mark.parametrize("check", TOLD, ids=[check.name for check in TOLD])
def test_a_finding_does_not_say_what_the_title_wants(check: Check) -> None:
    title, finding = check.title.rstrip(".").lower(), check.finding.lower()
    assert title not in finding
    assert NEGATIONS & set(title.split()) or not any(said in title for said in (finding, plural(finding)))


@pytest.mark.parametrize(("one", "several"), [
    ("runs privileged", "run privileged"), ("has external IPs", "have external IPs"),
    ("is bound to a role, in use, or automounted into pods", "are bound to a role, in use, or automounted into pods"),
    ("does not enforce network policies", "do not enforce network policies"),
    ("can create PersistentVolumes", "can create PersistentVolumes"),
    ("uses wildcards", "use wildcards"), ("passes", "pass"), ("carries a token", "carry a token"),
    ("reaches the node", "reach the node"), ("takes a token", "take a token"),
])
def test_a_finding_is_said_of_several_subjects(one: str, several: str) -> None:
    assert plural(one) == several


def test_subjects_are_called_by_words_that_people_use() -> None:
    called = {check.name: subjects_of(check) for check in CHECKS.values()}
    assert [name for name, noun in called.items() if "_" in noun or not noun.endswith("s")] == []
    assert called["access.no_system_masters_group"] == "users and groups"
    assert called["access.token_creation_minimal"] == "subjects of bindings"
    assert called["network.ingress_uses_tls"] == "entry points"
    assert called["network.plugin_enforces_policies"] == "network plug-ins"
    assert set(NOUNS) <= {check.tables[0].removeprefix("all_") for check in CHECKS.values()}  # each is of use

"""One vocabulary: rules, severities, times, benchmarks."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.scans import vocabulary as words

UTC = dt.UTC


@pytest.mark.parametrize(
    ("rule", "normal"),
    [
        ("KSV012", "KSV012"),
        ("KSV-0012", "KSV012"),
        ("AVD-KSV-0012", "KSV012"),
        ("AVD-KSV012", "KSV012"),
        ("avd-ksv-0012", "KSV012"),
        ("KCV0001", "KCV001"),
        ("AVD-KSV-01010", "KSV1010"),
        ("KSV0109", "KSV109"),
        ("DS-0002", "DS002"),
        ("cve-2024-1", "CVE-2024-1"),
        (" CVE-2024-1 ", "CVE-2024-1"),
        ("c-0012", "C-0012"),
        ("ckv_k8s_1", "CKV_K8S_1"),
        ("GHSA-ab12-cd34-ef56", "GHSA-ab12-cd34-ef56"),
        ("c-like", "c-like"),
        ("runAsRoot", "runAsRoot"),
        ("KSV", "KSV"),
        (None, None),
    ],
)
def test_one_rule_has_one_name(rule: str | None, normal: str | None) -> None:
    assert words.rule_id(rule) == normal
    assert words.rule_id(normal) == normal


@given(st.text(max_size=20))
def test_a_normal_rule_stays(rule: str) -> None:
    assert words.rule_id(words.rule_id(rule)) == words.rule_id(rule)


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("CRITICAL", "critical"),
        ("Emergency", "critical"),
        ("error", "high"),
        ("danger", "high"),
        ("High", "high"),
        ("Warning", "medium"),
        ("moderate", "medium"),
        ("notice", "low"),
        ("Negligible", "info"),
        ("Informational", "info"),
        ("UNKNOWN", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        ("<b>high</b>", "unknown"),
    ],
)
def test_severities(word: str | None, severity: str) -> None:
    assert words.severity(word) == severity


@pytest.mark.parametrize(
    "value",
    [
        "2024-03-01T12:00:00Z",
        "2024-03-01T13:00:00+01:00",
        "2024-03-01T12:00:00.000000000Z",
        "2024-03-01T12:00:00",
        1709294400,
        "1709294400",
        1709294400.0,
        1709294400_000,
        1709294400_000_000,
        1709294400_000_000_000,
        dt.datetime(2024, 3, 1, 12, tzinfo=UTC),
    ],
)
def test_times_in_every_form(value: object) -> None:
    assert words.moment(value) == dt.datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "never",
        "0001-01-01T00:00:00Z",
        0,
        "0",
        -1,
        True,
        1e300,
        float("inf"),
        float("nan"),
        "9" * 400,
        "2024-13-45T00:00:00Z",
        [],
        {},
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_what_is_no_time(value: object) -> None:
    assert words.moment(value) is None


@given(st.text() | st.floats() | st.integers())
def test_a_time_is_in_utc_or_none(value: object) -> None:
    time = words.moment(value)
    assert time is None or (time.tzinfo is UTC and time.year >= 1970)


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("1.6", "cis-1.6"),
        ("cis-1.8", "cis-1.8"),
        ("k8s-cis-1.23", "cis-1.23"),
        ("cis-v1.23-t1.0.1", "cis-1.23"),
        ("CIS-1.10", "cis-1.10"),
        ("eks-1.2.0", "eks-1.2.0"),
        ("eks-cis-1.4", "eks-1.4"),
        ("k8s-nsa-1.0", "k8s-nsa-1.0"),
        ("MITRE", "MITRE"),
        ("", None),
        (None, None),
    ],
)
def test_benchmarks_with_their_version(name: str | None, normal: str | None) -> None:
    assert words.benchmark(name) == normal


def test_digests_and_groups() -> None:
    assert words.digest("repo/name@sha256:abc") == "sha256:abc"
    assert words.digest("repo/name:tag") is None
    assert words.group("apps/v1") == "apps"
    assert words.group("v1") == ""
    assert words.group(None) is None
    assert [words.text(value) for value in ("a", "", 3, 1.5, True, None, [], {})] == ["a", None, "3", "1.5"] + [
        None
    ] * 4

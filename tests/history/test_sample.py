"""Samples: the same seed chooses the same items everywhere, all items alike, and nothing is chosen in silence."""

import hashlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditkit.api import evaluating, over_time, snapshots
from auditkit.base import shipped
from auditkit.errors import DefinitionError, NoSuchName, UsageError
from auditkit.history import sizes, window
from auditkit.history.items import Population, of_rows
from auditkit.history.sample import choose, ranks
from auditkit.history.sizes import Chosen
from auditkit.snapshots.snapshot import Snapshot

HOUSE = Path(__file__).parents[2]
CHOSEN = """
import sys

import auditkit
found = auditkit.sample(sys.argv[1], "pods", seed="Zürich 2026", size=9)
print(found.population.digest, *found.frame["item"], sep="\\n")
"""


def population(snapshot: Snapshot, names: list[str], **columns: list[str]) -> Population:
    frame = pd.DataFrame({"name": names, **columns}, dtype="string[pyarrow]")
    return of_rows("x", window.at(snapshot), [(snapshot, frame)], ["name"])


def by_hand(seed: str, items: list[str], size: int) -> list[str]:
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}\0{item}".encode()).hexdigest())[:size]


def test_anybody_can_choose_again_with_sha256(acme: Snapshot) -> None:
    found = over_time.sample(acme, "pods", seed="A seed", size=12)
    items = list(found.population.frame["item"])
    assert list(found.frame["item"]) == by_hand("A seed", items, 12)
    shell = subprocess.run(["bash", "-c", "printf '%s\\0%s' \"$0\" \"$1\" | sha256sum", "A seed", items[0]],
                           capture_output=True, text=True, check=True)
    assert shell.stdout.split()[0] == ranks("A seed", pd.Series(items))[0]


@pytest.mark.slow
def test_other_hash_seeds_locales_and_time_zones_choose_the_same(acme: Snapshot, tmp_path: Path) -> None:
    path = str(acme.apart().write(tmp_path))
    said = {subprocess.run([sys.executable, "-c", CHOSEN, path], cwd=HOUSE, check=True, capture_output=True, env={
        **os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone, "PYTHONIOENCODING": "utf-8"}).stdout
        for seed, locale, zone in (("1", "C", "UTC"), ("2", "C.UTF-8", "Asia/Kolkata"))}
    assert len(said) == 1 and len(said.pop().splitlines()) == 10


def test_the_order_of_rows_chooses_nothing(acme: Snapshot) -> None:
    names = [f"pod-{number}" for number in range(50)]
    one, other = (choose(population(acme, rows), "s", Chosen(7, "")) for rows in (names, names[::-1]))
    assert one.frame.equals(other.frame)


def test_every_item_is_chosen_as_often(acme: Snapshot) -> None:
    items, seeds, size = [f'["{number}"]' for number in range(40)], [f"seed {number}" for number in range(2000)], 10
    counts = dict.fromkeys(items, 0)
    for seed in seeds:
        for item in by_hand(seed, items, size):
            counts[item] += 1
    column = pd.Series(items)
    assert [items[place] for place in pd.Series(ranks("seed 7", column)).sort_values().index[:size]] == by_hand(
        "seed 7", items, size)
    expected = len(seeds) * size / len(items)
    chi = sum((count - expected) ** 2 / expected for count in counts.values())
    assert chi < 39 + 4 * math.sqrt(2 * 39), "chi-square of 39 degrees of freedom, four standard deviations"


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), unique=True, max_size=12), st.integers(1, 15),
       st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=8))
def test_a_sample_has_its_size_and_no_item_twice(names: list[str], size: int, seed: str) -> None:
    snap = snapshots.demo() if not _DEMO else _DEMO[0]
    _DEMO.append(snap)
    found = choose(population(snap, names), seed, Chosen(size, ""))
    assert len(found.frame) == min(size, len(names)) and found.frame["item"].is_unique
    assert list(found.frame["item"]) == by_hand(seed, list(found.population.frame["item"]), size)


_DEMO: list[Snapshot] = []


def test_an_item_that_is_added_moves_no_other(acme: Snapshot) -> None:
    names = [f"pod-{number}" for number in range(99)]
    one, other = (list(choose(population(acme, rows), "s", Chosen(20, "")).frame["item"]) for rows in (names, [*names, "z"]))
    assert [item for item in other if item != '["z"]'] == one[:len(other) - ('["z"]' in other)]


def test_each_stratum_has_its_share_rounded_up(acme: Snapshot) -> None:
    spaces = ["a"] * 60 + ["b"] * 30 + ["c"] * 1
    found = choose(population(acme, [f"p{n}" for n in range(91)], namespace=spaces), "s", Chosen(10, ""), by="namespace")
    assert found.frame["stratum"].value_counts().to_dict() == {"a": 7, "b": 4, "c": 1}
    with pytest.raises(NoSuchName, match="column 'namespaze'"):
        over_time.sample(acme, "pods", seed="s", by="namespaze")


def test_without_a_seed_nothing_is_chosen(acme: Snapshot) -> None:
    digest = over_time.population(acme, "pods").digest
    for seed in ("", "  "):
        with pytest.raises(UsageError, match=digest):
            over_time.sample(acme, "pods", seed=seed)
    with pytest.raises(UsageError, match="cannot be printed"):
        over_time.sample(acme, "pods", seed="a\u202eb")


def test_what_the_auditor_wants_in_or_out_is_shown_apart(acme: Snapshot, write: Callable[[str, str], Path]) -> None:
    file = write("choice.yaml", "include:\n  - where: {name: 'etcd*'}\n    reason: incident\n"
                                "exclude:\n  - where: {namespace: billing}\n    reason: out of scope\n")
    found = over_time.sample(acme, "pods", seed="s", size=60, choice=file)
    how = found.frame.groupby("how")
    assert set(how.get_group("included")["reason"]) == {"incident"}
    assert set(how.get_group("excluded")["namespace"]) == {"billing"}
    assert "billing" not in set(how.get_group("chosen")["namespace"]) | set(found.items["namespace"])
    assert found.frame["item"].is_unique


@pytest.mark.parametrize("text, said", [
    ("include:\n  - where: {nam: x}\n    reason: r\n", "line 2: There is no column 'nam'; did you mean name"),
    ("include:\n  - where: {name: nobody}\n    reason: r\n", "line 2: it matches no item"),
    ("include:\n  - where: {name: '*'}\n    reason: r\nexclude:\n  - where: {namespace: billing}\n    reason: r\n",
     "both included and excluded"),
    ("include:\n  - where: {}\n    reason: r\n", "line 2"),
    ("include:\n  - where: {name: x}\n", "line 2"),
    ("wanted: []\n", "line 1"),
])
def test_a_mistake_in_the_choice_has_its_line(acme: Snapshot, write: Callable[[str, str], Path], text: str,
                                              said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        over_time.sample(acme, "pods", seed="s", choice=write("choice.yaml", text))


def test_items_have_the_verdicts_and_requests_of_their_snapshot(acme: Snapshot) -> None:
    found = over_time.sample(acme, "all_containers", seed="s", size=5, framework="soc2", requirements=["CC6.1"])
    said = found.verdicts
    assert set(said["requirement"]) == {"CC6.1"} and set(said["item"]) <= set(found.frame["item"])
    all_said = evaluating.evaluate(acme, "soc2").verdicts()
    for row in found.frame.itertuples():
        wanted = all_said[(all_said["requirement"] == "CC6.1") & (all_said["name"] == row.pod)
                          & ((all_said["container"] == row.name) | all_said["container"].isna())
                          & (all_said["namespace"] == row.namespace) & (all_said["kind"] == row.kind)]
        assert len(said[said["item"] == row.item]) == len(wanted) > 0
    requests = found.requests.set_index("resource")
    assert requests.loc["pods", "sha256"] == acme.ledger.set_index("resource").loc["pods", "sha256"]
    with pytest.raises(NoSuchName, match="requirement of soc2"):
        _ = over_time.sample(acme, "pods", seed="s", framework="soc2", requirements=["CC9.99"]).verdicts
    with pytest.raises(UsageError, match="--framework"):
        over_time.sample(acme, "pods", seed="s", requirements=["CC6.1"])


# --- sizes ---


def smallest(operations: int | None, tolerable: Fraction, risk: Fraction) -> int:
    """The smallest sample that has no deviation at most with this risk, if more than the tolerable part deviates."""
    if operations is None:
        return math.ceil(math.log(risk) / math.log(1 - tolerable))
    bad = math.floor(operations * tolerable) + 1
    return next(n for n in range(1, operations + 1)
                if math.comb(operations - bad, n) <= risk * math.comb(operations, n))


def test_the_sizes_that_ship_are_what_they_say() -> None:
    table = yaml.safe_load((shipped.folder("controls") / "sample-sizes.yaml").read_text())["sample_sizes"]
    risks = {"low": (Fraction(1, 10), Fraction(1, 10)), "high": (Fraction(1, 20), Fraction(1, 20))}
    operations = dict(zip(sizes.FREQUENCIES, (1, 4, 12, 52, 365, None), strict=True))
    assert table["frequencies"] == {name: {risk: smallest(count, *risks[risk]) for risk in risks}
                                    for name, count in operations.items()}
    assert table["populations"] == [
        {**({"up_to": line["up_to"]} if "up_to" in line else {}),
         **{risk: smallest(line.get("up_to"), *risks[risk]) for risk in risks}} for line in table["populations"]]


def test_a_size_comes_from_the_table_or_from_the_auditor(acme: Snapshot, write: Callable[[str, str], Path]) -> None:
    own = write("own.yaml", "sample_sizes:\n  basis: Ours\n  frequencies:\n    daily: {low: 3, high: 4}\n  populations:\n"
                            "    - {up_to: 10, low: 5, high: 6}\n    - {low: 7, high: 8}\n")
    taken = [over_time.sample(acme, "pods", seed="s", **given).size.items for given in (
        {"size": 2}, {"frequency": "daily", "sizes": own}, {"frequency": "daily", "risk": "high", "sizes": own},
        {"sizes": own}, {"size": 500})]
    assert taken == [2, 3, 4, 7, 65]
    assert sizes.read(own).of(4) == Chosen(4, sizes.read(own).of(4).why) and "all 4 items" in sizes.read(own).of(4).why
    with pytest.raises(NoSuchName, match="frequency 'weekly'"):
        sizes.read(own).of(9, "weekly")
    with pytest.raises(UsageError, match="--size is the size itself"):
        over_time.sample(acme, "pods", seed="s", size=1, sizes=own)
    with pytest.raises(UsageError, match="one item or more"):
        over_time.sample(acme, "pods", seed="s", size=0)


@pytest.mark.parametrize("text, line", [
    ("sample_sizes:\n  basis: x\n  frequencies:\n    daly: {low: 1, high: 1}\n", 4),
    ("sample_sizes:\n  basis: x\n  populations:\n    - {low: 1, high: 1}\n    - {up_to: 5, low: 1, high: 1}\n", 5),
    ("sample_sizes:\n  basis: x\n  populations:\n    - {up_to: 5, low: 0, high: 1}\n", 4),
    ("sample_sizes:\n  populations: []\n", 1),
])
def test_a_mistake_in_the_sizes_has_its_line(write: Callable[[str, str], Path], text: str, line: int) -> None:
    with pytest.raises(DefinitionError, match=f"line {line}: "):
        sizes.read(write("sizes.yaml", text))


@pytest.mark.slow
def test_a_million_items_take_seconds(acme: Snapshot) -> None:
    begun = time.process_time()
    names = [f"pod-{number}" for number in range(1_000_000)]
    found = choose(population(acme, names, namespace=["a", "b"] * 500_000), "s", Chosen(50, ""), by="namespace")
    assert len(found.frame) == 50 and len(found.population.digest) == 64
    assert time.process_time() - begun < 40

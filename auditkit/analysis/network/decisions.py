"""What the clauses that match a pair of endpoints decide, port by port, and for all pairs at once.

The order is that of the API: clauses of the tier Admin by priority, and the first that matches counts; what is passed
on or not matched comes to the network policies, which decide wherever one picks the pod; then the tier Baseline; what
is left is allowed. Where it is not known whether a clause matches, or which of two policies of one priority goes
first, a port may end both ways, and then its verdict is not known.
"""

from itertools import groupby
from typing import NamedTuple

import numpy as np

from auditkit.analysis.label_selectors import distinct_columns
from auditkit.analysis.network.clauses import Clauses
from auditkit.analysis.network.policies import ADMIN, BASELINE, NAMESPACED


class Decision(NamedTuple):
    """Sets of ports: allowed, and not known; the rest is denied. ``grounds`` has (policy, ports it decides) pairs."""

    allowed: int
    unknown: int
    grounds: tuple[tuple[int, int], ...]


class Clause(NamedTuple):
    """One clause, without whom it is about."""

    tier: int
    priority: int
    policy: int
    action: str
    ports: int
    certain: bool


class _Tally:
    """What may be allowed and denied so far, and by which policies."""

    def __init__(self) -> None:
        self.allow = self.deny = self.passed = 0
        self.grounds: dict[int, int] = {}

    def note(self, policy: int, action: str, ports: int) -> None:
        if action == "allow":
            self.allow |= ports
        elif action == "deny":
            self.deny |= ports
        else:
            self.passed |= ports
            return
        if ports:
            self.grounds[policy] = self.grounds.get(policy, 0) | ports


def decide(every_port: int, isolating: tuple[int, ...], clauses: list[Clause]) -> Decision:
    """What these clauses, in their order, decide for a pod that these network policies isolate."""
    tally = _Tally()
    left = _first_match(every_port, [clause for clause in clauses if clause.tier == ADMIN], tally)
    left, tally.passed = left | tally.passed, 0
    if isolating:
        left = _granted(left, isolating, [clause for clause in clauses if clause.tier == NAMESPACED], tally)
    left = _first_match(left, [clause for clause in clauses if clause.tier == BASELINE], tally)
    tally.allow |= left | tally.passed
    return Decision(tally.allow & ~tally.deny, tally.allow & tally.deny, tuple(sorted(tally.grounds.items())))


def _first_match(left: int, clauses: list[Clause], tally: _Tally) -> int:
    """The first clause that matches counts; returns the ports that none matched for sure.

    Policies of one priority may be asked in any order, so each of them sees what was left by the priority before.
    """
    for _, same in groupby(clauses, key=lambda clause: clause.priority):
        after = left
        for _, of_policy in groupby(same, key=lambda clause: clause.policy):
            mine = left
            for clause in of_policy:
                tally.note(clause.policy, clause.action, mine & clause.ports)
                if clause.certain:
                    mine &= ~clause.ports
            after &= mine
        left = after
    return left


def _granted(left: int, isolating: tuple[int, ...], clauses: list[Clause], tally: _Tally) -> int:
    """Network policies only allow, and what none of them allows is denied by all that isolate the pod."""
    granted = 0
    for clause in clauses:
        tally.note(clause.policy, clause.action, left & clause.ports)
        if clause.certain:
            granted |= clause.ports
    for policy in isolating:
        tally.note(policy, "deny", left & ~granted)
    return 0


class Way(NamedTuple):
    """All decisions of one direction.

    ``table`` holds numbers of ``decisions``, by class of subjects and class of peers; ``subject`` and ``peer`` give
    these classes for each class of endpoints.
    """

    table: np.ndarray
    subject: np.ndarray
    peer: np.ndarray
    decisions: list[Decision]

    def of(self, subjects: np.ndarray, peers: np.ndarray) -> np.ndarray:
        """The numbers of the decisions for pairs of classes of endpoints."""
        return self.table[self.subject[subjects], self.peer[peers]]

    def unknown(self, every_port: int) -> "Way":
        """The same where policies may be missing: what is decided is not known, and is grounded on those that are."""
        return self._replace(decisions=[Decision(0, every_port, decision.grounds) for decision in self.decisions])

    def outcomes(self) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """The decisions without their grounds: the number of each one's outcome, and these (allowed, unknown)."""
        found: dict[tuple[int, int], int] = {}
        which = [found.setdefault(decision[:2], len(found)) for decision in self.decisions]
        return np.array(which, np.int64), list(found)


def decide_all(clauses: Clauses, every_port: int, undecided: np.ndarray) -> Way:
    """Decide for every class of subjects against every class of peers.

    For each class of subjects only its own clauses are looked at, and peers that match the same of these are one. Of
    the classes that are ``undecided`` nothing is known, whatever clauses say.
    """
    stated = [Clause(*values) for values in zip(
        clauses.tier.tolist(), clauses.priority.tolist(), clauses.policy.tolist(), clauses.action.tolist(),
        clauses.ports, clauses.certain.tolist(), strict=True)]
    told = [clauses.isolating, clauses.subjects, *([undecided[None, :]] if undecided.any() else [])]
    first, subject = distinct_columns(np.vstack(told))
    heads, peer = distinct_columns(clauses.peers)
    peers = np.ascontiguousarray(clauses.peers[:, heads])
    table = np.zeros((len(first), len(heads)), np.int32)
    numbers: dict[tuple, int] = {}
    decisions: dict[Decision, int] = {}
    for row, at in enumerate(first):
        if undecided[at]:
            table[row] = decisions.setdefault(Decision(0, every_port, ()), len(decisions))
            continue
        isolating = tuple(np.flatnonzero(clauses.isolating[:, at]).tolist())
        mine = np.flatnonzero(clauses.subjects[:, at])
        some, which = distinct_columns(peers[mine])
        found = np.empty(len(some), np.int32)
        for place, column in enumerate(some):
            matched = tuple(mine[peers[mine, column]].tolist())
            key = (isolating, matched)
            if key not in numbers:
                decision = decide(every_port, isolating, [stated[clause] for clause in matched])
                numbers[key] = decisions.setdefault(decision, len(decisions))
            found[place] = numbers[key]
        table[row] = found[which]
    return Way(table, subject, peer, list(decisions))

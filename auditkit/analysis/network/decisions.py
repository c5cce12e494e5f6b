"""What the clauses that match a pair of endpoints decide, port by port, and for all pairs at once.

The order is that of the tiers. In Kubernetes: clauses of the tier Admin by priority, and the first that matches counts;
what is passed on or not matched comes to the network policies, which decide wherever one picks the pod; then the tier
Baseline; what is left is allowed. Where it is not known whether a clause matches, or which of two policies of one
priority goes first, a port may end both ways, and then its verdict is not known.
"""

from itertools import groupby
from typing import NamedTuple

import numpy as np

from auditkit.analysis.label_selectors import distinct_columns
from auditkit.analysis.network.clauses import Clauses
from auditkit.analysis.network.policies import KUBERNETES, Tier


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


def decide(every_port: int, isolating: tuple[tuple[int, int], ...], clauses: list[Clause],
           tiers: tuple[Tier, ...] = KUBERNETES) -> Decision:
    """What these clauses, in their order, decide for a pod that these policies, (tier, policy) pairs, isolate."""
    tally = _Tally()
    left = every_port
    for number, tier in enumerate(tiers):
        mine = [clause for clause in clauses if clause.tier == number]
        bound = [policy for at, policy in isolating if at == number]
        left = (_first_match if tier.ordered else _granted)(left, mine, tally)
        if tier.denies and bound:
            for policy in bound:
                tally.note(policy, "deny", left)
            left = 0
        left, tally.passed = left | tally.passed, 0
    tally.allow |= left
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


def _granted(left: int, clauses: list[Clause], tally: _Tally) -> int:
    """What any clause denies is denied, then what any allows is allowed; returns the ports that none surely matched."""
    for action in ("deny", "allow"):
        matched = 0
        for clause in clauses:
            if clause.action == action:
                tally.note(clause.policy, action, left & clause.ports)
                matched |= clause.ports if clause.certain else 0
        left &= ~matched
    return left


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
        return np.asarray(self.table[self.subject[subjects], self.peer[peers]])

    def unknown(self, every_port: int) -> "Way":
        """The same where policies may be missing: what is decided is not known, and is grounded on those that are."""
        return self._replace(decisions=[Decision(0, every_port, decision.grounds) for decision in self.decisions])

    def outcomes(self) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """The decisions without their grounds: the number of each one's outcome, and these (allowed, unknown)."""
        found: dict[tuple[int, int], int] = {}
        which = [found.setdefault(decision[:2], len(found)) for decision in self.decisions]
        return np.array(which, np.int64), list(found)


def decide_all(clauses: Clauses, every_port: int, undecided: np.ndarray, lenient: np.ndarray,
               tiers: tuple[Tier, ...]) -> Way:
    """Decide for every class of subjects against every class of peers.

    For each class of subjects only its own clauses are looked at, and peers that match the same of these are one. Of
    the classes that are ``undecided`` nothing is known, whatever clauses say; for those that are ``lenient`` it is not
    known whether policies act, so that what they deny is not known.
    """
    stated = [Clause(*values) for values in zip(
        clauses.tier.tolist(), clauses.priority.tolist(), clauses.policy.tolist(), clauses.action.tolist(),
        clauses.ports, clauses.certain.tolist(), strict=True)]
    told = [clauses.isolating, clauses.subjects, *(flag[None, :] for flag in (undecided, lenient) if flag.any())]
    first, subject = distinct_columns(np.vstack(told))
    heads, peer = distinct_columns(clauses.peers)
    peers = np.ascontiguousarray(clauses.peers[:, heads])
    table = np.zeros((len(first), len(heads)), np.int32)
    numbers: dict[tuple[tuple[tuple[int, int], ...], tuple[int, ...], bool], int] = {}
    decisions: dict[Decision, int] = {}
    for row, at in enumerate(first):
        if undecided[at]:
            table[row] = decisions.setdefault(Decision(0, every_port, ()), len(decisions))
            continue
        isolating = tuple((int(clauses.tiers[policy]), policy)
                          for policy in np.flatnonzero(clauses.isolating[:, at]).tolist())
        mine = np.flatnonzero(clauses.subjects[:, at])
        some, which = distinct_columns(peers[mine])
        found = np.empty(len(some), np.int32)
        for place, column in enumerate(some):
            matched = tuple(mine[peers[mine, column]].tolist())
            key = (isolating, matched, bool(lenient[at]))
            if key not in numbers:
                decision = decide(every_port, isolating, [stated[clause] for clause in matched], tiers)
                if lenient[at]:
                    decision = decision._replace(unknown=every_port & ~decision.allowed)
                numbers[key] = decisions.setdefault(decision, len(decisions))
            found[place] = numbers[key]
        table[row] = found[which]
    return Way(table, subject, peer, list(decisions))

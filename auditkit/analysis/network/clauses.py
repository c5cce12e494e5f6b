"""From policies to clauses: whom a rule is for, whom it speaks of, which ports, and what it does with them.

Every rule of every kind of policy becomes one or more clauses of one form, in the order in which they are asked: a
row of booleans for its subjects, one for its peers (both over the classes of endpoints), a set of ports, an action.
Named ports are then already numbers, and peers of which it is not known whether they match have clauses of their own.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Clauses:
    """The clauses of one direction, in the order in which they are asked.

    ``policy`` (a number), ``tier``, ``priority``, ``action``, ``ports`` (a set) and ``certain`` (whether the peers
    surely match) are by clause; ``subjects`` and ``peers`` are matrices, clauses by classes. ``isolating`` has for each
    policy (rows) the classes that it isolates in this direction, ``tiers`` its tier.
    """

    policy: np.ndarray
    tier: np.ndarray
    priority: np.ndarray
    action: np.ndarray
    ports: list[int]
    certain: np.ndarray
    subjects: np.ndarray
    peers: np.ndarray
    isolating: np.ndarray
    tiers: np.ndarray


def any_of(rows: np.ndarray, owner: np.ndarray, owners: int) -> np.ndarray:
    """For each owner whether any of its rows is true, column by column; without rows none is."""
    found = np.zeros((owners, rows.shape[1]), bool)
    order = np.argsort(owner, kind="stable")
    at, starts = np.unique(owner[order], return_index=True)
    if len(at):
        found[at] = np.logical_or.reduceat(rows[order], starts, axis=0)
    return found


class Picked:
    """Clauses as they are found, put in the order of their rules at the end."""

    def __init__(self, rules: pd.DataFrame, sure: np.ndarray):
        self.rules = rules
        self.sure = rules["certain"].to_numpy(bool) & sure
        self.parts: list[tuple[np.ndarray, list[int], np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, rules: np.ndarray | list[int], ports: list[int], subjects: np.ndarray, peers: np.ndarray, *,
            certain: bool = True) -> None:
        """Clauses of these rules; what speaks of nobody or of no port is left out."""
        subjects, peers = np.atleast_2d(subjects), np.atleast_2d(peers)
        rules = np.asarray(rules)
        some = subjects.any(axis=1) & peers.any(axis=1) & np.array([bool(mask) for mask in ports], bool)
        self.parts.append((rules[some], [mask for mask, keep in zip(ports, some, strict=True) if keep],
                           self.sure[rules[some]] & certain, subjects[some], peers[some]))

    def clauses(self, isolating: np.ndarray, tiers: np.ndarray) -> Clauses:
        rule, certain, subjects, peers = (np.concatenate([part[at] for part in self.parts]) for at in (0, 2, 3, 4))
        ports = [mask for part in self.parts for mask in part[1]]
        order = np.argsort(rule, kind="stable")
        rules = self.rules.iloc[rule[order]]
        return Clauses(
            rules["number"].to_numpy(np.int64), rules["tier"].to_numpy(np.int64), rules["priority"].to_numpy(np.int64),
            rules["action"].to_numpy(object), [ports[at] for at in order], certain[order], subjects[order],
            peers[order], isolating, tiers,
        )

"""The decisions of meshes on top of those of network policies: what comes in must pass both.

In Istio's ambient mode traffic goes through a tunnel to port 15008 of the pod, which is all that network policies see.
So between two pods of the mesh of which one is in this mode, a port is open only where that port is open too; where
policies say different things of the two, it is not known which of them is used. The same holds between two pods of
Linkerd and port 4143: its proxies send what they know too little of straight to that port.
"""

from collections.abc import Callable

import numpy as np

from auditkit.analysis.label_selectors import distinct
from auditkit.analysis.network.decisions import Decision, Way

Pair = Callable[[Decision, int], Decision]


def refined(way: Way, table: np.ndarray, subject: np.ndarray, peer: np.ndarray, decide: Pair) -> Way:
    """A way with other decisions, by its own and by the numbers that a table has for pairs of classes.

    ``subject`` and ``peer`` give the row and the column of the table for each class of endpoints.
    """
    (rows, of_subject), (columns, of_peer) = distinct(way.subject, subject), distinct(way.peer, peer)
    own = way.table[np.ix_(way.subject[rows], way.peer[columns])].astype(np.int64)
    other = table[np.ix_(subject[rows], peer[columns])]
    width = int(table.max(initial=0)) + 1
    used, place = np.unique(own * width + other, return_inverse=True)
    decisions: dict[Decision, int] = {}
    numbers = [decisions.setdefault(decide(way.decisions[code // width], code % width), len(decisions))
               for code in used.tolist()]
    return Way(np.array(numbers, np.int32)[place.reshape(own.shape)], of_subject, of_peer, list(decisions))


def tunnelled(way: Way, member: np.ndarray, tunnel: np.ndarray, tcp: int, port: int) -> Way:
    """A way of network policies where members of a mesh may use a tunnel, if one of a pair of classes has it.

    ``port`` is the set of the tunnel's port.
    """
    table = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 1]], np.int64)  # outside of the mesh, a member, one with a tunnel
    kind = member.astype(np.int64) + (member & tunnel)

    def through(decision: Decision, uses: int) -> Decision:
        if not uses:
            return decision
        perhaps = decision.allowed | decision.unknown
        open_, closed = bool(decision.allowed & port), not perhaps & port
        allowed = decision.allowed & (~tcp if not open_ else -1)
        unknown = (decision.unknown | (0 if closed else tcp) | (decision.allowed & tcp)) & ~allowed
        return decision._replace(allowed=allowed, unknown=unknown)

    return refined(way, table, kind, kind, through)


def meshed(way: Way, mesh: Way, tcp: int, offset: int) -> Way:
    """What network policies let in and the mesh too. The policies of the mesh are numbered from ``offset``."""
    def both(decision: Decision, number: int) -> Decision:
        other = mesh.decisions[number]
        let, perhaps = other.allowed | ~tcp, other.unknown & tcp
        allowed = decision.allowed & let
        unknown = (decision.allowed | decision.unknown) & (let | perhaps) & ~allowed
        grounds = tuple((policy + offset, ports & tcp) for policy, ports in other.grounds if ports & tcp)
        return Decision(allowed, unknown, (*decision.grounds, *grounds))

    return refined(way, mesh.table, mesh.subject, mesh.peer, both)

"""Istio: strict mutual TLS as policies, which deny what comes without an identity of the mesh."""

from itertools import groupby, pairwise
from typing import Any, NamedTuple

import pandas as pd

from auditkit.analysis.network.mesh.peer_authentication import KIND
from auditkit.analysis.network.mesh.proxies import GATEWAY, ISTIO

SURE, MAYBE, OPEN = "strict", "perhaps strict", "open"


class Modes(NamedTuple):
    """The modes of a pod's ports: of all that are not named, and those with another; and the policy that decided."""

    rest: str
    apart: tuple[tuple[int, str], ...]
    decided_by: str

    @property
    def name(self) -> tuple[str, str]:
        """Namespace and name of the policy, with the ports that differ."""
        space, _, policy = self.decided_by.removeprefix(f"{KIND} ").partition("/")
        ports = ", ".join(f"TCP {port}: {state}" for port, state in self.apart)
        return space, f"{policy} ({ports})" if ports else policy

    def ports(self, state: str) -> list[tuple[int, int]]:
        """The ports in this state, as first and last."""
        if self.rest != state:
            return [(port, port) for port, mode in self.apart if mode == state]
        cuts = [0, *sorted(port for port, mode in self.apart if mode != state), 65536]
        return [(first + 1, last - 1) for first, last in pairwise(cuts) if last - first > 1]


def modes_of(mesh_ports: pd.DataFrame, mesh_pods: pd.DataFrame,
             doubted: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Modes]]:
    """The modes of pods of Istio that may ask for mutual TLS: namespace, name, signature, whole (all ports surely do);
    and what each signature stands for."""
    pods = mesh_pods.loc[((mesh_pods["mesh"] == ISTIO) & mesh_pods["acts"] & (mesh_pods["mode"] != GATEWAY)).fillna(
        False).to_numpy(bool), ["namespace", "name"]]
    pods = pods.merge(doubted.assign(doubted=True), on=["namespace", "name"], how="left")
    pods = pods[pods["doubted"].isna().to_numpy(bool)][["namespace", "name"]]
    rows = mesh_ports[(mesh_ports["protocol"].isna() | (mesh_ports["protocol"] == "TCP")).to_numpy(bool)].merge(
        pods, on=["namespace", "name"])
    state = pd.Series(OPEN, rows.index).mask((rows["mtls"].isna() | (rows["mtls"] == "strict")).to_numpy(bool), MAYBE)
    state = state.mask(((rows["mtls"] == "strict") & ~rows["assumes_root"]).fillna(False).to_numpy(bool), SURE)
    columns = [rows[name].tolist() for name in ("namespace", "name", "port", "decided_by")]
    found, meant = [], {}
    for (space, name), mine in groupby(zip(*columns, state.tolist(), strict=True), key=lambda row: row[:2]):
        modes = _modes([(port, by, said) for _, _, port, by, said in mine])
        if modes.rest != OPEN or modes.apart:
            signature = str(tuple(modes))
            meant[signature] = modes
            found.append((space, name, signature, modes.rest == SURE and not modes.apart))
    return pd.DataFrame(found, columns=["namespace", "name", "signature", "whole"]), meant


def _modes(rows: list[tuple[Any, Any, str]]) -> Modes:
    """The modes of one pod, of the port, policy and state of its rows; the one without a port is for all others."""
    rest, decided_by = next((said, by) for port, by, said in rows if port is pd.NA)
    apart = tuple(sorted((int(port), said) for port, _, said in rows if port is not pd.NA and said != rest))
    named = [by for by in (decided_by, *(by for _, by, _ in rows)) if by is not pd.NA]
    return Modes(rest, apart, named[0] if named else f"{KIND} /not known")

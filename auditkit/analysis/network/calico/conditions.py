"""What rules of Calico ask of both ends of a connection: conditions that must all hold, on classes of endpoints.

A selector picks pods by their labels, and the addresses of sets that have such labels. A condition may be negated, and
of a class it may not be known whether it holds: each has two rows of classes, for sure and perhaps.

Source: projectcalico/calico of July 2026, ``libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go`` and
``lib/backend/k8s/conversion`` (labels of workload endpoints and of their namespaces and service accounts).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from auditkit.analysis.network.addresses import UNKNOWN, AddressSpace
from auditkit.analysis.network.calico.selectors import Values, evaluate, labels, parse_written, values_of
from auditkit.analysis.network.endpoints import NAME_LABEL, SERVICE_ACCOUNT, Endpoints
from auditkit.analysis.network.policies import Asked

NAMESPACE, NAMESPACE_LABELS = "projectcalico.org/namespace", "pcns."
ACCOUNT, ACCOUNT_LABELS = "projectcalico.org/serviceaccount", "pcsa."
ORCHESTRATOR, OWN_NAME, CALICO = "projectcalico.org/orchestrator", "projectcalico.org/name", "projectcalico.org/"
SELECTOR, NETS, MAYBE = "selector", "nets", "maybe"


@dataclass(frozen=True)
class Conditions:
    """Conditions: number, sort (selector, nets, or maybe: nobody knows), text of the selector, negated.

    ``nets`` has their address ranges (number, cidr), ``sets`` the sets that selectors pick (set, namespace, known:
    whether its labels are), with ``set_labels`` (set, key, value) and ``set_nets`` (set, cidr). With ``hosts``
    selectors may pick nodes, whose labels are not read. Where sets are ``lacking``, they may pick any address.
    """

    conditions: pd.DataFrame
    nets: pd.DataFrame
    sets: pd.DataFrame
    set_labels: pd.DataFrame
    set_nets: pd.DataFrame
    hosts: bool
    lacking: bool = False

    def cidrs(self) -> list[str]:
        """All address ranges that are named."""
        return [*self.nets["cidr"], *self.set_nets["cidr"]]

    def keys(self) -> list[str]:
        """The labels of pods that selectors look at."""
        texts = self.conditions.loc[(self.conditions["sort"] == SELECTOR).to_numpy(bool), "text"].unique()
        asked = {label for text in texts for label in labels(parse_written(text))}
        of_account = {ACCOUNT, ACCOUNT_LABELS + OWN_NAME}
        return [SERVICE_ACCOUNT if label in of_account else label for label in asked]

    def asked(self, endpoints: Endpoints, addresses: AddressSpace) -> Asked:
        """Each condition on all classes: matrices of what surely holds, and of what perhaps does (or surely)."""
        rows = self.conditions
        sure, perhaps = (np.zeros((len(rows), endpoints.classes), bool) for _ in range(2))
        perhaps[(rows["sort"] == MAYBE).to_numpy(bool)] = True
        places, of_pods = _Places(endpoints, addresses), _OfPods(endpoints)
        in_nets = self.nets.groupby("number")["cidr"].agg(list)
        pick = cache(lambda text: self._picked(text, endpoints, of_pods, places))
        for at, (sort, text, number) in enumerate(zip(rows["sort"], rows["text"], rows["number"], strict=True)):
            if sort == SELECTOR:
                sure[at], perhaps[at] = pick(text)
            elif sort == NETS:
                sure[at], perhaps[at] = places.held(in_nets[number])
        turned = rows["negated"].to_numpy(bool)[:, None]
        return Asked(np.where(turned, ~perhaps, sure), np.where(turned, ~sure, perhaps))

    def _picked(self, text: str, endpoints: Endpoints, of_pods: "_OfPods",
                places: "_Places") -> tuple[np.ndarray, np.ndarray]:
        """The classes that a selector picks: pods by label, and what has an address of a set that it picks."""
        node = parse_written(text)
        sure, perhaps = evaluate(node, of_pods, endpoints.classes)
        sure, perhaps = sure & endpoints.is_pod, perhaps & endpoints.is_pod
        if self.hosts:
            perhaps |= endpoints.is_node
        if len(self.sets):
            chosen, maybe = evaluate(node, self._of_sets, len(self.sets))
            known = self.sets["known"].to_numpy(bool)
            held, unsure = places.held(self._nets(self.sets["set"][chosen & known]))
            vague = places.held(self._nets(self.sets["set"][(maybe & ~chosen) | ~known]))
            sure, perhaps = sure | held, perhaps | unsure | vague[0] | vague[1]
        return sure, perhaps | np.bool_(self.lacking)

    def _nets(self, sets: pd.Series) -> list[str]:
        return list(self.set_nets.loc[self.set_nets["set"].isin(sets).to_numpy(bool), "cidr"])

    def _of_sets(self, label: str) -> Values:
        """The values of a label for the sets."""
        spaces = self.sets["namespace"].to_numpy(object)
        if label in (NAMESPACE, NAMESPACE_LABELS + OWN_NAME):
            return values_of(np.array([space or None for space in spaces], object))
        if label.startswith((NAMESPACE_LABELS, CALICO)):
            return values_of(np.full(len(spaces), None, object), spaces != "")
        mine = self.set_labels[(self.set_labels["key"] == label).to_numpy(bool)].drop_duplicates("set")
        return values_of(_spread(mine.rename(columns={"set": "thing"}), len(spaces)))


class _Places:
    """Classes by address."""

    def __init__(self, endpoints: Endpoints, addresses: AddressSpace):
        self._place, self._matches = endpoints.place, addresses.matches()
        self._row = {cidr: at for at, cidr in enumerate(addresses.cidrs)}

    def held(self, cidrs: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Whose address lies in any of the ranges, for sure and perhaps: some have one that is not known."""
        rows = [self._row[cidr] for cidr in cidrs]
        sure = np.any(self._matches[rows][:, self._place], axis=0)
        return np.asarray(sure), np.asarray(sure | ((self._place == UNKNOWN) & bool(rows)))


class _OfPods:
    """The values of labels for classes of pods."""

    def __init__(self, endpoints: Endpoints):
        self._ends = endpoints
        self._found: dict[str, Values] = {}

    def __call__(self, label: str) -> Values:
        if label not in self._found:
            self._found[label] = self._values(label)
        return self._found[label]

    def _values(self, label: str) -> Values:
        ends = self._ends
        if label in (NAMESPACE, NAMESPACE_LABELS + OWN_NAME, NAMESPACE_LABELS + NAME_LABEL):
            return values_of(np.asarray([*ends.spaces, ""], object)[ends.space])
        if label == ORCHESTRATOR:
            return values_of(np.full(ends.classes, "k8s", object))
        if label.startswith(NAMESPACE_LABELS):
            key = label.removeprefix(NAMESPACE_LABELS)
            rows = ends.namespace_labels[(ends.namespace_labels["key"] == key).to_numpy(bool)]
            return values_of(np.asarray([*_spread(rows, len(ends.spaces)), None], object)[ends.space])
        if label in (ACCOUNT, ACCOUNT_LABELS + OWN_NAME):
            label = SERVICE_ACCOUNT
        elif label.startswith((ACCOUNT_LABELS, CALICO)):
            return values_of(np.full(ends.classes, None, object), np.ones(ends.classes, bool))
        return values_of(_spread(ends.pod_labels[(ends.pod_labels["key"] == label).to_numpy(bool)], ends.classes))


class OfNamespaces:
    """The values of labels for namespaces themselves, as selectors of namespaces ask for them."""

    def __init__(self, spaces: pd.Index, labels: pd.DataFrame):
        self._spaces, self._labels = spaces, labels

    def __call__(self, label: str) -> Values:
        if label == OWN_NAME:
            return values_of(self._spaces.to_numpy(object))
        return values_of(_spread(self._labels[(self._labels["key"] == label).to_numpy(bool)], len(self._spaces)))


def _spread(rows: pd.DataFrame, things: int) -> np.ndarray:
    """The values of one label, by number of the thing."""
    found = np.full(things, None, object)
    found[rows["thing"].to_numpy(np.int64)] = rows["value"].to_numpy(object)
    return found

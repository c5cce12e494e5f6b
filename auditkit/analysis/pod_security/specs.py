"""Pods made ready for the rules of Pod Security: rows that know their pod, and lists in the plug-in's words.

Everything here is by place: pod 0 is the first row of the pods, and what is said of pods is a Series of their length.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.columns import strings

_SET_BY_BOTH = ["apparmor_type", "run_as_non_root", "run_as_user", "seccomp_type", "selinux_role", "selinux_type",
                "selinux_user", "windows_host_process"]
_OF_PODS = [*_SET_BY_BOTH, "host_ipc", "host_network", "host_pid", "host_users", "os_name"]
_OF_CONTAINERS = [*_SET_BY_BOTH, "name", "type", "allow_privilege_escalation", "privileged", "proc_mount"]
_VISITED = pa.array(["init", "regular", "ephemeral"])


def keys(frame: pd.DataFrame, *names: str) -> pa.Array:
    """What rows are called, as one string each: kind (where there is one), namespace, and the columns named."""
    parts = [filled(frame[name]) for name in ("kind", "namespace", *names) if name in frame]
    return pc.binary_join_element_wise(*parts, "\0")


def filled(values: pd.Series) -> pa.Array:
    """A column as Arrow strings; what is not set is the empty string, as in Go."""
    return pc.fill_null(strings(values), "")


def true(values: pd.Series) -> np.ndarray:
    """Where a nullable boolean is ``True``, and not merely unknown."""
    return np.asarray(values.fillna(False).to_numpy(dtype=bool))


def outside(values: pd.Series, allowed: list[str]) -> np.ndarray:
    """Where something is set that is not allowed."""
    return np.asarray(values.notna().to_numpy(dtype=bool) & ~true(values.isin(allowed)))


def texts(array: pa.Array) -> pd.Series:
    """Arrow strings as a Series."""
    return pd.Series(pd.arrays.ArrowExtensionArray(array))


def said(where: np.ndarray, text: str) -> pd.Series:
    """A text in some places, ``<NA>`` in the others."""
    return texts(pc.if_else(pa.array(where), text, pa.scalar(None, pa.string())))


def joined(separator: str, *parts: pd.Series) -> pd.Series:
    """The parts that are there, joined; ``<NA>`` where none is."""
    return reduce(lambda left, right: (left + separator + right).fillna(left).fillna(right), parts)


@dataclass(frozen=True)
class Listing:
    """A list for each pod: how many things, and their names as text (``<NA>`` where there are none)."""

    count: np.ndarray
    text: pd.Series

    @classmethod
    def of(cls, pods: int, at: np.ndarray, values: pa.Array, quote: str = "") -> "Listing":
        """Group values by the place of their pod, by which they are sorted."""
        count = np.bincount(at, minlength=pods)
        ends = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
        text = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), values), f"{quote}, {quote}")
        if quote:
            text = pc.binary_join_element_wise(quote, text, quote, "")
        return cls(count, texts(pc.if_else(pa.array(count > 0), text, None)))

    def word(self, one: str, many: str) -> pd.Series:
        """The word in singular or plural."""
        return texts(pc.if_else(pa.array(self.count == 1), one, many))

    def after(self, one: str, many: str) -> pd.Series:
        """The list behind its noun: ``container "a"`` or ``containers "a", "b"``."""
        return self.word(one, many) + " " + self.text


class Specs:
    """The tables of pods, or of pod templates: each row has the place ``at`` of its pod, and is sorted by it.

    They have the columns that rules read. Containers stand as the plug-in visits them (init, regular, ephemeral); rows
    of what is inside a container have its place in ``row``. Rows without a pod are left out.
    """

    def __init__(self, pods: pd.DataFrame, containers: pd.DataFrame, capabilities: pd.DataFrame, ports: pd.DataFrame,
                 handlers: pd.DataFrame, volumes: pd.DataFrame, sysctls: pd.DataFrame, annotations: pd.DataFrame):
        self.size = len(pods)
        self.pods = pods[_OF_PODS].reset_index(drop=True).assign(at=np.arange(len(pods)))
        self._pods = keys(pods, "name")
        rank = np.asarray(pc.fill_null(pc.index_in(filled(containers["type"]), value_set=_VISITED), 1))
        at, order = _found(keys(containers, "pod"), self._pods, rank)
        self.containers = containers[_OF_CONTAINERS].take(order).reset_index(drop=True).assign(at=at)
        self._containers = keys(containers, "pod", "name").take(pa.array(order))
        self.capabilities = self._inside(capabilities, ["action", "capability"])
        self.ports, self.handlers = self._inside(ports, ["host_port"]), self._inside(handlers, ["container", "host"])
        self.volumes, self.sysctls = self._placed(volumes, ["name", "type"]), self._placed(sysctls, ["name"])
        self.annotations = self._placed(annotations, ["key", "value"])

    def _placed(self, frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
        """Rows with the place of their pod, sorted by it."""
        at, order = _found(keys(frame, "pod"), self._pods)
        return frame[columns].take(order).reset_index(drop=True).assign(at=at)

    def _inside(self, frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
        """Rows with the places of their container and pod, sorted by them."""
        row, order = _found(keys(frame, "pod", "container"), self._containers)
        at = self.containers["at"].to_numpy()[row]
        return frame[columns].take(order).reset_index(drop=True).assign(row=row, at=at)

    @property
    def alike(self) -> np.ndarray:
        """A number for each pod: the same for those of which every rule says the same."""
        inside = (_lists(len(self.containers), frame["row"], _numbers(frame, frame.columns[:-2]))
                  for frame in (self.capabilities, self.ports, self.handlers))
        containers = _together([_numbers(self.containers, _OF_CONTAINERS), *inside])
        beside = (_lists(self.size, frame["at"], _numbers(frame, frame.columns[:-1]))
                  for frame in (self.volumes, self.sysctls, self.annotations))
        return _together([_numbers(self.pods, _OF_PODS), _lists(self.size, self.containers["at"], containers), *beside])

    @cached_property
    def windows(self) -> np.ndarray:
        """Pods that say they are for Windows."""
        return true(self.pods["os_name"] == "windows")

    @cached_property
    def own_users(self) -> np.ndarray:
        """Pods in a user namespace of their own."""
        return true(~self.pods["host_users"])

    @cached_property
    def _without_containers(self) -> np.ndarray:
        """Pods whose containers are not known: every pod has a regular one."""
        regular = true(self.containers["type"] == "regular")
        return np.asarray(np.bincount(self.containers["at"].to_numpy()[regular], minlength=self.size) == 0)

    def unknown(self, place: str) -> np.ndarray:
        """Pods of which it is not known what ``table.column`` says."""
        table, _, column = place.partition(".")
        frame: pd.DataFrame = getattr(self, table)
        unknown = self._without_containers.copy() if table == "containers" else np.zeros(self.size, bool)
        unknown[frame["at"].to_numpy()[frame[column].isna().to_numpy()]] = True
        return unknown

    def with_any(self, frame: pd.DataFrame, bad: np.ndarray) -> np.ndarray:
        """Containers inside which a row of this frame is bad."""
        found = np.zeros(len(self.containers), bool)
        found[frame["row"].to_numpy()[bad]] = True
        return found

    def listed(self, frame: pd.DataFrame, bad: np.ndarray, column: str = "name", quote: str = '"') -> Listing:
        """The bad rows of each pod by name, in their order."""
        return Listing.of(self.size, frame["at"].to_numpy()[bad], filled(frame[column][bad]), quote)

    def distinct(self, *columns: tuple[pd.DataFrame, np.ndarray, str], quote: str = '"') -> Listing:
        """The values of bad rows in some columns, each once a pod, sorted by their bytes."""
        pairs = pa.concat_tables(
            pa.table({"at": frame["at"].to_numpy()[bad], "value": filled(frame[column][bad])})
            for frame, bad, column in columns
        ).group_by(["at", "value"]).aggregate([]).sort_by([("at", "ascending"), ("value", "ascending")])
        return Listing.of(self.size, pairs["at"].to_numpy(), pairs["value"].combine_chunks(), quote)

    def set_otherwise(self, column: str, allowed: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Which pods and which containers set a column that both have to something that is not allowed."""
        return outside(self.pods[column], allowed), outside(self.containers[column], allowed)

    def values(self, column: str, bad_pods: np.ndarray, bad: np.ndarray) -> Listing:
        """The values of a column that both have, of bad pods and bad containers, each once, sorted."""
        return self.distinct((self.pods, bad_pods, column), (self.containers, bad, column))

    def anywhere(self, bad_pods: np.ndarray, bad: np.ndarray) -> np.ndarray:
        """Pods that are bad themselves or by one of their containers."""
        found = bad_pods.copy()
        found[self.containers["at"].to_numpy()[bad]] = True
        return found

    def of_pod(self, pods: np.ndarray) -> np.ndarray:
        """What is true of pods, for each of their containers."""
        return np.asarray(pods[self.containers["at"].to_numpy()])

    def setters(self, bad_pods: np.ndarray, bad: np.ndarray) -> pd.Series:
        """Who sets something bad: ``pod``, ``container "a"``, ``pod and containers "a", "b"``; ``<NA>``: nobody."""
        return joined(" and ", said(bad_pods, "pod"),
                      self.listed(self.containers, bad).after("container", "containers"))


def _found(names: pa.Array, known: pa.Array, rank: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The places of the names that are known, ascending, and their rows; at one place by rank, then as they are."""
    at = pc.fill_null(pc.index_in(names, value_set=known), -1).to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.argsort(at, kind="stable") if rank is None else np.lexsort((rank, at))
    order = order[at[order] >= 0]
    return at[order], order


def _numbers(frame: pd.DataFrame, columns: Iterable[str]) -> np.ndarray:
    """A number for each row: the same for those that are alike in these columns."""
    return _together([_number(frame[column].array.__arrow_array__()) for column in columns])


def _number(values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    encoded = values.dictionary_encode("encode")
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64))


def _together(numbers: list[np.ndarray]) -> np.ndarray:
    """A number for each place: the same for those that are alike in all of these."""
    found = numbers[0]
    for more in numbers[1:]:
        found = _number(pa.array(found * (more.max(initial=0) + 1) + more))
    return found


def _lists(size: int, at: pd.Series, numbers: np.ndarray) -> np.ndarray:
    """A number for each of so many places: the same for those with the same list of numbers (sorted by place)."""
    ends = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=size))]).astype(np.int32)
    return _number(pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), pa.array(numbers).cast(pa.string())), ","))


def each(values: pd.Series, function: Callable[[str], str]) -> pd.Series:
    """A function on strings, called once for each distinct one."""
    encoded = filled(values).dictionary_encode()
    changed = pa.array(map(function, encoded.dictionary.to_pylist()), pa.string())
    return texts(changed.take(encoded.indices))

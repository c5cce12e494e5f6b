"""The ports of Calico's rules: those of the protocols that a rule is for, less those that it is not for."""

from itertools import pairwise

import numpy as np
import pandas as pd

from auditkit.analysis.columns import INTEGER, STRING
from auditkit.analysis.network.policies import RULE, port_spans
from auditkit.analysis.network.ports import PROTOCOLS

NUMBERS = {"6": "TCP", "17": "UDP", "132": "SCTP"}


def ports_of(rules: pd.DataFrame, ports: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Ports (`RULE`, start, end, name, protocol), and which rules are for every port.

    ``rules`` has `RULE`, protocol and not_protocol; ``ports`` has those of destinations: `RULE`, sense, port.
    """
    by_protocol = _by_protocol(rules)
    asked = ports[(ports["sense"] == "in").to_numpy(bool)]
    rows = by_protocol.merge(asked[[*RULE, "port"]], on=RULE)
    silent = by_protocol[~_has(by_protocol, asked)].assign(port=pd.Series(dtype=STRING))
    spans = _spans(pd.concat([rows, silent], ignore_index=True))
    left_out = ports[(ports["sense"] == "not in").to_numpy(bool)]
    limited = _has(rules, ports) | rules[["protocol", "not_protocol"]].notna().any(axis=1).to_numpy(bool)
    return _less(spans, _spans(by_protocol.merge(left_out[[*RULE, "port"]], on=RULE))), ~pd.Series(limited, rules.index)


def _has(rows: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    if not len(rows) or not len(others):
        return np.zeros(len(rows), bool)
    return np.asarray(pd.MultiIndex.from_frame(rows[RULE]).isin(pd.MultiIndex.from_frame(others[RULE])))


def _by_protocol(rules: pd.DataFrame) -> pd.DataFrame:
    """Each rule with each protocol with ports that it is for."""
    asked, unwanted = (rules[name].str.upper().replace(NUMBERS) for name in ("protocol", "not_protocol"))
    return pd.concat([
        rules.loc[((asked == name).fillna(True) & (unwanted != name).fillna(True)).to_numpy(bool), RULE].assign(
            protocol=name) for name in PROTOCOLS], ignore_index=True).astype({"protocol": STRING})


def _spans(rows: pd.DataFrame) -> pd.DataFrame:
    """Ports on the line: numbers, ranges (80:90) and names; <NA> is all of a protocol."""
    parts = rows["port"].astype(STRING).str.extract(r"^(\d{1,5})(?::(\d{1,5}))?$").replace("", pd.NA)
    first, last = (parts[at].astype(STRING).astype(INTEGER) for at in (0, 1))
    return port_spans(rows, first, last, rows["port"].astype(STRING).where(first.isna()), rows["protocol"])


def _less(spans: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Spans without those parts that the others of their rule cover. A name takes nothing away: see `named_out`."""
    others = others[others["name"].isna().to_numpy(bool)]
    touched = _has(spans, others) & spans["name"].isna().to_numpy(bool)
    if not touched.any():
        return spans
    kept = []
    for row in spans[touched].itertuples(index=False):
        mine = others[(others[RULE] == pd.Series({name: getattr(row, name) for name in RULE})).all(axis=1)]
        starts = sorted({row.start, row.end, *(at for name in ("start", "end") for at in mine[name]
                                               if row.start < at < row.end)})
        for start, end in pairwise(starts):
            if not ((mine["start"] <= start) & (end <= mine["end"])).any():
                kept.append(row._replace(start=start, end=end))
    return pd.concat([spans[~touched], pd.DataFrame(kept, columns=spans.columns).astype(spans.dtypes.to_dict())],
                     ignore_index=True)


def named_out(ports: pd.DataFrame) -> pd.DataFrame:
    """Rules that leave out a port by its name: which that is differs by pod, so that they may match."""
    number = ports["port"].str.fullmatch(r"\d{1,5}(?::\d{1,5})?").fillna(False)
    return ports.loc[((ports["sense"] == "not in") & ~number).to_numpy(bool), RULE].drop_duplicates()


"""The access review, the whole round: a packet for reviewers, their decisions checked, and proof of revocations.

    packet = review_packet(snap)                  # a line for each subject of each binding
    write_packet(packet, "review.xlsx")           # reviewers fill in reviewer, decision, comment, reviewed
    decisions = read_decisions("review.xlsx")
    check_decisions(packet, decisions)            # empty where all is in order
    prove_revocations(decisions, snap, later)     # what became of each decision to revoke

Writing and reading files is in `auditkit.reviews.access_files`.

A line is named by what it says (binding, role, subject), so that it has the same name in every snapshot.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit.analysis.rbac import authorizer
from auditkit.analysis.rbac.access_table import written_out
from auditkit.analysis.rbac.authorizer import Access
from auditkit.analysis.rbac.defaults import shipped_bindings
from auditkit.analysis.rbac.who_can import describe_members, homes
from auditkit.base.hostile_text import ESCAPED, one_line, short
from auditkit.errors import UsageError
from auditkit.snapshots.ledger import sentences
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import TABLES

DECISIONS = ("keep", "revoke")
TO_FILL = ["reviewer", "decision", "comment", "reviewed"]
IDENTITY = ["binding_kind", "binding_namespace", "binding", "role_kind", "role", "subject_kind", "subject_namespace",
            "subject"]
COLUMNS = ["line", "subject_kind", "subject_namespace", "subject", "members", "scope", "role_kind", "role", "grants",
           "powers", "steps_to_admin", "by_kubernetes", "binding_kind", "binding_namespace", "binding", "since",
           "last_used", "use", "log_from", "log_to", *TO_FILL]
RIGHTS = (*authorizer.TABLES, "api_resources")
"""The tables that show who has which rights."""
LINES = (*RIGHTS, "bindings", "memberships", "subject_uses", "held_powers", "paths_to_admin")
"""The tables that the lines of a packet are made of."""
SHOWN = 12
"""How many rules of a role a line shows; it says how many more there are."""
LONGEST = 8_000
"""Characters of a cell; a workbook takes 32,767. A text that has more says how many."""
STRING, INT = pd.ArrowDtype(pa.string()), pd.ArrowDtype(pa.int64())


def review_packet(snapshot: Snapshot) -> pd.DataFrame:
    """A line for each subject of each binding, for its reviewer.

    Columns: ``line`` (its name), the subject and what is known of a group's ``members``, ``scope`` (namespace; empty:
    the whole cluster), the role, what it really ``grants`` (in words), the ``powers`` among that, ``steps_to_admin``
    (acts away from everything; ``<NA>``: no path is known), ``by_kubernetes`` (Kubernetes itself put it there), the
    binding, ``since`` (its age; a subject may have been added later), ``last_used``, its ``use`` in words (a right that
    can be used without a trace is never said to be unused) and the period that audit logs reach over, and the columns
    to fill in: ``reviewer, decision`` (keep or revoke), ``comment, reviewed`` (a day).

    ``attrs`` has ``cluster``, ``snapshot`` (its digest), ``taken``, and ``gaps`` (why lines may be missing). A snapshot
    of another version of auditkit that does not have all that lines are made of has none.
    """
    if lacking := snapshot.lacks(LINES):
        packet = review_packet(_emptied(snapshot))
        packet.attrs["gaps"] = sentences(lacking)
        return packet
    subjects, access = snapshot.binding_subjects, Access.of(snapshot)
    granted = access.grants
    created = snapshot.bindings.rename(columns={"name": "binding", "created": "since"})
    where = ["kind", "namespace", "binding"]
    uses = snapshot.subject_uses
    packet = pd.DataFrame({
        "subject_kind": subjects["subject_kind"], "subject_namespace": homes(subjects, granted),
        "subject": subjects["subject"], "scope": granted["scope"].array, "role_kind": subjects["role_kind"],
        "role": subjects["role"], "grants": _by_role(granted, _in_words(access)),
        "powers": _powers(snapshot.held_powers, len(subjects)),
        "by_kubernetes": shipped_bindings(subjects).array,
        "binding_kind": subjects["kind"], "binding_namespace": subjects["namespace"], "binding": subjects["binding"],
        "since": subjects[where].merge(created[[*where, "since"]], on=where, how="left")["since"].array,
        "use": _use(uses), **{name: uses[name].array for name in ("last_used", "log_from", "log_to")},
    })
    packet["members"] = describe_members(packet, snapshot.memberships)
    packet["steps_to_admin"] = _steps(packet, snapshot.paths_to_admin)
    packet["line"] = line_names(packet)
    packet = packet.reindex(columns=COLUMNS).drop_duplicates("line").astype(dict.fromkeys(TO_FILL, STRING))
    packet = packet.sort_values(["by_kubernetes", "scope", "subject_kind", "subject_namespace", "subject", "line"],
                                na_position="first", ignore_index=True)
    packet.attrs |= {"cluster": snapshot.manifest.cluster, "snapshot": snapshot.digest,
                     "taken": snapshot.manifest.moment, "gaps": access.gaps}
    return packet


def line_names(packet: pd.DataFrame) -> list[str]:
    """The name of each line: a digest of what it says (`IDENTITY`)."""
    said = packet[IDENTITY].fillna("").itertuples(index=False, name=None)
    return [hashlib.sha256("\x00".join(row).encode("utf-8", "surrogatepass")).hexdigest()[:16] for row in said]


def _in_words(access: Access) -> pd.Series:
    """What each role grants, in words, by its ``role_code``."""
    rules = access.rules
    of = rules["resource"].where(rules["group"].isin(["", "*"]), rules["resource"] + "." + rules["group"])
    of = of.where(rules["resource_name"].isna(), of + " " + rules["resource_name"])
    rights = pd.concat([
        pd.DataFrame({"role": rules["role_code"], "rule": rules["rule"], "verb": rules["verb"], "of": of}),
        pd.DataFrame({"role": access.urls["role_code"], "rule": access.urls["rule"], "verb": access.urls["verb"],
                      "of": access.urls["url"]})], ignore_index=True).drop_duplicates()
    said = rights.groupby(["role", "rule"]).agg(verb=("verb", _listed), of=("of", _listed)).reset_index()
    said["text"] = said["verb"] + " on " + said["of"]
    return said.groupby("role")["text"].agg(_shortened)


def _listed(values: pd.Series) -> str:
    return ", ".join(values.unique())


def _shortened(rules: pd.Series) -> str:
    more = len(rules) - SHOWN
    return "; ".join(rules.head(SHOWN)) + (f"; and {more} more rules" if more > 0 else "")


def _by_role(granted: pd.DataFrame, words: pd.Series) -> pd.api.extensions.ExtensionArray:
    texts = granted["role_code"].map(words).astype(STRING)
    return texts.fillna("none: the role does not exist or is empty").array


def _powers(held: pd.DataFrame, length: int) -> pd.api.extensions.ExtensionArray:
    """The powers of each row of `binding_subjects`, in words."""
    named = held[["row", "power"]].drop_duplicates().sort_values(["row", "power"])
    texts = named.groupby("row")["power"].agg(", ".join).str.replace("_", " ")
    return texts.reindex(range(length)).fillna("").astype(STRING).array


def _use(uses: pd.DataFrame) -> pd.api.extensions.ExtensionArray:
    """What the audit log says of the use of each row of `subject_uses`, in words."""
    used, logged = uses["requests"], uses["log_from"].notna()
    said = used.astype(STRING) + " requests in the audit log"
    said = said.mask(used.eq(1).fillna(False), "1 request in the audit log")
    said = said.mask(used.eq(0).fillna(False), "none in the audit log")
    unknown = pd.Series("unknown: the audit log does not show all use of these rights", said.index)
    return said.fillna(unknown.where(logged, "unknown: no audit log was supplied").astype(STRING)).array


def _steps(packet: pd.DataFrame, paths: pd.DataFrame) -> pd.api.extensions.ExtensionArray:
    place = ["kind", "namespace", "name"]
    who = packet[["subject_kind", "subject_namespace", "subject"]].fillna("").set_axis(place, axis=1)
    return who.merge(paths[[*place, "steps"]], on=place, how="left")["steps"].astype(INT).array


# --- decisions ------------------------------------------------------------------------------------------------------


def check_decisions(packet: pd.DataFrame, decisions: pd.DataFrame, *, memberships: pd.DataFrame | None = None,
                    today: dt.date | None = None, oldest: int = 90) -> pd.DataFrame:
    """The problems with decisions: one row for each line and problem; empty if there are none.

    Columns: ``line`` (``<NA>``: all of them), ``kind`` (``error``: the decision does not count; ``unknown``: it
    cannot be told; ``note``), ``problem``. Nobody decides about his own access, also not as a member of a group; a
    review more than ``oldest`` days after the snapshot was taken says so.
    """
    decisions = decisions.reset_index(drop=True)
    given = decisions[["line", *TO_FILL]].merge(packet[["line", "subject_kind", "subject"]], on="line", how="left")
    lines = pd.Series(decisions["line"], dtype=STRING)
    reviewer, decision = given["reviewer"].fillna(""), given["decision"].fillna("")
    stated = decision != ""
    groups = given["subject_kind"] == "Group"
    member = _is_member(given, memberships)
    known = given["subject"].isin(memberships["group"]) if memberships is not None else pd.Series(False, given.index)
    own = stated & ((given["subject_kind"] == "User") & _same(reviewer, given["subject"])).fillna(False)
    missing = packet.loc[~packet["line"].isin(lines[stated.to_numpy(bool)]), "line"]
    found = [
        _problems(lines[~lines.isin(packet["line"]).to_numpy()], "error", "the packet has no such line"),
        _problems(lines[lines.duplicated().to_numpy()], "error", "the line has two decisions"),
        _problems(missing, "error", "the line has no decision"),
        _problems(lines[(stated & ~decision.isin(DECISIONS)).to_numpy(bool)], "error",
                  f"the decision must be {' or '.join(DECISIONS)}"),
        _problems(lines[(stated & (reviewer == "")).to_numpy(bool)], "error", "the decision has no reviewer"),
        _problems(lines[own.to_numpy(bool)], "error", "the reviewer reviewed their own access"),
        _problems(lines[(stated & groups.fillna(False) & member).to_numpy(bool)], "error",
                  "the reviewer is a member of the reviewed group"),
        _problems(lines[(stated & groups.fillna(False) & ~known).to_numpy(bool)], "unknown",
                  "it is unknown whether the reviewer is a member of the group: no membership file lists the group"),
        *_changed(packet, decisions), *_age(packet, decisions, today, oldest),
    ]
    return pd.concat(found, ignore_index=True)


def _problems(lines: Iterable[Any], kind: str, problem: str) -> pd.DataFrame:
    return pd.DataFrame({"line": pd.Series(list(lines), dtype=STRING), "kind": kind, "problem": problem}).astype(STRING)


def _same(one: pd.Series, other: pd.Series) -> pd.Series:
    """True if two names are those of the same person: without regard to case and spaces around."""
    return one.str.strip().str.casefold() == other.str.strip().str.casefold()


def _is_member(given: pd.DataFrame, memberships: pd.DataFrame | None) -> pd.Series:
    if memberships is None:
        return pd.Series(False, given.index)
    pairs = set(zip(memberships["user"].str.strip().str.casefold(), memberships["group"], strict=True))
    asked = zip(given["reviewer"].fillna("").str.strip().str.casefold(), given["subject"], strict=True)
    return pd.Series([pair in pairs for pair in asked], given.index, dtype=bool)


def as_text(values: pd.Series) -> pd.Series:
    """Values as a file has them: times to the second, missing ones as nothing, each on one line, what has no glyph
    written out."""
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%d %H:%M:%S")
    texts = values.astype(STRING).fillna("").map(lambda text: short(one_line(text), LONGEST))
    return texts.astype(STRING).str.strip()


def unquoted(texts: pd.Series) -> pd.Series:
    """Texts without the apostrophes that a spreadsheet needs before what it would take for a formula, and without what
    XLSX escapes."""
    return texts.str.replace(ESCAPED.pattern, r"_\1", regex=True).str.replace(r"^'+([=+\-@])", r"\1", regex=True)


def _changed(packet: pd.DataFrame, decisions: pd.DataFrame) -> list[pd.DataFrame]:
    """Lines whose facts are no longer those of the packet: somebody changed what was to be reviewed."""
    facts = [name for name in COLUMNS if name not in ("line", *TO_FILL) and name in decisions]
    both = decisions[["line", *facts]].merge(packet[["line", *facts]], on="line", suffixes=("", "_issued"))
    differs = pd.Series(False, both.index)
    for name in facts:
        differs |= unquoted(as_text(both[name])) != unquoted(as_text(both[f"{name}_issued"]))
    return [_problems(both.loc[differs, "line"], "error", "the reviewed access was changed in the file")]


def _age(packet: pd.DataFrame, decisions: pd.DataFrame, today: dt.date | None, oldest: int) -> list[pd.DataFrame]:
    days = pd.to_datetime(decisions["reviewed"], errors="coerce", format="%Y-%m-%d")
    stated = decisions["decision"].fillna("") != ""
    today = today or dt.datetime.now(dt.UTC).date()
    taken = packet.attrs["taken"].date()
    late = days > pd.Timestamp(today)
    early = days < pd.Timestamp(taken)
    age = ((days.max().date() if days.notna().any() else today) - taken).days
    gaps = packet.attrs["gaps"]
    found = [
        _problems(decisions.loc[stated.to_numpy(bool) & days.isna().to_numpy(), "line"], "error",
                  "the review date is missing or not in the form YYYY-MM-DD"),
        _problems(decisions.loc[early.to_numpy(bool), "line"], "error", "the review date is before the snapshot"),
        _problems(decisions.loc[late.to_numpy(bool), "line"], "error", "the review date is in the future"),
        _problems([pd.NA] * bool(gaps), "unknown", "lines may be missing: " + "; ".join(gaps)),
    ]
    if age > oldest:
        found.append(_problems([pd.NA], "note", f"the snapshot was {age} days old when it was reviewed"))
    return found


# --- what became of them --------------------------------------------------------------------------------------------


def prove_revocations(decisions: pd.DataFrame, before: Snapshot, after: Snapshot) -> pd.DataFrame:
    """The effect of each decision to revoke, as a later snapshot shows it: one row for each line.

    Columns: ``line``, the subject, ``scope, role, binding``; ``reviewer, reviewed``; ``status``: ``revoked``,
    ``not revoked`` (the binding still names the subject), ``rights remain`` (it does not, but other bindings that
    name the subject give it some of these rights) or ``unknown`` (the later snapshot is not complete); ``evidence``
    in words; ``snapshot`` and ``seen`` (digest and time of the later snapshot).

    Raises `UsageError` where the second snapshot is of another cluster, or not the later one, or one of the two, of
    another version of auditkit, does not have all that lines are made of.
    """
    _same_cluster(before, after)
    revoked = decisions.loc[(decisions["decision"] == "revoke").fillna(False), ["line", "reviewer", "reviewed"]]
    lines = _granted_lines(before)
    asked = revoked.drop_duplicates("line").merge(lines, on="line").reset_index(drop=True)
    there = asked["line"].isin(_granted_lines(after)["line"])
    access = Access.of(after)
    remain, rights = _remaining(asked, Access.of(before), access, before.api_resources)
    status = np.select(
        [there, remain > 0, bool(access.gaps)], ["not revoked", "rights remain", "unknown"], default="revoked")
    place = asked["binding_kind"] + " " + (asked["binding_namespace"] + "/").fillna("") + asked["binding"]
    words = {
        "not revoked": place + " still names the subject",
        "rights remain": "other bindings give " + remain.astype(STRING) + " of " + rights.astype(STRING) + " rights",
        "unknown": "; ".join(access.gaps),
        "revoked": "no binding of the subject grants any of these rights" + _by_groups(asked, after),
    }
    return asked.assign(
        status=pd.Series(status, asked.index, dtype=STRING),
        evidence=pd.Series(np.select([status == key for key in words], [*words.values()], ""), dtype=STRING),
        snapshot=after.digest, seen=after.manifest.moment,
    ).drop(columns=["row", "user", "of_group", "role_code"])


def _by_groups(asked: pd.DataFrame, after: Snapshot) -> pd.Series:
    """For each line, in words, the groups that still hold the same role where it held."""
    where = ["role_kind", "role", "scope"]
    lines = _granted_lines(after)
    groups = lines[(lines["subject_kind"] == "Group").fillna(False)]
    held = groups.groupby(where)["subject"].agg(lambda names: ", ".join(sorted(names.unique()))).reset_index()
    names = asked[where].merge(held.astype(STRING), on=where, how="left")["subject"]
    text = "; members of " + names + " still have the role"
    return text.where((asked["subject_kind"] == "User").fillna(False).to_numpy(bool), "").fillna("")


def new_lines(before: Snapshot, after: Snapshot) -> pd.DataFrame:
    """The lines of a later snapshot's packet that are new and have not been reviewed."""
    _same_cluster(before, after)
    packet = review_packet(after)
    return packet[~packet["line"].isin(_granted_lines(before)["line"])].reset_index(drop=True)


def _emptied(snapshot: Snapshot) -> Snapshot:
    """A snapshot whose tables have no rows."""
    return Snapshot(snapshot.manifest, {name: table.empty for name, table in TABLES.items()}, None, snapshot.digest)


def _insist_whole(snapshot: Snapshot) -> None:
    """A right that was not collected must not look like one that nobody has. Raises `UsageError`."""
    if lacking := snapshot.lacks(RIGHTS):
        raise UsageError(f"Rights cannot be compared on the snapshot of {snapshot.manifest.as_of}: "
                         f"{'; '.join(sentences(lacking))}. Use the version of auditkit that collected it, or collect "
                         "again.")


def _same_cluster(before: Snapshot, after: Snapshot) -> None:
    _insist_whole(before)
    _insist_whole(after)
    one, other = before.manifest, after.manifest
    if one.which != other.which:
        alone = " A snapshot without the namespace kube-system shows no UID." if one.which[0] != other.which[0] else ""
        raise UsageError(f"The snapshots are of different clusters, {one.called} and {other.called}.{alone} Give two "
                         f"snapshots of one cluster.")
    if other.moment <= one.moment:
        raise UsageError(f"The second snapshot was taken at {other.moment:%Y-%m-%d %H:%M}, not after the first "
                         f"({one.moment:%Y-%m-%d %H:%M}): give a snapshot that was taken after the revocations.")


def _granted_lines(snapshot: Snapshot) -> pd.DataFrame:
    """The lines of a snapshot: ``line``, what identifies it, and who is granted which role where."""
    subjects, access = snapshot.binding_subjects, Access.of(snapshot)
    rows = subjects.rename(columns={"kind": "binding_kind", "namespace": "binding_namespace"}).assign(
        subject_namespace=homes(subjects, access.grants))[IDENTITY]
    rows = rows.assign(line=pd.Series(line_names(rows), rows.index, dtype=STRING), row=np.arange(len(rows)))
    return pd.concat([rows, access.grants[["user", "of_group", "scope", "role_code"]].set_axis(rows.index)], axis=1
                     ).drop_duplicates("line")


def _remaining(asked: pd.DataFrame, old: Access, new: Access, api_resources: pd.DataFrame,
               ) -> tuple[pd.Series, pd.Series]:
    """How many of the rights of each line its subject still has, and how many there were.

    Groups that everybody has are left out: what they give is not given to the subject.
    """
    rules = old.rules.loc[old.rules["role_code"].isin(asked["role_code"]),
                          ["role_code", "verb", "group", "resource", "resource_name"]]
    pairs = asked[["role_code", "scope", "user", "of_group"]].reset_index(names="at").merge(
        written_out(rules, api_resources), on="role_code")
    pairs = pairs[(pairs["scope"] == "") | pairs["inside"]]
    plain, sub = (pairs["resource"].str.replace(pattern, "", n=1, regex=True) for pattern in ("/.*$", "^[^/]*/?"))
    answers = new.can(pd.DataFrame({
        "user": pairs["user"], "verb": pairs["verb"], "group": pairs["group"], "resource": plain, "subresource": sub,
        "namespace": pairs["scope"], "name": pairs["resource_name"],
        "groups": [new.stated_groups(user) if of_group is pd.NA else [of_group]
                   for user, of_group in zip(pairs["user"], pairs["of_group"], strict=True)]}))
    count = answers.fillna(False).astype(int).groupby(pairs["at"]).agg(["sum", "size"])
    count = count.reindex(asked.index, fill_value=0)
    return count["sum"], count["size"]

"""The two files of a bundle that people read first: the index and the letter."""

import html
from collections.abc import Iterable, Iterator, Mapping

from auditkit.base.hostile_text import count, size, visible
from auditkit.base.hostile_text import in_markdown as plain
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.words import word
from auditkit.snapshots.snapshot import Snapshot

KINDS = {"snapshots": "Snapshots: the tables of the cluster, the chain, stored verdicts, signatures",
         "reports": "Reports", "people": "Files of people: exceptions, attestations, scope, frameworks, checks",
         "files": "Files that were added"}

CLAIMS = (
    "A snapshot shows the cluster at one time. It says nothing about the days before and after it.",
    "auditkit reads what the API server and the given files say. It does not know what they leave out or hide.",
    "\"Unknown\" and \"manual\" are not passes. A person must supply that evidence.",
    "Digests show that files are the same. They do not show who made them: only a signature does.",
    "auditkit gives no opinion. Conclusions are those of the auditor.",
)

VERIFY = ("auditkit verify BUNDLE.zip      names each file that is missing, added or changed",
          "auditkit reperform BUNDLE.zip   computes every figure of the reports anew from the snapshots",
          "sha256sum -c SHA256SUMS         the same digests without auditkit, in the unpacked folder")

_STYLE = ("body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#1b2430}"
          "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3em .6em .3em 0;"
          "border-bottom:1px solid #d8dde4;overflow-wrap:anywhere}td.n{text-align:right;white-space:nowrap}"
          "code,pre{font-family:monospace;font-size:.85em}h1,h2{color:#1f3d66}")


def letter(snapshots: list[Snapshot], evaluations: list[Evaluation], names: Iterable[str]) -> str:
    """The letter, in Markdown."""
    return "\n".join(_lines(snapshots, evaluations, sorted(names))) + "\n"


def _lines(snapshots: list[Snapshot], evaluations: list[Evaluation], names: list[str]) -> Iterator[str]:
    yield "# Evidence handed over\n\n## What is in it\n"
    for snapshot in snapshots:
        manifest = snapshot.manifest
        yield f"- The cluster {plain(manifest.cluster)}, {manifest.as_of}: snapshot `{snapshot.digest}`."
    for kind, meaning in KINDS.items():
        if held := sum(name.startswith(f"{kind}/") for name in names):
            yield f"- {meaning}: {count(held, 'file')}."
    for evaluation in evaluations:
        counts = ", ".join(f"{number} {word(status)}" for status, number in evaluation.statuses.items() if number)
        yield f"- {plain(evaluation.framework.title)}, version {plain(evaluation.framework.version)}: {counts}."
    yield "\n## What is not in it\n"
    missing = list(_missing(snapshots, evaluations))
    yield from missing or ["- Every source was read completely."]
    yield "\n## What auditkit does not claim\n"
    yield from (f"- {claim}" for claim in CLAIMS)


def _missing(snapshots: list[Snapshot], evaluations: list[Evaluation]) -> Iterator[str]:
    for snapshot in snapshots:
        for gap in snapshot.incomplete:
            yield (f"- {plain(snapshot.manifest.cluster)}: {plain(gap.source)} was not read completely "
                   f"({gap.outcome}{': ' if gap.reason else ''}{plain(gap.reason)}).")
    for evaluation in evaluations:
        if evaluation.scope:
            yield (f"- {plain(evaluation.framework.framework)}, by its scope: "
                   f"{plain(' '.join(evaluation.scope.sentences()))}")
        for status, said in (("exception_noted", "with exceptions noted, on which a person must conclude"),
                             ("manual", "for which a person must supply evidence"),
                             ("attested", "that rest on the word of a person"),
                             ("unknown", "that are unknown, because evidence is missing")):
            ids = [result.requirement.id for result in evaluation.results if result.status == status]
            if ids:
                yield (f"- {plain(evaluation.framework.framework)}: {count(len(ids), 'requirement')} {said}: "
                       f"{plain(', '.join(ids))}.")
        for row in evaluation.attestations.to_dict("records"):
            if row["files"]:
                yield f"- The attested files of {plain(str(row['requirement']))}: {plain(str(row['files']))}."


def index(snapshots: list[Snapshot], evaluations: list[Evaluation], facts: Mapping[str, tuple[str, int]]) -> str:
    """The index: one HTML page that asks for nothing and has no script. ``facts`` are digest and size by name."""
    held = "".join(
        f"<tr><td>{_cell(one.manifest.cluster)}</td><td>{_cell(one.manifest.as_of)}</td>"
        f"<td><code>{one.digest}</code></td></tr>" for one in snapshots)
    judged = "".join(
        f"<tr><td>{_cell(one.framework.title)}</td><td>{_cell(one.snapshot.manifest.cluster)}</td><td>"
        + ", ".join(f"{number} {word(status)}" for status, number in one.statuses.items() if number) + "</td></tr>"
        for one in evaluations)
    files = "".join(
        f"<tr><td><a href=\"{_cell(_address(name))}\">{_cell(name)}</a></td><td class=\"n\">{size(length)}</td>"
        f"<td><code>{digest}</code></td></tr>" for name, (digest, length) in facts.items())
    return (
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Evidence handed over</title>"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}</style></head><body>\n<h1>Evidence handed over</h1>\n"
        "<p>Read <a href=\"LETTER.md\">LETTER.md</a> first: what is in this bundle, and what is not.</p>\n"
        f"<h2>How to verify it</h2>\n<pre>{_cell(chr(10).join(VERIFY))}</pre>\n"
        f"<h2>Snapshots</h2>\n<table><tr><th>Cluster</th><th>Time</th><th>SHA-256 of the manifest</th></tr>"
        f"{held}</table>\n"
        f"<h2>Frameworks</h2>\n<table><tr><th>Framework</th><th>Cluster</th><th>Requirements</th></tr>{judged}</table>\n"
        f"<h2>Files</h2>\n<table><tr><th>File</th><th>Size</th><th>SHA-256</th></tr>{files}</table>\n"
        "</body></html>\n")


def _cell(said: str) -> str:
    return html.escape(visible(said))


def _address(name: str) -> str:
    from urllib.parse import quote

    return quote(name)

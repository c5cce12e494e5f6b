#!/usr/bin/env bash
# pypdf leaves the attachments behind where it appends reports to one file.
#
# Installed: pypdf 7.1.1.
#
# Expected: PdfWriter.append() adds a whole document; it takes the bookmarks along (import_outline) and the form fields. A
# report's attachments (the tables that it was made of) are a part of the document too, and PdfReader.attachments shows
# them.
#
# What happens: the file that was made of two reports has all pages and bookmarks, and no attachment. There is no warning,
# and no option of append() that keeps them. PdfWriter(clone_from=...) keeps them, of one document.
#
# For an audit: the reports of several clusters, bound into one file for the auditor, have lost the rows that their
# summaries rest on. Attach them anew, by the names of their reports.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pypdf==7.1.1
venv/bin/python - <<'END'
import io, warnings
from importlib.metadata import version
from pypdf import PdfReader, PdfWriter

print("pypdf", version("pypdf"))
warnings.simplefilter("error")
def stored(writer):
    file = io.BytesIO()
    writer.write(file)
    return file
def report(cluster):
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_outline_item(title=f"Cluster {cluster}", page_number=0)
    writer.add_attachment(f"{cluster}-verdicts.csv", b"subject,verdict\npay/web,fail\n")
    return stored(writer)
def seen(file):
    reader = PdfReader(file)
    return len(reader.pages), [item.title for item in reader.outline], sorted(reader.attachments)
bound = PdfWriter()
for cluster in ("north", "south"):
    bound.append(report(cluster))
print("one report: pages, bookmarks, attachments:", seen(report("north")))
print("appended:", seen(stored(bound)))
print("cloned:", seen(stored(PdfWriter(clone_from=report("north")))))
assert seen(report("north")) == seen(stored(PdfWriter(clone_from=report("north")))) == (1, ["Cluster north"], ["north-verdicts.csv"])
assert seen(stored(bound)) == (2, ["Cluster north", "Cluster south"], []), "the behaviour changed"
END

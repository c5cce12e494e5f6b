#!/usr/bin/env bash
# WeasyPrint lists each attached file of a PDF/A-3 report twice as an associated file.
#
# Installed: weasyprint 70.0, pikepdf 10.18.0. (WeasyPrint needs Pango on the system.)
#
# Expected: PDF/A-3 wants each embedded file in the array /AF of the document's catalogue (ISO 19005-3, 6.8; ISO 32000-2,
# 14.13). Two files of evidence are two entries.
#
# What happens: /AF has four entries, each file twice, as references to the same object. The tree of embedded files has
# each once.
#
# For an audit: a program that goes through the associated files of a report, to compare their checksums with a ledger or to
# count the evidence, finds each file twice. Take the distinct objects.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile weasyprint==70.0 pikepdf==10.18.0 pypdf==7.1.1
venv/bin/python - <<'EOF'
import io, pikepdf, weasyprint

evidence = [weasyprint.Attachment(string='{"status": "fail"}', name="verdicts.json", relationship="Data"),
            weasyprint.Attachment(string="a,b", name="ledger.csv", relationship="Data")]
report = weasyprint.HTML(string="<html lang=en><title>Report</title><p>two files</p>").write_pdf(
    pdf_variant="pdf/a-3b", attachments=evidence)
pdf = pikepdf.open(io.BytesIO(report))
associated = list(pdf.Root.AF)
print("weasyprint", weasyprint.__version__, "| /AF:", [str(file.UF) for file in associated],
      "| objects:", len({file.objgen for file in associated}), "| embedded files:", sorted(pdf.attachments))
assert len(associated) == 4 and len({file.objgen for file in associated}) == 2, "the behaviour changed"
assert sorted(pdf.attachments) == ["ledger.csv", "verdicts.json"]
EOF

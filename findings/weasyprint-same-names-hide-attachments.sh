#!/usr/bin/env bash
# Of two attached files with the same name, readers of the PDF show one or two.
#
# Installed: weasyprint 70.0, pikepdf 10.18.0, pypdf 7.1.1. (WeasyPrint needs Pango on the system.)
#
# Expected: the results of each node are attached to a report: node-1/kube-bench.json and node-2/kube-bench.json. By default
# an attachment is called after its file, without the folder. WeasyPrint should keep them apart in the tree of embedded
# files, whose keys are to be different and sorted (ISO 32000-2, 7.9.6), or refuse the second.
#
# What happens: the tree has two equal keys. Both files are in the PDF, but what a reader finds is up to the reader: pikepdf,
# like each one that looks a key up, shows one, and pypdf shows both under one name. Nothing is said when it is written.
#
# For an audit: the failures of node 1 are in the file, and the person who opens or extracts the attachments sees those of
# node 2 only. Give each attachment a name that has its folder in it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile weasyprint==70.0 pikepdf==10.18.0 pypdf==7.1.1
venv/bin/python - <<'EOF'
import io, pathlib, pikepdf, pypdf, weasyprint

for node, status in (("node-1", "FAIL"), ("node-2", "PASS")):
    pathlib.Path(node).mkdir()
    pathlib.Path(node, "kube-bench.json").write_text(status)
report = weasyprint.HTML(string="<p>two nodes</p>").write_pdf(attachments=[
    weasyprint.Attachment(filename=f"{node}/kube-bench.json") for node in ("node-1", "node-2")])
pdf = pikepdf.open(io.BytesIO(report))
keys = [str(key) for key in list(pdf.Root.Names.EmbeddedFiles.Names)[::2]]
with_pikepdf = {name: file.get_file().read_bytes() for name, file in pdf.attachments.items()}
with_pypdf = dict(pypdf.PdfReader(io.BytesIO(report)).attachments.items())
print("weasyprint", weasyprint.__version__, "| keys:", keys)
print("pikepdf", pikepdf.__version__, with_pikepdf)
print("pypdf", pypdf.__version__, with_pypdf)
assert keys == ["kube-bench.json", "kube-bench.json"], "the behaviour changed"
assert len(with_pikepdf) == 1 and sorted(with_pypdf["kube-bench.json"]) == [b"FAIL", b"PASS"], "the behaviour changed"
EOF

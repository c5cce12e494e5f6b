#!/usr/bin/env bash
# prometheus-client's parser gives counters without "_total" another name than the program that exposes them.
#
# Installed: prometheus-client 0.26.0.
#
# Expected: text_string_to_metric_families() reads the text format, in which a sample has the name that stands in its line. The
# suffix _total is asked for by OpenMetrics only; in the text format (version 0.0.4) counters may have any name, such as
# gatekeeper_validation_request_count (Gatekeeper's documentation 3.12, "Metrics").
#
# What happens: the sample of a counter that does not end in _total is given it, whereas a gauge of the same form keeps its
# name. Prometheus itself stores the name as it stands, so that the two do not meet. What is exposed again has the new name.
#
# For an audit: who looks up how many requests the admission webhook denied finds no sample, which reads as none; who counts
# what was exposed before and after finds one metric gone and one new.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile prometheus-client==0.26.0
venv/bin/python - <<'EOF'
from importlib.metadata import version
from prometheus_client.parser import text_string_to_metric_families

print("prometheus-client", version("prometheus-client"))
text = """\
# TYPE gatekeeper_validation_request_count counter
gatekeeper_validation_request_count{admission_status="deny"} 7
# TYPE gatekeeper_constraints gauge
gatekeeper_constraints{status="active"} 3
# TYPE apiserver_audit_event_total counter
apiserver_audit_event_total 12
"""
stated = [line.split("{")[0].split()[0] for line in text.splitlines() if not line.startswith("#")]
read = [sample.name for family in text_string_to_metric_families(text) for sample in family.samples]
for one, other in zip(stated, read, strict=True):
    print(one, "->", other)
assert read == ["gatekeeper_validation_request_count_total", *stated[1:]], "the behaviour changed"
EOF

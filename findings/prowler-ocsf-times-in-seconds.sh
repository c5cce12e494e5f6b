#!/usr/bin/env bash
# Prowler's OCSF output gives times in seconds where OCSF has milliseconds: readers of the standard see January 1970.
#
# Installed: prowler 5.46.0 (without the clouds' libraries) and py-ocsf-models 0.10.0, which it writes OCSF with. One
# finding is made with Prowler's own class and turned into OCSF by Prowler's own writer.
#
# Expected: OCSF's type timestamp_t, which "time" and "finding_info.created_time" of a Detection Finding have, counts
# milliseconds since the epoch (OCSF schema, data types).
#
# What happens: both fields hold seconds. Beside them stands time_dt, which is right but, here, without an offset, though
# OCSF's datetime_t is an RFC 3339 text, which has one. Nothing in the file says which of the two is meant.
#
# For an audit: a lake or SIEM that follows OCSF files every finding under 1970-01-21, outside of each audit period and
# each retention rule. Who reads Prowler's files has to tell seconds from milliseconds by their size.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
    kubernetes==32.0.1 pydantic==2.12.5 colorama==0.4.6 jsonschema==4.23.0 cryptography==50.0.0 \
    simplejson==4.3.0 pyyaml==6.0.4 requests==2.34.2 packaging==26.4 python-dateutil==2.9.0.post0 \
    py-ocsf-models==0.10.0 uuid6==2024.7.10
venv/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps prowler==5.46.0
venv/bin/python - <<'EOF'
import datetime as dt, json, pathlib, warnings
from importlib.metadata import version
warnings.simplefilter("ignore")
from prowler.lib.check.models import CheckMetadata
from prowler.lib.outputs.common import Status
from prowler.lib.outputs.finding import Finding
from prowler.lib.outputs.ocsf.ocsf import OCSF
import prowler.providers.kubernetes.services.core.core_no_secrets_envs as check

print("prowler", version("prowler"), "py-ocsf-models", version("py-ocsf-models"))
metadata = CheckMetadata.parse_raw(next(pathlib.Path(check.__path__[0]).glob("*.json")).read_text())
when = dt.datetime(2026, 3, 1, 12, 0)
finding = Finding(
    auth_method="kubeconfig", timestamp=when, account_uid="demo", metadata=metadata, uid="1", status=Status.FAIL,
    status_extended="x", resource_uid="1", resource_name="web", resource_details="", region="namespace: pay")
written = json.loads(OCSF(findings=[finding]).data[0].model_dump_json(exclude_none=True))
print("OCSF", written["metadata"]["version"], "class", written["class_uid"], "time", written["time"],
      "created_time", written["finding_info"]["created_time"], "time_dt", written["time_dt"])
read = dt.datetime.fromtimestamp(written["time"] / 1000, dt.UTC)
print("read as OCSF says:", read)
assert written["time"] == written["finding_info"]["created_time"] == int(when.timestamp()), "the behaviour changed"
assert read.year == 1970
EOF

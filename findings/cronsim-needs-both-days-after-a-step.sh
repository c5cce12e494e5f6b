#!/usr/bin/env bash
# cronsim runs "0 0 */2 * 1" where both days hold; a CronJob with it runs where either does.
#
# Installed: cronsim 2.8, and croniter 7.0.0 beside it.
#
# Expected: the runs of a CronJob of Kubernetes. Its parser (robfig/cron v3, parser.go) counts a day as "any" if it is "*"
# or "?", and no longer with a step above 1: then the schedule restricts both days and runs where either holds.
#
# What happens: cronsim follows Debian's cron, where each field that begins with "*" counts as any, so that both days must
# hold. "0 0 */2 * 1" has 2 runs in January 2026 where Kubernetes and croniter have 18. The two packages agree on all that
# has no step.
#
# For an audit: a job that the text seems to run each second day, or on Mondays, is due nine times as often in the cluster;
# missed runs are not seen. Compare with the times in the CronJob's status before you count what was due.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile cronsim==2.8 croniter==7.0.0
venv/bin/python - <<'END'
from datetime import datetime
from importlib.metadata import version
from itertools import takewhile
from cronsim import CronSim
from croniter import croniter

print("cronsim", version("cronsim"), "croniter", version("croniter"))
start, end = datetime(2025, 12, 31, 23, 59), datetime(2026, 2, 1)
for text, expected, found in (("0 0 1 * 1", 5, 5), ("0 0 */2 * *", 16, 16), ("0 0 */2 * 1", 18, 2), ("0 0 1,15 * */2", 18, 2)):
    sim = len(list(takewhile(lambda run: run < end, CronSim(text, start))))
    either = len(list(takewhile(lambda run: run < end, croniter(text, start).all_next(datetime))))
    print(f"{text!r} in January 2026: cronsim {sim} runs, croniter {either}, in Kubernetes {expected}")
    assert (sim, either) == (found, expected), "the behaviour changed"
END

#!/usr/bin/env bash
# pycron never runs "0 0 * * 7", "5/15 * * * *" and the Sunday of "0 0 * * 5-7".
#
# Installed: pycron 3.3.0.
#
# Expected: 7 is Sunday beside 0 (crontab(5); croniter, cronsim and cron-converter read it so), and N/step is "from N to the
# end, by step" (robfig/cron v3, the parser of Kubernetes' CronJobs).
#
# What happens: is_now() and has_been() are False for each minute of the year with "0 0 * * 7" and "5/15 * * * *"; of Friday
# to Sunday the Sunday is missing. The expressions are taken without an error.
#
# For an audit: a check that asks "has this job been due since it last ran?" answers no for ever, so that a job that has
# not run for a year is up to date. (Kubernetes refuses the 7 itself; it is in the schedules of runners and hosts beside it.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pycron==3.3.0
venv/bin/python - <<'END'
from datetime import datetime, timedelta
from importlib.metadata import version
import pycron

print("pycron", version("pycron"))
monday = datetime(2026, 1, 5)
minutes = [monday + timedelta(minutes=minute) for minute in range(7 * 24 * 60)]
for text, expected, found in (("0 0 * * 0", 1, 1), ("0 0 * * 7", 1, 0), ("0 0 * * 5-7", 3, 2), ("*/15 * * * *", 672, 672),
                              ("5/15 * * * *", 672, 0)):
    runs = sum(pycron.is_now(text, minute) for minute in minutes)
    print(f"{text!r}: {runs} runs in a week, expected {expected}")
    assert runs == found, "the behaviour changed"
assert pycron.has_been("0 0 * * 0", monday, monday + timedelta(days=8))
assert not pycron.has_been("0 0 * * 7", monday, monday + timedelta(days=8)), "the behaviour changed"
END

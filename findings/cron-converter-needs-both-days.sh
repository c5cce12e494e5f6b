#!/usr/bin/env bash
# cron-converter lets a schedule with a day of the month and a weekday run only where both hold, and reads 5/15 as 5.
#
# Installed: cron-converter 2.0.2, and croniter 7.0.0 beside it.
#
# Expected: where a cron schedule restricts both days, it runs where either holds (crontab(5)), and so do CronJobs of
# Kubernetes, whose parser (robfig/cron v3) reads N/step as "from N to the end, by step" (its documentation, "CRON
# Expression Format").
#
# What happens: "0 0 1 * 1" runs only on Mondays that are the first of a month: in 2026 in June, where Kubernetes has 5
# runs in January alone. "5/15 * * * *" runs once an hour, at five past. There is no error.
#
# For an audit: the question whether a backup or a scan ran each time that it was due is answered with "yes" by one run of
# four, or of thirty: the runs that are missing were never expected.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile cron-converter==2.0.2 croniter==7.0.0
venv/bin/python - <<'END'
from datetime import datetime
from importlib.metadata import version
from cron_converter import Cron
from croniter import croniter

print("cron-converter", version("cron-converter"), "croniter", version("croniter"))
def due(following, start, end):
    runs = []
    while not runs or runs[-1] < end:
        runs.append(following())
    return len([run for run in runs if start < run < end])
start = datetime(2025, 12, 31, 23, 59)
for text, end, expected, found in (("0 0 * * 1", datetime(2026, 2, 1), 4, 4), ("0 0 1 * 1", datetime(2026, 2, 1), 5, 0),
                                   ("0 0 1 * 1", datetime(2026, 7, 1), 31, 1), ("5/15 * * * *", datetime(2026, 1, 1, 1), 4, 1)):
    # Runs are sorted, as cron-converter gives those of several months in another order.
    schedule = Cron(text).schedule(start)
    seen = sorted(schedule.next() for _ in range(60))
    converter = len([run for run in seen if start < run < end])
    either = due(lambda at=croniter(text, start): at.get_next(datetime), start, end)
    print(f"{text!r} until {end}: cron-converter {converter} runs, croniter {either}")
    assert (converter, either) == (found, expected), "the behaviour changed"
END

#!/usr/bin/env bash
# Microsoft's SARIF Multitool counts an error whose level is that of its rule as a warning.
#
# Installed: @microsoft/sarif-multitool-linux 5.7.0.
#
# Expected: a result without "level" has the level of its rule's default configuration, and "warning" if the rule has none
# (SARIF 2.1.0, 3.27.10). `query -e "Level == Error"` finds it, and with `--non-zero-exit-code-if-count-over 0` ends with an
# error.
#
# What happens: query takes "warning" for each result without a level. "Level == Error" does not find the error, and the exit
# code is 0; "Level == Warning" finds it, and finds the one whose rule says "note".
#
# For an audit: a pipeline that stops at errors goes on, since the scanner wrote its levels once, at the rules, as the
# format has it. Query by "RuleId", or have the levels written into the results.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @microsoft/sarif-multitool-linux@5.7.0
cat > show.py <<'END'
import json, os, re, subprocess
from pathlib import Path

package = Path("node_modules/@microsoft/sarif-multitool-linux")
tool = package / "Sarif.Multitool"
tool.chmod(0o755)
print("@microsoft/sarif-multitool-linux", json.loads((package / "package.json").read_text())["version"])

def found(level: str | None, rule: str | None, expression: str) -> tuple[int, int]:
    rules = [{"id": "no-privileged", **({"defaultConfiguration": {"level": rule}} if rule else {})}]
    result = {"ruleId": "no-privileged", "ruleIndex": 0, "message": {"text": "runs privileged"}, **({"level": level} if level else {})}
    run = {"tool": {"driver": {"name": "lint", "rules": rules}}, "results": [result]}
    Path("in.sarif").write_text(json.dumps({"version": "2.1.0", "runs": [run]}))
    told = subprocess.run([tool, "query", "in.sarif", "-e", expression, "--non-zero-exit-code-if-count-over", "0"],
                          env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}, capture_output=True, text=True)
    return int(re.search(r"Found (\d+) of 1 results", told.stdout).group(1)), told.returncode

for level, rule, errors, warnings in (("error", None, 1, 0), (None, "error", 0, 1), (None, "note", 0, 1), (None, None, 0, 1)):
    (error, code), (warning, _) = (found(level, rule, f"Level == {name}") for name in ("Error", "Warning"))
    print(f"result's level {level}, rule's level {rule}: {error} errors, exit code {code}, {warning} warnings")
    assert (error, bool(code), warning) == (errors, bool(errors), warnings), "the behaviour changed"
END
python3 show.py

"""The end of each command's help: examples, which tests parse, and its exit codes."""

from collections.abc import Iterator

import typer

EXAMPLES: dict[str, tuple[str, ...]] = {
    "collect": ("auditkit collect --context prod", "auditkit collect --recording cluster-dump/ --complete all",
                "auditkit collect --context prod --scan kube-bench.json --store s3://audit/snapshots"),
    "evaluate": ("auditkit evaluate", "auditkit evaluate demo -f soc2 --fail-on high --fail-on unknown",
                 "auditkit evaluate prod -f cis-kubernetes --subjects --format jsonl",
                 "auditkit evaluate prod --manifests rendered.yaml --format sarif"),
    "explain": ("auditkit explain CC6.1", "auditkit explain demo privileged 'ci-runners/*' -f pss-baseline"),
    "report": ("auditkit report demo -f soc2 -f hipaa", "auditkit report prod --together",
               "auditkit report prod --notebook access --notebook network"),
    "run": ("auditkit run --context prod --fail-on high --fail-on unknown --strict",
            "auditkit run --config nightly.yaml --log-format json"),
    "fleet": ("auditkit fleet --contexts 'prod-*,staging'", "auditkit fleet snapshots -f soc2 --no-report"),
    "demo": ("auditkit demo", "auditkit demo -f hipaa --output /tmp/reports"),
    "show": ("auditkit show snapshots", "auditkit show demo", "auditkit show demo pods", "auditkit show containers"),
    "sign": ("auditkit sign snapshots --key audit.key",),
    "verify": ("auditkit verify snapshots", "auditkit verify report.pdf --store snapshots --trust audit.pub"),
    "reperform": ("auditkit reperform report.pdf --store snapshots",),
    "diff": ("auditkit diff snapshots/prod/EARLIER snapshots/prod/LATER --unapproved",
             "auditkit diff snapshots/prod/EARLIER prod -f soc2"),
    "period": ("auditkit period snapshots -f soc2 --from 2026-01-01 --to 2026-12-31 --frequency daily",),
    "given": ("auditkit given prod", "auditkit given prod 1 -f soc2"),
    "bridge": ("auditkit bridge snapshots -f soc2 --since 2026-09-30",),
    "sample": ('auditkit sample demo --population pods --frequency daily --seed "Acme 2026, J. Roe"',),
    "workpapers": ("auditkit workpapers demo -f soc2",),
    "conclude": ("auditkit conclude demo -f soc2",),
    "export": ("auditkit export demo --format oscal -f soc2", "auditkit export prod --format junit -o results/"),
    "bundle": ("auditkit bundle demo -f soc2",),
    "who-can": ("auditkit who-can get secrets demo", "auditkit who-can create pods/exec prod"),
    "policies": ("auditkit policies demo", "auditkit policies prod --enforce restricted -n billing"),
    "simulate": ("auditkit simulate prod --apply rendered/",),
    "remedy": ("auditkit remedy demo -f cis-kubernetes --output fixes/",),
    "lab": ("auditkit lab demo",),
    "access-review packet": ("auditkit access-review packet prod --output packet.xlsx",),
    "access-review check": ("auditkit access-review check packet.xlsx --snapshot prod",),
    "access-review proof": ("auditkit access-review proof packet.xlsx --snapshot snapshots/prod/EARLIER --later prod",),
    "rights show": ("auditkit rights demo", "auditkit rights prod group:developers --since 30"),
    "rights propose": ("auditkit rights propose ci-runners/deployer prod --output roles/",),
    "keys new": ("auditkit keys new audit.key",),
    "keys show": ("auditkit keys show audit.key",),
    "frameworks list": ("auditkit frameworks list",),
    "frameworks show": ("auditkit frameworks show soc2", "auditkit frameworks show soc2 CC6.1"),
    "frameworks lint": ("auditkit frameworks lint controls/ours.yaml", "auditkit frameworks lint --controls controls"),
    "frameworks test": ("auditkit frameworks test", "auditkit frameworks test workloads.no_privileged_containers"),
    "notebooks list": ("auditkit notebooks list",),
    "notebooks copy": ("auditkit notebooks copy questions demo",),
}
"""Examples of each command, the most usual first."""

START = ("auditkit demo", "auditkit collect --context prod", "auditkit evaluate", "auditkit report -f soc2",
         "auditkit --install-completion")
"""The first commands of somebody new."""

_FAIL_ON = "a threshold of --fail-on is crossed"
ONE = {
    "evaluate": _FAIL_ON, "report": _FAIL_ON, "run": _FAIL_ON, "fleet": _FAIL_ON,
    "diff": "there is a change of the weight of --fail-on", "verify": "anything is wrong",
    "reperform": "a figure differs", "access-review check": "a decision is not valid",
    "access-review proof": "a revocation is not proven", "rights propose": "a request would be refused",
    "frameworks lint": "an error was found", "frameworks test": "a check is not proven",
}
"""When a command exits with 1."""
COLLECTING = ("collect", "run", "fleet")
"""Commands that exit with 4 where nothing could be collected."""
STRICT = ("collect", "run")
"""Commands that have --strict."""


def end_of_help(command: str) -> str:
    """The examples and the exit codes of a command. ``\\b`` keeps the lines of a paragraph as they are."""
    shown = ["\b", "Examples:", *(f"  {each}" for each in EXAMPLES[command]), ""] if EXAMPLES[command] else []
    return "\n".join([*shown, f"Exit codes: {'; '.join(_codes(command))}. `auditkit --help` has the others."])


def _codes(command: str) -> Iterator[str]:
    yield "0 success"
    if command in ONE:
        yield f"1 {ONE[command]}"
    yield "2 wrong usage or bad input"
    if command in STRICT:
        yield "3 incomplete and --strict is set"
    if command in COLLECTING:
        yield "4 a cluster was not judged" if command == "fleet" else "4 nothing could be collected"


def start() -> str:
    """The examples of the whole program."""
    return "\n".join(["\b", "Start:", *(f"  {each}" for each in START)])


def complete(app: typer.Typer, group: str = "") -> None:
    """Give each command of an app, and of its groups, the end of its help."""
    for one in app.registered_commands:
        called = one.name or one.callback.__name__.replace("_", "-")  # type: ignore[union-attr]
        one.epilog = end_of_help(f"{group}{called}")
    for each in app.registered_groups:
        if each.typer_instance is not None and not each.hidden:
            complete(each.typer_instance, f"{each.name} ")

"""Wrong uses of the public functions: the type checker refuses each line by the code that stands behind it."""

import pandas as pd

import auditkit
from auditkit.checks import check

snap = auditkit.open("demo")
auditkit.open(7)  # arg-type
auditkit.collect(recording="recording", on_progress=print)  # call-arg
auditkit.collect(recording="recording", progress=lambda what: None)  # arg-type, misc
auditkit.evaluate(snap)  # call-arg
auditkit.evaluate(snap, "soc2", exceptions=["exceptions.yaml"])  # arg-type
auditkit.evaluate(snap, "soc2").requirement  # attr-defined
auditkit.frameworks().upper()  # attr-defined
auditkit.verdicts  # attr-defined
snap.who_can("get", "secrets", space="billing")  # call-arg
snap.can(verb="get", resource="secrets", space="billing")  # call-overload
snap.can(verb=["get"])  # call-overload


@check(severity="grave")  # arg-type, type-var
def without_a_judgement(containers: pd.DataFrame) -> object:
    """The severity is none of the four, and a check gives a Judgement."""
    return containers

"""Containers and pods: what they may do on their node, and how they are kept running."""

import pandas as pd

from auditkit.checks.model import Judgement, check, judge


@check(
    severity="high",
    wanted="privileged is not set",
    remedy="Remove securityContext.privileged; grant the single capabilities or devices that are needed.",
    source="Kubernetes Pod Security Standards, baseline: privileged containers",
)
def no_privileged_containers(containers: pd.DataFrame) -> Judgement:
    """No container runs privileged."""
    return judge(containers, ~containers["privileged"], ["type", "image", "privileged"])

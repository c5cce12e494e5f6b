"""What of a pod runs, and how long."""

import pandas as pd

ENDED = ("Succeeded", "Failed")
"""The phases of a pod whose containers run no more, and will not run again."""


def lasting(containers: pd.DataFrame) -> pd.Series:
    """Whether each container, or the one that each port is of, runs beside the others of its pod: a regular one, or an
    init container with ``restartPolicy: Always``, which is a sidecar (Kubernetes documentation: sidecar containers).
    """
    sidecar = (containers["type"] == "init") & (containers["restart_policy"] == "Always").fillna(False)
    return (containers["type"] == "regular") | sidecar

"""An error of auditkit itself, as a sentence that holds nothing of a cluster."""

import traceback
from pathlib import Path

from auditkit.base.version import VERSION


def sentence(error: BaseException) -> str:
    """What failed, by its kind and place. The text of the error may hold data of the cluster, so it is not told."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (f"This is an error of auditkit {VERSION}, not of your input: {type(error).__name__} in "
            f"{Path(frame.filename).name}, line {frame.lineno}.")

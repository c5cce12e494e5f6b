"""Checks of a user's own, with types: the decorator keeps them."""

import pandas as pd

from auditkit.checks import Judgement, check, judge


@check(severity="high", finding="runs an image of another registry", source="Acme policy 7.2")
def images_of_our_registry(containers: pd.DataFrame, *, registry: str = "registry.acme.example/") -> Judgement:
    """Containers run images of our own registry."""
    return judge(containers, containers["image"].str.startswith(registry), ["image"])


def judged_directly(containers: pd.DataFrame) -> Judgement:
    """A check is still the function that it was, with its parameters."""
    return images_of_our_registry(containers, registry="registry.k8s.io/")

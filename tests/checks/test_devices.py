"""Claims on devices: both forms of requests are read, and admin access fails."""

import pytest
from network_worlds import namespace, verdicts
from worlds import frames

ADMIN = {"deviceClassName": "gpu.example", "adminAccess": True}
PLAIN = {"deviceClassName": "gpu.example"}


def claim(*requests: dict, name: str = "gpu", template: bool = False) -> dict:
    spec = {"devices": {"requests": list(requests)}}
    return {"kind": "ResourceClaimTemplate" if template else "ResourceClaim",
            "metadata": {"name": name, "namespace": "ml"}, "spec": {"spec": spec} if template else spec}


def pod(kind: str = "Pod", **reference: str) -> dict:
    spec = {"containers": [{"name": "c"}], "resourceClaims": [{"name": "x", **reference}]}
    return {"kind": kind, "metadata": {"name": kind.lower(), "namespace": "ml"},
            "spec": spec if kind == "Pod" else {"template": {"spec": spec}}}


@pytest.mark.parametrize(("request_", "verdict"), [
    ({"name": "a", "exactly": ADMIN}, "fail"),
    ({"name": "a", **ADMIN}, "fail"),
    ({"name": "a", "exactly": PLAIN}, "pass"),
    ({"name": "a", **PLAIN}, "pass"),
    ({"name": "a", "firstAvailable": [{"name": "b", **PLAIN}]}, "pass"),
    ({"name": "a", "exactly": PLAIN | {"adminAccess": False}}, "pass"),
])
@pytest.mark.parametrize("template", [False, True])
def test_claims_and_templates_in_every_version_are_judged(request_, verdict, template):
    objects = [namespace("ml"), claim({"name": "first", "exactly": PLAIN}, request_, template=template)]
    assert verdicts("devices.no_admin_access", objects) == {"gpu": verdict}


def test_a_namespace_in_which_monitoring_needs_it_can_be_named():
    assert verdicts("devices.no_admin_access", [claim(ADMIN | {"name": "a"})], allowed=("ml",)) == {
        "gpu": "not_applicable"}


def test_who_uses_a_claim_is_known():
    tables = frames([claim(), pod(resourceClaimName="gpu"), pod("Deployment", resourceClaimTemplateName="gpu")])
    users = tables["device_users"][["kind", "pod", "claim", "template"]].astype(object).fillna("-")
    assert users.to_numpy().tolist() == [["Pod", "pod", "gpu", "-"], ["Deployment", "deployment", "-", "gpu"]]

"""What platforms put into the namespace default themselves, and what only looks like it."""

import re

import pytest

from auditkit.checks.support.platform_objects import MADE, SIGNS
from tests.checks.test_pods import verdicts

OPENSHIFT = {"config_maps": [{"namespace": "default", "name": "openshift-service-ca.crt"}]}


def fails(**tables):
    """How many objects fail beside those that show the platform."""
    return [verdict for verdict, _ in verdicts("workloads.default_namespace_unused", tables)].count("fail")


def test_the_data_is_whole():
    assert all(made.source and re.compile(made.name) for made in MADE)
    assert {made.platform for made in MADE if made.shown} == set(SIGNS)


@pytest.mark.parametrize(("table", "row"), [
    ("services", {"name": "kubernetes"}), ("service_accounts", {"name": "default"}),
    ("config_maps", {"name": "kube-root-ca.crt"}), ("config_maps", {"name": "istio-ca-root-cert"}),
    ("config_maps", {"name": "openshift-service-ca.crt"}),
    ("services", {"name": "openshift", "type": "ExternalName", "external_name": "kubernetes.default.svc"}),
])
def test_what_carries_the_platform_in_its_name_is_its_own(table, row):
    assert fails(**{table: [{"namespace": "default"} | row]}) == 0


@pytest.mark.parametrize(("table", "row"), [
    ("service_accounts", {"name": "builder"}), ("service_accounts", {"name": "deployer"}),
    ("bindings", {"name": "system:deployers"}), ("services", {"name": "openshift-apiserver"}),
    ("secrets", {"name": "builder-dockercfg-ab1c2", "type": "kubernetes.io/dockercfg"}),
])
def test_what_anybody_could_call_so_is_the_platforms_where_it_shows_itself(table, row):
    things = {table: [{"namespace": "default"} | row]}
    assert fails(**things) == 1
    assert fails(**things, **OPENSHIFT) == 0


def test_members_of_a_project_of_rancher():
    binding = {"bindings": [{"namespace": "default", "name": "rb-q2w3e4r5t6"}]}
    assert fails(**binding) == 1
    assert fails(**binding, workloads=[{"namespace": "cattle-system"}]) == 0


@pytest.mark.parametrize(("table", "row"), [
    ("config_maps", {"name": "istio-ca-root-cert-2"}), ("services", {"name": "openshift"}),
    ("services", {"name": "openshift", "type": "ExternalName", "external_name": "db.example"}),
    ("services", {"name": "istio-ca-root-cert"}), ("config_maps", {"name": "kubernetes"}),
    ("secrets", {"name": "builder-dockercfg-ab1c2", "type": "Opaque"}),
])
def test_what_only_looks_like_it_is_not(table, row):
    assert fails(**{table: [{"namespace": "default"} | row]}) == 1

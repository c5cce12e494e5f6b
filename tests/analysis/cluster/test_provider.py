"""Who runs the control plane: weak signs do not beat strong ones."""

import pandas as pd
import pytest
from worlds import frames

from auditkit.analysis.cluster.provider import provider

EKS, GKE, AKS = ({"eks.amazonaws.com/nodegroup": "a"}, {"cloud.google.com/gke-nodepool": "a"},
                 {"kubernetes.azure.com/cluster": "a"})
MASTER = {"node-role.kubernetes.io/control-plane": ""}


def node(name="n1", labels=None, machine="", kubelet="v1.33.4"):
    return {"kind": "Node", "metadata": {"name": name, "labels": labels or {}}, "spec": {"providerID": machine},
            "status": {"nodeInfo": {"kubeletVersion": kubelet}}}


@pytest.mark.parametrize(("version", "nodes", "run_by"), [
    ("v1.33.4-eks-99bf9bd", [node()], "Amazon EKS"),
    ("v1.33.4-eks-99bf9bd", [node(machine="aws:///eu-west-1a/i-1")], "Amazon EKS"),
    ("v1.33.4-eks-99bf9bd", [node(), node("n2", MASTER)], ""),
    ("v1.33.4-eks-99bf9bd", [node(machine="vsphere://1")], ""),
    ("v1.33.4-eks-99bf9bd", [node(labels=GKE)], "Amazon EKS"),
    ("v1.33.4-eks-99bf9bd", [node(labels=AKS)], ""),
    ("v1.33.4-eks-99bf9bd", [], ""),
    ("v1.33.4-gke.100", [node(machine="gce://p/z/n")], "Google GKE"),
    ("v1.33.4-gke.100", [node(labels={"node-role.kubernetes.io/master": ""})], ""),
    ("v1.33.4-gke.100", [node(labels={"kubernetes.io/role": "master"})], ""),
    ("v1.33.4-gke.100", [node(labels={"kubernetes.io/role": "agent"})], "Google GKE"),
    ("v1.33.4", [node(labels=EKS)], ""),
    ("v1.33.4", [node(labels=AKS, machine="azure:///1")], "Azure AKS"),
    ("v1.33.4", [node(labels=AKS, machine="aws:///1")], ""),
    ("v1.33.4", [node(labels=AKS | MASTER)], ""),
    ("v1.33.4", [node(labels=AKS), node("n2")], ""),
    ("v1.33.4+k3s1", [node(labels=AKS)], ""),
    ("v1.33.4", [node(labels=AKS, kubelet="v1.33.4+rke2r1")], ""),
    ("", [node(labels=EKS, machine="aws:///1")], "Amazon EKS"),
])
def test_a_provider_is_believed_where_nothing_contradicts_it(version, nodes, run_by):
    tables = frames(nodes)
    collection = pd.DataFrame({"server_version": [version]}, dtype=tables["nodes"]["name"].dtype)
    assert provider(collection, tables["nodes"], tables["node_labels"], tables["control_plane"]) == run_by


def test_a_node_of_the_control_plane_may_be_among_those_that_were_not_listed():
    tables = frames([node(machine="aws:///1")])
    collection = pd.DataFrame({"server_version": ["v1.33.4-eks-99bf9bd"]}, dtype=tables["nodes"]["name"].dtype)
    tables["nodes"].attrs["gaps"] = ("nodes is partial: 2 more objects were announced and not sent",)
    assert provider(collection, tables["nodes"], tables["node_labels"], tables["control_plane"]) == ""

"""What becomes of an object when a manifest is applied to it: the rules of server-side apply."""

import pytest

from auditkit.simulation.merging import merged

CONTAINERS = [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "2"}]


@pytest.mark.parametrize(("source", "old", "new", "whole"), [
    # a field that is not named keeps its value, null takes it away
    ("pods", {"spec": {"a": 1, "b": 2}}, {"spec": {"b": 3, "c": 4}}, {"spec": {"a": 1, "b": 3, "c": 4}}),
    ("pods", {"spec": {"a": 1, "b": 2}}, {"spec": {"a": None}}, {"spec": {"b": 2}}),
    ("pods", {}, {"spec": {"a": None, "b": {"c": 1, "d": None}}}, {"spec": {"b": {"c": 1}}}),
    # containers by name, and in them variables by name; where they stood
    ("pods", {"spec": {"containers": CONTAINERS}}, {"spec": {"containers": [
        {"name": "b", "image": "3"}, {"name": "c"}, {"name": "a", "env": [{"name": "Y", "value": "2"}]}]}},
     {"spec": {"containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
                              {"name": "b", "image": "3"}, {"name": "c"}]}}),
    ("deployments.apps", {"spec": {"template": {"spec": {"containers": CONTAINERS}}}},
     {"spec": {"template": {"spec": {"containers": [{"name": "b", "x": 1}]}}}},
     {"spec": {"template": {"spec": {"containers": [CONTAINERS[0], {"name": "b", "image": "2", "x": 1}]}}}}),
    # ports by number and protocol, which is TCP where it is not given
    ("pods", {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1}]}]}},
     {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1, "protocol": "TCP", "name": "x"}, {"containerPort": 1, "protocol": "UDP"}]}]}},
     {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1, "protocol": "TCP", "name": "x"}, {"containerPort": 1, "protocol": "UDP"}]}]}}),
    ("services", {"spec": {"ports": [{"port": 1, "nodePort": 9}]}}, {"spec": {"ports": [{"port": 1, "name": "x"}, {"port": 2}]}},
     {"spec": {"ports": [{"port": 1, "nodePort": 9, "name": "x"}, {"port": 2}]}}),
    # what is atomic is replaced as a whole
    ("services", {"spec": {"selector": {"a": "1"}}}, {"spec": {"selector": {"b": "2"}}}, {"spec": {"selector": {"b": "2"}}}),
    ("roles.rbac.authorization.k8s.io", {"rules": [{"verbs": ["get"]}]}, {"rules": [{"verbs": ["list"]}]}, {"rules": [{"verbs": ["list"]}]}),
    ("networkpolicies.networking.k8s.io", {"spec": {"podSelector": {"matchLabels": {"a": "1"}}, "ingress": [{}]}},
     {"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}, {"spec": {"podSelector": {}, "ingress": [{}], "policyTypes": ["Ingress"]}}),
    ("pods", {"spec": {"nodeSelector": {"a": "1"}, "tolerations": [{"key": "a"}]}}, {"spec": {"nodeSelector": {"b": "2"}, "tolerations": []}},
     {"spec": {"nodeSelector": {"b": "2"}, "tolerations": []}}),
    ("pods", {"spec": {"containers": [{"name": "a", "securityContext": {"capabilities": {"drop": ["X"], "add": ["Y"]}}}]}},
     {"spec": {"containers": [{"name": "a", "securityContext": {"capabilities": {"drop": ["ALL"]}}}]}},
     {"spec": {"containers": [{"name": "a", "securityContext": {"capabilities": {"drop": ["ALL"], "add": ["Y"]}}}]}}),
    ("serviceaccounts", {"imagePullSecrets": [{"name": "a"}], "secrets": [{"name": "a"}]},
     {"imagePullSecrets": [{"name": "b"}], "secrets": [{"name": "b"}]},
     {"imagePullSecrets": [{"name": "b"}], "secrets": [{"name": "a"}, {"name": "b"}]}),
    # labels and annotations are maps, webhooks lists by name, actions a set
    ("namespaces", {"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": {"b": "2"}}}, {"metadata": {"labels": {"a": "1", "b": "2"}}}),
    ("validatingwebhookconfigurations.admissionregistration.k8s.io", {"webhooks": [{"name": "a", "failurePolicy": "Ignore", "x": 1}]},
     {"webhooks": [{"name": "a", "failurePolicy": "Fail"}]}, {"webhooks": [{"name": "a", "failurePolicy": "Fail", "x": 1}]}),
    ("validatingadmissionpolicybindings.admissionregistration.k8s.io", {"spec": {"validationActions": ["Warn"]}},
     {"spec": {"validationActions": ["Deny", "Warn"]}}, {"spec": {"validationActions": ["Warn", "Deny"]}}),
    # of alternatives the new one stays
    ("pods", {"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}}, {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}},
     {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}),
    ("pods", {"spec": {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"port": 1}, "periodSeconds": 3}}]}},
     {"spec": {"containers": [{"name": "a", "livenessProbe": {"exec": {}, "timeoutSeconds": 2}}]}},
     {"spec": {"containers": [{"name": "a", "livenessProbe": {"exec": {}, "periodSeconds": 3, "timeoutSeconds": 2}}]}}),
    ("pods", {"spec": {"containers": [{"name": "a", "livenessProbe": {"exec": {}}}]}},
     {"spec": {"containers": [{"name": "a", "livenessProbe": {"timeoutSeconds": 2}}]}},
     {"spec": {"containers": [{"name": "a", "livenessProbe": {"exec": {}, "timeoutSeconds": 2}}]}}),
])
def test_a_manifest_is_merged_as_the_api_server_merges_it(source: str, old: dict, new: dict, whole: dict) -> None:
    before = repr((old, new))
    found = merged(source, old, new)
    assert found == whole
    assert repr((old, new)) == before, "neither is changed"

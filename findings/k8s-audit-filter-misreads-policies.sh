#!/usr/bin/env bash
# k8s-audit-filter finds no "exec" into a pod by the rule that an audit policy has for it, and takes it for another one.
#
# Installed: k8s-audit-filter 0.5.0.
#
# Expected: it filters events of an API server's audit log by rules in the form of a Kubernetes audit policy
# (audit.k8s.io/v1). There, "pods/exec" is the subresource exec, "pods" are pods without subresources, "*" is everything,
# and the group "" is the core group (Kubernetes documentation, "Auditing", and the reference of GroupResources).
#
# What happens: "pods/exec", "pods/*" and "*" match no exec event, as the rule's text is compared with objectRef.resource
# ("pods") alone; "pods" does match it. The group "" matches each group, so that a rule for pods counts metrics.k8s.io's
# pods as well.
#
# For an audit: the count of sessions in containers is 0, in a log that has them, with the very rule that made the API
# server write them; and the count of what was done to pods has other things in it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile k8s-audit-filter==0.5.0
venv/bin/python - <<'EOF'
from importlib.metadata import version
from k8s_audit_filter import AuditFilter

print("k8s-audit-filter", version("k8s-audit-filter"))
def event(resource, **more):
    return {"level": "Metadata", "verb": "create", "user": {"username": "nurse", "groups": []},
            "objectRef": {"resource": resource, "namespace": "pay", "name": "web", **more}}
exec_event, metrics = event("pods", subresource="exec"), event("pods", apiGroup="metrics.k8s.io")
def matches(which, resource):
    return AuditFilter.filter_with_rule(which, {"level": "Metadata", "resources": [{"group": "", "resources": [resource]}]})
for resource, expected, found in (("pods/exec", True, False), ("pods/*", True, False), ("*", True, False), ("pods", False, True)):
    print(f"exec event, rule {resource!r}: matches {matches(exec_event, resource)}, in Kubernetes {expected}")
    assert matches(exec_event, resource) is found, "the behaviour changed"
print("event of metrics.k8s.io, rule for pods of the core group: matches", matches(metrics, "pods"), ", in Kubernetes False")
assert matches(metrics, "pods") is True, "the behaviour changed"
EOF

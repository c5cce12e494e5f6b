#!/usr/bin/env bash
# Prowler's check of who may read Secrets judges each Role by the ClusterRole that was listed last.
#
# Installed: prowler 5.46.0 (without the clouds' libraries), with a stand-in for the API server on the loopback address.
#
# Expected: rbac_minimize_secret_access (CIS Kubernetes Benchmark 5.1.2) judges each Role by its own rules.
#
# What happens, with two ClusterRoles and a Role that only reads pods: the Role is given the verdict of the ClusterRole
# that came last in the API server's list. It fails, and with the ClusterRoles in the other order it does not.
#
# For an audit: the verdict of a Role changes with the order of objects that have nothing to do with it; a harmless Role
# is reported, once for each that there is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
    kubernetes==32.0.1 pydantic==2.12.5 colorama==0.4.6 jsonschema==4.23.0 cryptography==50.0.0 \
    simplejson==4.3.0 pyyaml==6.0.4 requests==2.34.2 packaging==26.4 python-dateutil==2.9.0.post0
venv/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps prowler==5.46.0
venv/bin/python - <<'EOF'
import http.server, importlib, json, threading, types
from importlib.metadata import version
from kubernetes import client
from prowler.providers.common.provider import Provider

def serve(objects):
    """Stands in for an API server: answers the lists in `objects`, and an empty list for all others."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"items": objects.get(self.path.split("?")[0], [])}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *args):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    configuration = client.Configuration(host=f"http://127.0.0.1:{server.server_port}")
    client.Configuration.set_default(configuration)
    space = types.SimpleNamespace
    Provider.set_global_provider(space(
        type="kubernetes", identity=space(context="demo", cluster="demo"), audit_config={}, fixer_config={},
        session=space(api_client=client.ApiClient(configuration)), namespaces=["pay", "kube-system"]))

def judge(check):
    service = check.split("_")[0]
    module = importlib.import_module(f"prowler.providers.kubernetes.services.{service}.{check}.{check}")
    found = {}
    for report in getattr(module, check)().execute():
        found[report.resource_name] = report.status
        print(f"  {report.status}  {report.status_extended}")
    return found

def pod(name, spec, namespace="pay"):
    return {"metadata": {"name": name, "uid": name, "namespace": namespace}, "spec": spec, "status": {"phase": "Running"}}

print("prowler", version("prowler"))
def rule(*resources):
    return {"apiGroups": [""], "resources": list(resources), "verbs": ["get", "list"]}

ROLES = "/apis/rbac.authorization.k8s.io/v1/"
reads_nodes = {"metadata": {"name": "reads-nodes", "uid": "1"}, "rules": [rule("nodes")]}
wildcard = {"metadata": {"name": "wildcard", "uid": "2"}, "rules": [rule("*")]}
reads_pods = {"metadata": {"name": "reads-pods", "uid": "3", "namespace": "pay"}, "rules": [rule("pods")]}

serve({ROLES + "clusterroles": [reads_nodes, wildcard], ROLES + "roles": [reads_pods]})
print("ClusterRoles: reads-nodes, wildcard")
assert judge("rbac_minimize_secret_access") == {"reads-nodes": "PASS", "wildcard": "FAIL", "reads-pods": "FAIL"}

from prowler.providers.kubernetes.services.rbac import rbac_client
rbac_client.rbac_client.cluster_roles = dict(reversed(rbac_client.rbac_client.cluster_roles.items()))
print("the same, in the other order")
assert judge("rbac_minimize_secret_access") == {"wildcard": "FAIL", "reads-nodes": "PASS", "reads-pods": "PASS"}
EOF

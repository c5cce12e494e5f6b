#!/usr/bin/env bash
# Two checks of Prowler pass every pod, because what they search for was not kept when the pods were read.
#
# Installed: prowler 5.46.0 (without the clouds' libraries), with a stand-in for the API server on the loopback address.
#
# Expected: core_minimize_admission_hostport_containers fails a pod whose container has a hostPort, and
# core_no_secrets_envs a pod whose container takes an environment variable from a Secret (CIS Kubernetes Benchmark 5.4.1).
#
# What happens: both pass. Of a port only the containerPort is kept, and the check searches for host_port. Of a variable
# only name and value are kept, and the check searches for secretKeyRef.
#
# For an audit: these two checks have never found anything, in any cluster, and a requirement that rests on them alone
# passes everywhere.
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
    module = importlib.import_module(f"prowler.providers.kubernetes.services.core.{check}.{check}")
    found = {}
    for report in getattr(module, check)().execute():
        found[report.resource_name] = report.status
        print(f"  {report.status}  {report.status_extended}")
    return found

def pod(name, **container):
    container = {"name": "web", "image": "registry.example/web:1", **container}
    return {"metadata": {"name": name, "uid": name, "namespace": "pay"}, "spec": {"containers": [container]},
            "status": {"phase": "Running"}}

print("prowler", version("prowler"))
serve({"/api/v1/namespaces/pay/pods": [
    pod("with-a-port-of-the-host", ports=[{"containerPort": 8080, "hostPort": 80}]),
    pod("with-a-secret", env=[{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}])]})
everything = {"with-a-port-of-the-host": "PASS", "with-a-secret": "PASS"}
assert judge("core_minimize_admission_hostport_containers") == everything
assert judge("core_no_secrets_envs") == everything
EOF

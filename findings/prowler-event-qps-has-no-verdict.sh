#!/usr/bin/env bash
# Prowler's check of the kubelet's eventRecordQPS has no verdict for any configuration that sets it.
#
# Installed: prowler 5.46.0 (without the clouds' libraries), with a stand-in for the API server on the loopback address.
#
# Expected: kubelet_event_record_qps (CIS Kubernetes Benchmark 4.2.8) reads eventRecordQPS in the ConfigMap
# kubelet-config, and fails where it is 0. The configuration here says eventRecordQPS: 0 and, as the API
# kubelet.config.k8s.io/v1beta1 has it, streamingConnectionIdleTimeout as a duration, "4h0m0s".
#
# What happens: the check compares not eventRecordQPS but streamingConnectionIdleTimeout with 0, a text with a number,
# and raises TypeError; so it does where that field is not set. Prowler's runner (prowler.lib.check.check.execute) catches that, prints one line and goes on with
# no finding of this check.
#
# For an audit: the requirement is not failed, not passed, not MANUAL: it is not in the results. A report that counts
# failures, or takes "no failure" for compliance, shows 4.2.8 as kept. Count the requirements that have a verdict.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
    kubernetes==32.0.1 pydantic==2.12.5 colorama==0.4.6 jsonschema==4.23.0 cryptography==50.0.0 \
    simplejson==4.3.0 pyyaml==6.0.4 requests==2.34.2 packaging==26.4 python-dateutil==2.9.0.post0 \
    alive-progress==3.3.0
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
from prowler.lib.check.check import execute

serve({"/api/v1/configmaps": [{
    "metadata": {"name": "kubelet-config", "uid": "1", "namespace": "kube-system"},
    "data": {"kubelet": "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
                        "eventRecordQPS: 0\nstreamingConnectionIdleTimeout: 4h0m0s\nmakeIPTablesUtilChains: true\n"}}]})
from prowler.providers.kubernetes.services.kubelet.kubelet_event_record_qps.kubelet_event_record_qps import (
    kubelet_event_record_qps)
try:
    kubelet_event_record_qps().execute()
except TypeError as error:
    print("the check itself: TypeError:", error)
else:
    raise SystemExit("the check gave a verdict: the behaviour changed")
findings = execute(kubelet_event_record_qps(), Provider.get_global_provider(), None, None)
print("findings that the runner goes on with:", findings)
assert findings == []
print("control: kubelet_manage_iptables, on the same ConfigMap")
assert judge("kubelet_manage_iptables") == {"kubelet-config": "PASS"}
EOF

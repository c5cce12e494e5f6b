#!/usr/bin/env bash
# Three of Prowler's control plane checks fail what is configured as they ask.
#
# Installed: prowler 5.46.0 (without the clouds' libraries), with a stand-in for the API server on the loopback address.
#
# Expected, after the texts of the checks themselves and the CIS Kubernetes Benchmark (1.2.3, 1.2.9, 1.3.6):
# apiserver_event_rate_limit and apiserver_deny_service_external_ips pass where the admission plugin is enabled;
# controllermanager_rotate_kubelet_server_cert passes where the feature gate RotateKubeletServerCertificate is true.
#
# What happens, with a control plane that has all three: it fails all three checks. EventRateLimit is asked for with
# "not in"; DenyServiceExternalIPs is searched in the list of disabled plugins; and the feature gates are cut at every
# "=", so that "=true" is always cut off, and a value that was set is a failure whatever it is.
#
# For an audit: somebody who mends what fails takes the protection away. The sentence beside the verdict
# ("EventRateLimit ... is set in pod ...") is the opposite of the verdict, and will be quoted.
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
def static(kind, which, *flags):
    return pod(f"kube-{kind}-{which}", {"containers": [{"name": kind, "image": "i", "command": [f"kube-{kind}", *flags]}]},
               "kube-system")

serve({"/api/v1/namespaces/kube-system/pods": [
    static("apiserver", "good", "--enable-admission-plugins=NodeRestriction,EventRateLimit,DenyServiceExternalIPs"),
    static("controller-manager", "good", "--feature-gates=RotateKubeletServerCertificate=true")]})
for check, component in (("apiserver_event_rate_limit", "apiserver"), ("apiserver_deny_service_external_ips", "apiserver"),
                         ("controllermanager_rotate_kubelet_server_cert", "controller-manager")):
    print(check)
    assert judge(check) == {f"kube-{component}-good": "FAIL"}, "the behaviour changed"
EOF

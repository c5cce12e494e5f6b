#!/usr/bin/env bash
# The Python client's dynamic client says that a kind does not exist while the server that serves it is down.
#
# Installed: kubernetes 37.0.2.
#
# Expected: some groups are served by a server behind the API server (an APIService), such as metrics.k8s.io, or
# wgpolicyk8s.io where reports are kept by a server of their own. While it is down, the API server still lists the group and
# answers 503 for it: what it serves is unknown, which is an error, as it is where the answer is 403.
#
# What happens: for a group with 503 the client notes that it has no kinds. resources.search() is an empty list, and get()
# raises ResourceNotFoundError, the same as for a kind that no server has. With 403, discovery raises ForbiddenError.
#
# For an audit: "the cluster has no policy reports" or "the operator is not installed" is said of a cluster that
# has them, and the requirements about them become not applicable.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile kubernetes==37.0.2
venv/bin/python -W ignore - <<'EOF'
import http.server, json, os, threading
from importlib.metadata import version
from kubernetes import client, dynamic
from kubernetes.dynamic.exceptions import ForbiddenError, ResourceNotFoundError

os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
group = {"groupVersion": "wgpolicyk8s.io/v1alpha2", "version": "v1alpha2"}
answers = {
    "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.2"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
        {"name": "wgpolicyk8s.io", "versions": [group], "preferredVersion": group}]}}
kinds = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "wgpolicyk8s.io/v1alpha2", "resources": [
    {"name": "policyreports", "singularName": "policyreport", "namespaced": True, "kind": "PolicyReport", "verbs": ["get", "list"]}]}
code = 200

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer, status = answers.get(self.path.rstrip("/")), 200
        if answer is None:
            answer, status = (kinds, 200) if code == 200 else ({"kind": "Status", "status": "Failure", "code": code}, code)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()

def asked():
    """How many kinds are found, and how a request for one ends."""
    api = client.ApiClient(client.Configuration(host=f"http://127.0.0.1:{server.server_port}"))
    try:
        resources = dynamic.DynamicClient(api, cache_file=f"cache-{code}.json").resources
        found = len(resources.search(kind="PolicyReport"))
        resources.get(api_version="wgpolicyk8s.io/v1alpha2", kind="PolicyReport")
        return found, "found"
    except ResourceNotFoundError:
        return found, "not found"
    except ForbiddenError:
        return None, "refused"

print("kubernetes", version("kubernetes"))
for code, outcome in ((200, (1, "found")), (503, (0, "not found")), (403, (None, "refused"))):
    result = asked()
    print(f"the group answers {code}: kinds and outcome are {result}")
    assert result == outcome, "the behaviour changed"
server.shutdown()
EOF

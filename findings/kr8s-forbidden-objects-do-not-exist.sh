#!/usr/bin/env bash
# kr8s says that an object does not exist where the API server refuses to say, or fails.
#
# Installed: kr8s 0.20.15.
#
# Expected: exists() says whether an object is there. The answer to that is 404; where the server answers 403 (no right to
# read it) or 500, nothing is known, and other requests of kr8s raise an error.
#
# What happens: exists() is False for each answer but 200. A server on the own machine refuses, fails and finds nothing in
# turn: the three are one. refresh() of the same object raises for the refusal and for the failure.
#
# For an audit: "the namespace has no NetworkPolicy named default-deny", "the anonymous binding is gone" and "the exception
# was removed" are said of what the auditor's role may not read; absence that is wanted passes without evidence.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile kr8s==0.20.15
venv/bin/python - <<'EOF'
import http.server, json, os, pathlib, threading
from importlib.metadata import version

os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
code = 200
there = {"metadata": {"name": "anonymous"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}}

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path.rstrip("/") == "/version"
        answer = {"major": "1", "minor": "35", "gitVersion": "v1.35.0"} if known else there if code == 200 else {
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "no", "code": code}
        body = json.dumps(answer).encode()
        self.send_response(200 if known else code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
pathlib.Path("config").write_text(json.dumps({
    "apiVersion": "v1", "kind": "Config", "current-context": "here",
    "contexts": [{"name": "here", "context": {"cluster": "here", "user": "reader"}}],
    "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
    "users": [{"name": "reader", "user": {"token": "not-a-token"}}]}))

import kr8s
from kr8s.objects import ClusterRoleBinding

print("kr8s", version("kr8s"))
api = kr8s.api(kubeconfig="config")
for code in (200, 403, 404, 500):
    binding = ClusterRoleBinding({"metadata": {"name": "anonymous"}}, api=api)
    exists = binding.exists()
    try:
        binding.refresh()
        refreshed = "answered"
    except Exception as error:
        refreshed = type(error).__name__
    print(f"{code}: exists() is {exists}, refresh(): {refreshed}")
    assert exists is (code == 200) and (refreshed == "answered") is (code == 200), "the behaviour changed"
server.shutdown()
EOF

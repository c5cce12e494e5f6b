#!/usr/bin/env bash
# The Python client asks with a user's own rights where the kubeconfig says that it acts as another user.
#
# Installed: kubernetes 37.0.2.
#
# Expected: a user of a kubeconfig may have as, as-uid, as-groups and as-user-extra; each request then carries the headers
# Impersonate-User, Impersonate-Group … (Kubernetes documentation, "User impersonation"; client-go, tools/clientcmd).
#
# What happens: load_kube_config() passes over these fields without a word. A server on the own machine that notes what it
# is asked gets the request without any such header.
#
# For an audit: what an auditor's group may read was to be shown, and what the administrator may read is; answers to reviews
# of rights (kubectl auth whoami, can-i) are of another person than the kubeconfig names.
# Set the headers on the ApiClient.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile kubernetes==37.0.2
venv/bin/python - <<'EOF'
import http.server, json, os, pathlib, threading
from importlib.metadata import version
from kubernetes import client, config

os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
asked = []

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(dict(self.headers))
        body = json.dumps({"major": "1", "minor": "36", "gitVersion": "v1.36.2", "gitCommit": "", "gitTreeState": "",
                           "buildDate": "", "goVersion": "", "compiler": "", "platform": ""}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
pathlib.Path("config").write_text(f"""
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: admin}}}}]
clusters: [{{name: here, cluster: {{server: 'http://127.0.0.1:{server.server_port}'}}}}]
users: [{{name: admin, user: {{token: not-a-token, as: auditor, as-groups: [readers]}}}}]
""")
found = client.Configuration()
config.load_kube_config(config_file="config", client_configuration=found)
client.VersionApi(client.ApiClient(found)).get_code()
server.shutdown()
print("kubernetes", version("kubernetes"))
print("headers of the request:", ", ".join(sorted(asked[0])))
assert "authorization" in map(str.lower, asked[0]), "the request was not made with the user's token"
assert not any(name.lower().startswith("impersonate") for name in asked[0]), "the behaviour changed"
EOF

#!/usr/bin/env bash
# kr8s lists pods of another Deployment among the pods of a Deployment.
#
# Installed: kr8s 0.20.15.
#
# Expected: Deployment.pods() has the pods that the Deployment's selector selects. A selector's matchExpressions hold beside
# its matchLabels (Kubernetes documentation, "Labels and Selectors"); `track notin (canary)` keeps a canary's pods out.
#
# What happens: it asks the API for the matchLabels only. A server on the own machine, which answers by the selector that it
# is given, returns the canary's pod too. ready_pods() and port forwarding to a Deployment stand on it.
#
# For an audit: images, security contexts and findings of one workload are counted for another. An exception that is granted
# for the pods of a canary covers production, or the other way round.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile kr8s==0.20.15
venv/bin/python - <<'EOF'
import http.server, json, os, pathlib, threading
from importlib.metadata import version
from urllib.parse import parse_qs, urlsplit

os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
pods = {"web-1": {"app": "web", "track": "stable"}, "web-canary-1": {"app": "web", "track": "canary"}, "db-1": {"app": "db"}}
selector = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "track", "operator": "NotIn", "values": ["canary"]}]}
asked = []

def selects(term, labels):  # the two forms that this selector can have
    if " notin " in term:
        key, values = term.split(" notin ")
        return labels.get(key) not in values.strip("()").split(",")
    key, value = term.split("=")
    return labels.get(key) == value

def resources(group, name, kind):
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": [
        {"name": name, "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": ["get", "list"]}]}

apps = {"groupVersion": "apps/v1", "version": "v1"}
answers = {
    "/version": {"major": "1", "minor": "35", "gitVersion": "v1.35.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": "apps", "versions": [apps], "preferredVersion": apps}]},
    "/api/v1": resources("v1", "pods", "Pod"), "/apis/apps/v1": resources("apps/v1", "deployments", "Deployment")}

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        answer = answers.get(url.path.rstrip("/"))
        if url.path == "/api/v1/namespaces/shop/pods":
            (text,) = parse_qs(url.query)["labelSelector"]
            asked.append(text)
            items = [{"metadata": {"name": name, "namespace": "shop", "labels": labels}} for name, labels in pods.items()
                     if all(selects(term, labels) for term in text.split(",") if term)]
            answer = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}
        body = json.dumps(answer or {"kind": "Status", "message": "not found", "code": 404}).encode()
        self.send_response(200 if answer else 404)
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
from kr8s.objects import Deployment

api = kr8s.api(kubeconfig="config")
deployment = Deployment({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": selector}}, api=api)
found = [pod.name for pod in deployment.pods()]
server.shutdown()
print("kr8s", version("kr8s"))
print("selector:", selector)
print("asked for:", asked)
print("pods of web:", found)
assert asked == ["app=web"] and found == ["web-1", "web-canary-1"], "the behaviour changed"
EOF

#!/usr/bin/env bash
# Where a login program fails, the Python client goes on without credentials.
#
# Installed: kubernetes 37.0.2.
#
# Expected: a user of a kubeconfig may name a program that logs in (exec). Where it fails, kubectl ends with an error that
# says so (Kubernetes documentation, "client-go credential plugins"; client-go, plugin/pkg/client/auth/exec).
#
# What happens: load_kube_config() writes the exit code to the log and returns. The configuration has no token; its requests
# are those of system:anonymous. Nothing is connected to here.
#
# For an audit: a session that is over looks like a cluster that refuses: 401 or 403 where "log in again" was meant. Where
# anonymous users may read something (discovery and the version by default), a scheduled audit even goes on and reports what
# nobody may read as what is not there.
# After loading, see whether the configuration has a token or a certificate.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile kubernetes==37.0.2
venv/bin/python - <<'EOF'
import pathlib
from importlib.metadata import version
from kubernetes import client, config

login = pathlib.Path("login")
login.write_text("#!/bin/sh\necho 'the session is over' >&2\nexit 1\n")
login.chmod(0o755)
pathlib.Path("config").write_text("""
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: jane}}]
clusters: [{name: here, cluster: {server: 'https://api.example'}}]
users: [{name: jane, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login, interactiveMode: Never}}}]
""")
found = client.Configuration()
config.load_kube_config(config_file="config", client_configuration=found)
print("kubernetes", version("kubernetes"))
print("after a login that failed: host", found.host, "credentials", found.api_key, found.cert_file)
assert not found.api_key and not found.cert_file, "the behaviour changed"
EOF

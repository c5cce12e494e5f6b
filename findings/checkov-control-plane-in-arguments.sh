#!/usr/bin/env bash
# Checkov's checks of the control plane read a container's command, and not its arguments.
#
# Installed: checkov 3.3.30.
#
# Expected: an API server whose flags are in `args` is judged as one whose flags are in `command`: Kubernetes runs the
# same program with the same words, and some distributions (RKE2) write its pod in the second way.
#
# What happens, for two pods that run the same command line: the pod with flags in its command passes, and the other fails
# CKV_K8S_68 (anonymous requests) and CKV_K8S_90 (profiling), though it refuses both. Where a flag is bad, it is the
# other way round: with --authorization-mode=AlwaysAllow in the arguments, CKV_K8S_74 passes.
#
# For an audit: the verdict on the same API server changes with the way in which its pod is written, in both directions.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile checkov==3.3.30
venv/bin/python - <<'EOF'
import json, pathlib, subprocess, yaml
from importlib.metadata import version

def judge(folder, words):
    """The verdict on each pod for each check, with the flags in the command, and in the arguments."""
    found = {}
    pathlib.Path(folder).mkdir()
    for name, container in (("in-command", {"command": ["kube-apiserver", *words]}),
                            ("in-arguments", {"command": ["kube-apiserver"], "args": words})):
        pathlib.Path(folder, f"{name}.yaml").write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "kube-system"},
            "spec": {"containers": [{"name": "kube-apiserver", "image": "registry.k8s.io/kube-apiserver:v1.36.2", **container}]}}))
    done = subprocess.run(["venv/bin/checkov", "--directory", folder, "--framework", "kubernetes", "--output", "json",
                           "--skip-download", "--check", "CKV_K8S_68,CKV_K8S_74,CKV_K8S_90"], capture_output=True, text=True)
    results = json.loads(done.stdout)["results"]
    for verdict, key in (("PASS", "passed_checks"), ("FAIL", "failed_checks")):
        for row in results[key]:
            found[row["resource"].rpartition(".")[2], row["check_id"]] = verdict
    for key in sorted(found):
        print(" ", found[key], *key)
    return found

print("checkov", version("checkov"))
good = judge("good", ["--anonymous-auth=false", "--profiling=false", "--authorization-mode=Node,RBAC"])
assert {key: good["in-command", key] for key in ("CKV_K8S_68", "CKV_K8S_90")} == {"CKV_K8S_68": "PASS", "CKV_K8S_90": "PASS"}
assert {key: good["in-arguments", key] for key in ("CKV_K8S_68", "CKV_K8S_90")} == {"CKV_K8S_68": "FAIL", "CKV_K8S_90": "FAIL"}
bad = judge("bad", ["--anonymous-auth=false", "--profiling=false", "--authorization-mode=AlwaysAllow"])
assert (bad["in-command", "CKV_K8S_74"], bad["in-arguments", "CKV_K8S_74"]) == ("FAIL", "PASS")
EOF

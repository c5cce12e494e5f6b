#!/usr/bin/env bash
# python-hcl2 reads the text "Always" of a Terraform file as a text of eight characters: its quotes belong to it.
#
# Installed: python-hcl2 8.1.4 and 7.3.1.
#
# Expected: loads() gives Python values, as json.loads does: "Always" is the text Always. Version 7.3.1 gives it so.
#
# What happens: in 8.1.4 quotes stay in each text, also in those that name a block, while truth values and numbers are Python's.
# So resource["kubernetes_pod"] is absent, and a comparison with a text is False; neither is an error where .get() is
# used. The quotes go with hcl2.SerializationOptions(strip_string_quotes=True), which is not the default.
#
# For an audit: "no argument of the API server is --anonymous-auth=true" and "no capability is NET_ADMIN" pass for each file
# after an update of the library, while checks of truth values go on to work.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for version in 7.3.1 8.1.4; do
    python3 -m venv "venv-$version"
    "venv-$version/bin/pip" install --quiet --disable-pip-version-check --no-compile "python-hcl2==$version"
done
cat > read.py <<'EOF'
from importlib.metadata import version
import hcl2

(resource,) = hcl2.loads('''
resource "kubernetes_pod" "api" {
  spec {
    host_network = true
    container {
      args = ["--anonymous-auth=true"]
    }
  }
}
''')["resource"]
((kind, named),) = resource.items()
((name, pod),) = ((key, value) for key, value in named.items() if "__" not in key)
spec = pod["spec"][0]
arguments = spec["container"][0]["args"]
print("python-hcl2", version("python-hcl2"), "| kind", kind, "| host_network", spec["host_network"], "| arguments", arguments)
quoted = version("python-hcl2") == "8.1.4"
assert spec["host_network"] is True and resource.get("kubernetes_pod", None) == (None if quoted else named), "the behaviour changed"
assert ("--anonymous-auth=true" in arguments) is not quoted and ('"--anonymous-auth=true"' in arguments) is quoted, "the behaviour changed"
EOF
"venv-7.3.1/bin/python" read.py
"venv-8.1.4/bin/python" read.py

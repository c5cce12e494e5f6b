#!/usr/bin/env bash
# oras takes the image localhost/web for one of Docker Hub.
#
# Installed: oras 0.2.43 (the Python client), and docker-image-py 0.2.0 to compare with.
#
# Expected: the first part of a reference is a registry if it has a point or a port, or is localhost (distribution/reference,
# the grammar of container runtimes). localhost/… is how podman and CRI-O name images that were built on the machine.
#
# What happens: registry is docker.io, and the namespace is localhost. With a port (localhost:5000/web) it is right.
#
# For an audit: an image that was built on a node and came from no registry is counted as one of Docker Hub, and it is asked
# for there, where anybody's answer would be taken for it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile oras==0.2.43 docker-image-py==0.2.0
venv/bin/python - <<'EOF'
from importlib.metadata import version
from docker_image import reference
from oras.container import Container

print("oras", version("oras"), "docker-image-py", version("docker-image-py"))
for image, expected, found in (("localhost/web:1", "localhost", "docker.io"), ("localhost:5000/web:1", "localhost:5000", "localhost:5000"),
                               ("registry.example/web:1", "registry.example", "registry.example")):
    other = reference.Reference.parse_normalized_named(image).split_hostname()[0]
    print(f"{image}: registry {Container(image).registry} by oras, {other} by docker-image-py")
    assert other == expected
    assert Container(image).registry == found, "the behaviour changed"
EOF

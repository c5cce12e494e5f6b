#!/usr/bin/env bash
# docker-parse-image has the digest of an image in its tag, and no answer for a name of more than three parts.
#
# Installed: docker-parse-image 3.0.1.
#
# Expected: a reference is a domain, a path of any depth, a tag and a digest; the domain is recognised by a point, a port or
# the word localhost, and only Docker Hub's short names get library/ (distribution/reference, the grammar of container
# runtimes).
#
# What happens: of web:1@sha256:… the tag is "1@sha256:…", of web@sha256:… it is "sha256:…", and the name is put together with
# a colon. localhost/web is the namespace localhost of no registry; localhost:5000/web becomes localhost:5000/library/web.
# For registry.k8s.io/a/b/c:1 the answer is null.
#
# For an audit: an image that is pinned by its digest counts as one with a tag, and the tag is in no list of allowed ones;
# local images are counted as Docker Hub's; what has a deeper path is left out by whoever skips null.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund docker-parse-image@3.0.1
cat > show.mjs <<'EOF'
import parse from "docker-parse-image";
import { readFileSync } from "node:fs";

console.log("docker-parse-image", JSON.parse(readFileSync("node_modules/docker-parse-image/package.json")).version);
const digest = `sha256:${"a".repeat(64)}`;
const short = (text) => JSON.stringify(text).replaceAll(digest, "sha256:…");
const check = (image, told, found) => {
  console.log(`${image.replace(digest, "sha256:…")}: ${short(told)}`);
  if (JSON.stringify(told) !== JSON.stringify(found)) throw new Error("the behaviour changed");
};
check(`ghcr.io/shop/web:1@${digest}`, parse(`ghcr.io/shop/web:1@${digest}`).tag, `1@${digest}`);
check(`ghcr.io/shop/web@${digest}`, parse(`ghcr.io/shop/web@${digest}`).fullname, `ghcr.io/shop/web:${digest}`);
check("localhost/web", [parse("localhost/web").registry, parse("localhost/web").namespace], [null, "localhost"]);
check("localhost:5000/web", parse("localhost:5000/web").fullname, "localhost:5000/library/web:latest");
check("registry.k8s.io/a/b/c:1", parse("registry.k8s.io/a/b/c:1"), null);
check("ghcr.io/shop/web:1", parse("ghcr.io/shop/web:1").tag, "1");
EOF
node show.mjs

#!/usr/bin/env bash
# tfv-cpe-parser cuts a CPE name at escaped colons, and keeps the escapes of versions.
#
# Installed: @thefaultvault/tfv-cpe-parser 1.3.0.
#
# Expected: in a formatted string, a backslash takes a character as it is: `\:` separates nothing, and `2.0.0\+incompatible` is
# the version 2.0.0+incompatible (NISTIR 7695, 6.2). In a URI the same character is %2b. The package names this document as
# the one that it follows.
#
# What happens: the name is split at each colon. Of http\:\:body_project the vendor is "http\", the product "\", and the version
# a piece of the product. Versions keep their backslashes and percent signs, so that what is one version in both bindings
# and in the inventory is three texts. Names without special characters are read as they should be.
#
# For an audit: an advisory for such a product names another one, and one for a version with "+" (Go modules, Debian) or "~"
# matches no installed version. No match reads as "not affected".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @thefaultvault/tfv-cpe-parser@1.3.0
cat > show.cjs <<'END'
const { CpeParser } = require("@thefaultvault/tfv-cpe-parser");

const name = "@thefaultvault/tfv-cpe-parser";
console.log(name, require(`./node_modules/${name}/package.json`).version);
for (const [cpe, found] of [
  ["cpe:2.3:a:kubernetes:kubernetes:1.29.3:*:*:*:*:*:*:*", ["kubernetes", "kubernetes", "1.29.3"]],
  [String.raw`cpe:2.3:a:http\:\:body_project:http\:\:body:1.08:*:*:*:*:perl:*:*`, ["http\\", "\\", "body project"]],
  [String.raw`cpe:2.3:a:shop:web:2.0.0\+incompatible:*:*:*:*:go:*:*`, ["shop", "web", String.raw`2.0.0\+incompatible`]],
  ["cpe:/a:shop:web:2.0.0%2bincompatible", ["shop", "web", "2.0.0%2bincompatible"]],
]) {
  const { vendor, product, version } = new CpeParser().parse(cpe);
  console.log(`${cpe}: vendor ${vendor}, product ${product}, version ${version}`);
  if (JSON.stringify([vendor, product, version]) !== JSON.stringify(found)) throw new Error("the behaviour changed");
}
END
node show.cjs

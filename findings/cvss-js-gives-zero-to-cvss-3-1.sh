#!/usr/bin/env bash
# The npm package cvss has the score 0 for each vector of CVSS 3.1, so that all of them are rated "None".
#
# Installed: cvss 1.0.5, and ae-cvss-calculator 1.0.13 beside it.
#
# Expected: vectors of CVSS 3.1 have the metrics of CVSS 3.0 and almost the same formulas, and most advisories since 2019 have
# one. A package that scores "CVSS3 vectors" scores them, or says that it cannot.
#
# What happens: getBaseScore() and getScore() are 0, and getRating() of it is "None". There is no error unless `throw: true`
# is given. With CVSS:3.0 before the same metrics the score is 9.8.
#
# For an audit: the critical vulnerabilities of newer advisories have no severity, and fall out of each list that begins with
# a score. A score of 0 from a vector whose impact is not N, N and N is an error, not a rating.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund cvss@1.0.5 ae-cvss-calculator@1.0.13
cat > show.cjs <<'END'
const other = require("ae-cvss-calculator");
const cvss = require("cvss");

const version = (name) => require(`./node_modules/${name}/package.json`).version;
console.log("cvss", version("cvss"), "ae-cvss-calculator", version("ae-cvss-calculator"));
const metrics = "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
for (const [vector, found] of [[`CVSS:3.0/${metrics}`, 9.8], [`CVSS:3.1/${metrics}`, 0]]) {
  const [score, expected] = [cvss.getBaseScore(vector), other.fromVector(vector).calculateScores(false).base];
  console.log(`${vector}: cvss ${score}, ${cvss.getRating(score)}; ae-cvss-calculator ${expected}`);
  if (score !== found || cvss.getScore(vector) !== found || expected !== 9.8) throw new Error("the behaviour changed");
}
END
node show.cjs

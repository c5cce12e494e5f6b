#!/usr/bin/env bash
# parse-prometheus-text-format keeps one series of a histogram or summary, without its labels, its count and its sum.
#
# Installed: parse-prometheus-text-format 1.1.1.
#
# Expected: a family has a metric for each set of labels, with buckets, count and sum, as prom2json writes it, which the
# output is to be compatible with (README).
#
# What happens: for a histogram or summary whose series have labels beside "le" and "quantile", there is one metric. It has
# the buckets of the series that came last, no labels, and neither count nor sum. A histogram without labels is complete,
# and each series of a counter is there.
#
# For an audit: of the API server's request durations, which are by verb and resource, one series stands for all; where the
# share of slow or failed requests is evidence, it is that of an accident of the order. A missing count is undefined, and
# comparisons with it are false.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund parse-prometheus-text-format@1.1.1
cat > show.cjs <<'END'
const parse = require("parse-prometheus-text-format");

console.log("parse-prometheus-text-format", require("./node_modules/parse-prometheus-text-format/package.json").version);
const series = (labels, fast, all, sum) => {
  const set = (more) => { const both = [...labels, ...more].join(","); return both && `{${both}}`; };
  return `duration_seconds_bucket${set(['le="1"'])} ${fast}\nduration_seconds_bucket${set(['le="+Inf"'])} ${all}\n` +
    `duration_seconds_sum${set([])} ${sum}\nduration_seconds_count${set([])} ${all}\n`;
};
const head = "# TYPE duration_seconds histogram\n";
for (const [what, text, found] of [
  ["no labels", head + series([], 90, 100, 40), [{ buckets: { 1: "90", "+Inf": "100" }, count: "100", sum: "40" }]],
  ["GET and LIST", head + series(['verb="GET"'], 90, 100, 40) + series(['verb="LIST"'], 5, 50, 900),
    [{ buckets: { 1: "5", "+Inf": "50" } }]],
  ["counter by verb", '# TYPE requests_total counter\nrequests_total{verb="GET"} 100\nrequests_total{verb="LIST"} 50\n',
    [{ value: "100", labels: { verb: "GET" } }, { value: "50", labels: { verb: "LIST" } }]],
]) {
  const [{ metrics }] = parse(text);
  console.log(`${what}: ${JSON.stringify(metrics)}`);
  if (JSON.stringify(metrics) !== JSON.stringify(found)) throw new Error("the behaviour changed");
}
END
node show.cjs

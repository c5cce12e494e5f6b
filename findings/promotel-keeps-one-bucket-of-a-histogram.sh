#!/usr/bin/env bash
# promotel hands on a histogram with one bucket, which is "+Inf", and makes histograms of counters named "..._sum".
#
# Installed: @platformatic/promotel 0.2.2.
#
# Expected: an OTLP histogram has a count for each bucket, and the bounds between them, one fewer; the buckets of Prometheus'
# text format, which are cumulative, become these (OpenTelemetry specification, "Prometheus and OpenMetrics
# Compatibility"). What a `# TYPE` line calls a counter or a gauge is one.
#
# What happens: each line of a bucket replaces those before it, and what is left is the last one, all requests, without a
# bound. Count and sum are right. A counter or gauge whose name ends with _sum, _count or _bucket becomes a histogram of
# the name before it, and its value is the sum or the count of nothing, or is gone.
#
# For an audit: which share of requests the API server answered in time cannot be told any more, and a quantile that is
# computed of one bucket is no error, but a number. Read such figures from Prometheus itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund @platformatic/promotel@0.2.2
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import { convert, parse } from "@platformatic/promotel";

const name = "@platformatic/promotel";
console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);
const histogram = `# TYPE duration_seconds histogram
duration_seconds_bucket{verb="GET",le="0.1"} 90
duration_seconds_bucket{verb="GET",le="1"} 95
duration_seconds_bucket{verb="GET",le="+Inf"} 100
duration_seconds_sum{verb="GET"} 40
duration_seconds_count{verb="GET"} 100
`;
const told = (text) => {
  const [metric] = convert(parse(text), { serviceName: "kube-apiserver" }).resource_metrics[0].scope_metrics[0].metrics;
  const kind = ["sum", "gauge", "histogram", "summary"].find((one) => metric[one]);
  const { count, sum, bucket_counts, explicit_bounds, as_double } = metric[kind].data_points[0];
  return JSON.stringify([metric.name, kind, as_double ?? { count, sum, bucket_counts, explicit_bounds }]);
};
for (const [what, text, found] of [
  ["histogram", histogram, '["duration_seconds","histogram",{"count":100,"sum":40,"bucket_counts":[100],"explicit_bounds":[]}]'],
  ["counter", "# TYPE used_total counter\nused_total 5\n", '["used_total","sum",5]'],
  ["counter ..._sum", "# TYPE used_sum counter\nused_sum 5\n",
    '["used","histogram",{"count":0,"sum":5,"bucket_counts":[],"explicit_bounds":[]}]'],
  ["gauge ..._bucket", "# TYPE used_bucket gauge\nused_bucket 7\n",
    '["used","histogram",{"count":0,"sum":0,"bucket_counts":[],"explicit_bounds":[]}]'],
]) {
  const seen = told(text);
  console.log(`${what}: ${seen}`);
  if (seen !== found) throw new Error("the behaviour changed");
}
END
node show.mjs

#!/usr/bin/env bash
# prometheus-query for JavaScript keeps nothing of a warning that an answer is partial.
#
# Installed: prometheus-query 3.5.1.
#
# Expected: an answer of Prometheus' HTTP API can have "warnings" and "infos" beside its data: it has the data, and says what is
# wrong with it. Thanos and Mimir answer so where a store could not be asked ("partial response"). A client has them, since
# the status is "success".
#
# What happens: the result of instantQuery() and rangeQuery() has resultType and result only. An answer without half of the
# clusters is the same as a whole one, also for a query that returns nothing.
#
# For an audit: "no API server was down last month", asked of a store with a part missing, is an empty result, which is what a
# good one is. Read the API's JSON, or forbid partial responses in the query (`partial_response=false` of Thanos).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund prometheus-query@3.5.1
cat > show.mjs <<'END'
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import prometheus from "prometheus-query";

console.log("prometheus-query", JSON.parse(readFileSync("node_modules/prometheus-query/package.json")).version);
const told = (extra) => new Promise((resolve, reject) => {
  const server = createServer((request, response) => {
    const resultType = request.url.includes("query_range") ? "matrix" : "vector";
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "success", data: { resultType, result: [] }, ...extra }));
  });
  server.listen(0, "127.0.0.1", async () => {
    try {
      const driver = new prometheus.PrometheusDriver({ endpoint: `http://127.0.0.1:${server.address().port}`, baseURL: "/api/v1" });
      const results = [await driver.instantQuery("up == 0"), await driver.rangeQuery("up == 0", new Date(60_000), new Date(120_000), 60)];
      resolve(JSON.stringify(results));
    } catch (error) { reject(error); } finally { server.close(); }
  });
});
const whole = await told({});
const partial = await told({ warnings: ["No StoreAPIs matched for this query"], infos: ["PromQL info"] });
console.log(`whole answer:   ${whole}\npartial answer: ${partial}`);
if (whole !== partial || whole.includes("warnings")) throw new Error("the behaviour changed");
END
node show.mjs

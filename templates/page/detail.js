/* All that is known of one verdict: the rule, the requirements of every framework that it touches, and the trace from
   the object to the row of its table and the request that brought it. */
async function detail(data, row) {
  const set = data.setOf(row), about = set.about, said = (name) => unguarded(data.text(name, row));
  const object = await objectOf(data, row);
  const facts = [
    ["Expected", said("wanted")], ["Observed", said("seen")],
    ["Reason", said("reason") === said("seen") ? "" : said("reason")],
    ["Why it matters", about.why], ["Remedy", data.text("verdict", row) === "fail" ? about.remedy : ""],
    ["Requirements", requirementsOf(set)],
    ["Object", [said("kind"), [said("namespace"), said("name")].filter(Boolean).join("/")].join(" ")],
    ["UID", object?.uid ? element("span", {class: "code"}, object.uid)
      : object === null ? "in objects.csv, which the notebook and the PDF have" : ""],
    ["Row", about.tables ? ["of the table ", anchored(`table-${about.tables.split(", ")[0]}`, about.tables.split(", ")[0]),
      ", found by kind, namespace and name"] : ""],
    ["Requests", (about.sources ?? "").split(" ").filter(Boolean).map((name, place) =>
      [place ? ", " : "", anchored(`source-${name}`, name)])],
    ["Check", [element("span", {class: "code"}, set.check), about.source ? `; source of the rule: ${about.source}` : ""]],
  ];
  const link = Object.fromEntries(["kind", "namespace", "name", "container"].map((name) => [name, data.text(name, row)]));
  return element("div", {class: "detail"},
    element("dl", {}, facts.filter(([, value]) => value?.length || value instanceof Node)
      .map(([label, value]) => [element("dt", {}, label), element("dd", {}, value)])),
    element("p", {}, element("a", {href: address({...link, check: set.check})}, "Link to this verdict")));
}

/* The requirements of this report that a check serves, and those of other frameworks that name it. */
function requirementsOf(set) {
  const own = set.requirements.map((id, place) => [place ? ", " : "", link(id)]), others = new Map();
  const here = byId("verdicts").dataset.framework.split("+");
  for (const row of set.touches) {
    if (!here.includes(row.framework)) others.set(row.framework, [...(others.get(row.framework) ?? []), row.requirement]);
  }
  return [own, [...others].map(([framework, ids]) => element("span", {class: "touches"}, `; ${framework}: ${ids.join(", ")}`))];
}

async function objectOf(data, row) {
  const objects = await table("objects.csv");
  if (!objects) return null;
  objects.found ??= new Map(objects.objects().map((one) => [[one.kind, one.namespace, one.name].join("\n"), one]));
  return objects.found.get(["kind", "namespace", "name"].map((name) => data.text(name, row)).join("\n"));
}

const anchored = (id, label) => byId(id) ? element("a", {href: `#${id}`}, label) : label;

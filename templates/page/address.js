/* What is searched and filtered stands in the address behind "#", so that it can be sent, kept, and gone back from. */
const LISTS = ["status", "verdict", "severity"];
const NAMES = ["q", "namespace", "owner", "team", "framework", "requirement", "check", "kind", "name", "container", "by",
  "sort", "page"];
const FACETS = ["namespace", "owner", "team", "kind", "name", "container"];

/* What stands behind "#"; nothing where it is malformed. */
function fragment() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

function readAddress() {
  const said = location.hash.slice(1), state = {};
  if (!said.includes("=")) return state;
  const given = new URLSearchParams(said);
  for (const name of LISTS) if (given.get(name)) state[name] = given.get(name).split(",");
  for (const name of NAMES) if (given.get(name)) state[name] = given.get(name);
  return state;
}

function address(state) {
  const said = new URLSearchParams();
  for (const name of [...LISTS, ...NAMES]) if (state[name]?.length) said.set(name, String(state[name]));
  return `#${said}`;
}

/* `typed`: while somebody types, the address changes without a step to go back to. */
function writeAddress(state, typed) {
  const said = address(state), empty = said === "#";
  if (said === location.hash || (empty && !location.hash.includes("="))) return;
  history[typed ? "replaceState" : "pushState"](null, "", empty ? location.pathname + location.search : said);
}

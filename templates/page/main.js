/* The state of the page is its address: whatever changes it changes the address, and all is drawn from that. */
let state = readAddress(), data = null, explorer = null;
const FILTERS = ["verdict", "severity", "namespace", "owner", "team", "framework", "requirement", "check", "kind", "name",
  "container"];

function go(change, typed = false) {
  state = {...state, ...change};
  writeAddress(state, typed);
  draw();
}

function draw() {
  const filtered = data !== null && FILTERS.some((name) => state[name]?.length);
  const found = data?.matching(state);
  const [fitting, requirements] = filterCards(state, found?.requirements, filtered);
  explorer?.show(state, found.rows);
  controls();
  const searched = Boolean(state.q || filtered || state.status);
  const note = byId("found");
  if (note) {
    note.textContent = !searched ? "" : [`${number(fitting)} of ${counted(requirements, "requirement")}`,
      data ? `${number(found.rows.length)} of ${counted(data.total, "verdict")}` : ""].filter(Boolean).join(", ");
  }
  for (const each of all(".clear")) each.hidden = !searched && !state.by && !state.sort;
  mark(wordsOf(state.q ?? ""));
}

/* The controls show the state, wherever it came from. */
function controls() {
  for (const control of all("[data-filter-name]")) {
    const value = state[control.dataset.filterName] ?? "";
    if (control.type === "checkbox") control.checked = value.includes(control.value);
    else if (control !== document.activeElement || control.value === "") control.value = value;
  }
}

function listen() {
  for (const control of all("[data-filter-name]")) {
    const name = control.dataset.filterName;
    if (control.type === "checkbox") control.addEventListener("change", () => go({page: "",
      [name]: all(`input[data-filter-name="${name}"]:checked`).map((one) => one.value)}));
    else if (control.tagName === "SELECT") control.addEventListener("change", () => go({[name]: control.value, page: ""}));
    else {
      let typing = false;  // one step to go back for all that is typed at once
      control.addEventListener("input", () => {
        go({[name]: control.value, page: ""}, typing);
        typing = true;
      });
      for (const end of ["change", "blur"]) control.addEventListener(end, () => { typing = false; });
    }
  }
  for (const one of all("button.filter")) one.addEventListener("click", () => {
    const shown = new Set(state.status ?? STATUSES), name = one.dataset.filter;
    shown[shown.has(name) ? "delete" : "add"](name);
    go({status: shown.size === STATUSES.length ? undefined : shown.size ? [...shown] : ["none"]});
  });
  for (const each of all(".clear")) each.addEventListener("click", () => {
    go(Object.fromEntries(Object.keys(state).map((name) => [name, undefined])));
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      byId("search")?.focus();
    } else if (event.key === "Escape" && event.target === byId("search")) go({q: ""});
  });
  for (const name of ["hashchange", "popstate"]) addEventListener(name, arrive);
}

function arrive() {
  if (!location.hash.includes("=")) {
    if (location.hash) return follow();
  }
  state = readAddress();
  draw();
}

/* The names to choose from. */
function offer() {
  for (const list of all("datalist[data-of]")) {
    list.append(...data.distinct(list.dataset.of).map((name) => element("option", {value: name})));
  }
  const here = byId("verdicts").dataset.framework, touched = new Map();
  for (const set of data.sets) {
    for (const id of set.requirements) touched.set(id, here);
    for (const row of set.touches) if (row.framework !== here) touched.set(`${row.framework} ${row.requirement}`, row.framework);
  }
  byId("requirement-list").append(...[...touched.keys()].sort(collator.compare).map((id) => element("option", {value: id})));
  const frameworks = [...new Set(data.sets.flatMap((set) => [...set.frameworks]))].sort(collator.compare);
  byId("frameworks-list").append(...frameworks.map((name) => element("option", {value: name}, name)));
  byId("frameworks-list").closest("label").hidden = frameworks.length < 2;
  for (const each of all("[data-needs]")) each.hidden = !data.distinct(each.dataset.needs).length;
}

async function begin() {
  for (const bar of all(".toolbar")) bar.hidden = false;
  listen();
  if (!location.hash.includes("=")) follow();
  const [verdicts, checks, crosswalk] = await Promise.all(["verdicts.csv", "checks.csv", "crosswalk.csv"].map(table));
  if (verdicts && byId("verdicts")) {
    data = new Verdicts(verdicts, checks?.objects() ?? [], crosswalk?.objects() ?? []);
    explorer = new Explorer(data, go);
    offer();
  }
  draw();
  if (Object.keys(state).length) byId(data ? "verdicts" : "main").scrollIntoView();
  document.documentElement.dataset.ready = "true";
  performance.mark("ready");
}
begin();

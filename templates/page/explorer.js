/* The table of verdicts: what fits the filters, a page at a time, as verdicts or counted by what people ask for. */
const ROWS = 50;
const COLUMNS = [["verdict", "Verdict"], ["severity", "Severity"], ["finding", "Check and what was observed"],
  ["namespace", "Namespace"], ["name", "Object"], ["owner", "Owner"], ["team", "Team"], ["requirements", "Requirements"]];
const VIEWS = {object: ["Kind", "Namespace", "Name"], namespace: ["Namespace"], owner: ["Owner"], team: ["Team"],
  check: ["Check"]};
const EXPORTED = ["kind", "namespace", "name", "container", "owner", "team", "seen", "wanted", "reason", "accepted"];
const WORDS = {fail: "fail", unknown: "unknown", pass: "pass", not_applicable: "not applicable"};

const statusOf = (verdict) => element("span", {class: `status ${verdict}`}, WORDS[verdict] ?? verdict);

/* What a row says first: of a subject that fails what it is or does, else the state that is wanted. */
const headline = ({about, check}, verdict) => {
  const text = (verdict === "fail" && about.deviation) || about.title || check;
  return text.charAt(0).toUpperCase() + text.slice(1);
};

class Explorer {
  /* `go` changes the filters; `objects` and `checks` are read when somebody opens a row. */
  constructor(data, go) {
    Object.assign(this, {data, go, place: byId("verdicts"), table: byId("verdict-table"), rows: new Uint32Array()});
    this.columns = COLUMNS.filter(([name]) => name !== "team" || data.distinct("team").length);
    byId("copy-verdicts").addEventListener("click", (event) => copy(event.target, this.csv().join("")));
    byId("save-verdicts").addEventListener("click", () => handOut("verdicts-shown.csv", "text/csv", this.csv()));
    byId("earlier").addEventListener("click", () => this.turn(-1));
    byId("later").addEventListener("click", () => this.turn(1));
    this.place.hidden = false;
  }

  show(state, rows) {
    const [sort, down] = [(state.sort ?? "").replace(/^-/, ""), state.sort?.startsWith("-")];
    this.state = state;
    this.rows = sort && this.columns.some(([name]) => name === sort) ? this.data.sorted(rows, sort, down) : rows;
    const grouped = VIEWS[state.by] && (state.by !== "team" || this.data.distinct("team").length);
    this.groups = grouped ? this.data.grouped(rows, state.by) : null;
    const shown = this.groups ?? this.rows, pages = Math.max(1, Math.ceil(shown.length / ROWS));
    this.page = Math.min(Math.max(1, Number(state.page) || 1), pages);
    const from = (this.page - 1) * ROWS, part = shown.slice(from, from + ROWS);
    this.table.replaceChildren(this.caption(), ...(this.groups ? this.drawGroups(part) : this.drawRows(part, sort, down)));
    this.table.setAttribute("aria-rowcount", shown.length + 1);
    byId("verdict-page").textContent = shown.length > ROWS ? `Page ${number(this.page)} of ${number(pages)}` : "";
    byId("earlier").hidden = byId("later").hidden = shown.length <= ROWS;
    byId("earlier").disabled = this.page === 1;
    byId("later").disabled = this.page === pages;
    if (this.rows.length === 1 && state.name && !this.groups) this.table.querySelector("button.row")?.click();
  }

  caption() {
    const things = this.groups ? `, in ${counted(this.groups.length, {check: "check", team: "team"}[this.state.by] ?? this.state.by)}` : "";
    return element("caption", {}, `${number(this.rows.length)} of ${counted(this.data.total, "verdict")}${things}`);
  }

  turn(by) {
    this.go({page: String(this.page + by)});
    this.place.scrollIntoView();
  }

  drawRows(rows, sort, down) {
    const head = element("tr", {}, this.columns.map(([name, label]) => element("th", {scope: "col", "data-column": name,
      "aria-sort": name === sort ? (down ? "descending" : "ascending") : undefined},
    button(label, () => this.go({sort: name === sort && !down ? `-${name}` : name, page: ""}), {class: "sort"}))));
    resizable([...head.cells]);
    return [element("thead", {}, head), element("tbody", {}, [...rows].map((row) => this.drawRow(row)))];
  }

  drawRow(row) {
    const {data} = this, set = data.setOf(row), verdict = data.text("verdict", row);
    const opener = button(statusOf(verdict), () => this.open(row, line, opener), {class: "row", "aria-expanded": "false"});
    const cells = {
      verdict: [opener, data.text("accepted", row) === "True" ? element("span", {class: "accepted"}, "accepted") : ""],
      severity: set.severity,
      finding: [headline(set, verdict), element("span", {class: "code of"},
        unguarded(data.text("seen", row)) || unguarded(data.text("reason", row)))],
      name: [element("span", {class: "muted of"}, data.text("kind", row)), unguarded(data.text("name", row)), data.text("container", row)
        ? element("span", {class: "muted of"}, unguarded(data.text("container", row))) : ""],
      requirements: set.requirements.map((id, place) => [place ? ", " : "", link(id)]),
    };
    const line = element("tr", {"data-verdict": verdict}, this.columns.map(([name, label]) =>
      element("td", {"data-label": label}, cells[name] ?? unguarded(data.text(name, row)))));
    return line;
  }

  async open(row, line, opener) {
    const open = opener.getAttribute("aria-expanded") === "true";
    opener.setAttribute("aria-expanded", String(!open));
    if (open) return line.nextElementSibling.remove();
    const cell = element("td", {colspan: this.columns.length});
    line.after(element("tr", {class: "more"}, cell));
    cell.append(await detail(this.data, row));
  }

  drawGroups(groups) {
    const {data, state} = this, names = VIEWS[state.by];
    const head = element("tr", {}, [...names, "Fail", "Unknown", "Pass", "Not applicable"].map((label, place) =>
      element("th", {scope: "col", class: place < names.length ? undefined : "number"}, label)));
    const said = (name, row) => name === "check" ? data.setOf(row).check : data.text(name, row);
    return [element("thead", {}, head), element("tbody", {}, groups.map(({row, counts}) => {
      const called = names.map((label) => [label.toLowerCase(), said(label.toLowerCase(), row)]);
      return element("tr", {}, called.map(([name, text], place) => element("td", {"data-label": names[place]},
        place === called.length - 1 && text
          ? button(unguarded(text), () => this.go({...Object.fromEntries(called), by: "", page: ""}), {class: "row"})
          : unguarded(text) || element("span", {class: "muted"}, "none"))),
      counts.map((count, place) => element("td", {class: "number", "data-label": VERDICT_ORDER[place]}, number(count))));
    }))];
  }

  /* What is shown as CSV: all pages of it. */
  csv() {
    const {data} = this, names = EXPORTED.filter((name) => data.has(name));
    if (this.groups) {
      return [[...VIEWS[this.state.by], ...VERDICT_ORDER], ...this.groups.map(({row, counts}) => [
        ...VIEWS[this.state.by].map((label) => label === "Check" ? data.setOf(row).check
          : data.text(label.toLowerCase(), row)), ...counts])].map((cells) => `${cells.map(String).map(field).join(",")}\r\n`);
    }
    const head = `${["requirements", "check", "severity", "verdict", ...names].join(",")}\r\n`;
    return [head, ...Array.from(this.rows, (row) => {
      const set = data.setOf(row);
      return `${[set.requirements.join(" "), set.check, set.severity, data.text("verdict", row),
        ...names.map((name) => data.text(name, row))].map(field).join(",")}\r\n`;
    })];
  }
}

/* A link to a requirement of this report. */
const anchors = new Map(all("details.requirement[id]").map((card) => [card.dataset.requirement, `#${card.id}`]));
const link = (id) => anchors.has(id) ? element("a", {class: "ref", href: anchors.get(id)}, id) : id;

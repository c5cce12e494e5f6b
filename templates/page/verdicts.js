/* The verdicts as data: what is searched and filtered is all of them, whatever the page shows. */
const VERDICT_ORDER = ["fail", "unknown", "pass", "not_applicable"];
const SEVERITY_ORDER = ["critical", "high", "medium", "low"];
const SEARCHED = ["kind", "namespace", "name", "container", "owner", "team", "seen", "reason"];
const MOST_WORDS = 30;

class Verdicts {
  /* `verdicts` is the table verdicts.csv, `checks` and `crosswalk` are rows of checks.csv and crosswalk.csv. */
  constructor(verdicts, checks, crosswalk) {
    this.texts = verdicts.texts;
    this.lower = verdicts.texts.map((text) => text.toLowerCase());
    this.columns = verdicts.columns.filter((name) => !["requirement", "check", "severity"].includes(name));
    this.sets = merged(verdicts);
    this.total = this.sets.reduce((sum, set) => sum + set.rows, 0);
    this.code = Object.fromEntries(this.columns.map((name) => [name, new Uint32Array(this.total)]));
    this.setOf = new Uint16Array(this.total);
    let start = 0;
    this.sets.forEach((set, place) => {
      set.start = start;
      set.end = start + set.rows;
      set.about = checks.find((row) => row.check === set.check && set.requirements.includes(row.requirement)) ?? {};
      set.touches = crosswalk.filter((row) => row.check === set.check);
      set.frameworks = new Set(set.touches.map((row) => row.framework));
      set.words = [set.check, set.severity, set.about.title, ...set.requirements,
        ...set.touches.flatMap((row) => [row.framework, row.requirement])].join("\n").toLowerCase();
      for (const name of this.columns) fill(this.code[name], set, verdicts, set.references[verdicts.columns.indexOf(name)]);
      this.setOf.fill(place, set.start, set.end);
      start = set.end;
    });
    this.order = this.worstFirst();
  }

  text(column, row) {
    return this.texts[this.code[column][row]];
  }

  /* All rows: fails before unknowns, the most severe first, and else as the report has them. */
  worstFirst() {
    const rank = new Float64Array(this.total), ranks = new Map();
    for (let row = 0; row < this.total; row++) {
      const code = this.code.verdict[row];
      if (!ranks.has(code)) ranks.set(code, VERDICT_ORDER.indexOf(this.texts[code]));
      const place = ranks.get(code) * SEVERITY_ORDER.length + SEVERITY_ORDER.indexOf(this.sets[this.setOf[row]].severity);
      rank[row] = place * 2 ** 32 + row;
    }
    return Uint32Array.from(rank.sort(), (value) => value % 2 ** 32);
  }

  /* The distinct texts of a column, in the order of people. */
  distinct(column) {
    const found = new Set();
    for (const code of this.code[column] ?? []) found.add(code);
    return [...found].map((code) => this.texts[code]).filter(Boolean).sort(collator.compare);
  }

  /* The rows that fit, the worst first, and for each requirement how many of them are its own. */
  matching(wanted) {
    const words = wordsOf(wanted.q ?? ""), masks = this.masks(words), full = 2 ** words.length - 1;
    const ofSet = this.sets.map((set) => this.fitting(set, wanted, words));
    const facets = ["verdict", "namespace", "owner", "team", "kind", "name", "container", "accepted"]
      .filter((name) => wanted[name]?.length && this.code[name])
      .map((name) => [this.code[name], this.allowed(this.code[name], [wanted[name]].flat())]);
    const searched = full ? SEARCHED.filter((name) => this.code[name]).map((name) => this.code[name]) : [];
    const rows = new Uint32Array(this.total), bySet = new Uint32Array(this.sets.length);
    let found = 0;
    for (const row of this.order) {
      const set = this.setOf[row];
      if (ofSet[set] === null) continue;
      if (!facets.every(([codes, allowed]) => allowed[codes[row]])) continue;
      if (full) {
        let mask = ofSet[set];
        for (const codes of searched) mask |= masks.any[codes[row]];
        if (mask !== full) mask |= masks.namespace[this.code.namespace[row]] & masks.name[this.code.name[row]];
        if (mask !== full) continue;
      }
      rows[found++] = row;
      bySet[set]++;
    }
    const requirements = new Map();
    this.sets.forEach((set, place) => {
      for (const id of set.requirements) requirements.set(id, (requirements.get(id) ?? 0) + bySet[place]);
    });
    return {rows: rows.subarray(0, found), requirements};
  }

  /* Which words of a search a set of verdicts has as such; nothing where a filter leaves it out. */
  fitting(set, wanted, words) {
    const out = (wanted.severity?.length && !wanted.severity.includes(set.severity))
      || (wanted.check && wanted.check !== set.check)
      || (wanted.requirement && !set.requirements.includes(wanted.requirement)
        && !set.touches.some((row) => `${row.framework} ${row.requirement}` === wanted.requirement))
      || (wanted.framework && !set.frameworks.has(wanted.framework));
    return out ? null : words.reduce((mask, word, bit) => set.words.includes(word) ? mask | 1 << bit : mask, 0);
  }

  /* The texts of a column that a filter names; a name that no row has stands for all that it is a part of. */
  allowed(codes, values) {
    const found = new Uint8Array(this.texts.length), wanted = new Set(values);
    for (const code of codes) if (wanted.has(this.texts[code])) found[code] = 1;
    if (!found.includes(1)) {
      const part = values.map((value) => value.toLowerCase());
      for (const code of codes) if (part.some((one) => this.lower[code].includes(one))) found[code] = 1;
    }
    return found;
  }

  /* For each text the words that it has, as bits; of "billing/web-1" the namespace ends with what stands before the
     stroke, and the name begins with what follows. */
  masks(words) {
    const made = () => new Uint32Array(this.texts.length), masks = {any: made(), namespace: made(), name: made()};
    words.forEach((word, bit) => {
      const [before, after] = word.split("/", 2);
      for (let code = 0; code < this.lower.length; code++) {
        if (this.lower[code].includes(word)) masks.any[code] |= 1 << bit;
        if (after === undefined) continue;
        if (this.lower[code].endsWith(before)) masks.namespace[code] |= 1 << bit;
        if (this.lower[code].startsWith(after)) masks.name[code] |= 1 << bit;
      }
    });
    return masks;
  }

  /* Rows by a column, and within it as they are; `down` turns it round. */
  sorted(rows, column, down) {
    const key = this.keys(rows, column), sign = down ? -1 : 1, most = Math.max(1, rows.length);
    const ranked = Float64Array.from(rows, (row, place) => sign * key(row) * most + place).sort();
    return Uint32Array.from(ranked, (value) => rows[((value % most) + most) % most]);
  }

  keys(rows, column) {
    if (column === "severity") return (row) => SEVERITY_ORDER.indexOf(this.sets[this.setOf[row]].severity);
    if (column === "finding" || column === "requirements") {
      const called = column === "finding" ? (set) => set.about.title ?? set.check : (set) => set.requirements[0];
      const order = ranks(this.sets.map(called));
      return (row) => order.get(called(this.sets[this.setOf[row]]));
    }
    const codes = this.code[column];
    if (column === "verdict") return (row) => VERDICT_ORDER.indexOf(this.texts[codes[row]]);
    const used = new Set();
    for (const row of rows) used.add(codes[row]);
    const order = ranks([...used].map((code) => this.texts[code])), place = new Uint32Array(this.texts.length);
    for (const code of used) place[code] = order.get(this.texts[code]);
    return (row) => place[codes[row]];
  }

  /* How many of the rows have which verdict, by what `by` names; those with most that fail first. */
  grouped(rows, by) {
    const groups = new Map(), key = this.groupKey(by);
    for (const row of rows) {
      const name = key(row);
      let group = groups.get(name);
      if (!group) groups.set(name, group = {row, counts: [0, 0, 0, 0]});
      group.counts[VERDICT_ORDER.indexOf(this.texts[this.code.verdict[row]])]++;
    }
    return [...groups.values()].sort((one, other) =>
      other.counts[0] - one.counts[0] || other.counts[1] - one.counts[1] || one.row - other.row);
  }

  groupKey(by) {
    if (by === "check") return (row) => this.setOf[row];
    if (by !== "object") return (row) => this.code[by][row];
    const {kind, namespace, name} = this.code, places = new Map();
    const place = (code) => places.get(code) ?? (places.set(code, places.size), places.size - 1);
    return (row) => (place(kind[row]) * 2 ** 20 + place(namespace[row])) * 2 ** 22 + place(name[row]);
  }
}

/* A check that serves several requirements has its verdicts once, unless an acceptance makes them differ. */
function merged(table) {
  const [requirement, check, severity] = ["requirement", "check", "severity"].map((name) => table.columns.indexOf(name));
  const sets = new Map();
  for (const {rows, references} of table.groups) {
    const key = JSON.stringify([rows, references.filter((_, column) => column !== requirement)]);
    if (!sets.has(key)) sets.set(key, {rows, references, requirements: [], check: table.texts[references[check]],
      severity: table.texts[references[severity]]});
    sets.get(key).requirements.push(table.texts[references[requirement]]);
  }
  return [...sets.values()];
}

function fill(codes, set, table, reference) {
  if (typeof reference === "number") codes.fill(reference, set.start, set.end);
  else {
    const of = table.numbers(reference);
    for (let row = 0; row < set.rows; row++) codes[set.start + row] = of(row);
  }
}

const ranks = (texts) => new Map([...new Set(texts)].sort(collator.compare).map((text, place) => [text, place]));

/* The words of a search; what stands in quotation marks is one. */
const wordsOf = (said) => [...said.toLowerCase().matchAll(/"([^"]+)"|(\S+)/g)].map((found) => found[1] ?? found[2])
  .slice(0, MOST_WORDS);

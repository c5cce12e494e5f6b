/* The verdicts as data: what is searched and filtered is all of them, whatever the page shows. */
const VERDICT_ORDER = ["fail", "unknown", "pass", "not_applicable"];
const SEVERITY_ORDER = ["critical", "high", "medium", "low"];
const SEARCHED = ["kind", "namespace", "name", "container", "owner", "team", "seen", "reason"];
const MOST_WORDS = 30;

class Verdicts {
  /* `verdicts` is the table verdicts.csv, `checks` and `crosswalk` are rows of checks.csv and crosswalk.csv. Rows are
     numbered from the worst: a segment has those of one set with one verdict. */
  constructor(verdicts, checks, crosswalk) {
    this.texts = verdicts.texts;
    this.lower = verdicts.texts.map((text) => text.toLowerCase());
    this.columns = verdicts.columns.filter((name) => !["requirement", "check", "severity"].includes(name));
    this.sets = merged(verdicts);
    this.total = this.sets.reduce((sum, set) => sum + set.rows, 0);
    for (const set of this.sets) describe(set, checks, crosswalk);
    this.segments = segments(verdicts, this.sets);
    this.codes = Object.fromEntries(this.columns.map((name) => [name, new Uint32Array(this.total)]));
    for (const segment of this.segments) {
      for (const name of this.columns) this.fill(segment, name, verdicts);
      delete segment.at;
    }
    this.values = new Map();
    this.found = new Uint32Array(this.total);
  }

  /* The texts of a column in a segment. `only` has the number of the one that all rows have. */
  fill(segment, name, table) {
    const reference = segment.set.references[table.columns.indexOf(name)], codes = this.codes[name];
    const of = table.numbers(reference), {at, start, end} = segment;
    for (let row = start; row < end; row++) codes[row] = of(at[row - start]);
    const first = codes[start];
    let same = true;
    for (let row = start + 1; same && row < end; row++) same = codes[row] === first;
    segment.only[name] = same ? first : -1;
  }

  has(column) {
    return column in this.codes;
  }

  text(column, row) {
    return this.texts[this.codes[column][row]];
  }

  segmentOf(row) {
    let [low, high] = [0, this.segments.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.segments[middle].start <= row) low = middle;
      else high = middle - 1;
    }
    return this.segments[low];
  }

  setOf(row) {
    return this.segmentOf(row).set;
  }

  /* The numbers of the texts that a column has. */
  used(column) {
    if (!this.values.has(column)) this.values.set(column, [...distinct(this.codes[column], this.texts.length)]);
    return this.values.get(column);
  }

  /* The texts of a column, in the order of people. */
  distinct(column) {
    return this.has(column) ? this.used(column).map((code) => this.texts[code]).filter(Boolean).sort(collator.compare) : [];
  }

  /* The rows that fit, the worst first, and for each requirement how many of them are its own. */
  matching(wanted) {
    const words = wordsOf(wanted.q ?? ""), full = 2 ** words.length - 1, masks = this.masks(words);
    const facets = ["namespace", "owner", "team", "kind", "name", "container", "accepted"]
      .filter((name) => wanted[name]?.length && this.has(name)).map((name) => [name, this.allowed(name, wanted[name])]);
    const requirements = new Map(this.sets.flatMap((set) => set.requirements.map((id) => [id, 0])));
    const masksOf = new Map(this.sets.map((set) => [set, this.fitting(set, wanted, words)]));
    let count = 0;
    for (const segment of this.segments) {
      const mask = masksOf.get(segment.set);
      if (mask === null || (wanted.verdict?.length && !wanted.verdict.includes(segment.verdict))) continue;
      if (((mask | masks.all) & full) !== full) continue;
      const before = count;
      count = this.within(segment, facets, masks, mask, full, count);
      for (const id of segment.set.requirements) requirements.set(id, requirements.get(id) + count - before);
    }
    return {rows: this.found.slice(0, count), requirements};
  }

  /* Adds the rows of a segment that fit to those that were found, and says how many these are. What all rows of the
     segment have in common is looked at once. */
  within({start, end, only}, facets, masks, mask, full, count) {
    const {found, codes} = this, open = [];
    for (const [name, allowed] of facets) {
      if (only[name] < 0) open.push([codes[name], allowed]);
      else if (!allowed[only[name]]) return count;
    }
    const searched = [];
    for (const name of full ? SEARCHED : []) {
      if (!(name in codes)) continue;
      if (only[name] < 0) searched.push(codes[name]);
      else mask |= masks.any[only[name]];
    }
    const split = masks.name.length > 0, {any} = masks;
    for (let row = start; row < end; row++) {
      let fits = true;
      for (let place = 0; fits && place < open.length; place++) fits = open[place][1][open[place][0][row]] === 1;
      if (!fits) continue;
      if (mask !== full) {
        let seen = mask;
        for (let place = 0; seen !== full && place < searched.length; place++) seen |= any[searched[place][row]];
        if (seen !== full && split) seen |= masks.namespace[codes.namespace[row]] & masks.name[codes.name[row]];
        if (seen !== full) continue;
      }
      found[count++] = row;
    }
    return count;
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
  allowed(column, value) {
    const found = new Uint8Array(this.texts.length), codes = this.used(column), part = value.toLowerCase();
    const exact = codes.filter((code) => this.texts[code] === value);
    for (const code of exact.length ? exact : codes.filter((one) => this.lower[one].includes(part))) found[code] = 1;
    return found;
  }

  /* For each text the words that it has, as bits, and in `all` those that any has; of "billing/web-1" the namespace ends
     with what stands before the stroke, and the name begins with what follows. */
  masks(words) {
    const Bits = words.length > 8 ? Uint32Array : Uint8Array, {lower} = this;
    const made = (needed) => new Bits(needed ? lower.length : 0), split = words.some((word) => word.includes("/"));
    const masks = {any: made(words.length), namespace: made(split), name: made(split), all: 0};
    words.forEach((word, bit) => {
      const [before, after] = word.split("/", 2), mark = 1 << bit;
      for (let code = 0; code < lower.length; code++) {
        if (lower[code].includes(word)) {
          masks.any[code] |= mark;
          masks.all |= mark;
        }
        if (after === undefined) continue;
        if (lower[code].endsWith(before)) masks.namespace[code] |= mark;
        if (lower[code].startsWith(after)) masks.name[code] |= mark;
      }
      if (after !== undefined) masks.all |= mark;
    });
    return masks;
  }

  /* Rows by a column, and within it as they are; `down` turns it round. */
  sorted(rows, column, down) {
    const key = this.keys(column), sign = down ? -1 : 1, most = Math.max(1, rows.length);
    const ranked = Float64Array.from(rows, (row, place) => sign * key(row) * most + place).sort();
    return Uint32Array.from(ranked, (value) => rows[((value % most) + most) % most]);
  }

  keys(column) {
    const ofSet = {severity: (set) => SEVERITY_ORDER.indexOf(set.severity), finding: (set) => set.about.title ?? set.check,
      requirements: (set) => set.requirements[0]}[column];
    if (ofSet) {
      const order = ranks(this.sets.map(ofSet)), places = new Map(this.sets.map((set) => [set, order.get(ofSet(set))]));
      return (row) => places.get(this.setOf(row));
    }
    const codes = this.codes[column], place = new Uint32Array(this.texts.length);
    const order = column === "verdict" ? new Map(VERDICT_ORDER.map((name, rank) => [name, rank]))
      : ranks(this.used(column).map((code) => this.texts[code]));
    for (const code of this.used(column)) place[code] = order.get(this.texts[code]);
    return (row) => place[codes[row]];
  }

  /* How many of the rows have which verdict, by what `by` names; those with most that fail first. */
  grouped(rows, by) {
    const groups = new Map(), key = this.groupKey(by);
    let place = 0;
    for (const row of rows) {
      while (this.segments[place].end <= row) place++;
      const name = key(row, this.segments[place]);
      let group = groups.get(name);
      if (!group) groups.set(name, group = {row, counts: [0, 0, 0, 0]});
      group.counts[this.segments[place].rank]++;
    }
    return [...groups.values()].sort((one, other) =>
      other.counts[0] - one.counts[0] || other.counts[1] - one.counts[1] || one.row - other.row);
  }

  groupKey(by) {
    if (by === "check") return (row, segment) => segment.set;
    if (by !== "object") return (row) => this.codes[by][row];
    const {kind, namespace, name} = this.codes, places = new Map();
    const place = (code) => places.get(code) ?? (places.set(code, places.size), places.size - 1);
    return (row) => (place(kind[row]) * 2 ** 20 + place(namespace[row])) * 2 ** 22 + place(name[row]);
  }
}

/* What is known of a set of verdicts beside its rows. */
function describe(set, checks, crosswalk) {
  set.about = checks.find((row) => row.check === set.check && set.requirements.includes(row.requirement)) ?? {};
  set.touches = crosswalk.filter((row) => row.check === set.check);
  set.frameworks = new Set(set.touches.map((row) => row.framework));
  set.words = [set.check, set.severity, set.about.title, set.about.deviation, ...set.requirements,
    ...set.touches.flatMap((row) => [row.framework, row.requirement])].join("\n").toLowerCase();
}

/* The rows of all sets in parts that have one verdict: fails before unknowns, and the most severe first. `at` has the
   places of the rows in their set. */
function segments(table, sets) {
  const column = table.columns.indexOf("verdict"), found = [];
  for (const set of sets) {
    const of = table.numbers(set.references[column]), places = VERDICT_ORDER.map(() => []);
    for (let row = 0; row < set.rows; row++) places[VERDICT_ORDER.indexOf(table.texts[of(row)])].push(row);
    places.forEach((at, rank) => {
      if (at.length) found.push({set, at, rank, verdict: VERDICT_ORDER[rank], only: {}});
    });
  }
  const severity = ({set}) => SEVERITY_ORDER.indexOf(set.severity);
  found.sort((one, other) => one.rank - other.rank || severity(one) - severity(other));
  let start = 0;
  for (const segment of found) {
    segment.start = start;
    segment.end = start += segment.at.length;
  }
  return found;
}

function distinct(codes, most) {
  const seen = new Uint8Array(most), found = [];
  for (const code of codes) {
    if (!seen[code]) found.push(code);
    seen[code] = 1;
  }
  return found;
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

const ranks = (texts) => new Map([...new Set(texts)].sort(collator.compare).map((text, place) => [text, place]));

/* The words of a search; what stands in quotation marks is one. */
const wordsOf = (said) => [...said.toLowerCase().matchAll(/"([^"]+)"|(\S+)/g)].map((found) => found[1] ?? found[2])
  .slice(0, MOST_WORDS);

/* The files that the page carries, packed; and tables of text, packed by columns as auditkit/base/text_tables.py says. */
class TextTable {
  constructor(bytes) {
    const end = bytes.indexOf(10), head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
    let place = end + 1;
    this.columns = head.columns;
    this.texts = new TextDecoder().decode(bytes.subarray(place, place += head.texts)).split("\n").slice(0, -1);
    this.arrays = head.arrays.map(([width, length]) => {
      const values = new Uint32Array(length);
      for (let plane = 0; plane < width; plane++, place += length) {
        for (let row = 0; row < length; row++) values[row] |= bytes[place + row] << (8 * plane);
      }
      return values;
    });
    this.groups = head.groups.map(([rows, ...references]) => ({rows, references}));
    this.rows = this.groups.reduce((sum, group) => sum + group.rows, 0);
  }

  /* The number of a text, for each row of a group: function of the place of the row. */
  numbers(reference) {
    if (typeof reference === "number") return () => reference;
    if (reference.length === 1) return (row) => reference[0] + row;
    const [array, base] = [this.arrays[reference[0]], reference[1]];
    return (row) => array[row] + base;
  }

  /* All rows as objects: for tables of some thousand rows. */
  objects() {
    return this.groups.flatMap((group) => {
      const of = group.references.map((reference) => this.numbers(reference));
      return Array.from({length: group.rows}, (_, row) =>
        Object.fromEntries(this.columns.map((name, column) => [name, this.texts[of[column](row)]])));
    });
  }

  /* The CSV, in pieces: byte for byte what the notebook and the PDF carry. */
  csv() {
    const quoted = this.texts.map(field), alone = this.columns.length === 1;
    const pieces = [`${this.columns.map(field).join(",")}\r\n`];
    for (const group of this.groups) {
      const of = group.references.map((reference) => this.numbers(reference)), lines = [];
      for (let row = 0; row < group.rows; row++) {
        let line = quoted[of[0](row)] || (alone ? '""' : "");
        for (let column = 1; column < of.length; column++) line += `,${quoted[of[column](row)]}`;
        lines.push(line);
      }
      pieces.push(`${lines.join("\r\n")}\r\n`);
    }
    return pieces;
  }
}

const field = (text) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

async function unpacked(script) {
  const packed = Uint8Array.from(atob(script.textContent), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const carried = (name) => all("script.file").find((script) => script.dataset.name === name);

/* A table that the page carries; nothing where it has none of this name. */
const tables = new Map();
async function table(name) {
  const script = carried(name);
  if (!script || script.dataset.packing !== "columns") return null;
  if (!tables.has(name)) tables.set(name, unpacked(script).then((bytes) => new TextTable(bytes)));
  return tables.get(name);
}

function handOut(name, type, parts) {
  const link = element("a", {href: URL.createObjectURL(new Blob(parts, {type})), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

for (const each of all("button.download")) each.addEventListener("click", async () => {
  const script = all("script.file").find((one) => one.dataset.sha256 === each.dataset.sha256);
  const bytes = await unpacked(script);
  handOut(script.dataset.name, script.dataset.type,
    script.dataset.packing === "columns" ? new TextTable(bytes).csv() : [bytes]);
});

"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const text = (element) => (element.dataset.text ??= element.textContent.toLowerCase());

/* Requirements, by status and by what is searched for: rows of the table and cards alike. */
const off = new Set();
function filter() {
  const wanted = (document.getElementById("search")?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0, cards = all("details.requirement");
  for (const item of all("[data-status]")) {
    const fits = !off.has(item.dataset.status) && wanted.every((word) => text(item).includes(word));
    item.classList.toggle("gone", !fits);
    if (fits && item.matches("details")) shown++;
  }
  for (const head of all(".section")) {
    let next = head.nextElementSibling, any = false;
    for (; next && !next.matches(".section"); next = next.nextElementSibling) any ||= !next.classList.contains("gone");
    head.classList.toggle("gone", !any);
  }
  const note = document.getElementById("found");
  if (note && cards.length) note.textContent = shown < cards.length ? `${shown} of ${cards.length} requirements` : "";
}
document.getElementById("search")?.addEventListener("input", filter);
for (const button of all("button.filter")) button.addEventListener("click", () => {
  const name = button.dataset.filter, hide = !off.has(name);
  if (hide) off.add(name); else off.delete(name);
  button.setAttribute("aria-pressed", String(!hide));
  filter();
});

/* Cards open by hand, all at once, by a link that leads to one, and for the printer. */
const opener = document.getElementById("open-all");
opener?.addEventListener("click", () => {
  const open = opener.textContent === "Open all";
  for (const card of all("details.requirement")) card.open = open;
  opener.textContent = open ? "Close all" : "Open all";
});
function follow() {
  const card = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!card?.matches("details")) return;
  card.classList.remove("gone");
  card.open = true;
  card.scrollIntoView();
}
addEventListener("hashchange", follow);
addEventListener("beforeprint", () => { for (const card of all("details.requirement")) card.open = true; });
for (const bar of all(".toolbar")) bar.hidden = false;

/* The code of the cells, for those who want to see it. */
const code = document.getElementById("code");
if (code) {
  const show = (shown) => {
    document.body.classList.toggle("quiet", !shown);
    code.textContent = shown ? "Hide the code" : "Show the code";
    for (const cell of all(".source-code")) cell.open = shown;
  };
  code.addEventListener("click", () => show(document.body.classList.contains("quiet")));
  code.hidden = false;
  show(false);
}

/* Tables: a click on a column sorts; long ones can be searched. */
const order = new Intl.Collator(undefined, {numeric: true, sensitivity: "base"});
const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.replace(/,(?=\d{3})/g, "");
for (const table of all("table.sortable, .foreign table")) {
  const body = table.tBodies[0], heads = table.tHead ? [...table.tHead.rows[0].cells] : [];
  if (!body || body.rows.length < 2) continue;
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = [...body.rows].sort((a, b) => order.compare(value(a, column), value(b, column)));
      body.append(...(down ? sorted.reverse() : sorted));
    });
  });
  if (body.rows.length <= 12 || table.matches(".requirements")) continue;
  const box = document.createElement("input");
  box.type = "search";
  box.className = "find";
  box.placeholder = `Filter ${body.rows.length} rows`;
  box.setAttribute("aria-label", box.placeholder);
  box.addEventListener("input", () => {
    for (const row of body.rows) row.classList.toggle("gone", !text(row).includes(box.value.toLowerCase()));
  });
  table.before(box);
}

/* Attached files, packed with gzip. */
for (const button of all("button.download")) button.addEventListener("click", async () => {
  const packed = Uint8Array.from(atob(button.dataset.content), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([await new Response(stream).arrayBuffer()], {type: button.dataset.type}));
  link.download = button.dataset.file;
  link.click();
});

/* Figures. */
for (const place of all(".plot")) {
  const figure = JSON.parse(place.nextElementSibling.textContent);
  Plotly.newPlot(place, figure.data, figure.layout, {responsive: true, displaylogo: false});
}
follow();

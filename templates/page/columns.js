/* Tables: a click on a column sorts, its edge gives its width, the rows that are shown are copied as CSV, and long
   tables can be filtered. */
const shownValue = (row, column) => row.cells[column].dataset.value
  ?? row.cells[column].textContent.replace(/,(?=\d{3})/g, "");
const STEP = 16;

for (const sortable of all("table.sortable, .foreign table")) {
  const body = sortable.tBodies[0], heads = sortable.tHead ? [...sortable.tHead.rows[0].cells] : [];
  if (!body || body.rows.length < 2) continue;
  heads.forEach((head, column) => {
    const label = [...head.childNodes];
    head.replaceChildren(button(label, () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = [...body.rows].sort((a, b) => collator.compare(shownValue(a, column), shownValue(b, column)));
      body.append(...(down ? sorted.reverse() : sorted));
    }, {class: "sort"}));
  });
  resizable(heads);
  const bar = element("div", {class: "tools"});
  if (body.rows.length > 12 && !sortable.matches(".requirements")) {
    const label = `Filter ${number(body.rows.length)} rows`;
    bar.append(element("input", {type: "search", class: "find", placeholder: label, "aria-label": label, oninput: (event) => {
      const wanted = event.target.value.toLowerCase();
      for (const row of body.rows) row.classList.toggle("gone", !row.textContent.toLowerCase().includes(wanted));
    }}));
  }
  bar.append(button("Copy as CSV", (event) => copy(event.target, csvOf(heads, body)), {class: "copy"}));
  sortable.before(bar);
}

/* An edge at the right of each column, to be dragged, or moved by the arrow keys. */
function resizable(heads) {
  for (const head of heads) {
    const widen = (width) => {
      head.closest("table").classList.add("resized");
      head.style.width = `${Math.max(40, width)}px`;
      edge.setAttribute("aria-valuenow", String(Math.round(Math.max(40, width))));
    };
    const edge = element("span", {class: "edge", role: "separator", "aria-orientation": "vertical", tabindex: "0",
      "aria-label": `Width of the column ${head.textContent}`, "aria-valuenow": "0", "aria-valuemin": "40", "aria-valuemax": "2000",
      onkeydown: (event) => {
        const by = {ArrowLeft: -STEP, ArrowRight: STEP}[event.key];
        if (!by) return;
        event.preventDefault();
        widen(head.offsetWidth + by);
      },
      onpointerdown: (event) => {
        const [from, width] = [event.clientX, head.offsetWidth];
        edge.setPointerCapture(event.pointerId);
        edge.onpointermove = (moved) => widen(width + moved.clientX - from);
        edge.onpointerup = () => { edge.onpointermove = edge.onpointerup = null; };
      }});
    head.append(edge);
  }
}

function csvOf(heads, body) {
  const rows = [...body.rows].filter((row) => !row.classList.contains("gone"));
  const guarded = (cell) => cell.innerText.trim().replace(/\s+/g, " ").replace(/^(?=[=+\-@])/, "'");
  return [heads, ...rows.map((row) => [...row.cells])].map((cells) => `${cells.map(guarded).map(field).join(",")}\r\n`).join("");
}

async function copy(pressed, text) {
  const label = pressed.textContent;
  try {
    await navigator.clipboard.writeText(text);
    pressed.textContent = "Copied";
  } catch {
    pressed.textContent = "This browser does not allow it";
  }
  setTimeout(() => { pressed.textContent = label; }, 2000);
}

/* Light or dark, as the system has it or as somebody chooses; and the code of the cells. */
const THEMES = {"": "Theme: system", dark: "Theme: dark", light: "Theme: light"};
const theme = byId("theme");
const setTheme = (name) => {
  document.documentElement.dataset.theme = name;
  theme.textContent = THEMES[name];
  try {
    localStorage.setItem("auditkit-theme", name);
  } catch { /* a browser may keep nothing for files: the choice lasts as long as the page */ }
};
let kept = "";
try {
  kept = localStorage.getItem("auditkit-theme") ?? "";
} catch { /* the same */ }
setTheme(kept in THEMES ? kept : "");
theme.hidden = false;
theme.addEventListener("click", () => {
  const names = Object.keys(THEMES);
  setTheme(names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length]);
});

const code = byId("code");
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

/* What is wider than its place can be reached and moved by the keyboard. */
function reachable() {
  for (const each of all(".block, .foreign, .body, pre")) {
    if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
    else each.removeAttribute("tabindex");
  }
}
let asked = 0;
for (const name of ["resize", "toggle"]) addEventListener(name, () => {
  cancelAnimationFrame(asked);
  asked = requestAnimationFrame(reachable);
}, true);
reachable();

/* Figures of others that are interactive. */
for (const place of all(".plot")) {
  const figure = JSON.parse(place.nextElementSibling.textContent);
  Plotly.newPlot(place, figure.data, figure.layout, {responsive: true, displaylogo: false});
}

/* Elements. Text of a cluster enters the page as textContent and as values of attributes, never as markup. */
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== "" && child !== null && child !== undefined));
  return made;
}

const button = (label, onclick, attributes = {}) => element("button", {type: "button", onclick, ...attributes}, label);
const grouping = new Intl.NumberFormat("en");
const number = (value) => grouping.format(value);
const counted = (value, thing) => `${number(value)} ${value === 1 ? thing : thing.endsWith("y") ? `${thing.slice(0, -1)}ies` : `${thing}s`}`;

/* An apostrophe stands before what a spreadsheet would take for a formula; people do not need it. */
const unguarded = (text) => /^'[=+\-@]/.test(text) ? text.slice(1) : text;

/* Texts are ordered as people order them: pod-2 before pod-10. */
const collator = new Intl.Collator("en", {numeric: true, sensitivity: "base"});

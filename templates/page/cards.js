/* The requirements: rows of their table and cards, by status and by what is searched and filtered. */
const STATUSES = all("button.filter").map((one) => one.dataset.filter);
const OPENED = 12;
const CARDS = all("details.requirement"), BADGES = new Map(CARDS.map((card) => [card, card.querySelector(".hits")]));
const ITEMS = all("[data-requirement]"), SECTIONS = all(".section");
const written = new Map();

/* What a card says itself, in lower case, without the subjects: these are searched as data. */
function said(card) {
  if (!written.has(card)) {
    const copied = card.cloneNode(true);
    for (const subjects of all("table.exceptions", copied)) subjects.remove();
    written.set(card, copied.textContent.toLowerCase());
  }
  return written.get(card);
}

/* Shows what fits; returns how many requirements do, and how many there are. `hits` has, for each requirement, how many
   of its verdicts fit; it is missing where the page carries none. */
function filterCards(state, hits, filtered) {
  const words = wordsOf(state.q ?? ""), statuses = new Set(state.status ?? STATUSES), fitting = new Set();
  for (const card of CARDS) {
    const id = card.dataset.requirement, found = hits?.get(id) ?? 0;
    const own = words.length > 0 && words.every((word) => said(card).includes(word));
    const fits = statuses.has(card.dataset.status) && (filtered ? found > 0 : !words.length || own || found > 0);
    if (fits) fitting.add(id);
    BADGES.get(card).textContent = fits && (words.length || filtered) && found ? counted(found, "verdict") : "";
  }
  for (const item of ITEMS) item.classList.toggle("gone", !fitting.has(item.dataset.requirement));
  openHits(CARDS.filter((card) => fitting.has(card.dataset.requirement)), words.length > 0);
  for (const head of SECTIONS) {
    let next = head.nextElementSibling, any = false;
    for (; next && !next.matches(".section"); next = next.nextElementSibling) any ||= !next.classList.contains("gone");
    head.classList.toggle("gone", !any);
  }
  for (const one of all("button.filter")) one.setAttribute("aria-pressed", String(statuses.has(one.dataset.filter)));
  return [fitting.size, CARDS.length];
}

/* Cards that a search finds are opened where they are few, and closed again after it. */
function openHits(cards, searched) {
  for (const card of all("details.requirement.found")) {
    card.open = false;
    card.classList.remove("found");
  }
  if (!searched || cards.length > OPENED) return;
  for (const card of cards.filter((one) => !one.open)) {
    card.open = true;
    card.classList.add("found");
  }
}

const opener = byId("open-all");
opener?.addEventListener("click", () => {
  const open = opener.textContent === "Open all";
  for (const card of CARDS) card.open = open;
  opener.textContent = open ? "Close all" : "Open all";
});

/* A link to a requirement, a table or a request leads there also where it was filtered away or closed. */
function follow() {
  const target = byId(fragment());
  if (!target) return;
  target.classList.remove("gone");
  if (target.matches("details")) target.open = true;
  target.scrollIntoView();
}
addEventListener("beforeprint", () => { for (const card of CARDS) card.open = true; });

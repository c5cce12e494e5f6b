/* The words of a search, marked wherever the page shows them; the text itself stays as it is. */
const MOST_MARKS = 2000;

function mark(words) {
  if (!globalThis.CSS?.highlights) return;
  CSS.highlights.delete("hits");
  if (!words.length) return;
  const ranges = [], walker = document.createTreeWalker(byId("main"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && ranges.length < MOST_MARKS; node = walker.nextNode()) {
    const text = node.data.toLowerCase();
    for (const word of words) {
      for (let at = text.indexOf(word); at >= 0 && word; at = text.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        ranges.push(range);
      }
    }
  }
  CSS.highlights.set("hits", new Highlight(...ranges));
}

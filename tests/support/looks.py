"""What the outputs of a notebook look like in a browser: measured in the page, and in a picture of it."""

import io
from typing import Any, NamedTuple

from PIL import Image, ImageStat

FIGURES = ".jp-OutputArea :is(img:not(.plot-img), .js-plotly-plot)"
"""Pictures, and what the extension of Plotly draws."""

_MEASURE = """(root) => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const over = (top, below) => { const a = top[3] ?? 1; return [0, 1, 2].map((i) => a * top[i] + (1 - a) * below[i]); };
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = parse(getComputedStyle(element).backgroundColor);
    return (own[3] ?? 1) === 0 || own.length < 3 ? ground(element.parentElement) : over(own, (own[3] ?? 1) < 1 ? ground(element.parentElement) : own);
  };
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const opacity = (element) => element ? Number(getComputedStyle(element).opacity) * opacity(element.parentElement) : 1;
  const contrast = (element) => {
    const behind = ground(element), style = getComputedStyle(element), ink = parse(element.closest('svg') ? style.fill : style.color);
    const [a, b] = [light(over([...ink.slice(0, 3), (ink[3] ?? 1) * opacity(element)], behind)), light(behind)];
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  };
  const within = (choice) => [...root.querySelectorAll(choice)].filter((e) => e.checkVisibility() && e.getBoundingClientRect().width > 2);
  const speaks = (element) => [...element.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
  const idle = (element) => element.closest(":disabled, .disabled, [aria-disabled=true]");
  const words = within(".jp-OutputArea-output *").filter((e) => speaks(e) && !idle(e) && !["SCRIPT", "STYLE"].includes(e.tagName.toUpperCase()));
  const cut = (element) => {
    for (let around = element.parentElement; around && around !== root.parentElement; around = around.parentElement) {
      const flow = getComputedStyle(around).overflowX;
      if (flow === "visible") continue;
      if (element.getBoundingClientRect().right <= around.getBoundingClientRect().right + 1) continue;
      return flow === "hidden" || flow === "clip";
    }
    return false;
  };
  const told = (element) => `${element.tagName}: ${element.innerText?.slice(0, 60)}`;
  const shapes = within(".jp-OutputArea :is(table, caption, img, .js-plotly-plot)"), top = root.querySelector(".jp-Cell").getBoundingClientRect().top;
  return {
    words: words.length,
    unreadable: words.filter((e) => contrast(e) < 4.5).map((e) => `${contrast(e).toFixed(1)} ${told(e)}`),
    crooked: within(".ak :is(td, th):not(.number), .ak caption").filter((e) => !["left", "start"].includes(getComputedStyle(e).textAlign)).map(told),
    cut: shapes.filter(cut).map(told),
    boxes: shapes.map((e) => [e, e.getBoundingClientRect()]).map(([e, r]) => [e.tagName, ...[r.left, r.top - top, r.width, r.height].map(Math.round)]),
  };
}"""


class Look(NamedTuple):
    """How many texts the outputs have; which of them have too little contrast, or are not aligned to the left; which
    tables and pictures cannot be seen wholly; the place and size of each table, caption and picture."""

    words: int
    unreadable: list[str]
    crooked: list[str]
    cut: list[str]
    boxes: list[tuple[str, int, int, int, int]]


def look(root: Any) -> Look:
    """What is measured of the outputs within an element of a page."""
    found = root.evaluate(_MEASURE)
    return Look(**{**found, "boxes": [tuple(box) for box in found["boxes"]]})


def brightness(picture: bytes) -> float:
    """How bright a picture is on average, from 0 to 255."""
    return ImageStat.Stat(Image.open(io.BytesIO(picture)).convert("L")).mean[0]


def colours(picture: bytes) -> int:
    """How many shades of grey a picture has that cover at least ten pixels: one where nothing is drawn."""
    return sum(count >= 10 for count in Image.open(io.BytesIO(picture)).convert("L").histogram())

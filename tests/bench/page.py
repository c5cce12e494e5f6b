"""`make bench`: how large the page of a report is, and how fast it opens and filters in headless Chromium.

The page is that of a cluster grown from the recorded one, with all verdicts of a framework. Opening is from the
navigation until the verdicts can be searched; a filter is from a change of the address until it is drawn, the worst of
several searches and filters. Seconds depend on the machine: they are printed beside their budgets, and fail nothing.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

BUDGETS = {65: {"MB": 1.5, "open, s": 2.0, "filter, ms": 100.0}, 150_000: {"MB": 4.0, "open, s": 3.0, "filter, ms": 100.0}}
"""By number of pods."""
ASKED = ("q=privileged", "q=web", "verdict=fail", "verdict=fail&severity=critical,high&namespace=billing", "q=billing/billing",
         "verdict=fail&by=namespace", "framework=hipaa&verdict=unknown", "q=no+such+thing")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def page_of(pods: int, folder: Path, framework: str) -> Path:
    """The page of a report of so many pods."""
    from replay import ACME_PROD
    from report_worlds import executed

    import auditkit
    from auditkit.reports import show
    from auditkit.reports.page.document import document
    from auditkit.reports.page.html import page
    from tests.bench.pods import grow_recording

    recording = grow_recording(ACME_PROD, folder / "recording", pods) if pods > 65 else ACME_PROD
    snap = auditkit.open(auditkit.collect(recording=recording).write(folder / "store"))
    evaluation = auditkit.evaluate(snap, framework)
    cells = ["# Report", "## Summary", show.summary(evaluation), show.chart(evaluation), show.snapshot(snap), "## Findings",
             show.findings(evaluation), show.requests(evaluation), "## All", show.requirements(evaluation), "## Each",
             show.details(evaluation), "## Provenance", show.ledger(snap), "## Dictionary", show.dictionary(evaluation),
             "## Attachments", show.evidence(evaluation)]
    path = folder / f"page-{pods}.html"
    path.write_text(page(document(executed(*cells), "Report")))
    return path


def measured(path: Path) -> dict[str, float]:
    """The size of a page, and its times in a browser: the best of three openings, the slowest of the filters."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        opened = []
        for _ in range(3):
            page = browser.new_page(viewport={"width": 1300, "height": 900})
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-ready]")
            opened.append(float(page.evaluate("performance.getEntriesByName('ready')[0].startTime")))
        took = {asked: float(page.evaluate(_FILTER, asked)) for asked in ASKED}
        total = page.inner_text("#verdict-table caption").rpartition(" of ")[2]
        browser.close()
    print(f"{path.name}: {total}; " + ", ".join(f"{asked} {ms:.0f} ms" for asked, ms in took.items()))
    return {"MB": path.stat().st_size / 1e6, "open, s": min(opened) / 1000, "filter, ms": max(took.values())}


_FILTER = """(asked) => new Promise((done) => {
  location.hash = "";
  setTimeout(() => {
    addEventListener("hashchange", () => {
      document.body.getBoundingClientRect();
      done(performance.now() - begun);
    }, {once: true});
    const begun = performance.now();
    location.hash = asked;
  }, 100);
})"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pods", type=int, nargs="*", default=list(BUDGETS))
    options.add_argument("--framework", default="soc2")
    options.add_argument("--page", type=Path, help="a page that is there already")
    given = options.parse_args()
    if given.page:
        for name, value in measured(given.page.resolve()).items():
            print(f"{value:10.2f}  {name}")
        return
    for pods in given.pods:
        with tempfile.TemporaryDirectory() as folder:
            found = measured(page_of(pods, Path(folder), given.framework))
        for name, value in found.items():
            budget = BUDGETS.get(pods, {}).get(name)
            met = "" if budget is None else f"<= {budget:g}  {'met' if value <= budget else 'NOT MET'}"
            print(f"{value:10.2f}  {pods:,} pods: {name:<20} {met}")


if __name__ == "__main__":
    main()

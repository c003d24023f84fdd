"""The report of a run and the page over all runs, in a real browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright import sync_api as playwright

from pipeline import report
from pipeline.accuracy import read_accuracy
from pipeline.contract import Arrival, Run, to_table
from tests.end_to_end.conftest import Onrecord
from tests.unit.test_report import DRIFTING, FAILING, NOON, PAPERS, arrival, data, finding, run_at, totals

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
FLAGS += ("--disable-component-update", "--disable-sync")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: apt-get install chromium")
SCREENS = [
    pytest.param(width, scheme, id=f"{name}-{scheme}")
    for width, name in ((1280, "desk"), (390, "phone"))
    for scheme in ("light", "dark")
]
PAGES = ("run", "index", "first")
ONLY_FAULTS = {"resultTypes": ["violations"]}  # leave out the checks that pass
OPEN_ALL = "document.querySelectorAll('details').forEach(details => details.open = true)"
# The elements that the keyboard has to reach, and the focused one; each by the start of its HTML.
REACHABLE = (
    "[...document.querySelectorAll('a[href], summary, [tabindex]')].map(element => element.outerHTML.slice(0, 200))"
)
FOCUSED = """(() => { const focused = document.activeElement, style = getComputedStyle(focused);
    return [focused.outerHTML.slice(0, 200), style.outlineStyle != 'none' && parseFloat(style.outlineWidth) >= 2] })()"""


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of six runs, the last with everything a page can show, and of a data set's first run."""
    folder = tmp_path_factory.mktemp("data") / "curated" / "reports"
    folder.mkdir(parents=True)
    runs = [run_at(NOON - timedelta(days=day)) for day in range(6)]
    blocking = finding("tables", expected="occurs once", success=False, unexpected_count=2)
    shown = data(FAILING, DRIFTING, blocking, finding(), run=runs[0], outcome="blocked")
    report.write_report(folder / f"{runs[0].run_id}.html", shown)
    arrivals = [arrival(run, paper) for run in runs[1:] for paper in PAPERS]
    of_data_set = totals(*((f"{i:016x}", PAPERS[i % 3], "en") for i in range(30)))
    report.write_index(folder / "index.html", to_table(Run, runs[1:]), to_table(Arrival, arrivals), of_data_set)
    shutil.copy(folder / f"{runs[0].run_id}.html", folder / "run.html")
    only = {"runs": to_table(Run, runs[-1:]), "arrivals": to_table(Arrival, [arrival(runs[-1])])}
    report.write_report(folder / "first.html", data(run=runs[-1], drift=(), **only))
    return folder


@pytest.fixture
def page(onrecord: Onrecord, raw: Path, tmp_path: Path) -> Path:
    """The report of a run over three articles, one with a script tag in a quote, and an empty file."""
    story = (raw / "story-0.txt").read_text("utf-8")
    (raw / "story-0.txt").write_text(story.replace("We checked", "<script>alert(1)</script> We checked"), "utf-8")
    (raw / "nothing.txt").write_bytes(b"")
    assert onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1).code == 0
    (found,) = (tmp_path / "curated" / "reports").glob("[0-9]*.html")
    return found


@pytest.mark.slow
@needs_chromium
def test_index_links_to_a_run_and_its_page_shows_the_ledger(browser: playwright.Browser, page: Path) -> None:
    shown = browser.new_page()
    shown.goto((page.parent / "index.html").as_uri())
    shown.get_by_role("table").get_by_role("link").click()
    assert shown.url == page.as_uri()
    text = re.sub(r"\s+", " ", shown.inner_text("body"))
    for words in (
        "4 raw records of",
        "new 3 75.0 % became a new article",
        "rejected 1 25.0 %",
        "nothing.txt",
        "There is no history yet",
        read_accuracy().quotes.corpus,
        *next(read_accuracy().quotes.rows()).cells,
    ):
        assert words in text
    assert shown.get_by_role("link", name="nothing.txt").get_attribute("href").endswith("/wire/nothing.txt")
    shown.close()


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize(("width", "scheme"), SCREENS)
@pytest.mark.parametrize("name", ["run", "index"])
def test_page_fits_loads_nothing_else_and_axe_finds_no_fault(
    browser: playwright.Browser, site: Path, name: str, width: int, scheme: str
) -> None:
    requests: list[str] = []
    shown = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    shown.on("request", lambda request: requests.append(request.url))
    shown.goto((site / f"{name}.html").as_uri())
    shown.evaluate(OPEN_ALL)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    faults = [
        fault
        for fault in Axe().run(shown, options=ONLY_FAULTS).response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []
    assert requests == [(site / f"{name}.html").as_uri()]
    shown.close()


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("name", PAGES)
def test_keyboard_reaches_everything_in_order_with_visible_focus(
    browser: playwright.Browser, site: Path, name: str
) -> None:
    shown = browser.new_page(viewport={"width": 390, "height": 900})
    shown.goto((site / f"{name}.html").as_uri())
    shown.evaluate(OPEN_ALL)
    wanted, reached = shown.evaluate(REACHABLE), []
    for _ in wanted:
        shown.keyboard.press("Tab")
        label, is_visible = shown.evaluate(FOCUSED)
        assert is_visible, f"no visible focus on {label}"
        reached.append(label)
    assert reached == wanted
    shown.close()


def test_pages_load_nothing_else_and_escape_the_words_of_articles(page: Path) -> None:
    for path in (page, page.parent / "index.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"(?i)\ssrc\s*=|url\(|@import|<script|<link", text)
        links = re.findall(r'href="([^"]*)"', text)
        assert not [link for link in links if not re.match(r"#|file:///|[\w-]+\.html$", link)]
    assert "&lt;script&gt;alert(1)&lt;/script&gt; We checked" in page.read_text("utf-8")


def test_next_run_restores_a_deleted_report_folder(onrecord: Onrecord, page: Path, raw: Path) -> None:
    shutil.rmtree(page.parent)
    (raw / "empty.txt").write_bytes(b" ")
    assert onrecord("curate", raw, "--into", page.parent.parent, "--workers", 1).code == 0
    assert len(list(page.parent.glob("[0-9]*.html"))) == 1
    assert (page.parent / "index.html").read_text("utf-8").count("(report removed)") == 1

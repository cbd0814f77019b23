"""The page in a browser: it shows, sorts, filters, plays in sync, changes its theme, is accessible and asks no network.

A Chromium of the system is used, or Playwright's; `tests/install_browser.sh` installs one, and is run if there is none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, sync_playwright
from support.browser import chromium
from support.page_run import FPS, HOSTILE, page_run

import reports
from reports.text import visible

DESKTOP, PHONE = (1440, 900), (390, 844)
MOST_BYTES = 2_000_000
"""Of the page of a paper's study."""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("paper")
    page_run(run)
    return reports.render(run)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            found = chromium(playwright)
        except Error as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"needs Chromium, which tests/install_browser.sh could not install: {error}")
        yield found
        found.close()


@dataclass
class Opened:
    """A page with what its browser said and asked for meanwhile."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def wait(self, expression: str) -> Any:
        """Until an expression is true; the page's policy forbids Playwright's own way, which evaluates text in it."""
        for _ in range(300):
            if found := self.page.evaluate(expression):
                return found
            self.page.wait_for_timeout(100)
        raise AssertionError(f"still not: {expression}")

    def through(self) -> None:
        """Scroll to each plot, which is drawn when it comes into sight."""
        for number in range(self.page.locator(".vega").count()):
            plot = f"document.querySelectorAll('.vega')[{number}]"
            self.page.evaluate(f"{plot}.scrollIntoView({{block: 'center', inline: 'center', behavior: 'instant'}})")
            self.wait(f"{plot}.querySelector('svg') !== null")


@pytest.fixture
def opened(browser: Browser, index: Path) -> Iterator[Callable[..., Opened]]:
    pages: list[Opened] = []

    def open_page(size: tuple[int, int] = DESKTOP, scheme: Any = "light") -> Opened:
        page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        found = Opened(page)
        page.on("console", lambda message: found.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: found.said.append(str(error)))
        page.on("request", lambda request: found.asked.append(request.url))
        page.goto(index.as_uri())
        pages.append(found)
        return found

    yield open_page
    for found in pages:
        run = index.parents[1].as_uri()
        assert found.said == []
        assert [url for url in found.asked if not url.startswith((run, "data:", "blob:"))] == []
        found.page.close()


Open = Callable[..., Opened]


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_whole_page_fits_and_is_accessible(opened: Open, size: tuple[int, int], scheme: str) -> None:
    shown = opened(size, scheme)
    shown.through()
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    shown.page.locator("#gallery").scroll_into_view_if_needed()
    shown.wait("document.querySelector('#takes video')?.readyState >= 2")
    found = Axe().run(shown.page).response["violations"]
    serious = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    told = [(rule["id"], [node["html"][:120] for node in rule["nodes"][:3]]) for rule in serious]
    assert told == []


def test_the_first_view_needs_no_clip_and_the_page_is_small(opened: Open, index: Path) -> None:
    shown = opened()
    assert index.stat().st_size < MOST_BYTES
    painted = shown.wait("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    print(f"page: {index.stat().st_size} bytes, first view after {painted:.0f} ms")
    assert shown.asked == [index.as_uri()]


def column(page: Page, number: int) -> list[str]:
    return page.evaluate(
        "(n) => [...document.querySelector('#scores tbody').rows].filter((row) => !row.hidden)"
        ".map((row) => (row.cells[n].querySelector('span') ?? row.cells[n]).textContent)",
        number,
    )


def test_tables_sort(opened: Open) -> None:
    page = opened().page
    fid = page.locator("#scores thead th", has_text="FID").first
    before = column(page, 5)
    fid.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert fid.get_attribute("aria-sort") == "ascending"
    assert column(page, 5) == sorted(before, key=float) != before
    page.keyboard.press("Enter")
    assert column(page, 5) == sorted(before, key=float, reverse=True)
    page.locator("#scores thead th", has_text="generator").get_by_role("button").click()
    assert column(page, 1) == sorted(column(page, 1))


def test_one_filter_goes_for_tables_plots_and_gallery(opened: Open) -> None:
    shown = opened()
    shown.through()
    page = shown.page
    ticks = "document.querySelectorAll('[data-family=intervals] svg .mark-symbol path').length"
    assert page.evaluate(ticks) == 6 * 4 * 6
    page.locator("#dataset").select_option("hdtf")
    page.get_by_label("cascade", exact=True).uncheck()
    page.get_by_label("still", exact=True).uncheck()
    rows = page.evaluate("[...document.querySelectorAll('#scores tbody tr')].filter((r) => r.offsetParent).length")
    assert rows == 6
    shown.through()
    shown.wait(f"{ticks} === 6 * 4")
    assert page.evaluate("document.querySelectorAll('#prompt option').length") == 50
    assert "cascade" not in page.locator("#takes figcaption").all_text_contents()
    page.get_by_label("Rows with").fill("sadtalker")
    assert column(page, 0) == []
    assert page.locator("#counted").text_content() == "6 of 152 rows"  # scores, cost, four stages


def test_the_worst_clip_comes_first(opened: Open) -> None:
    shown = opened()
    shown.page.locator("#gallery").scroll_into_view_if_needed()
    shown.wait("document.querySelectorAll('#prompt option').length === 200")
    first = "parseFloat(document.querySelector('#prompt option').textContent)"
    worst = shown.page.evaluate(first)
    shown.page.locator("#first").select_option("best")
    assert shown.page.evaluate(first) < worst
    shown.page.locator("#by").select_option("stoi")  # the higher the better
    best = shown.page.evaluate(first)
    shown.page.locator("#first").select_option("worst")
    assert shown.page.evaluate(first) < best


TIMES = "[...document.querySelectorAll('#takes video')].map((video) => video.currentTime)"


def drift(shown: Opened) -> float:
    """Seconds between the first and the last of the clips, the median of ten looks."""
    found = []
    for _ in range(10):
        times = shown.page.evaluate(TIMES)
        found.append(max(times) - min(times))
        shown.page.wait_for_timeout(40)
    return median(found)


def test_all_clips_of_a_prompt_play_in_sync(opened: Open) -> None:
    shown = opened()
    page = shown.page
    for name in ("sadtalker", "hallo", "still", "ceiling"):
        page.get_by_label(name, exact=True).uncheck()
    page.locator("#gallery").scroll_into_view_if_needed()
    ready = "[...document.querySelectorAll('#takes video')].filter((video) => video.readyState >= 3).length === 5"
    shown.wait(ready)
    page.locator("#speed").select_option("0.5")
    page.get_by_role("button", name="Play", exact=True).click()
    shown.wait(f"Math.min(...{TIMES}) >= 1.5")  # of the clip: after three seconds
    assert drift(shown) < 1 / FPS
    page.evaluate("document.querySelectorAll('#takes video')[3].currentTime += 0.25")  # nothing but the page mends it
    assert drift(shown) > 1 / FPS or page.evaluate(f"Math.min(...{TIMES}) < 5")
    shown.wait(f"Math.max(...{TIMES}) - Math.min(...{TIMES}) < {1 / FPS}")
    heard = page.evaluate("[...document.querySelectorAll('#takes video')].filter((video) => !video.muted).length")
    assert heard == 1
    page.locator("#sound").select_option("reference")
    assert page.evaluate("!document.querySelector('#takes video').muted")
    page.get_by_role("button", name="Pause").click()
    page.locator("#seek").fill("2")
    assert set(page.evaluate(TIMES)) == {2.0}
    page.locator("#seek").focus()
    page.keyboard.press("Space")
    shown.wait(f"Math.min(...{TIMES}) > 2.1")


def test_the_theme_follows_the_system_until_it_is_chosen(opened: Open) -> None:
    shown = opened(scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = shown.page.evaluate(ground)
    shown.page.get_by_role("button", name="Switch between light and dark").click()
    light = shown.page.evaluate(ground)
    assert (dark, light) == ("rgb(21, 24, 27)", "rgb(255, 255, 255)")
    shown.page.emulate_media(color_scheme="light")
    shown.page.get_by_role("button", name="Switch between light and dark").click()
    assert shown.page.evaluate(ground) == dark


def test_hostile_text_is_seen_and_not_obeyed(opened: Open) -> None:
    shown = opened()
    page = shown.page
    page.locator("#gallery").scroll_into_view_if_needed()
    shown.wait("document.querySelectorAll('#prompt option').length")
    page.locator("#first").select_option("key")
    assert page.locator("#spoken").text_content() == f"“{visible(HOSTILE)}”"
    assert visible(HOSTILE) in page.locator("#warnings").text_content()
    assert "no face was found" in page.locator("#takes").text_content()
    assert page.evaluate("window.broken") is None


def test_nothing_runs_that_the_page_did_not_bring(opened: Open) -> None:
    """A script that somehow stood in the page would not run: the policy names the page's own by their hashes."""
    shown = opened()
    shown.page.evaluate(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.broken = 1';"
        "document.body.append(s); })()"
    )
    assert shown.page.evaluate("window.broken") is None
    assert [text for text in shown.said if "Content Security Policy" in text]
    shown.said.clear()

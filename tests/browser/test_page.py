"""How the page stands, and what it keeps from others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit
from tests.browser.server import Server

pytestmark = pytest.mark.browser
OVERFLOW = """
() => [document.documentElement, ...document.querySelectorAll(".bubble-wrap, .desk, .stage")]
  .map((box) => box.scrollWidth - box.clientWidth)
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_everything_without_scrolling_sideways(
    server: Server, browser: Browser, theme: str, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=theme)  # type: ignore[arg-type]
    visit = Visit(context, server.url)
    sidebar = visit.page.locator(".sidebar")
    expect(sidebar).not_to_have_class(re.compile(r"\bopen\b"))
    assert max(visit.page.evaluate(OVERFLOW)) <= 0
    visit.ask("draw two red cars", 1)
    visit.ask("hello, what can you do? " + "longword" * 30, 2)
    assert max(visit.page.evaluate(OVERFLOW)) <= 0
    visit.page.screenshot(path=tmp_path / f"{theme}.png")
    visit.page.locator(".sidebar .toggle-button").click()
    expect(sidebar).to_have_class(re.compile(r"\bopen\b"))
    visit.page.locator("button.new").click()
    expect(sidebar).not_to_have_class(re.compile(r"\bopen\b"))
    context.close()


def test_another_browser_sees_nothing_of_this_one(visit: Visit, server: Server, browser: Browser) -> None:
    visit.ask("draw a red car", 1)
    address = visit.page.url
    picture = visit.page.locator(".chat .picture img").get_attribute("src")
    assert picture is not None
    assert visit.page.request.get(server.url + picture.removeprefix("/")).status == 200
    context = browser.new_context()
    other = Visit(context, address)
    expect(other.page.locator(".sessions.all .chat-link")).to_have_count(0)
    expect(other.answers).to_have_count(0)
    assert other.page.request.get(server.url + picture.removeprefix("/")).status == 404
    context.close()


def test_pictures_have_words_for_those_who_cannot_see_them(visit: Visit) -> None:
    visit.ask("draw a red car", 1)
    expect(visit.page.locator(".chat .picture img")).to_have_attribute("alt", re.compile("#1: .*red car"))
    labels = visit.page.locator(".chat [data-testid=bot]").evaluate_all(
        "rows => rows.map(row => row.getAttribute('aria-label'))"
    )
    assert labels == ["Reverie"]


def test_a_script_that_comes_into_the_page_does_not_run(visit: Visit) -> None:
    said: list[str] = []
    visit.page.on("console", lambda message: said.append(message.text))
    visit.page.evaluate(
        "() => document.head.append(Object.assign(document.createElement('script'),"
        " { textContent: 'window.intruder = true' }))"
    )
    assert visit.page.evaluate("window.intruder") is None
    visit.ask("draw a red car", 1)
    refused = [each for each in said if "Content Security Policy" in each]
    assert len(refused) == 1

"""The payloads themselves: on a page that guards against nothing each of them works in this Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Route

from tests.browser.payloads.every import VECTORS
from tests.browser.payloads.vector import HOME
from tests.browser.payloads.watch import Watch, watching

pytestmark = pytest.mark.browser
LEAST_VECTORS = 300
MOST_UNPROVEN = 5
FIRST = 1_000
AT_ONCE = 48
TOGETHER_MS, ALONE_MS = 3_000, 10_000
LOOK_MS = 20
UNGUARDED = "http://page.test/"
NUMBERS = [FIRST + index for index, vector in enumerate(VECTORS) if vector.naive is not None]


@pytest.fixture
def watch(browser: Browser) -> Iterator[Watch]:
    with watching(browser) as watch:
        watch.origin = UNGUARDED
        watch.context.route(f"{UNGUARDED}**", serve)
        watch.context.route(re.compile(rf"^https?://{HOME}[:/]"), lambda route: route.fulfill(status=204))
        yield watch


def serve(route: Route) -> None:
    """`/?1000` is a page with many frames, `/1000` that of one payload alone."""
    parts = urlsplit(route.request.url)
    number = parts.path.removeprefix("/")
    if number.isdecimal():
        body = shown(int(number))
    elif parts.query.isdecimal():
        first = int(parts.query)
        numbers = [each for each in NUMBERS if first <= each < first + AT_ONCE]
        body = "".join(f"<iframe src=/{each} name=n{each} width=150 height=70></iframe>" for each in numbers)
    else:
        route.fulfill(status=404, body="")
        return
    route.fulfill(body=body, content_type="text/html; charset=utf-8")


def shown(number: int) -> str:
    vector = VECTORS[number - FIRST]
    assert vector.naive is not None
    return vector.naive(vector.numbered(number))


def test_there_are_enough_of_them() -> None:
    assert len(NUMBERS) >= LEAST_VECTORS
    assert len({vector.words for vector in VECTORS}) == len(VECTORS)
    assert len(VECTORS) - len(NUMBERS) <= MOST_UNPROVEN


def test_where_nothing_guards_each_of_them_does_what_it_is_made_for(watch: Watch) -> None:
    """Many in one page, each in a frame of its own; those that need a page for themselves, then in one."""
    page = watch.context.new_page()
    for first in range(FIRST, FIRST + len(VECTORS), AT_ONCE):
        page.goto(f"{UNGUARDED}?{first}")
        numbers = [each for each in NUMBERS if first <= each < first + AT_ONCE]
        for number in numbers:
            press(page.frame_locator(f"iframe[name=n{number}]"), number)
        wait_for(numbers, page, watch, TOGETHER_MS)
    for number in left(NUMBERS, watch):
        page.goto(f"{UNGUARDED}{number}", wait_until="commit")
        press(page, number)
        wait_for([number], page, watch, ALONE_MS)
    assert [VECTORS[number - FIRST].words for number in left(NUMBERS, watch)] == []


def press(page: Page | FrameLocator, number: int) -> None:
    if VECTORS[number - FIRST].is_pressed:
        page.get_by_text("press").first.click()


def wait_for(numbers: Sequence[int], page: Page, watch: Watch, patience_ms: int) -> None:
    for _ in range(patience_ms // LOOK_MS):
        if not left(numbers, watch):
            return
        page.wait_for_timeout(LOOK_MS)


def left(numbers: Sequence[int], watch: Watch) -> list[int]:
    """Those that have not worked yet."""
    worked = watch.worked
    return [each for each in numbers if each not in worked]

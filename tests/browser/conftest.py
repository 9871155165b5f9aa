"""A running app, and Chromium to look at it with."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.browser.server import Server

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PATIENCE_MS = 60_000
SLOW_STEP_SECONDS = 2.5


def find_browser() -> str:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with a fake engine that draws at once."""
    server = Server(tmp_path_factory.mktemp("reverie") / "data", "--engine", "fake")
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="package")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with a fake engine whose pictures can be watched, and stopped, while they form."""
    seconds = str(SLOW_STEP_SECONDS)
    folder = tmp_path_factory.mktemp("slow") / "data"
    server = Server(folder, "--engine", "fake", "--fake-step-seconds", seconds)
    server.start()
    yield server
    server.close()


class Visit:
    """A person at a browser of their own."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.origin = url.partition("?")[0]
        self.foreign_requests: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("request", lambda request: self._note(request.url))
        self.open()

    def open(self) -> None:
        self.page.goto(self.url)
        self.expect_ready()

    def reload(self) -> None:
        self.page.reload()
        self.expect_ready()

    def expect_ready(self) -> None:
        """The page has asked the store what to show."""
        expect(self.page).to_have_url(re.compile(r"\?chat="))
        expect(self.page.locator(".submit-button:visible, .stop-button:visible")).to_be_visible()

    def say(self, text: str) -> None:
        """Type and press Enter."""
        self.page.locator(".box textarea").fill(text)
        self.page.locator(".box textarea").press("Enter")

    def ask(self, text: str, num_messages: int) -> None:
        """Say it and wait for the answer; there are then `num_messages` answers."""
        self.say(text)
        self.expect_answers(num_messages)

    def expect_answers(self, num_messages: int) -> None:
        expect(self.answers).to_have_count(num_messages)
        expect(self.page.locator(".submit-button")).to_be_visible()

    def upload(self, file: Path) -> None:
        self.page.locator(".box input[type=file]").set_input_files(file)
        expect(self.page.locator(".box .thumbnail-item")).to_be_visible()

    def stop(self) -> None:
        self.page.locator(".stop-button").click()
        expect(self.page.locator(".submit-button")).to_be_visible()
        expect(self.answers.last).to_contain_text("Stopped.")

    @property
    def answers(self) -> Locator:
        return self.page.locator(".chat .bot-row")

    def _note(self, url: str) -> None:
        if not url.startswith((self.origin, "data:", "blob:")):
            self.foreign_requests.append(url)


@pytest.fixture
def visit(server: Server, browser: Browser) -> Iterator[Visit]:
    yield from visits(server, browser)


@pytest.fixture
def slow_visit(slow_server: Server, browser: Browser) -> Iterator[Visit]:
    yield from visits(slow_server, browser)


def visits(server: Server, browser: Browser) -> Iterator[Visit]:
    """A first visit with a fresh cookie; nothing on the page may come from anywhere else."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    visit = Visit(context, server.url)
    yield visit
    context.close()
    assert visit.foreign_requests == []

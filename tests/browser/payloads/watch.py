"""Who looks on while a page shows what was planted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import PATIENCE_MS
from tests.browser.payloads.planting import plain
from tests.browser.payloads.vector import HOME

__all__ = ["Watch", "said_in", "watching"]

SETTLED_MS = 300
INTRUDERS = """() => {
const OURS = [`${location.origin}/gradio_api/file=/`, "/sign-in/huggingface?next="];
return [...document.querySelectorAll("*")].filter((element) => {
  const isShown = ({ name }) => /^(alt|title|value|content|placeholder|aria-.*|data-.*)$/.test(name);
  const isOurs = (each) => isShown(each) || OURS.some((begin) => each.value.startsWith(begin));
  const acting = [...element.attributes].filter((each) => !isOurs(each)).map((each) => each.value);
  const inner = ["SCRIPT", "STYLE"].includes(element.tagName) ? element.textContent : "";
  return [...acting, inner].some((each) => /ran\\(\\d|e\\.test/.test(each));
}).map((element) => element.outerHTML.slice(0, 200));
}"""
"""Elements that came from somebody's words: an address, an act or a script of theirs. An address of ours may
have words for a part of it."""
REPORT = (
    """document.addEventListener("securitypolicyviolation", (event) => ran(`stopped ${event.blockedURI}`))"""
)


@dataclass
class Watch:
    """What ran and what was asked for, in all pages of a context."""

    context: BrowserContext
    origin: str = ""
    ran: list[object] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.expose_binding("ran", lambda source, what: self.ran.append(what))
        self.context.on("request", lambda request: self._note(request.url))
        self.context.on("dialog", lambda dialog: (self.ran.append(dialog.message), dialog.dismiss()))
        self.context.route_web_socket(re.compile(""), lambda socket: self._note(socket.url))

    def guard(self, origin: str) -> None:
        """From here on nothing but `origin` may be asked, and nothing may even need to be stopped."""
        self.origin = origin
        self.context.add_init_script(REPORT)

    @property
    def worked(self) -> set[object]:
        """The numbers of those that ran, or called home."""
        return {*self.ran, *map(number_in, self.foreign)}

    def expect_nothing(self, page: Page, title: str = "Reverie") -> None:
        page.wait_for_timeout(SETTLED_MS)
        assert page.evaluate(INTRUDERS) == []
        assert (self.ran, self.foreign) == ([], [])
        assert page.title().endswith(title)

    def _note(self, url: str) -> None:
        if not url.startswith((self.origin, "data:", "blob:", "about:")):
            self.foreign.append(url)


@contextmanager
def watching(browser: Browser) -> Iterator[Watch]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Watch(context)
    context.close()


def number_in(url: str) -> int | None:
    """The one that a request to our home tells."""
    parts = urlsplit(url)
    found = re.search(r"/(\d+)\b", parts.path)
    return int(found[1]) if found and parts.hostname == HOME else None


def said_in(page: Page, selector: str, attribute: str = "textContent") -> list[str]:
    told = page.evaluate(
        "([selector, name]) => [...document.querySelectorAll(selector)].map((each) => each[name])",
        [selector, attribute],
    )
    return [plain(each) for each in told]

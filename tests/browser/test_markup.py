"""Markup in the words of people and models: nowhere on the page does it run, load or become an element."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import IntEnum, auto
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from agent.domain import MAX_STEPS_PER_TURN
from agent.keys import MOST_NAME_CHARACTERS, Keys
from agent.sessions import Sessions
from tests.agent.brains.chat_server import Answer, chat_server, says, streams
from tests.browser.conftest import PATIENCE_MS, Visit
from tests.browser.payloads import HOME, VECTORS, Vector
from tests.browser.server import Server
from ui.cookies import COOKIE, owner_of_cookie

pytestmark = pytest.mark.browser
LEAST_CELLS = 300
CONTROL_MS = 2_000
SETTLED_MS = 300
APART = "\n\n"
NUM_TURNS = -(-len(VECTORS) // MAX_STEPS_PER_TURN)


class Place(IntEnum):
    """Where words of others are shown."""

    MESSAGE = auto()
    REASON = auto()
    PICTURE = auto()
    REPLY = auto()
    TITLE = auto()
    KEY = auto()
    SEARCH = auto()
    SHARED_MESSAGE = auto()
    SHARED_PICTURE = auto()
    SHARED_REPLY = auto()


SAME = {
    Place.SHARED_MESSAGE: Place.MESSAGE,
    Place.SHARED_PICTURE: Place.PICTURE,
    Place.SHARED_REPLY: Place.REPLY,
}
"""What is shared was said before."""


def payloads(place: Place) -> list[str]:
    """One of each vector, with a number of its own."""
    first = 1_000 * SAME.get(place, place)
    return [vector.numbered(first + index) for index, vector in enumerate(VECTORS)]


def batches(place: Place) -> list[list[str]]:
    """As many together as a plan has steps."""
    listed = payloads(place)
    return [listed[at : at + MAX_STEPS_PER_TURN] for at in range(0, len(listed), MAX_STEPS_PER_TURN)]


def plain(words: str) -> str:
    """As a browser tells words: spaces are one."""
    return " ".join(words.split())


INTRUDERS = """() => [...document.querySelectorAll("*")].filter((element) => {
  const isShown = ({ name }) => /^(alt|title|value|content|placeholder|aria-.*|data-.*)$/.test(name);
  const acting = [...element.attributes].filter((each) => !isShown(each)).map((each) => each.value);
  const inner = ["SCRIPT", "STYLE"].includes(element.tagName) ? element.textContent : "";
  return [...acting, inner].some((each) => /ran\\(\\d|e\\.test/.test(each));
}).map((element) => element.outerHTML.slice(0, 200))"""
"""Elements that came from somebody's words: an address, an act or a script of theirs."""
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

    def expect_nothing(self, page: Page) -> None:
        page.wait_for_timeout(SETTLED_MS)
        assert page.evaluate(INTRUDERS) == []
        assert (self.ran, self.foreign) == ([], [])
        assert page.title().endswith("Reverie")

    def _note(self, url: str) -> None:
        if not url.startswith((self.origin, "data:", "blob:", "about:")):
            self.foreign.append(url)


@pytest.fixture
def watch(browser: Browser) -> Iterator[Watch]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Watch(context)
    context.close()


@dataclass
class Speaker:
    """A language model that says what the test wants it to."""

    decision: dict[str, Any] = field(default_factory=dict)
    reply: str = ""

    def answer(self, asked: dict[str, Any]) -> Answer:
        if asked.get("stream"):
            half = len(self.reply) // 2
            return streams(self.reply[:half], self.reply[half:])
        return says({"language": "en", **self.decision})

    def will_draw(self, prompts: Sequence[str], reasons: Sequence[str]) -> None:
        quoted = [each if each.isascii() else f'"{each}"' for each in prompts]
        steps = [{"kind": "generate", "prompt": each} for each in quoted]
        self.decision = {"route": "generate", "reason": APART.join(reasons), "steps": steps}

    def will_say(self, replies: Sequence[str]) -> None:
        self.decision, self.reply = {"route": "chat"}, APART.join(replies)


@dataclass(frozen=True, kw_only=True)
class House:
    """The app after an evening with hostile guests: `drawn` and `talked` are chats full of payloads."""

    server: Server
    speaker: Speaker
    cookie: str
    drawn: str
    talked: str
    titled: list[str]


class Program:
    """Writes to the app by its own HTTP."""

    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.Client(
            base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=PATIENCE_MS / 1_000
        )

    def begin(self, title: str) -> str:
        answer = self.http.post("v1/chats", json={"title": title}).raise_for_status()
        return str(answer.json()["id"])

    def say(self, chat: str, text: str) -> None:
        """Returns when it has been answered."""
        sent = {"text": text, "options": {"rewrites": False}}
        headers = {"accept": "text/event-stream"}
        told = self.http.post(f"v1/chats/{chat}/turns", json=sent, headers=headers).raise_for_status()
        assert "RUN_FINISHED" in told.text, told.text


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder, cookie = tmp_path_factory.mktemp("markup") / "data", secrets.token_hex(16)
    folder.mkdir()
    with closing(Sessions(f"sqlite:///{folder / 'reverie.db'}")) as sessions:
        made = [Keys(sessions).create(owner_of_cookie(cookie), name) for name in payloads(Place.KEY)]
    speaker = Speaker()
    with chat_server() as model:
        model.behave = speaker.answer
        brain = ["--brain", "openai", "--base-url", model.url, "--model", "<svg onload=ran(1)>"]
        server = Server(folder, "--engine", "fake", *brain)
        try:
            server.start()
            program = Program(server.url, made[0].token)
            with program.http:
                titled = [program.begin(title) for title in payloads(Place.TITLE)]
                drawn, talked = titled[:2]
                places = (Place.MESSAGE, Place.REASON, Place.PICTURE)
                for messages, reasons, pictures in zip(*map(batches, places), strict=True):
                    speaker.will_draw(pictures, reasons)
                    program.say(drawn, APART.join(messages))
                for replies in batches(Place.REPLY):
                    speaker.will_say(replies)
                    program.say(talked, "say it")
            yield House(
                server=server, speaker=speaker, cookie=cookie, drawn=drawn, talked=talked, titled=titled
            )
        finally:
            server.close()


class Inside(Visit):
    """Whose cookie owns the chats."""

    def __init__(self, house: House, watch: Watch, chat: str) -> None:
        self.house, self.watch = house, watch
        watch.origin = house.server.url
        watch.context.add_init_script(REPORT)
        let_in(house, watch)
        super().__init__(watch.context, f"{house.server.url}?chat={chat}")

    def open(self) -> None:
        self.page.goto(self.url)
        self.expect_ready()
        expect(self.page.locator(".sessions.all .chat-link")).to_have_count(len(VECTORS))


def let_in(house: House, watch: Watch) -> None:
    watch.origin = house.server.url
    watch.context.add_cookies([{"name": COOKIE, "value": house.cookie, "url": house.server.url}])


def said_in(page: Page, selector: str, attribute: str = "textContent") -> list[str]:
    told = page.evaluate(
        "([selector, name]) => [...document.querySelectorAll(selector)].map((each) => each[name])",
        [selector, attribute],
    )
    return [plain(each) for each in told]


def expect_words(place: Place, found: list[str], most: int | None = None) -> None:
    """All of them are there, to the letter."""
    wanted = [plain(each)[:most].rstrip() for each in payloads(place)]
    together = "\n".join(found)
    assert [each for each in wanted if each not in together] == []


def test_there_are_enough_of_them() -> None:
    assert len(VECTORS) * len(Place) >= LEAST_CELLS
    assert len({vector.words for vector in VECTORS}) == len(VECTORS)
    assert sum(vector.naive is not None for vector in VECTORS) >= len(VECTORS) - 6


def test_where_nothing_guards_each_of_them_does_what_it_is_made_for(watch: Watch) -> None:
    page, idle = watch.context.new_page(), list[str]()
    watch.origin = "http://page.test/"
    page.route("http://page.test/*", lambda route: route.fulfill(body="", content_type="text/html"))
    page.route(f"http://{HOME}/*", lambda route: route.fulfill(status=204))
    for index, vector in enumerate(VECTORS):
        if vector.naive is None:
            continue
        page.goto(watch.origin)
        watch.ran.clear()
        watch.foreign.clear()
        if not has_worked(page, vector, index, watch):
            idle.append(vector.words)
    assert idle == []


def has_worked(page: Page, vector: Vector, number: int, watch: Watch) -> bool:
    assert vector.naive is not None
    page.set_content(vector.naive(vector.numbered(number)), wait_until="commit")
    if vector.is_pressed:
        page.get_by_text("press").click()
    for _ in range(CONTROL_MS // 20):
        if number in watch.ran or any(is_of(url, number) for url in watch.foreign):
            return True
        page.wait_for_timeout(20)
    return False


def is_of(url: str, number: int) -> bool:
    parts = urlsplit(url)
    return parts.hostname == HOME and parts.path.startswith(f"/{number}")


def test_messages_reasons_and_words_of_pictures(house: House, watch: Watch) -> None:
    page = Inside(house, watch, house.drawn).page
    expect(page.locator(".chat .bot-row")).to_have_count(NUM_TURNS)
    expect_words(Place.MESSAGE, said_in(page, ".chat .user-row .said", "innerText"))
    expect_words(Place.REASON, said_in(page, ".chat .why"))
    expect_words(Place.PICTURE, said_in(page, ".chat .wish"))
    expect_words(Place.PICTURE, said_in(page, ".chat .picture img", "alt"))
    assert set(said_in(page, ".chat .said *", "tagName")) <= {"BR"}
    watch.expect_nothing(page)


def test_replies(house: House, watch: Watch) -> None:
    page = Inside(house, watch, house.talked).page
    expect(page.locator(".chat .bot-row")).to_have_count(NUM_TURNS)
    expect_words(Place.REPLY, said_in(page, ".chat .bot-row .said", "innerText"))
    assert set(said_in(page, ".chat .said *", "tagName")) <= {"BR"}
    watch.expect_nothing(page)


def test_a_turn_at_work(house: House, watch: Watch) -> None:
    """All at once: what was sent is shown before it is stored, and the reply while it is written."""
    visit = Inside(house, watch, "new")
    house.speaker.will_say(payloads(Place.REPLY))
    visit.ask(APART.join(payloads(Place.MESSAGE)), 1)
    expect_words(Place.MESSAGE, said_in(visit.page, ".chat .user-row .said", "innerText"))
    expect_words(Place.REPLY, said_in(visit.page, ".chat .bot-row .said", "innerText"))
    watch.expect_nothing(visit.page)
    visit.page.locator(".sessions.all .selected").get_by_role("button", name="Delete").click()
    visit.page.get_by_role("button", name="Delete for good").click()
    expect(visit.page.locator(".sessions.all .chat-link")).to_have_count(len(VECTORS))


def test_titles(house: House, watch: Watch) -> None:
    visit = Inside(house, watch, house.titled[2])
    expect_words(Place.TITLE, said_in(visit.page, ".sessions.all .chat-title"))
    watch.expect_nothing(visit.page)
    for chat, title in [*zip(house.titled, payloads(Place.TITLE), strict=True)][::4]:
        visit.page.goto(f"{house.server.url}share/{chat}", wait_until="domcontentloaded")
        assert plain(title) in plain(visit.page.locator("h1").text_content() or "")
        assert plain(title) in visit.page.title()
    watch.expect_nothing(visit.page)


def test_names_of_keys(house: House, watch: Watch) -> None:
    let_in(house, watch)
    watch.context.add_init_script(REPORT)
    page = watch.context.new_page()
    page.goto(f"{house.server.url}account")
    expect_words(Place.KEY, said_in(page, ".list .name"), MOST_NAME_CHARACTERS)
    watch.expect_nothing(page)


def test_words_that_are_searched_for(house: House, watch: Watch) -> None:
    page = Inside(house, watch, house.titled[2]).page
    field, found = (
        page.locator(".sidebar .search input, .sidebar .search textarea"),
        page.locator(".sessions.found"),
    )
    for words in payloads(Place.SEARCH):
        with page.expect_response(re.compile("queue/join")):
            field.fill(words)
    expect(found.locator(".more")).to_be_visible()
    field.fill(payloads(Place.TITLE)[-1])
    expect(found.locator(".chat-title")).to_have_text([payloads(Place.TITLE)[-1]])
    watch.expect_nothing(page)


def test_cards_comparisons_and_the_shelf(house: House, watch: Watch) -> None:
    page = Inside(house, watch, house.drawn).page
    expect(page.locator(".chat .picture")).to_have_count(len(VECTORS))
    page.locator(".chat .picture button[name=info]").evaluate_all("all => all.map((each) => each.click())")
    expect(page.locator("dialog .card-facts")).to_have_count(len(VECTORS))
    cards = said_in(page, "dialog .card-facts dl")
    page.evaluate("() => document.querySelectorAll('dialog').forEach((each) => each.close())")
    expect_words(Place.MESSAGE, cards)
    expect_words(Place.PICTURE, cards)
    page.locator(".chat .picture button[name=compare]").last.click()
    compared = page.locator("dialog .compare-frame img.right")
    expect(compared).to_have_attribute("alt", re.compile(re.escape(plain(payloads(Place.PICTURE)[-1]))))
    page.keyboard.press("Escape")
    page.locator("button.all-pictures").click()
    expect(page.locator(".shelf figure img").first).to_be_visible()
    shelf = said_in(page, ".shelf img", "alt")
    while page.locator(".pager button").last.is_enabled():
        told = page.locator(".pager > span").first.inner_text()
        page.locator(".pager button").last.click()
        expect(page.locator(".pager > span").first).not_to_have_text(told)
        shelf += said_in(page, ".shelf img", "alt")
    expect_words(Place.PICTURE, shelf)
    page.locator(".shelf .look").first.click()
    expect(page.locator(".shelf .large .words")).to_be_visible()
    watch.expect_nothing(page)


def test_a_shared_chat(house: House, watch: Watch) -> None:
    let_in(house, watch)
    page = watch.context.new_page()
    found: dict[str, list[str]] = {"alt": [], "said": [], "reply": []}
    for chat in (house.drawn, house.talked):
        page.goto(f"{house.server.url}share/{chat}")
        page.get_by_role("button", name="Make a link").click()
        page.goto(page.locator("a.secret").inner_text())
        expect(page.locator(".turn")).to_have_count(NUM_TURNS)
        found["alt"] += said_in(page, ".pictures img", "alt")
        found["said"] += said_in(page, ".said")
        found["reply"] += said_in(page, ".reply")
        assert {*said_in(page, ".said *, .reply *", "tagName")} <= {"BR"}
        watch.expect_nothing(page)
    expect_words(Place.SHARED_PICTURE, found["alt"])
    expect_words(Place.SHARED_MESSAGE, found["said"])
    expect_words(Place.SHARED_REPLY, found["reply"])

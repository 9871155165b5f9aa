"""Markup in the words of people and models: nowhere on the page does it run, load or become an element."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

import httpx
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, Error, FilePayload, Page, expect

from agent.choices import MOST_CHARACTERS
from agent.domain import MAX_PROMPT_CHARACTERS
from agent.keys import MOST_NAME_CHARACTERS
from agent.library import MOST_SEARCH_CHARACTERS
from agent.record import CONVERSATION_NAME
from tests.browser.conftest import Visit
from tests.browser.payloads import imported
from tests.browser.payloads.house import (
    KEYS,
    MESSAGES,
    MODEL,
    PICTURES,
    REASONS,
    REPLIES,
    TITLES,
    House,
    hostile_house,
)
from tests.browser.payloads.planting import APART, Place, expect_words, packs, payloads, plain
from tests.browser.payloads.vector import as_markdown
from tests.browser.payloads.watch import Watch, said_in, watching
from ui.cookies import COOKIE
from ui.trail import SHOWN_CHARACTERS

pytestmark = pytest.mark.browser
PNG, ZIP = "image/png", "application/zip"
PAGES = {
    ".html": "text/html",
    ".xhtml": "application/xhtml+xml",
    ".svg": "image/svg+xml",
    ".xml": "text/xml",
    ".png": "text/html",
    ".png.html": PNG,
    "": "text/html",
}
"""The ends of their names, and what they say they are."""
PATHS = ("share/", "shared/", "pictures/", "thumbnails/", "export/", "v1/chats/", "gradio_api/file=", "")
MOST_ADDRESS_CHARACTERS = 8_000
MOST_TOLD_OF_A_NAME, NAMES_EVERY = 36, 5


@pytest.fixture
def watch(browser: Browser) -> Iterator[Watch]:
    with watching(browser) as watch:
        yield watch


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with hostile_house(tmp_path_factory.mktemp("markup") / "data") as house:
        yield house


class Inside(Visit):
    """Whose cookie owns the chats."""

    def __init__(self, house: House, watch: Watch, chat: str, cookie: str = "") -> None:
        self.house, self.watch = house, watch
        let_in(house, watch, cookie)
        super().__init__(watch.context, f"{house.server.url}?chat={chat}")


def let_in(house: House, watch: Watch, cookie: str = "") -> None:
    if not watch.origin:
        watch.guard(house.server.url)
    watch.context.add_cookies([{"name": COOKIE, "value": cookie or house.cookie, "url": house.server.url}])


def cut(planted: list[str], most: int) -> list[str]:
    return [each[:most] for each in map(plain, planted)]


def test_messages_reasons_and_words_of_pictures(house: House, watch: Watch) -> None:
    page = Inside(house, watch, house.drawn).page
    expect(page.locator(".chat .bot-row")).to_have_count(len(MESSAGES))
    expect_words(payloads(Place.MESSAGE), said_in(page, ".chat .user-row .said", "innerText"))
    expect_words(REASONS, said_in(page, ".chat .why"))
    expect_words(PICTURES, said_in(page, ".chat .wish"), SHOWN_CHARACTERS)
    expect_words(PICTURES, said_in(page, ".chat .picture img", "alt"))
    assert set(said_in(page, ".chat .said *", "tagName")) <= {"BR"}
    page.locator(".chat button.act[name=edit]").evaluate_all("all => all.map((each) => each.click())")
    expect_words(payloads(Place.MESSAGE), said_in(page, ".chat .edit-field", "value"))
    watch.expect_nothing(page)


def test_replies(house: House, watch: Watch) -> None:
    page = Inside(house, watch, house.talked).page
    expect(page.locator(".chat .bot-row")).to_have_count(len(REPLIES))
    expect_words(payloads(Place.REPLY), said_in(page, ".chat .bot-row .said", "innerText"))
    assert set(said_in(page, ".chat .said *", "tagName")) <= {"BR"}
    watch.expect_nothing(page)


def test_a_turn_at_work(house: House, watch: Watch) -> None:
    """What was sent is shown before it is stored, and the reply while it is written."""
    visit = Inside(house, watch, "new")
    for number, (message, reply) in enumerate(zip(MESSAGES[-2:], REPLIES[-2:], strict=True), start=1):
        house.speaker.will_say(reply)
        visit.ask(message, number)
        expect_words([message], said_in(visit.page, ".chat .user-row .said", "innerText"))
        expect_words([reply], said_in(visit.page, ".chat .bot-row .said", "innerText"))
    watch.expect_nothing(visit.page)


def test_titles(house: House, watch: Watch) -> None:
    found = list[str]()
    for guest, chats in house.titled.items():
        watch.context.clear_cookies()
        page = Inside(house, watch, chats[0], guest).page
        expect(page.locator(".sessions.all .chat-link")).to_have_count(len(chats))
        found += said_in(page, ".sessions.all .chat-title")
        page.locator(".sessions.all .selected").get_by_role("button", name="Rename").click()
        expect(page.locator(".sidebar .card input, .sidebar .card textarea").first).not_to_have_value("")
        watch.expect_nothing(page)
        for chat in chats[::6]:
            page.goto(f"{house.server.url}share/{chat}", wait_until="domcontentloaded")
            found += [plain(page.locator("h1").text_content() or ""), page.title()]
        watch.expect_nothing(page)
        page.close()
    expect_words(TITLES, found)


def test_names_of_keys(house: House, watch: Watch) -> None:
    let_in(house, watch)
    page = watch.context.new_page()
    page.goto(f"{house.server.url}account")
    expect_words(KEYS, said_in(page, ".list .name"), MOST_NAME_CHARACTERS)
    watch.expect_nothing(page)


def test_words_that_are_searched_for(house: House, watch: Watch) -> None:
    guest, chats = next(iter(house.titled.items()))
    page = Inside(house, watch, chats[0], guest).page
    field = page.locator(".sidebar .search input, .sidebar .search textarea")
    for words in packs(payloads(Place.SEARCH, 8), MOST_SEARCH_CHARACTERS, " "):
        with page.expect_response(re.compile("queue/join")):
            field.fill(words)
    expect(page.locator(".sessions.found .more")).to_be_visible()
    field.fill(plain(TITLES[0])[:MOST_SEARCH_CHARACTERS])
    expect(page.locator(".sessions.found .chat-title").first).to_contain_text(plain(TITLES[0]))
    watch.expect_nothing(page)


def test_cards_comparisons_and_the_shelf(house: House, watch: Watch) -> None:
    page = Inside(house, watch, house.drawn).page
    expect(page.locator(".chat .picture")).to_have_count(len(PICTURES))
    cards = opened_cards(page, len(PICTURES))
    expect_words(payloads(Place.MESSAGE), cards)
    expect_words(PICTURES, cards)
    page.locator(".chat .picture button[name=compare]").last.click()
    compared = page.locator("dialog .compare-frame img.right")
    expect(compared).to_have_attribute("alt", re.compile(re.escape(plain(PICTURES[-1]))))
    page.keyboard.press("Escape")
    page.locator("button.all-pictures").click()
    expect(page.locator(".shelf figure img").first).to_be_visible()
    shelf = said_in(page, ".shelf img", "alt")
    while page.locator(".pager button").last.is_visible() and page.locator(".pager button").last.is_enabled():
        told = page.locator(".pager > span").first.inner_text()
        page.locator(".pager button").last.click()
        expect(page.locator(".pager > span").first).not_to_have_text(told)
        shelf += said_in(page, ".shelf img", "alt")
    expect_words(PICTURES, shelf)
    page.locator(".shelf .look").first.click()
    expect(page.locator(".shelf .large .words")).to_be_visible()
    watch.expect_nothing(page)


def opened_cards(page: Page, num_cards: int) -> list[str]:
    """What the cards of all pictures tell."""
    page.locator(".chat .picture button[name=info]").evaluate_all("all => all.map((each) => each.click())")
    expect(page.locator("dialog .card-facts")).to_have_count(num_cards)
    told = said_in(page, "dialog .card-facts dd, dialog .card-facts li span")
    page.evaluate("() => document.querySelectorAll('dialog').forEach((each) => each.close())")
    return told


def test_a_chat_from_elsewhere(house: House, watch: Watch) -> None:
    """Imported, looked at, shared, and out again as Markdown that a careless reader shows."""
    visit = Inside(house, watch, "new")
    page = visit.page
    page.locator(".import input").set_input_files(a_file("chat.zip", ZIP, imported.hostile_zip()))
    expect(page.locator(".chat .user-row").first).to_be_visible()
    expect_words([imported.TITLE], said_in(page, ".sessions.all .selected .chat-title"))
    expect_words(payloads(Place.IMPORTED_MESSAGE), said_in(page, ".chat .user-row .said", "innerText"))
    expect_words(payloads(Place.IMPORTED_REPLY), said_in(page, ".chat .bot-row .said", "innerText"))
    expect_words(payloads(Place.FAILED), said_in(page, ".chat .notice", "innerText"))
    expect_words(payloads(Place.IMPORTED_REASON), said_in(page, ".chat .why"))
    expect_words(imported.STEPS, said_in(page, ".chat .wish"), SHOWN_CHARACTERS)
    expect_words(imported.PROPOSALS, said_in(page, ".chat .proposal .field", "innerText"))
    expect_words(payloads(Place.IMPORTED_CAPTION), said_in(page, ".chat .picture img", "alt"))
    cards = opened_cards(page, 1)
    expect_words([*imported.RECIPE.values()], cards)
    expect_words(imported.FINDINGS, cards)
    watch.expect_nothing(page)
    chat = page.url.partition("chat=")[2]
    found = shared(house, page, chat)
    expect_words(payloads(Place.IMPORTED_MESSAGE), found[".said"])
    expect_words(payloads(Place.IMPORTED_REPLY), found[".reply"])
    expect_words(payloads(Place.IMPORTED_CAPTION), found[".pictures img"])
    watch.expect_nothing(page)


def test_a_chat_that_cannot_be_imported(house: House, watch: Watch) -> None:
    """What its record has wrong is told in its own words."""
    page = Inside(house, watch, "new").page
    told = page.locator(".import-error .reason")
    for words in packs(payloads(Place.BROKEN_RECORD, 5), 180, " "):
        broken = imported.zip_of({words: 1, "title": "x"}, {words.replace("/", "_"): b"x"})
        with page.expect_response(re.compile("/import$")):
            page.locator(".import input").set_input_files(a_file("chat.zip", ZIP, broken))
        expect(told).to_contain_text("is not a chat that this Reverie can read")
    watch.expect_nothing(page)


def test_a_shared_chat(house: House, watch: Watch) -> None:
    let_in(house, watch)
    page = watch.context.new_page()
    found = {place: list[str]() for place in (".pictures img", ".said", ".reply")}
    for chat in (house.drawn, house.talked):
        for place, told in shared(house, page, chat).items():
            found[place] += told
        watch.expect_nothing(page)
    expect_words(PICTURES, found[".pictures img"])
    expect_words(payloads(Place.MESSAGE), found[".said"])
    expect_words(payloads(Place.REPLY), found[".reply"])


def shared(house: House, page: Page, chat: str) -> dict[str, list[str]]:
    """What whoever has the link is shown."""
    page.goto(f"{house.server.url}share/{chat}")
    page.get_by_role("button", name="Make a link").click()
    page.goto(page.locator("a.secret").inner_text())
    expect(page.locator(".turn").first).to_be_visible()
    assert {*said_in(page, ".said *, .reply *", "tagName")} <= {"BR"}
    told = {place: said_in(page, place) for place in (".said", ".reply")}
    return told | {".pictures img": said_in(page, ".pictures img", "alt")}


def test_an_exported_chat_for_readers_of_markdown(house: House, watch: Watch) -> None:
    """A reader that lets all HTML and all addresses through finds none in it."""
    watch.guard("http://page.test/")
    page = watch.context.new_page()
    for chat, place in ((house.drawn, Place.MESSAGE), (house.talked, Place.REPLY)):
        cookies = {COOKIE: house.cookie}
        content = httpx.get(f"{house.server.url}export/{chat}", cookies=cookies, timeout=60).content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            words = archive.read(CONVERSATION_NAME).decode()
        page.set_content(as_markdown(words))
        expect_words(payloads(place), said_in(page, "p"))
        assert page.locator("a, script, style, iframe, svg").count() == 0
        watch.expect_nothing(page, "")


def test_files_with_hostile_names_and_settings(house: House, watch: Watch) -> None:
    """In the box, on the chip that offers their settings, and in the fields that take these over."""
    visit = Inside(house, watch, "new")
    page, prompts = visit.page, packs(payloads(Place.INFOTEXT), MAX_PROMPT_CHARACTERS)
    for name, prompt in zip(some_names(Place.FILE), prompts, strict=False):
        visit.reload()
        choose(visit, name, told_by(prompt))
        page.locator(".chips button.act[name=use_files]").click()
        expect(page.locator(".box textarea")).not_to_have_value("")
        expect_words([prompt], said_in(page, ".box textarea", "value"))
        watch.expect_nothing(page)
    many = [a_file(f"{name}.png", PNG, told_by(name)) for name in payloads(Place.FILE, 40)]
    page.locator(".box input[type=file]").set_input_files(many)
    expect(page.locator(".box .thumbnail-item").nth(len(many) - 1)).to_be_attached()
    watch.expect_nothing(page)


def test_a_refused_file_is_told_by_its_name(house: House, watch: Watch) -> None:
    visit = Inside(house, watch, "new")
    for name in some_names(Place.REFUSED_FILE):
        visit.reload()
        choose(visit, name, b"no picture")
        expect(visit.page.locator(".box .thumbnail-item")).to_have_count(1)
        visit.ask("make it blue", 1)
        expect(visit.page.locator(".chat .refusal")).to_contain_text("is not a picture I can read")
        watch.expect_nothing(visit.page)


def test_what_a_toast_tells(house: House, watch: Watch) -> None:
    """The page takes a failure for HTML; here it is one that names a file."""
    visit = Inside(house, watch, "new")
    for name in some_names(Place.TOAST):
        visit.reload()
        choose(visit, name, b"")
        expect(visit.page.locator(".toast-body")).to_contain_text("is empty")
        watch.expect_nothing(visit.page)


def some_names(place: Place) -> list[str]:
    """Of those that fit whole into a sentence that names a file: what a browser sends has no slash."""
    fitting = [each for each in payloads(place) if "/" not in each and len(each) <= MOST_TOLD_OF_A_NAME]
    return [each for each in fitting if each.startswith("<img")][::NAMES_EVERY]


def choose(visit: Visit, name: str, content: bytes) -> None:
    visit.page.locator(".box input[type=file]").set_input_files(a_file(f"{name}.png", PNG, content))


def test_pages_that_are_uploaded_for_pictures(house: House, watch: Watch) -> None:
    """Whatever a file is called and holds, its address never opens as a page of ours."""
    let_in(house, watch)
    page, content = watch.context.new_page(), APART.join(payloads(Place.CONTENT)).encode()
    files = [("files", (f"x{end}", content, kind)) for end, kind in PAGES.items()]
    answer = httpx.post(
        f"{house.server.url}gradio_api/upload",
        files=files,
        cookies={COOKIE: house.cookie},
        headers={"origin": house.server.url.rstrip("/")},
    )
    addresses = [f"{house.server.url}gradio_api/file={path}" for path in answer.raise_for_status().json()]
    assert len(addresses) == len(PAGES)
    for address in addresses:
        told = httpx.get(address, cookies={COOKIE: house.cookie}).headers
        assert told["content-disposition"].startswith("attachment") or told["content-type"] == PNG
        with suppress(Error):
            page.goto(address)
        watch.expect_nothing(page, "")


def a_file(name: str, kind: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


def told_by(prompt: str) -> bytes:
    """A picture that says what it was made with."""
    chunks, file = PngInfo(), io.BytesIO()
    chunks.add_text("parameters", f"{prompt}\nSteps: 12, Sampler: Euler a, Seed: 99, Size: 512x768")
    Image.new("RGB", (64, 64), "teal").save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def test_the_name_of_the_model(house: House, watch: Watch) -> None:
    """Where the settings tell it, in its field, and in what comes of a trial."""
    page = Inside(house, watch, "new").page
    page.locator(".more > .label-wrap").click()
    expect(page.locator(".facts .told")).to_be_visible()
    expect_words([MODEL], said_in(page, ".facts .told"))
    page.locator(".house > .label-wrap").click()
    field = page.locator(".house .model input, .house .model textarea")
    expect(field).to_have_value(MODEL)
    house.speaker.will_draw(["a red car"], "")
    for name in packs(payloads(Place.TRIED_MODEL, 12), MOST_CHARACTERS, " "):
        field.fill(name)
        page.locator(".house .test").click()
        expect(page.locator(".house .told p")).to_contain_text(plain(name))
    watch.expect_nothing(page)


def test_addresses_that_somebody_made_up(house: House, watch: Watch) -> None:
    let_in(house, watch)
    page = watch.context.new_page()
    for words in packs(payloads(Place.ADDRESS), 10_000, "/"):
        page.goto(f"{house.server.url}?chat={quote(words)}&__theme={quote(words[:200])}#{words[:1000]}")
        expect(page.locator(".submit-button")).to_be_visible()
        watch.expect_nothing(page)
    listed = payloads(Place.ADDRESS)
    for path in PATHS:
        fitting = listed if path in {"", "gradio_api/file="} else [each for each in listed if "/" not in each]
        for words in packs(fitting, MOST_ADDRESS_CHARACTERS, " "):
            page.goto(f"{house.server.url}{path}{quote(words)}")
            watch.expect_nothing(page, "")

"""People keep their chats and pictures: find, pin, name, star, take along, carry out and in again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Visit
from tests.browser.server import Server

pytestmark = pytest.mark.browser
OVERFLOW = """
() => [document.documentElement, ...document.querySelectorAll(".sidebar-content, .library, .temporary-bar")]
  .map((box) => box.scrollWidth - box.clientWidth)
"""


def chats(visit: Visit) -> Locator:
    return visit.page.locator(".sessions.all .chat-link")


def begin(visit: Visit, text: str) -> None:
    """A chat of its own for this message."""
    visit.page.locator("button.new").click()
    expect(visit.answers).to_have_count(0)
    visit.ask(text, 1)


def search(visit: Visit, words: str) -> Locator:
    visit.page.locator(".sidebar .search input, .sidebar .search textarea").fill(words)
    return visit.page.locator(".sessions.found .chat-link")


def open_pictures(visit: Visit, num_pictures: int) -> Locator:
    visit.page.locator("button.all-pictures").click()
    looks = visit.page.locator(".shelf .look")
    expect(looks).to_have_count(num_pictures)
    return looks


def expect_loaded(picture: Locator) -> None:
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0


def test_chats_have_thumbnails_and_are_found_and_pinned(visit: Visit) -> None:
    visit.ask("draw a red car", 1)
    begin(visit, "draw a blue house")
    expect(chats(visit)).to_contain_text(["draw a blue house", "draw a red car"])
    for number in range(2):
        expect_loaded(chats(visit).nth(number).locator("img"))
    found = search(visit, "CAR red")
    expect(found).to_contain_text(["draw a red car"])
    expect(chats(visit).first).to_be_hidden()
    found.click()
    expect(visit.page.locator(".chat .user-row")).to_contain_text("red car")
    visit.page.locator(".sessions.found").get_by_role("button", name="Pin", exact=True).click()
    expect(visit.page.locator(".sessions.found [data-do=pin]")).to_contain_text("Unpin")
    search(visit, "")
    expect(chats(visit)).to_contain_text(["draw a red car", "draw a blue house"])
    visit.reload()
    expect(chats(visit)).to_contain_text(["draw a red car", "draw a blue house"])
    expect(visit.page.locator(".sessions.all h3").first).to_contain_text("Pinned")
    expect(search(visit, "giraffe")).to_have_count(0)
    expect(visit.page.locator(".sessions.found .more")).to_contain_text("Nothing found")


def test_a_temporary_chat_says_so_and_does_not_stay(visit: Visit) -> None:
    page, bar = visit.page, visit.page.locator(".temporary-bar")
    visit.ask("draw a red car", 1)
    expect(bar).to_be_hidden()
    page.locator("button.new-temporary").click()
    expect(bar).to_contain_text("deleted")
    visit.ask("draw a secret house", 1)
    expect(chats(visit).first.locator(".mark")).to_contain_text("Temporary")
    expect(search(visit, "secret")).to_have_count(0)
    search(visit, "")
    open_pictures(visit, 1)
    page.locator(".library .close").click()
    picture = page.locator(".chat .picture img").get_attribute("src")
    assert picture is not None
    address = visit.origin + picture.removeprefix("/")
    assert page.request.get(address).status == 200
    chats(visit).nth(1).click()
    expect(bar).to_be_hidden()
    expect(chats(visit)).to_have_count(2)
    chats(visit).filter(has_text="secret").click()
    expect(bar).to_be_visible()
    page.get_by_role("button", name="Delete it now").click()
    expect(bar).to_be_hidden()
    expect(chats(visit)).to_contain_text(["draw a red car"])
    assert page.request.get(address).status == 404


def test_a_refused_message_leaves_a_temporary_chat_temporary(visit: Visit) -> None:
    visit.page.locator("button.new-temporary").click()
    expect(visit.page.locator(".temporary-bar")).to_be_visible()
    visit.ask("x" * 50_000, 1)
    expect(visit.page.locator(".temporary-bar")).to_be_visible()
    visit.ask("draw a red car", 1)
    expect(chats(visit).first.locator(".mark")).to_be_visible()


def test_all_pictures_are_starred_searched_and_taken_along(visit: Visit) -> None:
    page = visit.page
    visit.ask("draw a red car", 1)
    begin(visit, "draw a blue house")
    looks = open_pictures(visit, 2)
    expect_loaded(looks.first.locator("img"))
    expect(page.locator(".box")).to_be_hidden()
    page.locator(".shelf .star").nth(1).click()
    expect(page.locator(".shelf .star[aria-pressed=true]")).to_have_count(1)
    page.get_by_label("Starred only").check()
    expect(looks).to_have_count(1)
    page.get_by_label("Starred only").uncheck()
    expect(looks).to_have_count(2)
    page.locator(".library .search input, .library .search textarea").fill("car")
    expect(looks).to_have_count(1)
    looks.click()
    expect(page.locator(".shelf .large .words")).to_have_text(re.compile("red car"))
    expect_loaded(page.locator(".shelf .large img"))
    page.locator(".shelf .large .star").click()
    expect(page.locator(".shelf .large .star")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Use in this chat").click()
    expect(page.locator(".library")).to_have_count(0)
    expect(visit.answers.last).to_contain_text("#2 is here now")
    visit.ask("make it green", 3)
    expect(page.locator(".chat .picture .handle").last).to_have_text("#3")


def test_a_picture_leads_back_to_its_chat(visit: Visit) -> None:
    visit.ask("draw a red car", 1)
    begin(visit, "draw a blue house")
    open_pictures(visit, 2).nth(1).click()
    visit.page.get_by_role("button", name="Back to all pictures").click()
    visit.page.locator(".shelf .look").nth(1).click()
    visit.page.get_by_role("button", name="Go to its chat").click()
    expect(visit.page.locator(".library")).to_have_count(0)
    expect(visit.page.locator(".chat .user-row")).to_contain_text("red car")
    expect(visit.page.locator(".sessions.all .selected")).to_contain_text("red car")


def test_nothing_is_asked_for_that_could_take_a_picture_away_again(visit: Visit) -> None:
    asked = list[str]()
    visit.ask("draw a red car", 1)
    visit.page.on("request", lambda request: asked.append(request.url))
    open_pictures(visit, 1).click()
    expect(visit.page.locator(".shelf .large .words")).to_have_text(re.compile("red car"))
    gestures = [url for url in asked if "queue/join" in url]
    assert len(gestures) == 2, "the pictures, and the one that is looked at"


def test_a_chat_goes_out_as_a_file_and_comes_back(visit: Visit, tmp_path: Path) -> None:
    page, entry = visit.page, visit.page.locator(".import input")
    visit.ask("draw a red car", 1)
    visit.ask("make it blue", 2)
    first = page.url
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert download.value.suggested_filename == "reverie draw a red car.zip"
    file = tmp_path / "chat.zip"
    download.value.save_as(file)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(file.read_bytes()[:2_000])
    entry.set_input_files(broken)
    expect(page.locator(".import-error")).to_contain_text("not a zip file, or a damaged one")
    assert page.url == first
    entry.set_input_files(file)
    expect(page).not_to_have_url(first)
    visit.expect_ready()
    expect(chats(visit)).to_have_count(2)
    visit.expect_answers(2)
    for picture in page.locator(".chat .picture img").all():
        expect_loaded(picture)
    visit.ask("make it green", 3)
    expect(page.locator(".chat .picture .handle")).to_have_text(["#1", "#2", "#3"])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_the_list_and_all_pictures(
    server: Server, browser: Browser, theme: str, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=theme)  # type: ignore[arg-type]
    visit, toggle = Visit(context, server.url), ".sidebar .toggle-button"
    page, sidebar = visit.page, visit.page.locator(".sidebar")
    visit.ask("draw a car with a title so long that it has no room", 1)
    page.locator(toggle).click()
    expect(sidebar).to_have_class(re.compile(r"\bopen\b"))
    assert max(page.evaluate(OVERFLOW)) <= 0
    page.locator("button.new-temporary").click()
    expect(sidebar).not_to_have_class(re.compile(r"\bopen\b"))
    expect(page.locator(".temporary-bar")).to_be_visible()
    assert max(page.evaluate(OVERFLOW)) <= 0
    page.locator(toggle).click()
    page.locator("button.all-pictures").click()
    expect(sidebar).not_to_have_class(re.compile(r"\bopen\b"))
    page.locator(".shelf .look").click()
    expect(page.locator(".shelf .large img")).to_be_visible()
    assert max(page.evaluate(OVERFLOW)) <= 0
    page.screenshot(path=tmp_path / f"{theme}.png")
    context.close()


def test_the_page_speaks_chinese_too(server: Server, browser: Browser) -> None:
    context = browser.new_context(locale="zh-CN")
    visit = Visit(context, server.url)
    visit.ask("画一辆红色的车", 1)
    expect(visit.page.locator(".sessions.all h3")).to_be_visible()
    assert visit.page.locator(".sessions.all h3").inner_text() == "今天"
    expect(visit.page.get_by_role("button", name="重命名")).to_be_visible()
    context.close()

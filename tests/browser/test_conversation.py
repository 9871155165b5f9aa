"""People talk with the page: draw, change, go back, stop, come back tomorrow."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from agent.metadata import INFOTEXT_KEY, RECIPE_KEY, read_recipe
from tests.browser.conftest import Visit
from tests.browser.server import Server

pytestmark = pytest.mark.browser


LOADING_AND_EDITING_MS = 180_000
"""On cores that others use as well."""


def a_picture_file(folder: Path) -> Path:
    file = folder / "holiday.png"
    Image.new("RGB", (320, 200), "orange").save(file)
    return file


def expect_loaded(pictures: Locator, count: int) -> None:
    """There are `count` pictures, and the browser has got each of them."""
    expect(pictures).to_have_count(count)
    for picture in pictures.all():
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0


def test_draw_change_go_back_reload_and_restart(tmp_path: Path, browser: Browser) -> None:
    """On the embedded weights: nothing on the way is a stand-in."""
    server = Server(tmp_path / "data")
    server.start()
    context = browser.new_context()
    try:
        visit = Visit(context, server.url)
        visit.ask("draw a red car next to a dog", 1)
        visit.ask("make the car blue", 2)
        visit.ask("go back to the first picture", 3)

        def expect_all_there() -> None:
            expect(visit.answers).to_have_count(3)
            expect_loaded(visit.page.locator(".chat .picture img"), 3)
            handles = visit.page.locator(".chat .picture .handle")
            expect(handles).to_have_text(["#1", "#2", "#1"])
            expect(visit.page.locator(".sessions.all .selected .chat-title")).to_have_text(
                "draw a red car next to a dog"
            )

        expect_all_there()
        visit.reload()
        expect_all_there()
        assert server.stop() == 0
        server.start()
        visit.open()
        expect_all_there()
        visit.ask("make the car green", 4)
        handle = visit.page.locator(".chat .picture .handle").last
        expect(handle).to_have_text("#3", timeout=LOADING_AND_EDITING_MS)
        assert visit.foreign_requests == []
    finally:
        context.close()
        server.close()


def test_an_upload_is_changed(visit: Visit, tmp_path: Path) -> None:
    visit.upload(a_picture_file(tmp_path))
    visit.ask("make the background blue", 1)
    expect_loaded(visit.page.locator(".chat .user-row .thumbnail img"), 1)
    expect_loaded(visit.page.locator(".chat .bot-row .picture img"), 1)


def test_a_text_file_in_disguise_is_refused_and_the_words_are_kept(visit: Visit, tmp_path: Path) -> None:
    disguised = tmp_path / "holiday.png"
    disguised.write_text("Dear diary")
    visit.upload(disguised)
    visit.ask("make it blue", 1)
    expect(visit.answers).to_contain_text("holiday.png is not a picture I can read")
    expect(visit.page.locator(".box textarea")).to_have_value("make it blue")
    visit.reload()
    expect(visit.answers).to_have_count(0)
    expect(visit.page.locator(".sessions.all .chat-link")).to_have_count(0)


def test_too_many_words_are_refused_and_kept_to_be_shortened(visit: Visit) -> None:
    visit.ask("x" * 50_000, 1)
    expect(visit.answers).to_contain_text("50,000 characters")
    expect(visit.page.locator(".box textarea")).to_have_value("x" * 50_000)


def test_stop_and_take_up_again(slow_visit: Visit) -> None:
    page = slow_visit.page
    slow_visit.say("draw a red car")
    expect(page.locator(".forming")).to_contain_text(re.compile("step [1-8] of 8"))
    expect_loaded(page.locator(".forming img"), 1)
    slow_visit.stop()
    expect(slow_visit.answers).to_have_count(1)
    expect(page.locator(".chat .picture")).to_have_count(0)
    page.locator(".chat .option", has_text="Retry").click()
    expect(page.locator(".forming")).to_contain_text(re.compile("step [1-8] of 8"))
    expect(slow_visit.answers).to_have_count(1)
    slow_visit.stop()


def test_a_running_turn_is_followed_on_after_a_reload(slow_visit: Visit) -> None:
    slow_visit.say("draw a red car")
    expect(slow_visit.page.locator(".forming")).to_be_visible()
    slow_visit.reload()
    expect(slow_visit.page.locator(".forming")).to_contain_text(re.compile("step [2-8] of 8"))
    expect(slow_visit.page.locator(".chat .user-row")).to_contain_text("draw a red car")
    slow_visit.stop()
    expect(slow_visit.answers).to_have_count(1)


def test_the_device_is_shared_and_talk_does_not_wait_for_it(slow_visit: Visit) -> None:
    slow_visit.say("draw a red car")
    expect(slow_visit.page.locator(".forming")).to_contain_text("step")
    other = Visit(slow_visit.context, slow_visit.url + "?chat=new")
    other.ask("hello", 1)
    other.say("draw a blue house")
    expect(other.page.locator(".forming")).to_contain_text("In line · one picture ahead")
    expect(slow_visit.page.locator(".stop-button")).to_be_visible()
    slow_visit.stop()
    expect(other.page.locator(".forming")).to_contain_text(re.compile("step [1-8] of 8"))
    other.stop()


def test_leaving_a_chat_leaves_its_running_turn_alone(slow_visit: Visit) -> None:
    page = slow_visit.page
    slow_visit.say("draw a red car")
    expect(page.locator(".forming")).to_be_visible()
    page.locator("button.new").click()
    expect(page.locator(".submit-button")).to_be_visible()
    slow_visit.ask("hello", 1)
    expect(page.locator(".forming")).to_have_count(0)
    page.locator(".sessions.all .chat-link", has_text="red car").click()
    expect(page.locator(".forming")).to_contain_text("step")
    slow_visit.stop()


def test_a_refused_message_comes_back_each_time_and_what_is_typed_meanwhile_stays(
    slow_visit: Visit,
) -> None:
    page, box = slow_visit.page, slow_visit.page.locator(".box textarea")
    too_long = "draw a very " + "very " * 2_000 + "long car"
    for _ in range(2):
        slow_visit.say(too_long)
        expect(page.locator(".chat .refusal:not(.seen)")).to_contain_text("Please shorten it")
        expect(box).to_have_value(too_long)
        page.locator(".chat .refusal").evaluate("element => element.classList.add('seen')")
    slow_visit.say("draw a red car")
    expect(page.locator(".forming")).to_contain_text("step")
    expect(box).to_have_value("")
    box.fill("make it blue")
    slow_visit.stop()
    expect(box).to_have_value("make it blue")


def test_an_example_is_a_message(visit: Visit) -> None:
    visit.page.locator(".examples .example", has_text="red car").click()
    visit.expect_answers(1)
    expect(visit.page.locator(".chat .user-row")).to_have_text(re.compile("draw a red car next to a dog"))
    expect_loaded(visit.page.locator(".chat .picture img"), 1)


def test_a_download_carries_its_recipe_and_the_seed_is_the_wanted_one(visit: Visit) -> None:
    visit.page.locator(".more > .label-wrap").click()
    visit.page.locator(".seed textarea, .seed input").fill("7")
    visit.ask("draw a red car", 1)
    expect(visit.page.locator("button.act[name=use_seed]")).to_have_attribute("title", re.compile(": 7$"))
    with visit.page.expect_download() as download:
        visit.page.locator(".chat .download").click()
    assert download.value.suggested_filename == "reverie-1.png"
    png = Path(download.value.path()).read_bytes()
    recipe = read_recipe(png)
    assert recipe is not None
    assert recipe.seed == 7
    with Image.open(io.BytesIO(png)) as image:
        assert "Seed: 7" in image.info[INFOTEXT_KEY]
    visit.page.locator(".more > .label-wrap").click()
    visit.page.locator(".keeps-recipe input").uncheck()
    visit.page.keyboard.press("Escape")
    with visit.page.expect_download() as download:
        visit.page.locator(".chat .download").click()
    with Image.open(download.value.path()) as image:
        assert not {INFOTEXT_KEY, RECIPE_KEY} & image.info.keys()


def test_words_stay_words(visit: Visit) -> None:
    visit.ask('draw <img src="http://evil.test/x"> **a car** ![](http://evil.test/y)', 1)
    expect(visit.page.locator(".chat .user-row")).to_contain_text('<img src="http://evil.test/x"> **a car**')
    expect(visit.page.locator(".chat .user-row img")).to_have_count(0)


def test_chats_are_begun_chosen_named_and_deleted(visit: Visit) -> None:
    page, chats = visit.page, visit.page.locator(".sessions.all .chat-link")
    visit.ask("draw a red car", 1)
    page.locator("button.new").click()
    expect(visit.answers).to_have_count(0)
    visit.ask("draw a blue house", 1)
    expect(chats).to_have_text(["draw a blue house", "draw a red car"])
    chats.nth(1).click()
    expect(page.locator(".chat .user-row")).to_contain_text("red car")
    page.get_by_role("button", name="Rename").click()
    page.locator(".card input, .card textarea").fill("My car")
    page.get_by_role("button", name="Save").click()
    expect(chats.nth(1)).to_have_text("My car")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Keep").click()
    expect(chats).to_have_count(2)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete for good").click()
    expect(chats).to_have_text(["draw a blue house"])
    visit.reload()
    expect(chats).to_have_text(["draw a blue house"])

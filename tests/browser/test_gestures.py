"""What can be done with a picture, a plan and an earlier message, by mouse and by keyboard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit
from tests.browser.server import Server

pytestmark = pytest.mark.browser
INFOTEXT = (
    "a lighthouse at night\nNegative prompt: fog\n"
    "Steps: 12, Sampler: Euler a, CFG scale: 4.5, Seed: 99, Size: 512x768, Model: other"
)


def act(visit: Visit, name: str) -> None:
    visit.page.locator(f"button.act[name={name}]").last.click()


def open_settings(visit: Visit) -> None:
    visit.page.locator(".more > .label-wrap").click()
    expect(visit.page.locator(".seed input, .seed textarea")).to_be_visible()


def ask_first(visit: Visit) -> None:
    open_settings(visit)
    visit.page.locator(".asks-first input").check()
    visit.page.keyboard.press("Escape")
    expect(visit.page.locator(".seed input, .seed textarea")).to_be_hidden()


def test_a_card_tells_how_a_picture_was_made_and_gives_the_focus_back(visit: Visit) -> None:
    visit.ask("draw a red car", 1)
    button = visit.page.locator("button.act[name=info]")
    button.focus()
    visit.page.keyboard.press("Enter")
    card = visit.page.locator("dialog .info-card")
    expect(card).to_contain_text("draw a red car")
    expect(card).to_contain_text("fake")
    visit.page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(button).to_be_focused()


def test_two_versions_are_compared_by_keyboard_and_their_change_is_shown(visit: Visit) -> None:
    visit.ask("draw a red car", 1)
    visit.ask("make it blue", 2)
    act(visit, "compare")
    frame, divider = visit.page.locator(".compare-frame"), visit.page.locator(".divider")
    expect(divider).to_be_focused()
    divider.press("ArrowRight")
    assert frame.evaluate("frame => frame.style.getPropertyValue('--cut')") == "51%"
    assert visit.page.locator("dialog select").evaluate_all(
        "all => all.map(s => s.selectedOptions[0].text)"
    ) == [
        "#1",
        "#2",
    ]


def test_a_version_is_gone_back_to_with_a_click(visit: Visit) -> None:
    visit.ask("draw a red car", 1)
    visit.ask("make it blue", 2)
    visit.page.locator(".strip button.version").click()
    visit.expect_answers(3)
    expect(visit.page.locator(".chat .user-row").last).to_contain_text("Go back to #1")
    expect(visit.page.locator(".chat .picture .handle").last).to_have_text("#1")


def test_undo_and_redo_by_button_and_by_key(visit: Visit) -> None:
    visit.ask("draw a red car", 1)
    visit.ask("make it blue", 2)
    handle = visit.page.locator(".chat .picture .handle").last
    visit.page.locator(".strip .undo").click()
    visit.expect_answers(3)
    expect(handle).to_have_text("#1")
    visit.page.locator(".strip .redo").click()
    visit.expect_answers(4)
    expect(handle).to_have_text("#2")
    box = visit.page.locator(".box textarea")
    box.fill("a word")
    box.press("Control+z")
    expect(visit.page.locator(".chat .user-row")).to_have_count(4)
    visit.page.locator(".chat .picture img").last.click(trial=True)
    box.evaluate("box => box.blur()")
    visit.page.keyboard.press("Control+z")
    visit.expect_answers(5)
    expect(handle).to_have_text("#1")


def test_a_seed_is_taken_over_and_kept_by_the_browser(visit: Visit) -> None:
    visit.ask("draw a red car", 1)
    seed = re.search(r"\d+$", visit.page.locator("button.act[name=use_seed]").get_attribute("title") or "")
    assert seed is not None
    act(visit, "use_seed")
    open_settings(visit)
    field = visit.page.locator(".seed input, .seed textarea")
    expect(field).to_have_value(seed.group())
    visit.reload()
    open_settings(visit)
    expect(field).to_have_value(seed.group())
    visit.page.locator(".reset").click()
    expect(field).to_have_value("")


def test_who_asks_first_sees_the_plan_changes_it_and_decides(visit: Visit) -> None:
    ask_first(visit)
    visit.ask("draw a red car", 1)
    expect(visit.page.locator(".picture")).to_have_count(0)
    visit.page.locator(".proposal .field").fill("a green car")
    act(visit, "approve")
    expect(visit.page.locator(".chat").get_by_alt_text("Picture #1: a green car")).to_be_visible()
    visit.expect_answers(1)
    visit.ask("make it blue", 2)
    act(visit, "decline")
    expect(visit.answers.last).to_contain_text("Skipped")
    expect(visit.page.locator(".proposal")).to_have_count(0)


def test_a_message_said_in_other_words_is_a_branch_to_switch_to(visit: Visit) -> None:
    visit.ask("draw a red car", 1)
    visit.ask("make it blue", 2)
    visit.page.locator(".chat .user-row").last.hover()
    act(visit, "edit")
    field = visit.page.locator(".edit-field")
    expect(field).to_have_value("make it blue")
    field.fill("make it green")
    field.press("Enter")
    expect(visit.page.locator(".chat .user-row").last).to_contain_text("make it green")
    expect(visit.page.locator(".forks")).to_contain_text("2/2")
    visit.expect_answers(2)
    act(visit, "show_branch")
    expect(visit.page.locator(".chat .user-row").last).to_contain_text("make it blue")
    expect(visit.page.locator(".forks")).to_contain_text("1/2")


def test_of_several_candidates_one_is_picked(visit: Visit) -> None:
    visit.ask("draw three red cars in three pictures", 1)
    if visit.page.locator(".candidates").count() == 0:
        visit.ask("draw 3 pictures of a red car", 2)
    expect(visit.page.locator(".candidates .current .handle")).to_have_text(re.compile("c$"))
    visit.page.locator("button.act.pick").first.click()
    expect(visit.page.locator(".candidates .current .handle")).to_have_text(re.compile("a$"))


def test_only_what_was_marked_with_the_brush_changes(visit: Visit) -> None:
    visit.ask("draw a red car", 1)
    act(visit, "mask")
    canvas, use = visit.page.locator(".brush-frame canvas"), visit.page.locator("dialog .answer")
    expect(use).to_be_disabled()
    box = canvas.bounding_box()
    assert box is not None
    visit.page.mouse.move(box["x"] + 20, box["y"] + 20)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + 120, box["y"] + 60, steps=4)
    visit.page.mouse.up()
    expect(use).to_be_enabled()
    visit.page.get_by_role("button", name="Undo").click()
    expect(use).to_be_disabled()
    canvas.press("ArrowLeft")
    canvas.press(" ")
    use.click()
    expect(visit.page.locator(".mask-chip")).to_contain_text("Only the marked part of #1")
    visit.ask("make it blue", 2)
    expect(visit.page.locator(".mask-chip")).to_have_count(0)
    expect(visit.page.locator(".chat .user-row").last).to_contain_text("Only the marked part of #1")
    act(visit, "info")
    expect(visit.page.locator(".info-card")).to_contain_text("0.0% of what was to stay")
    visit.page.keyboard.press("Escape")
    act(visit, "compare")
    visit.page.locator(".changes-toggle input").check()
    expect(visit.page.locator(".compare-frame .changes")).to_be_visible()


def test_a_picture_brings_its_settings_along(visit: Visit, tmp_path: Path) -> None:
    chunks = PngInfo()
    chunks.add_text("parameters", INFOTEXT)
    file = tmp_path / "lighthouse.png"
    Image.new("RGB", (64, 96), "navy").save(file, pnginfo=chunks)
    visit.upload(file)
    chip = visit.page.locator(".chip", has_text="lighthouse.png carries its settings")
    chip.locator("button").click()
    expect(visit.page.locator(".box textarea")).to_have_value("a lighthouse at night")
    expect(chip).to_have_count(0)
    open_settings(visit)
    for field, value in ((".seed", "99"), (".num-steps", "12"), (".guidance", "4.5")):
        expect(visit.page.locator(f"{field} input, {field} textarea")).to_have_value(value)
    expect(visit.page.locator(".settings label.selected", has_text="Portrait")).to_be_visible()


def test_chinese_browsers_get_a_chinese_page(server: Server, browser: Browser) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844}, has_touch=True)
    visit = Visit(context, server.url)
    expect(visit.page.locator(".empty h2")).to_have_text("想画点什么？")
    visit.ask("画一辆红色的汽车", 1)
    expect(visit.page.locator(".trail summary")).to_contain_text("画了 1 张图")
    titles = visit.page.locator(".picture [title]").evaluate_all("all => all.map(each => each.title)")
    assert [title for title in titles if not re.search(r"[\u4e00-\u9fff]", title)] == []
    context.close()

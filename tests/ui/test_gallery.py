"""Pictures as markup: what can be done with them, and that words in them stay words."""

from __future__ import annotations

import re

from agent.domain import Origin
from tests.ui.pieces import a_picture
from ui.gallery import figure, forming, strip, thumbnails
from ui.look import Look

ENGLISH, CHINESE = Look(), Look(language="zh")


def acts_in(markup: str) -> list[str]:
    return re.findall(r'<button [^>]*name="(\w+)"', markup)


def test_a_figure_names_its_handle_and_what_can_be_done_with_it() -> None:
    markup = figure(a_picture(2), ENGLISH)
    assert "#2" in markup
    assert acts_in(markup) == ["info", "compare", "use_seed", "mask"]
    assert "Use the seed of #2: 42" in markup
    assert f'href="/pictures/{2:032x}?download=1"' in markup
    assert 'alt="Picture #2: a red car"' in markup


def test_words_in_a_caption_cannot_become_markup() -> None:
    caption = '"><img src=x onerror=alert(1)>\n\n<script>'
    for markup in (
        figure(a_picture(1, caption=caption), ENGLISH, is_candidate=True),
        strip(a_picture(2), [a_picture(1, caption=caption), a_picture(2)], ENGLISH),
    ):
        assert "<script" not in markup
        assert "onerror=alert(1)>" not in markup
        assert "\n" not in markup


def test_an_upload_is_named_as_such_and_has_no_seed() -> None:
    upload = a_picture(3, origin=Origin.UPLOADED)
    assert "your upload" in thumbnails([upload], ENGLISH)
    assert "use_seed" not in acts_in(figure(upload, ENGLISH))


def test_of_candidates_the_current_one_is_marked_and_the_others_can_be_picked() -> None:
    look = Look(head=a_picture(1).id)
    current = figure(a_picture(1), look, is_candidate=True)
    other = figure(a_picture(2), look, is_candidate=True)
    assert "Current" in current
    assert "go_back" not in acts_in(current)
    assert "go_back" in acts_in(other)


def test_undo_goes_to_what_it_was_made_from_and_redo_to_what_was_made_of_it() -> None:
    first, second = a_picture(1), a_picture(2).model_copy(update={"parents": (a_picture(1).id,)})
    third = a_picture(3).model_copy(update={"parents": (first.id,)})
    versions = [first, second, third]
    at_second, at_first = strip(second, versions, ENGLISH), strip(first, versions, ENGLISH)
    assert f'class="act step undo" name="go_back" value="{first.id}"' in at_second
    assert "step redo" not in at_second
    assert f'class="act step redo" name="go_back" value="{third.id}"' in at_first
    assert "step undo" not in at_first


def test_the_strip_goes_back_to_every_version_but_the_one_shown() -> None:
    first, second = a_picture(1), a_picture(2).model_copy(update={"parents": (a_picture(1).id,)})
    markup = strip(second, [first, second], ENGLISH)
    assert set(re.findall(r'name="go_back" value="(\w+)"', markup)) == {first.id}
    assert "line" in markup
    assert strip(first, [first], ENGLISH) == ""


def test_a_forming_picture_shows_its_preview_and_how_far_it_is() -> None:
    markup = forming(b"\xff\xd8jpeg", "Drawing · step 3 of 8", 3 / 8, ENGLISH)
    assert "data:image/jpeg;base64,/9hqcGVn" in markup
    assert "width:38%" in markup
    assert "step 3 of 8" in markup


def test_before_the_first_preview_there_is_a_haze_and_no_bar() -> None:
    markup = forming(b"", "Getting ready…", None, ENGLISH)
    assert "<img" not in markup
    assert "haze" in markup
    assert 'class="bar"' not in markup


def test_chinese_readers_hear_chinese() -> None:
    markup = figure(a_picture(2), CHINESE)
    assert 'alt="图片 #2: a red car"' in markup
    assert "Download" not in markup

"""Pictures as markup: what stands under them, and that words in them stay words."""

from __future__ import annotations

from agent.domain import Origin
from tests.ui.pieces import a_picture
from ui.gallery import figure, forming, thumbnails


def test_a_figure_names_handle_seed_and_steps_and_offers_the_download() -> None:
    markup = figure(a_picture(2))
    assert "#2" in markup
    assert "seed 42" in markup
    assert "8 steps" in markup
    assert f'href="/pictures/{2:032x}?download=1"' in markup
    assert 'alt="Picture #2: a red car"' in markup


def test_words_in_a_caption_cannot_become_markup() -> None:
    markup = figure(a_picture(1, caption='"><img src=x onerror=alert(1)>\n\n<script>'))
    assert "<script" not in markup
    assert markup.count("<img") == 1
    assert "\n" not in markup


def test_an_upload_is_named_as_such_and_has_no_recipe() -> None:
    upload = a_picture(3, origin=Origin.UPLOADED)
    assert "your upload" in thumbnails([upload])
    assert "seed" not in figure(upload)


def test_a_forming_picture_shows_its_preview_and_how_far_it_is() -> None:
    markup = forming(b"\xff\xd8jpeg", "Drawing · step 3 of 8", 3 / 8)
    assert "data:image/jpeg;base64,/9hqcGVn" in markup
    assert "width:38%" in markup
    assert "step 3 of 8" in markup


def test_before_the_first_preview_there_is_a_haze_and_no_bar() -> None:
    markup = forming(b"", "Getting ready…", None)
    assert "<img" not in markup
    assert "haze" in markup
    assert "bar" not in markup

"""All pictures as markup."""

from __future__ import annotations

from agent.domain import Origin
from agent.library import PAGE_PICTURES, PictureInChat, PicturePage
from tests.ui.pieces import a_picture
from ui.shelf import grid, large

EVIL = '"><img src=x onerror=alert(1)>'


def in_chat(
    number: int = 1, caption: str = "a red car", *, title: str = "cars", **facts: object
) -> PictureInChat:
    artifact = a_picture(number, caption=caption).model_copy(update=facts)
    return PictureInChat(artifact=artifact, message="draw it", title=title)


def page(*pictures: PictureInChat, number: int = 0, total: int | None = None) -> PicturePage:
    return PicturePage(pictures=pictures, page=number, total=len(pictures) if total is None else total)


def test_the_grid_shows_small_pictures_with_words_and_stars() -> None:
    markup = grid(page(in_chat(1), in_chat(2, is_starred=True)))
    assert markup.count('alt="a red car" loading="lazy"') == 2
    assert markup.count('aria-pressed="true"') == 1
    assert markup.count("/thumbnails/") == 2
    assert "/pictures/" not in markup, "whole files only when one is looked at"
    assert 'class="pager"' not in markup


def test_pages_are_turned_within_what_there_is() -> None:
    total = PAGE_PICTURES * 2 + 1
    first, last = (grid(page(in_chat(), number=number, total=total)) for number in (0, 2))
    assert "1 / 3" in first
    assert 'data-page="-1" disabled' in first
    assert 'data-page="1">' in first
    assert 'data-page="3" disabled' in last


def test_nothing_is_said_so() -> None:
    assert "No pictures yet" in grid(page())


def test_a_large_picture_tells_its_words_seed_and_chat() -> None:
    picture = in_chat(3)
    markup = large(picture, 4)
    for part in ("a red car", "seed 43", "“cars” #3", 'data-page="4"', "128 × 96", "?download=1"):
        assert part in markup
    assert f'data-do="use" data-id="{picture.artifact.id}"' in markup


def test_an_upload_is_told_by_its_message() -> None:
    markup = large(in_chat(caption="", origin=Origin.UPLOADED, recipe=None), 0)
    assert '<p class="words">draw it</p>' in markup
    assert ">Upload<" in markup


def test_words_stay_words() -> None:
    for markup in (grid(page(in_chat(caption=EVIL))), large(in_chat(caption=EVIL, title=EVIL), 0)):
        assert "<img src=x" not in markup

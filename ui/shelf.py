"""All pictures as markup: the grid, and one picture large. Pure; all words of users are escaped."""

from __future__ import annotations

from html import escape

from agent.domain import Artifact, Origin
from agent.library import PictureInChat, PicturePage
from ui.bilingual import spoken

__all__ = ["grid", "large"]

THUMBNAIL_PX = 320


def grid(shown: PicturePage) -> str:
    """One page of pictures, each with its star, and the way to the next page."""
    if not shown.pictures:
        return f'<p class="more">{spoken("no_pictures" if not shown.total else "nothing_found")}</p>'
    cards = "".join(card(each) for each in shown.pictures)
    return f'<div class="grid" data-page="{shown.page}">{cards}</div>{pager(shown)}'


def card(picture: PictureInChat) -> str:
    artifact = picture.artifact
    words = escape(words_of(picture))
    return (
        f'<figure><button type="button" class="look" data-do="look" data-id="{artifact.id}">'
        f'<img src="/thumbnails/{artifact.id}?size={THUMBNAIL_PX}" alt="{words}" loading="lazy" '
        f'width="{artifact.width}" height="{artifact.height}"></button>{star(artifact)}</figure>'
    )


def star(artifact: Artifact) -> str:
    pressed = "true" if artifact.is_starred else "false"
    return (
        f'<button type="button" class="star" data-do="star" data-id="{artifact.id}" aria-pressed="{pressed}">'
        f'<span class="sign" aria-hidden="true">{"★" if artifact.is_starred else "☆"}</span>'
        f'<span class="name">{spoken("unstar" if artifact.is_starred else "star")}</span></button>'
    )


def pager(shown: PicturePage) -> str:
    """Nothing where there is but one page."""
    if shown.num_pages == 1:
        return ""
    is_first, is_last = shown.page == 0, shown.page == shown.num_pages - 1
    return (
        f'<nav class="pager">{turn_to(shown.page - 1, "newer", is_first)}'
        f"<span>{shown.page + 1} / {shown.num_pages}</span>{turn_to(shown.page + 1, 'older', is_last)}</nav>"
    )


def turn_to(page: int, key: str, is_end: bool) -> str:
    disabled = " disabled" if is_end else ""
    return f'<button type="button" data-do="turn" data-page="{page}"{disabled}>{spoken(key)}</button>'


def large(picture: PictureInChat, page: int) -> str:
    """One picture with all that is known of it; `page` is where its grid was."""
    artifact = picture.artifact
    address = f"/pictures/{artifact.id}"
    return (
        f'<div class="large" data-page="{page}" style="--aspect:{artifact.width / artifact.height:.4f}">'
        f'<button type="button" class="back" data-do="turn">{spoken("back_to_pictures")}</button>'
        f'<a class="frame" href="{address}" target="_blank" rel="noopener"><img src="{address}" '
        f'alt="{escape(words_of(picture))}" width="{artifact.width}" height="{artifact.height}"></a>'
        f'<p class="words">{escape(words_of(picture))}</p><p class="facts">{facts(picture)}</p>'
        f'<div class="choices">{choice("use", "use_here", artifact)}{choice("go", "go_to_chat", artifact)}'
        f'<a href="{address}?download=1">{spoken("download")}</a>{star(artifact)}</div></div>'
    )


def choice(doing: str, key: str, artifact: Artifact) -> str:
    return f'<button type="button" data-do="{doing}" data-id="{artifact.id}">{spoken(key)}</button>'


def words_of(picture: PictureInChat) -> str:
    """What the picture was made with, else what was said with it."""
    return " ".join((picture.artifact.caption or picture.message or picture.title).split())


def facts(picture: PictureInChat) -> str:
    artifact, recipe = picture.artifact, picture.artifact.recipe
    parts = [f"{artifact.width} × {artifact.height}"]
    if artifact.origin is Origin.UPLOADED:
        parts.append(spoken("upload"))
    elif recipe is not None:
        parts += [escape(recipe.preset), f"seed {recipe.seed}"]
    parts.append(f"{spoken('from_chat')} “{escape(picture.title)}” {artifact.handle}")
    return " · ".join(parts)

"""Pictures on the page: figures with what can be done with them, candidates, versions, thumbnails, and the
picture that is just forming. Pure.

The page's script gives each `button.act` its meaning: `name` is the act, `value` the id it is about.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from agent.domain import Artifact, Origin
from ui.family import ancestors
from ui.look import Look

__all__ = ["act", "alt_text", "figure", "forming", "image", "pictures", "strip", "thumbnails"]

MOST_VERSIONS = 12


def pictures(figures: Sequence[str], kind: str = "") -> str:
    """Figures side by side as far as there is room."""
    return f'<div class="pictures {kind}">{"".join(figures)}</div>'


def figure(artifact: Artifact, look: Look, *, is_candidate: bool = False) -> str:
    """The picture, its handle, and what can be done with it; a candidate can be picked."""
    address = f"/pictures/{artifact.id}"
    is_current = is_candidate and artifact.id == look.head
    kind = "picture current" if is_current else "picture"
    return (
        f'<figure class="{kind}" style="--wide:{artifact.width};--tall:{artifact.height}">'
        f'<a class="frame" href="{address}" target="_blank" rel="noopener">{image(artifact, look)}</a>'
        f'<figcaption><strong class="handle">{artifact.handle}</strong>'
        f"{choice(artifact, look, is_current) if is_candidate else ''}"
        f'<span class="acts">{acts(artifact, look)}'
        f'<a class="download" href="{address}?download=1" title="{escape(look.say("download"))}">'
        f'<span class="unseen">{escape(look.say("download_of", handle=artifact.handle))}</span></a>'
        f"</span></figcaption></figure>"
    )


def acts(artifact: Artifact, look: Look) -> str:
    """Small buttons whose names are read out, not shown."""
    handle = artifact.handle
    names = {"info": look.say("about", handle=handle), "compare": look.say("compare_with", handle=handle)}
    if artifact.recipe is not None and artifact.recipe.operation is None:
        names["use_seed"] = look.say("use_seed", handle=handle, seed=artifact.recipe.seed)
    names["mask"] = look.say("paint_mask", handle=handle)
    return "".join(
        act(name, artifact.id, f'<span class="unseen">{escape(words)}</span>', words)
        for name, words in names.items()
    )


def act(name: str, about: str, content: str, title: str, kind: str = "icon") -> str:
    return (
        f'<button type="button" class="act {kind}" name="{name}" value="{about}" title="{escape(title)}">'
        f"{content}</button>"
    )


def choice(artifact: Artifact, look: Look, is_current: bool) -> str:
    if is_current:
        return f'<span class="picked">{escape(look.say("current"))}</span>'
    return act("go_back", artifact.id, escape(look.say("pick")), alt_text(artifact, look), "pick")


def strip(picture: Artifact, versions: Sequence[Artifact], look: Look) -> str:
    """The versions of a picture as thumbnails to go back to, undo and redo; nothing when there is but one."""
    if len(versions) < 2:
        return ""
    line = ancestors(picture, versions)
    items = "".join(version(each, picture, line, look) for each in versions[-MOST_VERSIONS:])
    undo = step("undo", "↶", made_from(picture, versions), look)
    redo = step("redo", "↷", newest_made_of(picture, versions), look)
    return (
        f'<div class="strip" role="group" aria-label="{escape(look.say("versions"))}">'
        f'{items}<span class="steps">{undo}{redo}</span></div>'
    )


def step(kind: str, sign: str, to: Artifact | None, look: Look) -> str:
    """A button that looks at another version, or its place where there is none."""
    if to is None:
        return f'<span class="no-step" aria-hidden="true">{sign}</span>'
    title = look.say(f"{kind}_to", handle=to.handle)
    content = f'<span aria-hidden="true">{sign}</span><span class="unseen">{escape(title)}</span>'
    return act("go_back", to.id, content, title, f"step {kind}")


def made_from(picture: Artifact, versions: Sequence[Artifact]) -> Artifact | None:
    """The first of its parents, as Versions.undo has it."""
    known = {each.id: each for each in versions}
    return next((known[each] for each in picture.parents if each in known), None)


def newest_made_of(picture: Artifact, versions: Sequence[Artifact]) -> Artifact | None:
    """As Versions.redo has it."""
    after = [each for each in versions if picture.id in each.parents]
    return max(after, key=lambda each: each.number, default=None)


def version(artifact: Artifact, here: Artifact, line: set[str], look: Look) -> str:
    content = f'{image(artifact, look, 96)}<span class="name">{artifact.handle}</span>'
    if artifact.id == here.id:
        return f'<span class="version here">{content}</span>'
    kind = "version line" if artifact.id in line else "version"
    return act("go_back", artifact.id, content, look.say("back_to", handle=artifact.handle), kind)


def thumbnails(artifacts: Sequence[Artifact], look: Look, kind: str = "uploads") -> str:
    """Small pictures with their handles: uploads, or a choice."""
    figures = (
        f'<figure class="thumbnail">{image(artifact, look, 320)}'
        f"<figcaption>{artifact.handle}{acts(artifact, look) if kind == 'uploads' else ''}"
        "</figcaption></figure>"
        for artifact in artifacts
    )
    return f'<div class="thumbnails {kind}">{"".join(figures)}</div>'


def image(artifact: Artifact, look: Look, thumbnail_px: int = 0) -> str:
    address = f"/thumbnails/{artifact.id}?size={thumbnail_px}" if thumbnail_px else f"/pictures/{artifact.id}"
    return (
        f'<img src="{address}" alt="{escape(alt_text(artifact, look))}" '
        f'width="{artifact.width}" height="{artifact.height}">'
    )


def alt_text(artifact: Artifact, look: Look) -> str:
    """What the picture shows, as far as its words tell, for those who cannot see it."""
    match artifact.origin:
        case Origin.UPLOADED:
            return look.say("your_upload", handle=artifact.handle)
        case Origin.MASK:
            return look.say("mask_picture", handle=artifact.handle)
        case _:
            words = " ".join((artifact.caption or look.say("some_picture")).split())
            return f"{look.say('picture', handle=artifact.handle)}: {words}"


def forming(preview: bytes, words: str, share: float | None, look: Look) -> str:
    """The picture that is being made: its latest preview, how far it is in words, and as a bar of `share`."""
    inside = '<span class="haze"></span>'
    if preview:
        address = f"data:image/jpeg;base64,{b64encode(preview).decode()}"
        inside = f'<img src="{address}" alt="{escape(look.say("preview"))}">'
    width = "" if share is None else f' style="width:{share:.0%}"'
    bar = "" if share is None else f'<span class="bar"><span{width}></span></span>'
    return (
        f'<figure class="picture forming"><span class="frame">{inside}</span>'
        f'<figcaption><span class="doing">{escape(words)}</span>{bar}</figcaption></figure>'
    )

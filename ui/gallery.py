"""Pictures on the page: figures with handle and recipe, thumbnails, the picture that is just forming."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from agent.domain import Artifact, Origin

__all__ = ["figure", "forming", "pictures", "thumbnails"]


def pictures(figures: Sequence[str]) -> str:
    """Figures side by side as far as there is room."""
    return f'<div class="pictures">{"".join(figures)}</div>'


def figure(artifact: Artifact) -> str:
    """The picture, its handle, what it was made with, and its download."""
    address = f"/pictures/{artifact.id}"
    recipe = artifact.recipe
    facts = [] if recipe is None else [f"seed {recipe.seed}", f"{recipe.num_steps} steps"]
    return (
        f'<figure class="picture">'
        f'<a class="frame" href="{address}" target="_blank" rel="noopener">{image(artifact)}</a>'
        f'<figcaption><strong class="handle">{artifact.handle}</strong>'
        f"{''.join(f'<span>{fact}</span>' for fact in facts)}"
        f'<a class="download" href="{address}?download=1">Download</a></figcaption></figure>'
    )


def thumbnails(artifacts: Sequence[Artifact], kind: str = "uploads") -> str:
    """Small pictures with their handles: uploads, or a choice."""
    figures = (
        f'<figure class="thumbnail">{image(artifact)}<figcaption>{artifact.handle}</figcaption></figure>'
        for artifact in artifacts
    )
    return f'<div class="thumbnails {kind}">{"".join(figures)}</div>'


def image(artifact: Artifact) -> str:
    return (
        f'<img src="/pictures/{artifact.id}" alt="{escape(alt_text(artifact))}" '
        f'width="{artifact.width}" height="{artifact.height}">'
    )


def alt_text(artifact: Artifact) -> str:
    """What the picture shows, as far as its words tell, for those who cannot see it."""
    if artifact.origin is Origin.UPLOADED:
        return f"Picture {artifact.handle}, your upload"
    words = " ".join((artifact.caption or "a picture").split())
    return f"Picture {artifact.handle}: {words}"


def forming(preview: bytes, words: str, share: float | None) -> str:
    """The picture that is being made: its latest preview, how far it is in words, and as a bar of `share`."""
    inside = '<span class="haze"></span>'
    if preview:
        address = f"data:image/jpeg;base64,{b64encode(preview).decode()}"
        inside = f'<img src="{address}" alt="Preview, not finished yet">'
    width = "" if share is None else f' style="width:{share:.0%}"'
    bar = "" if share is None else f'<span class="bar"><span{width}></span></span>'
    return (
        f'<figure class="picture forming"><span class="frame">{inside}</span>'
        f'<figcaption><span class="doing">{escape(words)}</span>{bar}</figcaption></figure>'
    )

"""Words in markup that the server writes: both languages stand there, and the page shows one."""

from __future__ import annotations

from html import escape

from ui.words import TEXTS

__all__ = ["spoken"]


def spoken(key: str) -> str:
    """A text in both languages; theme.css hides the one that `<html lang>` does not name."""
    text = TEXTS[key]
    return f'<span lang="en">{escape(text.en)}</span><span lang="zh">{escape(text.zh)}</span>'

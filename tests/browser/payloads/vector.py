"""What a vector is, and pages without a guard that would show it.

`ran(NUM)` tells that a script ran, a request to e.test that something was opened; NUM says which one it was.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt

__all__ = [
    "BODY",
    "HOME",
    "Page",
    "Vector",
    "as_markdown",
    "cleaned",
    "each_of",
    "escaped_inside",
    "filled",
    "folded",
    "inside",
    "shown_file",
    "sunk",
]

HOME = "e.test"
Page = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Vector:
    """`naive` is how a page without a guard would show it, None where that takes a library of Gradio's page;
    with `is_pressed` the user has to press the word "press"."""

    words: str
    naive: Page | None
    is_pressed: bool = False

    def numbered(self, number: int) -> str:
        return self.words.replace("NUM", str(number))


def each_of(words: Iterable[str], naive: Page | None, *, is_pressed: bool = False) -> tuple[Vector, ...]:
    return tuple(Vector(words=each, naive=naive, is_pressed=is_pressed) for each in words)


def inside(before: str, after: str) -> Page:
    return lambda words: f"{before}{words}{after}"


def escaped_inside(before: str, after: str) -> Page:
    """Escaped once, where it is read twice."""
    return lambda words: f"{before}{html.escape(words)}{after}"


def as_markdown(words: str) -> str:
    reader = MarkdownIt("js-default", {"html": True})
    reader.validateLink = lambda address: True  # type: ignore[method-assign]
    return str(reader.render(words))


def sunk(act: str) -> Page:
    """A script that has the words as a string and does this with them."""
    return lambda words: (
        f"<body><div id=place></div><script>const words = {script_string(words)}; {act}</script></body>"
    )


def script_string(words: str) -> str:
    return json.dumps(words).replace("<", "\\u003c")


def cleaned(words: str) -> str:
    """A page that takes scripts, handlers and frames away, writes down what is left and reads that again."""
    return (
        f"<body><script>const read = new DOMParser().parseFromString({script_string(words)}, 'text/html');"
        "for (const each of read.querySelectorAll('*')) {"
        "  if (/^(script|iframe|object|embed)$/i.test(each.localName)) each.remove();"
        "  for (const { name } of [...each.attributes]) if (/^on/i.test(name)) each.removeAttribute(name);"
        "}"
        "document.write(read.body.innerHTML)</script></body>"
    )


def folded(form: str) -> Page:
    return lambda words: unicodedata.normalize(form, words)


def filled(begin: str, end: str) -> Page:
    """A page that takes what stands between marks for a template of its own."""
    return sunk(
        f"for (const [, code] of words.matchAll(/{re.escape(begin)}(.*?){re.escape(end)}/g)) Function(code)()"
    )


def shown_file(find: Callable[[Any], str]) -> Page:
    """A page that shows whatever file a value names."""
    return lambda words: f'<img src="{find(json.loads(words))}">'


BODY = inside("<p>", "</p>")

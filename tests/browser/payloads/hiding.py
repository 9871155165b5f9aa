"""Markup that does not look like it: spelled oddly, coded, mutating, or breaking out of where it is put.

A pair of marks before a vector is what an unguarded page would put around it.
"""

from __future__ import annotations

import html
import json
import re
from urllib.parse import unquote

from tests.browser.payloads.vector import (
    BODY,
    Vector,
    cleaned,
    each_of,
    escaped_inside,
    filled,
    folded,
    inside,
    shown_file,
    sunk,
)

__all__ = ["HIDING"]

TAGS = (
    "<img/src='x'/onerror=ran(NUM)>",
    "<img\nsrc=x\nonerror\n=\nran(NUM)>",
    "<img\x0csrc=x\x0conerror=ran(NUM)>",
    "<img src='x'onerror='ran(NUM)'title='x'>",
    "<img src=x oNeRrOr=ran(NUM)>",
    "<img src=x onerror=ran(NUM)//",
    "<img src=x onerror=ran(NUM) onerror=x>",
    "<img / / src=x / onerror=ran(NUM) / >",
    "<img =x src=x onerror=ran(NUM)>",
    "<img '\"<x src=x onerror=ran(NUM)>",
    "<img src=`x` onerror=`${ran(NUM)}`>",
    "<img alt='>' src=x onerror=ran(NUM)>",
    "<img alt=x\u00a0src=x src=x onerror=ran(NUM)>",
    "<img title='\u202e\u2066' src=x onerror=/*\u202e*/ran(NUM)>",
    "<img src=x onerror=\tran&lpar;NUM&rpar;>",
    "<img src=x onerror=&#114;an(NUM)>",
    "<img src=x onerror=&#x72;an(NUM)>",
    "<img src=x onerror=&#00000114an(NUM)>",
    "<img src=x onerror=\\u0072an(NUM)>",
    "<img src=x onerror=r\\u{61}n(NUM)>",
    "<img src=x onerror=ran&NewLine;(NUM)>",
    "<img src=x onerror=ran\u2028(NUM)>",
    "<img src=x onerror=javascript:ran(NUM)>",
    "<img src=x onerror=x:ran(NUM)>",
    "<img src=x onerror=<!--x&NewLine;ran(NUM)>",
    "<img src=x onerror=eval(atob(btoa('ran(NUM)')))>",
    "<img src=x onerror=self['ra'+'n'](NUM)>",
    "<img src=x alt=ran(NUM) onerror=eval(alt)>",
    "<img src=x onerror=import('data:text/javascript,ran(NUM)')>",
    "<x-x><x/y z><img src=x onerror=ran(NUM)></x-x>",
    "<\u0131mg><img src=x onerror=ran(NUM)>",
)
MISREAD = (
    "<!--><img src=x onerror=ran(NUM)>-->",
    "<!---><img src=x onerror=ran(NUM)>-->",
    "<!-- --!><img src=x onerror=ran(NUM)>-->",
    "<!--<!--><img src=x onerror=ran(NUM)>",
    "<!x='><img src=x onerror=ran(NUM)>'>",
    "<!DOCTYPE x '><img src=x onerror=ran(NUM)>'>",
    "<?x='><img src=x onerror=ran(NUM)>'?>",
    "</ x='><img src=x onerror=ran(NUM)>'>",
    "</1><img src=x onerror=ran(NUM)>",
    "<%x='><img src=x onerror=ran(NUM)>'%>",
    "<![CDATA[><img src=x onerror=ran(NUM)>]]>",
    "<svg><![CDATA[<x>]]><img src=x onerror=ran(NUM)></svg>",
    "<title><a title='</title><img src=x onerror=ran(NUM)>'></title>",
    "<textarea><a title='</textarea><img src=x onerror=ran(NUM)>'></textarea>",
    "<style><a title='</style><img src=x onerror=ran(NUM)>'></style>",
    "<xmp><a title='</xmp><img src=x onerror=ran(NUM)>'></xmp>",
    "<noembed><a title='</noembed><img src=x onerror=ran(NUM)>'></noembed>",
    "<noframes><a title='</noframes><img src=x onerror=ran(NUM)>'></noframes>",
    "<noscript><a title='</noscript><img src=x onerror=ran(NUM)>'></noscript>",
    "<iframe><a title='</iframe><img src=x onerror=ran(NUM)>'></iframe>",
    "<script>'<!--<script>'</script>x--></script><img src=x onerror=ran(NUM)>",
    "<svg><style><img src=x onerror=ran(NUM)></style></svg>",
    "<svg><title><img src=x onerror=ran(NUM)></title></svg>",
    "<svg><desc><style></style><img src=x onerror=ran(NUM)></desc></svg>",
    "<svg><foreignObject><img src=x onerror=ran(NUM)></foreignObject></svg>",
    "<svg><noscript><img src=x onerror=ran(NUM)></noscript></svg>",
    "<svg><textarea><img src=x onerror=ran(NUM)></textarea></svg>",
    "<svg></p><img src=x onerror=ran(NUM)>",
    "<svg><font color><img src=x onerror=ran(NUM)></font></svg>",
    "<math><style><img src=x onerror=ran(NUM)></style></math>",
    "<math><xmp><img src=x onerror=ran(NUM)></xmp></math>",
    "<math><mi><img src=x onerror=ran(NUM)></mi></math>",
    "<math><annotation-xml encoding=text/html><style></style><img src=x onerror=ran(NUM)></annotation-xml>",
    "<table><td><table></td><img src=x onerror=ran(NUM)></table>",
    "<table><caption><img src=x onerror=ran(NUM)></table>",
    "<table><colgroup><img src=x onerror=ran(NUM)></colgroup></table>",
    "<select><option><img src=x onerror=ran(NUM)></option></select>",
    "<select><template></template></select><img src=x onerror=ran(NUM)>",
    "<button><button onclick=x><img src=x onerror=ran(NUM)>",
    "<a><p><a><img src=x onerror=ran(NUM)></p></a>",
    "<form><form><img src=x onerror=ran(NUM)></form>",
    "<b><p></b><img src=x onerror=ran(NUM)></p>",
    "<ruby><rt><rp><img src=x onerror=ran(NUM)></ruby>",
    "<template></template><img src=x onerror=ran(NUM)>",
    "<html onclick=x><body><html onfocusin=ran(NUM)><input autofocus>",
)
MUTATING = (
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=ran(NUM)></style></form>",
    "<form><math><ms></form><form><malignmark><style></math><img src onerror=ran(NUM)></style></form>",
    "<form><math><mo></form><form><mglyph><xmp></math><svg onload=ran(NUM)></xmp></form>",
    "<div><template shadowrootmode=open><svg onload=ran(NUM)></template></div>",
)
IN_TEXT = (
    ("<title>", "</title>", "</title><script>ran(NUM)</script>"),
    ("<textarea>", "</textarea>", "</textarea><svg onload=ran(NUM)>"),
    ("<!--", "-->", "--><svg onload=ran(NUM)>"),
    ("<!--", "-->", "--!><svg onload=ran(NUM)>"),
    ("<!--", "-->", "><svg onload=ran(NUM)>"),
    ("<noscript>", "</noscript>", "</noscript><svg onload=ran(NUM)>"),
    ("<template>", "</template>", "</template><svg onload=ran(NUM)>"),
    ("<xmp>", "</xmp>", "</xmp><svg onload=ran(NUM)>"),
    ("<iframe>", "</iframe>", "</iframe><svg onload=ran(NUM)>"),
    ("<noframes>", "</noframes>", "</noframes><svg onload=ran(NUM)>"),
    ("<svg><![CDATA[", "]]></svg>", "]]><image href=x onerror=ran(NUM) />"),
    ("<svg><desc>", "</desc></svg>", "<p><svg onload=ran(NUM)>"),
    ("<table>", "</table>", "<svg onload=ran(NUM)></svg>"),
    ("<select><option>", "</option></select>", "</select><svg onload=ran(NUM)>"),
    ("<", ">", "img src=x onerror=ran(NUM)"),
    ("</x ", ">", "/><svg onload=ran(NUM)"),
    ("<b ", ">x</b>", "autofocus tabindex=0 onfocus=ran(NUM)"),
)
IN_ATTRIBUTES = (
    ('<img alt="', '">', '" onerror=ran(NUM) src=x x="'),
    ("<img alt='", "'>", "' onerror=ran(NUM) src=x x='"),
    ("<img alt=", ">", "x onerror=ran(NUM) src=x"),
    ('<img alt="', '">', '"><svg onload=ran(NUM)><x y="'),
    ("<img alt='", "'>", "'><svg onload=ran(NUM)>"),
    ("<img alt=", ">", "><svg onload=ran(NUM)"),
    ('<input value="', '">', '" autofocus onfocus="ran(NUM)'),
    ('<b style="', '">x</b>', "background:url(http://e.test/NUM)"),
    ("<b style=\"background:url('", "')\">x</b>", "x'),url('http://e.test/NUM"),
    ('<b style="color:', '">x</b>', "red;border:1px solid;border-image:url(http://e.test/NUM)1"),
    ('<iframe src="', '"></iframe>', "javascript:parent.ran(NUM)"),
    ('<iframe src="https:', '"></iframe>', "//e.test/NUM"),
    ('<img srcset="', ' 2x">', "http://e.test/NUM 1x,x"),
    ('<base href="', '"><img src=x>', "//e.test/NUM/"),
    ('<script src="', '"></script>', "data:,ran(NUM)"),
    ('<meta http-equiv=refresh content="9;url=x', '">', '"><svg onload=ran(NUM)>'),
    ('<meta http-equiv="', "\" content='0;url=http://e.test'>", 'refresh" content="0;url=//e.test/NUM" x="'),
    ('<link rel="', "\" href='x'>", 'stylesheet" href="http://e.test/NUM'),
    ('<svg><set attributeName="', '" begin=1s to=x>', 'x" onbegin="ran(NUM)" begin="0s'),
)
ESCAPED_ONCE = (
    ("<img src=x onerror=\"x('", "')\">", "'||ran(NUM)||'"),
    ('<img src=x onerror="x(`', '`)">', "${ran(NUM)}"),
    ('<img src=x onerror="x=1//', '">', "\nran(NUM)"),
    ('<iframe srcdoc="', '"></iframe>', "<script>parent.ran(NUM)</script>"),
    ('<iframe src="data:text/html,', '"></iframe>', "<script>ran(NUM)</script >"),
    ("<iframe src=\"javascript:x='", "'\"></iframe>", "';parent.ran(NUM);'"),
    ("<svg><style>", "</style></svg>", "*{background:url(http://e.test/NUM)}"),
    ("<svg><script>'", "'</script></svg>", "';ran(NUM);'"),
)
IN_SCRIPTS = (
    ('<script>x = "', '"</script>', '";ran(NUM);"'),
    ("<script>x = '", "'</script>", "'-ran(NUM)-'"),
    ("<script>x = `", "`</script>", "${[ran(NUM)]}"),
    ('<script>x = "', '"</script>', "</script><script>ran(NUM)</script>"),
    ("<script>x = '", "'</script>", "</script/><svg onload=ran(NUM)>"),
    ("<script>// ", "</script>", "x\nran(NUM)"),
    ("<script>// ", "</script>", "x\u2028ran(NUM)"),
    ("<script>/* ", " */</script>", "*/ran(NUM)/*"),
    ("<script>x = /", "/</script>", "x/,ran(NUM),/x"),
    ("<script>x = {", ": 1}</script>", "[ran(NUM)]"),
    ("<script>x = ", "</script>", "ran(NUM)"),
    ("<script>if (0) { x = '", "' }</script>", "'} ran(NUM); {'"),
    ("<script type=application/json>{", "}</script>", "</script><svg onload=ran(NUM)>"),
    ("<style>b { color: ", "; }</style>", "red} * {background: url(http://e.test/NUM)"),
    ("<style>/* ", " */</style>", "*/ * {background: url(http://e.test/NUM)} /*"),
    ("<style>b::after { content: '", "' }</style>", "'} * {background: url(http://e.test/NUM)} b {c: '"),
    ("<style>@import 'x", "';</style>", "'; @import 'http://e.test/NUM"),
    ("<style>", "</style>", "</style><svg onload=ran(NUM)>"),
)
SINKS = (
    ("place.innerHTML = words", "<img src=x onerror=ran(NUM)><b>"),
    ("place.outerHTML = words", "<svg><animate onbegin=ran(NUM) attributeName=x>"),
    ("place.insertAdjacentHTML('afterend', words)", "<img src=http://e.test/NUM><i>"),
    ("document.write(words)", "<script>ran(NUM)</script><i>"),
    (
        "place.setHTMLUnsafe(words)",
        "<div><template shadowrootmode=open><img src=x onerror=ran(NUM)></template>",
    ),
    (
        "place.append(document.createRange().createContextualFragment(words))",
        "<script>ran(NUM)</script><b>",
    ),
    (
        "place.append(Document.parseHTMLUnsafe(words).body)",
        "<iframe srcdoc='<svg onload=parent.ran(NUM)>'>",
    ),
    (
        "place.append(document.createElement('iframe')); place.firstChild.srcdoc = words",
        "<svg onload=parent.ran(NUM)>",
    ),
    ("place.append(document.createElement('script')); place.firstChild.text = words", "/**/ran(NUM)"),
    (
        "place.append(document.createElement('style')); place.firstChild.append(words)",
        "*{background:url(//e.test/NUM)}",
    ),
    ("place.setAttribute('style', words)", "border:1px solid;border-image:url(//e.test/NUM) 1"),
    ("eval(words)", "(ran)(NUM)"),
    ("setTimeout(words)", "void ran(NUM)"),
    ("Function(words)()", "return ran(NUM)"),
    ("location = words", "javascript:void ran(NUM)"),
    ("place.setAttribute('onclick', words); place.click()", "this.x=ran(NUM)"),
    ("eval(`'${words}'`)", "'+ran(NUM)+'"),
    (
        "place.innerHTML = `<b title=\"${words.replaceAll('<', '&lt;')}\">`",
        '" tabindex=0 autofocus onfocus="ran(NUM)',
    ),
    (
        "place.innerHTML = words.replace(/<script>/gi, '')",
        "<scr<script>ipt></script><svg onl<script>oad=ran(NUM)>",
    ),
    ("place.innerHTML = `${words.replace(/<[^>]*>/g, '')}<br>`", "<img src=x onerror=ran(NUM) x="),
    ("place.innerHTML = words.replace('<', '&lt;')", "<<img src=x onerror=ran(NUM)>"),
    (
        "for (const key in Object(JSON.parse(words))) place.innerHTML = key",
        '{"<img src=x onerror=ran(NUM)>": 1}',
    ),
    (
        "const merge = (to, from) => { for (const k in from) typeof from[k] == 'object' "
        "? merge(to[k] ??= {}, from[k]) : to[k] = from[k] }; "
        "merge({}, JSON.parse(words)); place.innerHTML = {}.shown ?? ''",
        '{"__proto__": {"shown": "<img src=x onerror=ran(NUM)>"}}',
    ),
)
TEMPLATES = (
    ("{{", "}}", "{{ran(NUM)}}"),
    ("{{", "}}", "{{constructor.constructor('ran(NUM)')()}}"),
    ("${", "}", "${'x',ran(NUM)}"),
    ("#{", "}", "#{ran(NUM)}"),
    ("<%=", "%>", "<%= ran(NUM) %>"),
    ("[[", "]]", "[[ran(NUM)]]"),
    ("{%", "%}", "{% ran(NUM) %}"),
    ("@{", "}", "@{ran(NUM)}"),
)


def homoglyphs_read(words: str) -> str:
    return words.translate(str.maketrans("‹›〈〉❮❯", "<><><>"))


def tag_characters_read(words: str) -> str:
    return "".join(chr(ord(each) - 0xE0000) if 0xE0000 <= ord(each) < 0xE0080 else each for each in words)


def without_format(words: str) -> str:
    return re.sub("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u202a-\u202e]", "", words)


CODED = (
    Vector(words="&lt;svg onload=ran(NUM)&gt;", naive=html.unescape),
    Vector(words="&LT;svg onload=ran(NUM)&GT;", naive=html.unescape),
    Vector(words="&#60;svg onload=ran(NUM)&#62;", naive=html.unescape),
    Vector(words="&#x3c;svg onload=ran(NUM)&#x3E;", naive=html.unescape),
    Vector(words="&#0000060svg onload=ran(NUM)>", naive=html.unescape),
    Vector(words="&ltsvg onload=ran(NUM)&gt", naive=html.unescape),
    Vector(
        words="&amp;lt;svg onload=ran(NUM)&amp;gt;", naive=lambda words: html.unescape(html.unescape(words))
    ),
    Vector(words="%3Csvg onload=ran(NUM)%3E", naive=unquote),
    Vector(words="%253Csvg onload=ran(NUM)%253E", naive=lambda words: unquote(unquote(words))),
    Vector(words="%26lt;svg onload=ran(NUM)%26gt;", naive=lambda words: html.unescape(unquote(words))),
    Vector(words="%u003Csvg onload=ran(NUM)%u003E", naive=sunk("place.innerHTML = unescape(words)")),
    Vector(words="\\u003csvg onload=ran(NUM)\\u003e", naive=sunk("place.outerHTML = eval(`'${words}'`)")),
    Vector(words="\\x3csvg onload=ran(NUM)\\x3e", naive=sunk("place.outerHTML = eval(`'${words}'`)")),
    Vector(words="\\74svg onload=ran(NUM)\\76", naive=sunk("place.outerHTML = eval(`'${words}'`)")),
    Vector(words="\\u{3c}svg onload=ran(NUM)\\u{3e}", naive=sunk("place.outerHTML = eval(`'${words}'`)")),
    Vector(words="\\<svg onload=ran(NUM)\\>", naive=lambda words: words.replace("\\", "")),
    Vector(words="＜svg onload=ran（NUM）＞", naive=folded("NFKC")),
    Vector(words="﹤svg onload=ran﹙NUM﹚﹥", naive=folded("NFKD")),
    Vector(words="‹svg onload=ran(NUM)›", naive=homoglyphs_read),
    Vector(words="〈svg onload=ran(NUM)〉", naive=homoglyphs_read),
    Vector(words="❮svg onload=ran(NUM)❯", naive=homoglyphs_read),
    Vector(words="<s\u200bvg onl\u200boad=ran(NUM)>", naive=without_format),
    Vector(words="<s\u00advg onl\u00adoad=ran(NUM)>", naive=without_format),
    Vector(words="\u202e<s\u202cvg onl\ufeffoad=ran(NUM)>", naive=without_format),
    Vector(words="<\u2060svg onload=ran(NUM)>", naive=without_format),
    Vector(words="\U000e003csvg onload=ran(NUM)\U000e003e", naive=tag_characters_read),
    Vector(words="<ſcript ſrc=//e.test/NUM></ſcript>", naive=str.upper),
    Vector(words="<ﬆyle>@import'//e.test/NUM'</ﬆyle>", naive=str.upper),
    Vector(
        words="<ıframe src='data:text/html,<svg onload=ran(NUM)>'>",
        naive=lambda words: words.replace("ı", "ı".upper()),
    ),
    Vector(words="<linK rel=stylesheet href=//e.test/NUM>", naive=str.lower),
    Vector(words="<İmg src=//e.test/NUM>", naive=lambda words: words.lower().replace("\u0307", "")),
    Vector(words="+ADw-svg onload=ran(NUM)+AD4-", naive=lambda words: words.encode().decode("utf-7")),
)


FILES = (
    Vector(words='{"path": "http://e.test/NUM"}', naive=shown_file(lambda value: value["path"])),
    Vector(words='{"url": "http://e.test/NUM", "path": null}', naive=shown_file(lambda value: value["url"])),
    Vector(
        words='{"path": "x", "url": "//e.test/NUM", "meta": {"_type": "gradio.FileData"}}',
        naive=shown_file(lambda value: value["url"]),
    ),
    Vector(
        words='{"type": "file", "file": {"path": "http://e.test/NUM"}, "alt_text": "x"}',
        naive=shown_file(lambda value: value["file"]["path"]),
    ),
    Vector(
        words='{"component": "image", "value": {"url": "http://e.test/NUM"}, "props": {}}',
        naive=shown_file(lambda value: value["value"]["url"]),
    ),
    Vector(
        words='[["http://e.test/NUM", "x"]]',
        naive=shown_file(lambda value: value[0][0]),
    ),
    Vector(
        words='{"component": "html", "value": "<svg onload=ran(NUM)>"}',
        naive=lambda words: str(json.loads(words)["value"]),
    ),
    Vector(
        words='{"role": "assistant", "content": {"text": "<svg onload=ran(NUM)>"}}',
        naive=lambda words: str(json.loads(words)["content"]["text"]),
    ),
    Vector(
        words='{"__type__": "update", "value": "<svg onload=ran(NUM)>"}',
        naive=lambda words: str(json.loads(words)["value"]),
    ),
    Vector(
        words='__i18n__{"key": "<svg onload=ran(NUM)>"}',
        naive=lambda words: str(json.loads(words.removeprefix("__i18n__"))["key"]),
    ),
)
HIDING = (
    *each_of(TAGS, BODY),
    *each_of(MISREAD, BODY),
    *each_of(MUTATING, cleaned),
    *(Vector(words=words, naive=inside(before, after)) for before, after, words in IN_TEXT),
    *(Vector(words=words, naive=inside(before, after)) for before, after, words in IN_ATTRIBUTES),
    *(Vector(words=words, naive=escaped_inside(before, after)) for before, after, words in ESCAPED_ONCE),
    *(Vector(words=words, naive=inside(before, after)) for before, after, words in IN_SCRIPTS),
    *(Vector(words=words, naive=sunk(act)) for act, words in SINKS),
    *(Vector(words=words, naive=filled(begin, end)) for begin, end, words in TEMPLATES),
    *CODED,
    *FILES,
)

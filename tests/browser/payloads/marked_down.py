"""Markdown whose reading becomes markup, and what libraries of Gradio's page would make of words."""

from __future__ import annotations

from tests.browser.payloads.vector import as_markdown, each_of

__all__ = ["MARKED_DOWN"]

IMAGES = (
    "![x](http://e.test/NUM)",
    "![x](<http://e.test/NUM>)",
    "![x](http://e.test/NUM 'title')",
    "![x](\nhttp://e.test/NUM\n)",
    "![x](&#104;ttp&colon;//e.test/NUM)",
    "![x](http\\://e\\.test/NUM)",
    "![x](//e.test/NUM)",
    "![](http://e.test/NUM)",
    "![[x]](http://e.test/NUM)",
    "![x][a]\n\n[a]: http://e.test/NUM",
    "![a][]\n\n[a]: <http://e.test/NUM> 'title'",
    "![a]\n\n[A]:\nhttp://e.test/NUM",
    "[![x](http://e.test/NUM)](x)",
    "# ![x](http://e.test/NUM)",
    "![x](http://e.test/NUM)\n===",
    "> ![x](http://e.test/NUM)",
    "> words\n![x](http://e.test/NUM)",
    "- ![x](http://e.test/NUM)",
    "1. words\n\n   ![x](http://e.test/NUM)",
    "***![x](http://e.test/NUM)***",
    "~~![x](http://e.test/NUM)~~",
    "|x|\n|-|\n|![x](http://e.test/NUM)|",
    "words  \n![x](http://e.test/NUM)",
    "words\\\n![x](http://e.test/NUM)",
    "words\r\r![x](http://e.test/NUM)",
    "words\n \t\n![x](http://e.test/NUM)",
    "```\nx\n```\n![x](http://e.test/NUM)",
    "~~~ ```\nx\n~~~\n![x](http://e.test/NUM)",
    "`` ` ``![x](http://e.test/NUM)",
    "\\`![x](http://e.test/NUM)\\`",
    "***\n![x](http://e.test/NUM)",
)
BLOCKS = (
    "words\n\n<img src=x onerror=ran(NUM)>",
    "words <img src=x onerror=ran(NUM)> words",
    "words <svg\nonload=ran(NUM)> words",
    "*x<svg onload=ran(NUM)>*",
    "[x<svg onload=ran(NUM)>](x)",
    "</div>\n\n![x](http://e.test/NUM)",
    "<div>\n![x](y)\n\n![x](http://e.test/NUM)\n</div>",
    "<script>\n\nran(NUM)\n\n</script>",
    "<style>\n\n*{background:url(http://e.test/NUM)}\n\n</style>",
    "<!-- x\n\n--><svg onload=ran(NUM)>",
    "<?x\n\n?><svg onload=ran(NUM)>",
    "<!X\n\n><svg onload=ran(NUM)>",
    "<![CDATA[\n\n]]><svg onload=ran(NUM)>",
    "<x-x>\n<svg onload=ran(NUM)>",
    "   <p><svg onload=ran(NUM)>",
    "```html\nx\n```\n\n<svg onload=ran(NUM)>",
    "> ```\n<svg onload=ran(NUM)>",
    "- ```\n<svg onload=ran(NUM)>",
    "`x``<svg onload=ran(NUM)>",
    "|<svg onload=ran(NUM)>|\n|-|",
    "- x\n\n  <svg onload=ran(NUM)>",
    "# <svg onload=ran(NUM)> #",
    "[a]: x\n<svg onload=ran(NUM)>",
)
PRESSED = (
    "[press](javascript:ran(NUM))",
    "[press](<javascript:ran(NUM)>)",
    "[press](javascript&#58;ran%28NUM%29)",
    "[press](JAVASCRIPT:ran\\(NUM\\))",
    "[press][a]\n\n[a]: javascript:ran(NUM)",
    "[press]\n\n[press]: javascript:ran(NUM)",
    "<javascript:ran(NUM)//press>",
    "[**press**](javascript:ran(NUM) 'x')",
    "|[press](javascript:ran(NUM))|\n|-|",
    "<a href=javascript:ran(NUM)>*press*</a>",
)
OF_LIBRARIES = (
    r"$$\href{javascript:ran(NUM)}{press}$$",
    r"$$\includegraphics{http://e.test/NUM}$$",
    r"$$\htmlStyle{background:url(http://e.test/NUM)}{x}$$",
    "```mermaid\ngraph TD; A-->B; click A call ran(NUM)\n```",
    '{{#with "x"}}{{{constructor}}}ran(NUM){{/with}}',
)
MARKED_DOWN = (
    *each_of(IMAGES, as_markdown),
    *each_of(BLOCKS, as_markdown),
    *each_of(PRESSED, as_markdown, is_pressed=True),
    *each_of(OF_LIBRARIES, None),
)

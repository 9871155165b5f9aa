"""The outermost door: who may speak to this server at all, and as whom.

A page of another site, or a name that someone else pointed at this machine, is refused with an empty 403.
A browser that comes for the first time gets an unguessable cookie; what it makes belongs to that cookie and
is shown to nobody else (docs/decisions/0002). A program brings a key, and speaks for the owner who made it.
Who asks is found out here, once a request; everything behind the gate asks `owner_of`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.keys import Keys

__all__ = ["COOKIE", "OWNER", "Gate", "owner_of", "owner_of_cookie"]

COOKIE = "reverie_owner"
OWNER = "reverie.owner"
"""Where the gate writes in the request's scope; no client can."""
YEAR_SECONDS = 365 * 24 * 3600
TOKEN = re.compile(r"[0-9a-f]{32}")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def owner_of(request: HTTPConnection) -> str | None:
    """Whom the caller speaks for, as the gate found; None for nobody."""
    owner = request.scope.get(OWNER)
    return owner if isinstance(owner, str) else None


def owner_of_cookie(token: str) -> str:
    """The store keeps a hash, so reading it does not let anyone in."""
    return hashlib.sha256(token.encode()).hexdigest()


class Gate:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, host: str, keys: Keys | None = None) -> None:
        """`host` is the one loopback name the page is shown under; without `keys` no program comes in."""
        self.app = app
        self.host = host
        self.keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not is_welcome(headers, scope.get("method", "GET")):
            await refuse(scope, receive, send)
            return
        scope[OWNER] = await self.owner(headers)
        if scope["type"] == "http" and scope["path"] == "/" and scope["method"] == "GET":
            await self.first_page(scope, receive, send, headers)
        else:
            await self.app(scope, receive, guarded(send))

    async def owner(self, headers: Headers) -> str | None:
        """A key that is brought decides alone: a wrong one is nobody, whatever the cookie says."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.keys is not None:
            key = await run_in_threadpool(self.keys.find, token.strip())
            return None if key is None else key.owner
        cookie = read_cookie(headers)
        return None if cookie is None else owner_of_cookie(cookie)

    async def first_page(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        """The page itself, under one host name (a cookie belongs to one), and the cookie given or renewed."""
        host = urlsplit(f"//{headers['host']}")
        if host.hostname != self.host:
            port = f":{host.port}" if host.port else ""
            name = f"[{self.host}]" if ":" in self.host else self.host
            query = scope.get("query_string", b"").decode("latin-1")
            address = f"http://{name}{port}/{'?' if query else ''}{query}"
            await RedirectResponse(address)(scope, receive, guarded(send))
            return
        token = read_cookie(headers) or secrets.token_hex(16)
        cookie = f"{COOKIE}={token}; Path=/; Max-Age={YEAR_SECONDS}; HttpOnly; SameSite=Lax"
        await self.app(scope, receive, guarded(send, cookie))


def is_welcome(headers: Headers, method: str) -> bool:
    """Our own host names, our own pages. A link from elsewhere may open the page, but nothing else."""
    host = headers.get("host", "")
    if hostname(f"//{host}") not in LOOPBACK:
        return False
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return False
    if headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return True
    return method == "GET" and headers.get("sec-fetch-mode") == "navigate"


def hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def read_cookie(headers: Headers) -> str | None:
    """The owner's token, if the browser sent a whole one."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    value = cookies[COOKIE].value if COOKIE in cookies else ""
    return value if TOKEN.fullmatch(value) else None


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await Response(status_code=403)(scope, receive, send)


def guarded(send: Send, cookie: str = "") -> Send:
    """Adds the security headers, and the cookie if there is one to give."""

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            if cookie:
                headers.append("Set-Cookie", cookie)
        await send(message)

    return send_guarded

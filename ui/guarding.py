"""The headers that every answer carries."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

__all__ = ["SECURITY_HEADERS", "guarded", "policy_with"]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval' blob:",
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
"""Gradio's page needs eval, and brings a policy with the hashes of its scripts along; ours bring a stricter
one."""
REFLECTED = "access-control-"
FRAMES = re.compile(r"frame-ancestors [^;]*")


def policy_with(hashes: Iterable[str]) -> str:
    """For a page in which these scripts stand."""
    return CONTENT_SECURITY_POLICY.replace("script-src 'self'", " ".join(("script-src 'self'", *hashes)))


def guarded(send: Send, cookie: str = "", is_read: bool = False, framed_by: str = "") -> Send:
    """Adds what is missing, takes back what lets other sites read, gives the cookie if there is one.

    A site that the answer is `framed_by` may show it within its own pages, where cookies come along too.
    """

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [name for name in headers if name.startswith(REFLECTED)]:
                del headers[name]
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if is_read:
                headers.add_vary_header("Cookie")
            if cookie:
                headers.append("Set-Cookie", cookie)
            if framed_by:
                let_frame(headers, framed_by)
        await send(message)

    return send_guarded


def let_frame(headers: MutableHeaders, site: str) -> None:
    """Cookies that only https carries lose SameSite=Lax: what other sites may ask is the gate's business.

    They are not Partitioned: the provider's page opens a tab of its own, whose cookie the frame must see.
    """
    policy = FRAMES.sub(f"frame-ancestors 'self' {site}", headers["Content-Security-Policy"])
    headers["Content-Security-Policy"] = policy
    for index, (name, value) in enumerate(headers.raw):
        if name == b"set-cookie" and value.endswith(b"; SameSite=Lax; Secure"):
            headers.raw[index] = (name, value.replace(b"SameSite=Lax", b"SameSite=None"))

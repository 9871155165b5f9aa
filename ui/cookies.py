"""Cookies: read by name, and written so that no script and no other site gets at them."""

from __future__ import annotations

import hashlib
import re
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

__all__ = [
    "COOKIE",
    "ended_cookie",
    "kept_cookie",
    "owner_of_cookie",
    "read_cookie",
    "read_owner_cookie",
    "sign_in_cookie",
]

COOKIE, SIGN_IN = "reverie_owner", "reverie_sign_in"
TOKEN = re.compile(r"[0-9a-f]{32}")


def sign_in_cookie(scheme: str) -> str:
    """Behind https under a name that browsers take from this very host alone."""
    return f"__Host-{SIGN_IN}" if scheme == "https" else SIGN_IN


def read_cookie(headers: Headers, name: str) -> str:
    """Nothing when it is not there."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[name].value if name in cookies else ""


def kept_cookie(name: str, value: str, max_age_seconds: int) -> str:
    """The header's value."""
    secure = "; Secure" if name.startswith("__Host-") else ""
    return f"{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}"


def ended_cookie(name: str) -> str:
    return kept_cookie(name, "", 0)


def read_owner_cookie(headers: Headers) -> str | None:
    """The owner's token, if the browser sent a whole one."""
    value = read_cookie(headers, COOKIE)
    return value if TOKEN.fullmatch(value) else None


def owner_of_cookie(token: str) -> str:
    """The store keeps a hash, so reading it does not let anyone in."""
    return hashlib.sha256(token.encode()).hexdigest()

"""Under which names the app is spoken to, and what other sites may do: link to it, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers

__all__ = ["LOOPBACK", "Address", "hostname"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Address:
    """`host` is the one loopback name the page is shown under; with a `public_url` it has that name alone."""

    host: str
    public_url: str = ""

    @property
    def scheme(self) -> str:
        return urlsplit(self.public_url).scheme if self.public_url else "http"

    def is_ours(self, host: str) -> bool:
        """As the Host header gives it."""
        if not self.public_url:
            return hostname(f"//{host}") in LOOPBACK
        return place_of(f"{self.scheme}://{host}") == place_of(self.public_url)

    def is_welcome(self, headers: Headers, method: str) -> bool:
        """Our own names, our own pages. A link from elsewhere may open a page, but nothing else."""
        return self.is_ours(headers.get("host", "")) and self.is_own_page(headers, method)

    def is_own_page(self, headers: Headers, method: str) -> bool:
        origin = headers.get("origin")
        if origin is not None and origin != f"{self.scheme}://{headers.get('host', '')}":
            return False
        if headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
            return True
        return method == "GET" and headers.get("sec-fetch-mode") == "navigate"


def hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def place_of(address: str) -> str:
    """Name and port, the scheme's own if it gives none; nothing that any address has for what is none."""
    try:
        parts = urlsplit(address)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return f"no address: {address}"
    return f"{parts.hostname}:{port}" if "@" not in parts.netloc else f"no address: {address}"

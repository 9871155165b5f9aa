"""Addresses of servers that people name."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["host_and_port"]


def host_and_port(url: str) -> str | None:
    """Without what else an address may hold, a password too; None for what is no web address."""
    try:
        address = urlsplit(url)
        host, port = address.hostname, address.port
    except ValueError:
        return None
    if not host or address.scheme not in ("http", "https"):
        return None
    return f"{host}:{port}" if port else host

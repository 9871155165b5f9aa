"""Where the terminal finds its key: the app on this machine leaves one, in a file of this user's own."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["KEY_FILE", "find_key", "is_this_machine"]

KEY_FILE = "terminal.key"


def find_key(given: str, server: str, data_folder: Path) -> str:
    """The given one; else, for a server on this machine and no other, the one in the data folder; else ""."""
    if given or not is_this_machine(server):
        return given
    try:
        return (data_folder / KEY_FILE).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def is_this_machine(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

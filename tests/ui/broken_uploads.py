"""Malformed uploads as a hostile visitor sends them, and what the app makes of each in one word."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np

from tests.agent.decoder.hostile import broken, seeds
from tests.browser.server import Visitor
from ui.upload_door import UPLOAD_PATH

__all__ = ["FAULTS", "verdict"]

FAULTS = "FAULT"
REFUSAL = re.compile(r'notice refusal\\?">([^<]*)<')
BOUNDARY = "Ab0"
NAMES = (
    "a.png",
    "",
    "..",
    "a\0b.png",
    "x" * 300 + ".gif",
    "\ud800.png",
    "🦊 .jpeg",
    "../../etc/passwd",
    'a".svg',
)
CHARSETS = ("utf-8", "nope", "hex", "unicode_escape", "utf-16", "idna", "\0", "utf-7")
FIELDS = ("files", "file", "files\0", "", "files[]")


def verdict(visitor: Visitor, seed: int) -> str:
    """What begins with FAULTS must not be: an answer of 500 and more, none at all, or no sentence."""
    dice = np.random.default_rng(seed)
    try:
        if seed % 5 == 0:
            return of_answer(send_zip(visitor, dice), seed)
        if seed % 5 < 3:
            return of_answer(send_body(visitor, dice), seed)
        return of_message(visitor, seed)
    except httpx.HTTPError as error:
        return f"{FAULTS} {error!r}, seed {seed}"


def of_answer(answer: httpx.Response, seed: int) -> str:
    """A refusal of a body must say something."""
    if answer.status_code >= 500 or (answer.status_code >= 400 and len(answer.text) < 10):
        return f"{FAULTS} {answer.status_code} {answer.text[:100]!r}, seed {seed}"
    return str(answer.status_code)


def send_body(visitor: Visitor, dice: np.random.Generator) -> httpx.Response:
    """Multipart that is damaged, or means what nobody means."""
    parts = b"".join(part(dice) for _ in range(int(dice.integers(0, 5))))
    body = parts + f"--{BOUNDARY}--\r\n".encode()
    for _ in range(int(dice.integers(0, 4))):
        at = int(dice.integers(0, len(body) + 1))
        body = damaged(body, at, dice)
    charset = choice(dice, CHARSETS).encode()
    kinds = (
        f"multipart/form-data; boundary={BOUNDARY}".encode(),
        f"multipart/form-data; boundary={BOUNDARY}; charset=".encode() + charset.replace(b"\0", b"%00"),
        b"multipart/form-data",
        b"multipart/form-data; boundary=" + b"x" * 300,
        b"application/x-www-form-urlencoded",
        b"",
    )
    kind = kinds[int(dice.choice(len(kinds), p=(0.5, 0.3, 0.05, 0.05, 0.05, 0.05)))]
    query = choice(dice, ("", "", "?upload_id=a", f"?upload_id={quote(choice(dice, CHARSETS))}"))
    headers = {"content-type": kind}
    return visitor.http.post(f"{UPLOAD_PATH}{query}", content=body, headers=headers)  # type: ignore[arg-type]


def part(dice: np.random.Generator) -> bytes:
    name, field = choice(dice, NAMES), choice(dice, FIELDS)
    lines = [f'Content-Disposition: form-data; name="{field}"'.encode()]
    if dice.random() < 0.8:
        lines[0] += b'; filename="' + name.encode("utf-8", "surrogatepass") + b'"'
    if dice.random() < 0.1:
        lines[0] = b"Content-Disposition: " + dice.bytes(20).replace(b"\r", b"").replace(b"\n", b"")
    if dice.random() < 0.2:
        lines.append(b"X-Long: " + b"y" * int(dice.integers(0, 20_000)))
    content = seeds()[int(dice.integers(len(seeds())))]
    return f"--{BOUNDARY}\r\n".encode() + b"\r\n".join(lines) + b"\r\n\r\n" + content + b"\r\n"


def damaged(body: bytes, at: int, dice: np.random.Generator) -> bytes:
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: body[:at],
        lambda: body[:at] + dice.bytes(3) + body[at + 3 :],
        lambda: body[:at] + body[at + int(dice.integers(1, 50)) :],
        lambda: body[:at] + b"\r\n--" + BOUNDARY.encode() + body[at:],
        lambda: body[:at] + b"\0" * 10 + body[at:],
    )
    return ways[int(dice.integers(len(ways)))]()


def choice(dice: np.random.Generator, among: tuple[str, ...]) -> str:
    return among[int(dice.integers(len(among)))]


def send_zip(visitor: Visitor, dice: np.random.Generator) -> httpx.Response:
    """To the door for exported chats."""
    zips = (b"PK\x05\x06" + bytes(18), b"PK\x03\x04" + dice.bytes(300), dice.bytes(100), b"")
    content = zips[int(dice.integers(len(zips)))]
    kind = choice(dice, ("application/zip", "application/zip", "image/png", ""))
    return visitor.http.post("/import", content=content, headers={"content-type": kind})


def of_message(visitor: Visitor, seed: int) -> str:
    """A broken picture with a message: a turn with it, or a sentence where the reply would stand."""
    answer = visitor.http.post(UPLOAD_PATH, files={"files": (f"{seed}.png", broken(seed))})
    if answer.status_code != 200:
        return of_answer(answer, seed)
    box = {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}
    told: list[dict[str, Any]] = list(visitor.send("hello", files=[box]))
    refusals = [found for message in told for found in REFUSAL.findall(str(message))]
    if not all(message.get("success", True) for message in told):
        return f"{FAULTS} in the page, seed {seed}"
    if not refusals:
        return "picture"
    is_sentence = refusals[-1].endswith(".") and "Please" in refusals[-1]
    return "sentence" if is_sentence else f"{FAULTS} {refusals[-1]!r}, seed {seed}"

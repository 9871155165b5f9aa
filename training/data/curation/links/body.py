"""The bytes of a reply, within a size, whatever they are packed in, as long as they may be a picture."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Sequence

from training.data.curation.decode import Reason

__all__ = ["header", "looks_like_a_page", "read_body"]

Headers = Sequence[tuple[bytes, bytes]]
PACKED = ("gzip", "x-gzip", "deflate")
AS_IT_IS = ("", "identity")
PAGES = tuple(f"<{start}".encode() for start in ("!doctype html", "html", "head", "body", "script", "!--"))
SNIFFED_BYTES = 512
EITHER_PACKING = 32 + zlib.MAX_WBITS


async def read_body(headers: Headers, chunks: AsyncIterable[bytes], most_bytes: int) -> bytes | Reason:
    """Or why not; nothing is read on once that is clear. Raises what reading raises."""
    packing = header(headers, b"content-encoding").strip().lower()
    if packing not in (*PACKED, *AS_IT_IS):
        return Reason.NOT_FETCHED
    promised = header(headers, b"content-length")
    if promised.isdecimal() and len(promised) < 19 and int(promised) > most_bytes:
        return Reason.TOO_HEAVY
    unpack = zlib.decompressobj(EITHER_PACKING) if packing in PACKED else None
    body, is_sniffed = bytearray(), False
    async for chunk in chunks:
        try:
            body += chunk if unpack is None else unpack.decompress(chunk, most_bytes + 1 - len(body))
        except zlib.error:
            return Reason.DAMAGED
        if len(body) > most_bytes:
            return Reason.TOO_HEAVY
        if not is_sniffed and len(body) >= SNIFFED_BYTES:
            is_sniffed = True
            if looks_like_a_page(body):
                return Reason.PAGE
    if unpack is not None and not unpack.eof:
        return Reason.CUT_SHORT
    return Reason.PAGE if looks_like_a_page(body) else bytes(body)


def header(headers: Headers, name: bytes) -> str:
    """The first of that name, or nothing."""
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


def looks_like_a_page(body: bytes | bytearray) -> bool:
    start = bytes(body[:SNIFFED_BYTES]).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith(PAGES)

"""What a file is by its first bytes, whatever it is called."""

from __future__ import annotations

import re

__all__ = ["is_readable", "kind_of"]

READABLE = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP", re.DOTALL)
KINDS = (
    ("a PDF document", rb"\s*%PDF-"),
    ("a PostScript document", rb"%!PS|\xc5\xd0\xd3\xc6"),
    ("a HEIC photo", rb".{4}ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)"),
    ("an AVIF picture", rb".{4}ftypavi[fs]"),
    ("a camera's raw photo", rb".{4}ftypcrx |FUJIFILMCCD-RAW|II[*]\x00.{4}CR|IIU\x00|IIRO"),
    ("a video", rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI |FLV"),
    ("a TIFF picture", rb"II[*+]\x00|MM\x00[*+]"),
    ("a Photoshop file", rb"8BP[SB]"),
    ("a JPEG XL picture", rb"\xff\x0a|\x00\x00\x00\x0cJXL "),
    ("a JPEG 2000 picture", rb"\x00\x00\x00\x0cjP|\xff\x4f\xff\x51"),
    ("a BMP picture", rb"BM.{12}"),
    ("an icon file", rb"\x00\x00[\x01\x02]\x00|icns"),
    ("an OpenEXR picture", rb"v/1\x01"),
    ("a DDS texture", rb"DDS "),
    ("a zip file", rb"PK[\x03\x05\x07][\x04\x06\x08]"),
    ("a compressed file", rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd|Rar!"),
    ("a program", rb"MZ|\x7fELF|#!"),
)
HEAD_BYTES = 2048
SVG = re.compile(rb"<svg\b", re.IGNORECASE)
HTML = re.compile(rb"<!doctype html|<(html|head|body|script)\b", re.IGNORECASE)


def is_readable(content: bytes) -> bool:
    """Whether it begins like a PNG, JPEG, WebP or GIF."""
    return READABLE.match(content) is not None


def kind_of(content: bytes) -> str | None:
    """With its article, as a sentence about a file that we do not take needs it."""
    head = content[:HEAD_BYTES]
    for kind, signature in KINDS:
        if re.match(signature, head, re.DOTALL):
            return kind
    text = head.replace(b"\0", b"")
    if text.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
        if SVG.search(text):
            return "an SVG drawing"
        if HTML.search(text):
            return "a web page"
    return None

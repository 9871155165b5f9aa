"""The mark of origin in a picture's file: IPTC's DigitalSourceType in an XMP packet, for other tools."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

__all__ = ["BY_MODEL", "WITH_MODEL", "XMP_KEY", "packet", "save_marked", "term_of", "word_after"]

XMP_KEY = "XML:com.adobe.xmp"
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
BY_MODEL, WITH_MODEL = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
"""A model made it all, or had a part in it."""
TIFF_TAG = 700


def term_of(word: str) -> str:
    """IPTC's address of the word."""
    return f"{VOCABULARY}{word}"


def packet(word: str) -> str:
    """The XMP."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        f'Iptc4xmpExt:DigitalSourceType="{term_of(word)}"/></rdf:RDF></x:xmpmeta>'
    )


def word_after(source: Image.Image) -> str:
    """Of what a model makes from a picture: all is the model's only where that one says so of itself."""
    said = source.info.get(XMP_KEY) or source.info.get("xmp") or b""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return BY_MODEL if term_of(BY_MODEL) in text else WITH_MODEL


def save_marked(image: Image.Image, file: Path, word: str) -> bool:
    """In the format that the name ends in; False where that has no place for a mark. Raises OSError."""
    match Image.registered_extensions()[file.suffix.lower()]:
        case "PNG":
            chunks = PngInfo()
            chunks.add_itxt(XMP_KEY, packet(word))
            image.save(file, pnginfo=chunks)
        case "JPEG" | "WEBP" | "AVIF":
            image.save(file, xmp=packet(word).encode())
        case "TIFF":
            image.save(file, tiffinfo={TIFF_TAG: packet(word).encode()})
        case _:
            image.save(file)
            return False
    return True

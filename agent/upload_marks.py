"""What an upload said of its origin, in our words in its clean copy: other tools read it there too."""

from __future__ import annotations

from agent.decoder.origins import source_type_in
from agent.domain import SourceType
from agent.marks import xmp

__all__ = ["mark_of", "packet"]

CREDENTIALS = 'xmlns:reverie="urn:reverie:origin" reverie:ArrivedWith="C2PA"'
"""A manifest vouches for the bytes it came with, so no copy can have it: it can say that there was one."""


def packet(source_type: SourceType | None, has_credentials: bool) -> str:
    """The XMP packet of a clean copy, empty where there is nothing to say."""
    if not has_credentials:
        return "" if source_type is None else xmp(source_type)
    if source_type is not None:
        return xmp(source_type).replace('rdf:about=""', f'rdf:about="" {CREDENTIALS}')
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {CREDENTIALS}/></rdf:RDF></x:xmpmeta>'
    )


def mark_of(png: bytes) -> SourceType | None:
    """Of a clean copy, without decoding it: the packet stands before the pixels."""
    found = source_type_in(png[: max(0, png.find(b"IDAT"))])
    return None if found is None else SourceType(found)

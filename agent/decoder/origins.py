"""Marks of origin in files from elsewhere, read before all metadata goes.

IPTC's term stands in plain bytes wherever it is written: in XMP, and in a C2PA manifest's actions. Only a
PNG may have it compressed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["has_credentials", "source_type_in"]

TERM = re.compile(
    rb"digitalsourcetype/(trainedAlgorithmicMedia|compositeWithTrainedAlgorithmicMedia)(?![A-Za-z])",
    re.IGNORECASE,
)
WHOLE, PART = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
MANIFEST = re.compile(rb"jumb.{4}jumdc2pa|reverie:ArrivedWith=\"C2PA\"", re.DOTALL)
"""A JUMBF box, its description box, and the type that only C2PA's manifest store has; or our word for it."""


def source_type_in(content: bytes, texts: Iterable[str | bytes] = ()) -> str | None:
    """That a model made the picture, or had a part in it; of several marks the one that says more."""
    pieces = (content, *(text.encode() if isinstance(text, str) else text for text in texts))
    terms = {found.lower() for piece in pieces for found in TERM.findall(piece)}
    if WHOLE.lower().encode() in terms:
        return WHOLE
    return PART if terms else None


def has_credentials(content: bytes) -> bool:
    return MANIFEST.search(content) is not None

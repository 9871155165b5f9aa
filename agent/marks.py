"""Marks of origin: every picture that a model made, or had a part in, says so in its file.

The word is IPTC's DigitalSourceType in an XMP packet, which other tools read. It is no setting of metadata:
a download without our own texts has it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agent.domain import Artifact, Origin, SourceType
from agent.operations import PIXELS
from engines.api import XMP_KEY, packet
from engines.api import term_of as address_of

__all__ = ["XMP_KEY", "source_type_of", "term_of", "xmp"]


def source_type_of(
    ancestors: Iterable[Artifact],
    preset: str,
    mark_of: Callable[[Artifact], SourceType | None] = lambda _: None,
) -> SourceType | None:
    """Of a picture made by `preset` from its ancestors; None where no model had a part in it.

    A picture taken along from another chat came as an upload, but its recipe tells who made it; any other
    upload may have come with a mark (`mark_of`).
    """
    line = list(ancestors)
    marks = {mark_of(each) for each in line if each.origin is Origin.UPLOADED and each.recipe is None}
    by_model = preset != PIXELS or any(each.recipe and each.recipe.preset != PIXELS for each in line)
    if not by_model and not marks - {None}:
        return None
    return SourceType.MODEL if marks <= {SourceType.MODEL} else SourceType.MODEL_AND_UPLOAD


def term_of(source_type: SourceType) -> str:
    """IPTC's address of the word."""
    return address_of(source_type.value)


def xmp(source_type: SourceType) -> str:
    """The packet."""
    return packet(source_type.value)

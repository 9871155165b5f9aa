"""Which instructions ask for something new in the picture."""

from __future__ import annotations

import re

__all__ = ["adds_something"]

_ADDITION = re.compile(
    r"(?:(?:please|now|and|also|then|can you|could you)\s+)*"
    r"(?:add|(?:put|place|draw|insert|include|paint)(?:\s+in)?(?=\s+(?:an?|another|one|some|more)\b))\b"
)
_WHOLE_PICTURE = re.compile(r"\b(?:background|style|fog|filter|effect)\b")


def adds_something(instruction: str) -> bool:
    """ "Put a hat on the dog", not "put it on grass" nor "add fog"."""
    words = instruction.strip().lower()
    return bool(_ADDITION.match(words)) and not _WHOLE_PICTURE.search(words)

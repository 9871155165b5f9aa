"""What a small world's weights say they know. Importing this file never imports torch."""

from __future__ import annotations

import json
from pathlib import Path

from engines.errors import WeightsDamaged

__all__ = ["read_vocabulary"]

VOCABULARY = "vocabulary.json"


def read_vocabulary(folder: Path) -> dict[str, tuple[str, ...]]:
    """The words of a small world by kind; empty where the weights take any words."""
    file = folder / VOCABULARY
    if not file.is_file():
        return {}
    try:
        kinds = json.loads(file.read_text(encoding="utf-8"))
        return {str(kind): tuple(str(word) for word in words) for kind, words in kinds.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise WeightsDamaged(f"{file} is not a vocabulary: {error}.") from error

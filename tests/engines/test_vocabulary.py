from __future__ import annotations

from pathlib import Path

import pytest

from engines.errors import WeightsDamaged
from engines.vocabulary import read_vocabulary


def test_a_broken_vocabulary_is_named(tmp_path: Path) -> None:
    assert read_vocabulary(tmp_path) == {}
    for text in ("[", "[1]", '{"classes": 3}'):
        (tmp_path / "vocabulary.json").write_text(text)
        with pytest.raises(WeightsDamaged, match=r"vocabulary\.json"):
            read_vocabulary(tmp_path)

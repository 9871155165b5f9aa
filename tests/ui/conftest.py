"""A place where people sign in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.residence import Residence


@pytest.fixture
def residence(tmp_path: Path) -> Iterator[Residence]:
    residence = Residence(tmp_path)
    yield residence
    residence.close()

"""One tiny weights folder for the whole run; tests that damage it take a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.tiny import build_folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_folder(tmp_path_factory.mktemp("weights"))

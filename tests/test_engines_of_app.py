"""Which engines the app offers: those whose weights are there."""

from __future__ import annotations

import shutil
from pathlib import Path

import app
from agent.domain import Quality
from engines.load_engine import STICKERS
from engines.manifest import write_manifest


def test_fast_is_offered_where_the_weights_have_a_student(tmp_path: Path) -> None:
    weights = Path(shutil.copytree(STICKERS, tmp_path / "weights"))
    both = app.build_engines(app.Settings(weights=weights))
    assert set(both.painters) == {Quality.FULL, Quality.FAST}
    assert both.painters[Quality.FAST].info.preset == "stickers-fast"
    shutil.rmtree(weights / "transformer_fast")
    write_manifest(weights)
    one = app.build_engines(app.Settings(weights=weights))
    assert set(one.painters) == {Quality.FULL}
    assert one.painters[Quality.FULL].info.preset == "stickers-full"

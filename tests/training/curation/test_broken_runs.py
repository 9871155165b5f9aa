"""Kills and full disks, a few of each, in the bench's own way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import curation_kill
from tests.bench.curation_kill import Quota, break_and_go_on
from tests.training.curation.raw import good_folder
from training.data.curation.collect import CollectSettings
from training.data.curation.recipes import plain


@pytest.mark.parametrize("is_mounted", [True, False])
def test_a_broken_run_ends_as_an_unbroken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_mounted: bool
) -> None:
    if not is_mounted:
        monkeypatch.setattr(curation_kill, "disk_at", Quota)
    raw = good_folder(tmp_path / "raw", 24)
    recipe = replace(plain(), collect=CollectSettings(per_shard=4))
    figures = break_and_go_on(tmp_path, raw, recipe, 3, 2, 1, lambda _: None)
    assert figures.is_same
    assert figures.done_twice == 0
    assert (figures.shards, figures.kills >= 3, figures.full_disks >= 2) == (6, True, True)

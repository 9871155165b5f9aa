"""A tiny random model of transformers as captioner: it is asked, and what it says gets its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.eyes.tiny_vision_model import write_vision_model
from tests.training.curation.raw import good_folder
from training.data.curation.caption_stage import CaptionStage
from training.data.curation.collect import CollectSettings, collect
from training.data.curation.local_vlm import LocalSettings, folder_hash
from training.data.curation.run import Alone, run_stage
from training.data.curation.sources import find_source
from training.data.curation.stage import identity
from training.data.curation.store import Store
from training.data.curation.tables import read_table
from training.errors import BadRecipe


def test_words_of_no_sense_get_a_reason_and_are_not_asked_for_again(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    write_vision_model(folder)
    settings = LocalSettings(weights=folder_hash(folder), folder=folder, most_tokens=8)
    stage = CaptionStage(writer=settings, num_tries=2, replies=tmp_path / "replies")
    store = Store(address=str(tmp_path / "work"))
    shards = collect(
        store, [find_source(good_folder(tmp_path / "raw", 3))], CollectSettings(), lambda *_: None
    )
    run_stage(store, stage, shards, Alone(), lambda _: None)
    rows = read_table(store, "captions", "00000").to_pylist()
    assert {row["caption_status"] for row in rows} <= {"reply is not JSON", "empty reply"}
    assert {row["caption_requests"] for row in rows} == {2}
    assert rows[0]["caption_model"] == f"model {settings.weights}"
    kept = (tmp_path / "replies/00000.jsonl").read_bytes()
    assert kept.count(b"\n") == 6
    store.remove("tables/captions/00000.parquet")
    run_stage(store, stage, shards, Alone(), lambda _: None)
    assert (tmp_path / "replies/00000.jsonl").read_bytes() == kept


def test_other_weights_are_another_stage_and_another_place_is_not(tmp_path: Path) -> None:
    def stage(weights: str, place: str) -> CaptionStage:
        settings = LocalSettings(weights=weights, folder=tmp_path / place)
        return CaptionStage(writer=settings, replies=tmp_path / place)

    assert identity(stage("a", "here")) == identity(stage("a", "there"))
    assert identity(stage("a", "here")) != identity(stage("b", "here"))


def test_a_folder_without_weights_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="has no weights"):
        folder_hash(tmp_path)

"""A curated set as training data: what was kept and has words, through the commands that people type."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engines.sizes import Size
from tests.training.curation.raw import a_picture, as_file, good_folder
from training.checkpoint import last_step
from training.commands import main
from training.data.curation.collect import CollectSettings
from training.data.curation.decode import pixel_hash
from training.data.curation.measures import MeasureStage
from training.data.curation.pipeline import curate
from training.data.curation.recipes import plain
from training.data.curation.selected import read_selected
from training.data.curation.store import Store
from training.data.folder import read_pictures
from training.data.latent_reader import LatentReader
from training.errors import BadRecipe, CorruptShards

RECIPE = replace(
    plain(), collect=CollectSettings(per_shard=4), stages=(MeasureStage(),), select="contrast > 2"
)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Seven pictures of 64 x 48 with captions, one upright, one without words, one blank."""
    folder = good_folder(tmp_path / "raw", 7)
    (folder / "tall.png").write_bytes(as_file(a_picture(20, (48, 80))))
    (folder / "tall.txt").write_text("a tall\n one")
    (folder / "wordless.png").write_bytes(as_file(a_picture(21)))
    (folder / "zblank.png").write_bytes(as_file(a_picture(22).point(lambda level: 9)))
    (folder / "zblank.txt").write_text("nothing")
    return folder


@pytest.fixture
def curated(raw: Path, tmp_path: Path) -> Path:
    curate(RECIPE, Store(address=str(tmp_path / "curated")), [raw], lambda _: None)
    return tmp_path / "curated"


def test_what_was_kept_and_has_words_is_read(curated: Path) -> None:
    pictures = read_pictures(curated)
    assert [each.caption for each in pictures] == [
        *(f"picture {number}" for number in range(7)),
        "a tall one",
    ]
    assert [each.sha256 for each in pictures] == [pixel_hash(each.open()) for each in pictures]
    assert [each.outline() for each in pictures] == [Size(*each.open().size) for each in pictures]
    assert pictures[-1].outline() == Size(48, 80)


def test_another_expression_is_another_set(curated: Path, raw: Path) -> None:
    store = Store(address=str(curated))
    curate(RECIPE, store, [raw], lambda _: None, expression="height > 64")
    assert [each.caption for each in read_selected(curated)] == ["a tall one"]
    curate(RECIPE, store, [raw], lambda _: None, expression="height > 6400")
    with pytest.raises(BadRecipe, match="keeps 0 pictures and none has a caption"):
        read_selected(curated)


def test_damage_is_said(curated: Path) -> None:
    pictures = read_selected(curated)
    (curated / "shards" / "00001.tar").write_bytes(b"")
    with pytest.raises(CorruptShards, match=r"00001"):
        pictures[-1].open()
    (curated / "manifest.parquet").write_bytes(b"PAR1")
    with pytest.raises(CorruptShards, match=r"manifest .* cannot be read"):
        read_pictures(curated)


def test_stickers_learn_from_a_curated_set(
    curated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    common = ["--recipe", "smoke", "--runs", str(runs), "--threads", "1"]
    assert main(["autoencoder", *common]) == 0
    quick = [
        "--set",
        "growth.0.batch_size=2",
        "--set",
        "growth.1.batch_size=2",
        "--set",
        "pretrain.batch_size=2",
    ]
    assert main(["pretrain", *common, *quick, "--pictures", str(curated)]) == 0
    assert last_step(runs / "smoke" / "pretrain") == 2
    reader = LatentReader(runs / "smoke" / "latents" / "pretrain-of-pictures")
    assert sorted(zip(map(str, (each.size for each in reader.buckets)), reader.counts, strict=True)) == [
        (str(Size(192, 320)), 1),
        (str(Size(320, 192)), 7),
    ]
    assert torch.isfinite(reader.latents(0, [0])).all()
    assert not (runs / "smoke" / "latents" / "pretrain").exists()
    assert main(["autoencoder", *common, "--pictures", str(curated)]) == 2
    assert main(["pretrain", "--recipe", "hidream_i1", "--pictures", str(curated)]) == 2
    said = capsys.readouterr().err
    assert "leave --pictures out" in said
    assert "python -m training latents" in said

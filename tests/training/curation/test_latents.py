"""What is selected is encoded once, with all its captions, and training reads it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from engines.sizes import Size, cover
from engines.vae import Vae, to_pixels
from tests.engines.tiny import build_folder, build_vae
from tests.training.curation.captions.serving import draw_scenes, planted, serving
from tests.training.curation.raw import a_picture, as_file
from tests.training.test_cluster import tiny
from training.cluster import Place, run_stage
from training.commands import main
from training.data.curation.latents import LatentSettings, encode_selected
from training.data.curation.shards import read_shard
from training.data.curation.store import Store
from training.data.curation.tables import read_table
from training.data.latent_reader import LatentReader
from training.distributed import ALONE
from training.journal import read_log

OUTLINES = [(64, 64), (96, 48), (48, 96)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_folder(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures in three outlines, and two blanks that are not kept."""
    folder = tmp_path_factory.mktemp("pictures") / "raw"
    folder.mkdir()
    for index in range(12):
        (folder / f"{index:02}.png").write_bytes(as_file(a_picture(index, OUTLINES[index % 3])))
        (folder / f"{index:02}.txt").write_text(f"a red cat {index}" if index else "")
    for index in (3, 9):
        blank = a_picture(0, (64, 64)).point(lambda _, index=index: 20 * index)
        (folder / f"{index:02}a.png").write_bytes(as_file(blank))
    return folder


def curate(raw: Path, work: Path, weights: Path, *flags: str, px: int = 32) -> int:
    return main(
        [
            "curate",
            str(raw),
            "--work",
            str(work),
            "--latents",
            str(weights / "vae"),
            "--latents-px",
            str(px),
            *flags,
        ]
    )


def times(work: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in work.glob("latents/*/*.safetensors")}


def test_mean_and_log_variance_are_those_of_the_picture(raw: Path, weights: Path, tmp_path: Path) -> None:
    assert curate(raw, tmp_path, weights) == 0
    store, vae = Store(address=str(tmp_path)), Vae.from_pretrained(weights / "vae")
    reader = LatentReader(tmp_path / "latents/square-32", vae.encoder_hash())
    assert reader.num_records == 11  # one has no words
    assert {str(bucket.size) for bucket in reader.buckets} == {"32x32", "32x16", "16x32"}
    rows = read_table(store, "latents", "00000").to_pylist()
    for sample, row in zip(read_shard(store, "00000"), rows, strict=True):
        if sample.source.endswith(("a.png", "/00.png")):
            assert (row["latent_file"], row["latent_index"]) == ("", -1)
            continue
        place = next(
            place
            for place, each in enumerate(reader.buckets)
            if row["latent_file"].startswith(f"{each.size}-")
        )
        size: Size = reader.buckets[place].size
        wanted = vae.posterior(to_pixels(cover(sample.open(), size)))
        mean = reader.latents(place, [row["latent_index"]])
        spread = reader._read(place, row["latent_index"], "log_variance")
        assert wanted.log_variance_BChw is not None
        torch.testing.assert_close(mean, wanted.mean_BChw, atol=4e-3, rtol=2e-3)
        torch.testing.assert_close(spread.float(), wanted.log_variance_BChw[0], atol=4e-3, rtol=2e-3)
        (record,) = reader.records(place, [row["latent_index"]])
        assert json.loads(record) == {"captions": [sample.caption], "sha256": sample.id}


def test_what_is_still_true_is_not_encoded_again(
    raw: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert curate(raw, tmp_path, weights) == 0
    before = times(tmp_path)
    assert curate(raw, tmp_path, weights) == 0
    assert "latents: done before" in capsys.readouterr().out
    assert curate(raw, tmp_path, weights, "--select", "contrast > 2 and aspect >= 1") == 0
    assert LatentReader(tmp_path / "latents/square-32").num_records == 7
    assert times(tmp_path) == before  # the square and wide ones stay; nobody reads the tall ones' file
    shutil.rmtree(tmp_path / "latents")
    assert curate(raw, tmp_path, weights) == 0
    assert times(tmp_path).keys() == before.keys()


def test_another_autoencoder_makes_other_latents(raw: Path, weights: Path, tmp_path: Path) -> None:
    assert curate(raw, tmp_path, weights) == 0
    store, folder = Store(address=str(tmp_path)), tmp_path / "latents"
    torch.manual_seed(1)
    other = Vae(build_vae().eval())
    settings = LatentSettings(resolution_px=32, folder=folder)
    first = LatentReader(settings.shards)
    old = first.latents(0, [0])
    again = encode_selected(store, settings, other, lambda _: None)
    assert again.manifest.encoder == other.encoder_hash() != first.manifest.encoder
    assert not torch.allclose(again.latents(0, [0]), old)


def test_a_recipe_trains_on_them(raw: Path, weights: Path, tmp_path: Path) -> None:
    assert curate(raw, tmp_path / "work", weights) == 0
    recipe = tiny()
    place = Place(runs=tmp_path / "runs", data=tmp_path / "work/latents", weights=weights, team=ALONE)
    run_stage(recipe, recipe.stage("pretrain-32"), place, lambda _: None, before=None)
    losses = [record["loss"] for record in read_log(tmp_path / "runs/pretrain-32")]
    assert len(losses) == 3


@pytest.mark.font
def test_all_lengths_of_captions_go_with_a_picture(weights: Path, tmp_path: Path) -> None:
    raw, work = tmp_path / "raw", tmp_path / "work"
    captioner = planted(draw_scenes(raw, 6), hallucinate=0.5)
    with serving(captioner) as url:
        flags = ["--captions-model", "rule-captioner", "--captions-url", url]
        assert curate(raw, work, weights, *flags, px=64) == 0
    captions = read_table(Store(address=str(work)), "captions", "00000").to_pylist()
    latents = read_table(Store(address=str(work)), "latents", "00000").to_pylist()
    reader = LatentReader(work / "latents/square-64")
    told = {
        tuple(json.loads(record)["captions"])
        for bucket in range(len(reader.buckets))
        for record in reader.records(bucket, range(reader.buckets[bucket].num_records))
    }
    kept = [row for row in captions if row["caption_supported"] == 1]
    assert 0 < len(kept) < 6
    assert told == {tuple(row[f"caption_{length}"] for length in ("short", "medium", "long")) for row in kept}
    assert [bool(row["latent_file"]) for row in latents] == [row in kept for row in captions]


def test_bad_wishes_get_a_sentence(
    raw: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert curate(raw, tmp_path, weights, "--select", "contrast > 10_000") == 2
    assert "keeps 0 pictures and none has a caption" in capsys.readouterr().err
    assert curate(raw, tmp_path, weights, "--latents-step", "12") == 2
    assert "packs 8 px into one" in capsys.readouterr().err
    assert curate(raw, tmp_path, tmp_path) == 2
    assert "No autoencoder" in capsys.readouterr().err

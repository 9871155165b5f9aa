"""The recipes with the published judges, from command to manifest, on files of the published shapes."""

from __future__ import annotations

import pickle
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from tests.training.curation.judges.published import (
    aesthetic_mlp,
    clip_folder,
    nsfw_l14,
    randomised,
    sscd_names,
    watermark_names,
    write,
)
from tests.training.curation.raw import a_picture, as_file, good_folder
from training.commands import main
from training.data.curation.judges import stages
from training.data.curation.judges.files import (
    AESTHETIC_LINEAR,
    AESTHETIC_MLP,
    CLIP,
    NSFW,
    SSCD,
    SSCD_SCRIPT,
    WATERMARK,
    JudgeFile,
)
from training.data.curation.judges.stages import ClipScoreStage
from training.data.curation.pipeline import curate
from training.data.curation.recipes import Judges, find_curation_recipe
from training.data.curation.shards import Sample
from training.data.curation.stage import identity
from training.data.curation.store import Store
from training.data.curation.tables import read_table
from training.errors import BadRecipe


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judges")
    write(randomised(sscd_names()), folder / SSCD.name)
    write(randomised(watermark_names()), (folder / WATERMARK.name).with_suffix(".safetensors"))
    write(randomised(nsfw_l14()), folder / NSFW.name)
    write(randomised({"weight": (1, 768), "bias": (1,)}), folder / AESTHETIC_LINEAR.name)
    write(randomised(aesthetic_mlp()), folder / AESTHETIC_MLP.name)
    clip_folder(folder / CLIP.name)
    return folder


def a_sample(seed: int) -> Sample:
    return Sample(key=f"{seed:05}", id=str(seed), suffix="png", content=as_file(a_picture(seed)))


def test_the_reports_recipe_goes_from_folder_to_manifest(judges: Path, tmp_path: Path) -> None:
    raw, store = good_folder(tmp_path / "raw", 3), Store(address=str(tmp_path / "work"))
    (raw / "copy.png").write_bytes((raw / "0000.png").read_bytes())
    recipe = find_curation_recipe("report", Judges(folder=judges))
    said = list[str]()
    kept = curate(recipe, store, [raw], said.append, expression="not is_copy and nsfw >= 0").num_kept
    assert kept == 3
    scored = read_table(store, "clip_scores", "00000")
    assert scored.column_names == ["key", "nsfw", "aesthetic"]
    assert all(0 <= each <= 1 for each in scored["nsfw"].to_pylist())
    marks = read_table(store, "watermarks", "00000")["watermark"].to_pylist()
    assert all(0 <= each <= 1 for each in marks)
    descriptors = read_table(store, "descriptors", "00000")["descriptor"]
    assert descriptors.type == pa.list_(pa.float16(), 512)
    lengths = np.linalg.norm(np.array(descriptors.to_pylist(), np.float32), axis=1)
    assert np.allclose(lengths, 1, atol=1e-2)
    curate(recipe, store, [raw], said.append, expression="watermark >= 0")
    assert [line for line in said if "done before" in line][-1] == "measures: done before"


@pytest.mark.parametrize("name", ["report", "laion"])
def test_every_column_that_a_recipe_selects_by_is_some_stages(
    judges: Path, tmp_path: Path, name: str
) -> None:
    recipe = find_curation_recipe(name, Judges(folder=judges))
    curate(recipe, Store(address=str(tmp_path / "w")), [good_folder(tmp_path / "raw", 2)], print)


def test_other_weights_are_another_stage_and_another_folder_is_not(judges: Path, tmp_path: Path) -> None:
    nsfw, linear = JudgeFile(judges / NSFW.name), JudgeFile(judges / AESTHETIC_LINEAR.name)
    moved = JudgeFile(write_bytes(tmp_path / "moved.pth", (judges / NSFW.name).read_bytes()))
    stage = ClipScoreStage(nsfw=nsfw, aesthetic=linear)
    assert identity(stage) == identity(replace(stage, nsfw=moved))
    other = JudgeFile(write(randomised(nsfw_l14(), seed=9), tmp_path / "other.pth"))
    assert identity(stage) != identity(replace(stage, nsfw=other))


def write_bytes(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


def test_a_head_of_the_wrong_clip_gets_a_sentence(judges: Path, tmp_path: Path) -> None:
    small = write(randomised({"weight": (1, 512), "bias": (1,)}), tmp_path / "sa_0_4_vit_b_32_linear.pth")
    stage = ClipScoreStage(nsfw=JudgeFile(judges / NSFW.name), aesthetic=JudgeFile(small))
    column = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(1536, np.float16)), 768)
    with pytest.raises(BadRecipe, match="made for embeddings of 512 numbers, and this CLIP gives 768"):
        stage.open()([a_sample(0), a_sample(1)], {"clip": pa.table({"descriptor": column})})


def test_a_batch_gives_what_each_picture_gives_alone(judges: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "BATCH", 2)
    annotate = stages.WatermarkStage(weights=JudgeFile(find(judges, WATERMARK.name)), side_px=64).open()
    samples = [a_sample(seed) for seed in range(5)]
    together = annotate(samples, {})["watermark"].to_numpy()
    alone = np.concatenate([annotate([each], {})["watermark"].to_numpy() for each in samples])
    assert np.allclose(together, alone, atol=1e-5)
    assert annotate([], {}).num_rows == 0


def find(folder: Path, name: str) -> Path:
    return (folder / name).with_suffix(".safetensors")


def test_missing_judges_are_named_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe) as caught:
        find_curation_recipe("laion", Judges(folder=tmp_path))
    assert all(each.name in str(caught.value) for each in (SSCD, CLIP, NSFW, AESTHETIC_MLP, WATERMARK))
    with pytest.raises(BadRecipe, match="choose one of plain, stickers, report"):
        find_curation_recipe("nonsense")


def test_the_command_names_what_is_missing_and_where_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work, folder = tmp_path / "work", tmp_path / "judges"
    command = ["curate", str(good_folder(tmp_path / "raw", 1)), "--work", str(work), "--recipe", "report"]
    assert main([*command, "--judges", str(folder)]) != 0
    told = capsys.readouterr().err
    assert f"{folder} lacks {SSCD.name} from {SSCD.where}" in told
    assert main([*command, "--judges", str(folder), "--trust-torchscript", "0" * 64]) != 0
    assert SSCD_SCRIPT.name in capsys.readouterr().err
    assert not work.exists()


def test_a_stage_travels_to_a_worker(judges: Path) -> None:
    stage = ClipScoreStage(
        nsfw=JudgeFile(judges / NSFW.name), aesthetic=JudgeFile(judges / AESTHETIC_LINEAR.name)
    )
    there = pickle.loads(pickle.dumps(stage))
    assert (there, identity(there)) == (stage, identity(stage))
    there.open()


def test_topiq_says_what_it_needs_and_under_what_licence(judges: Path) -> None:
    assert "pyiqa" not in sys.modules
    with pytest.raises(BadRecipe, match=r"pip install pyiqa.*Noncommercial.*`report` measures sharpness"):
        find_curation_recipe("report-topiq", Judges(folder=judges))


def test_topiq_is_asked_as_its_library_wants(judges: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in of the library, which is not to be installed here, keeps what it is given."""
    given = list[torch.Tensor]()

    def create_metric(name: str, device: torch.device) -> object:
        assert name == "topiq_nr"
        return lambda pixels: given.append(pixels) or pixels.mean()

    library = types.ModuleType("pyiqa")
    library.create_metric = create_metric  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyiqa", library)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.1.16")
    recipe = find_curation_recipe("report-topiq", Judges(folder=judges))
    stage = next(each for each in recipe.stages if each.name == "topiq")
    table = stage.open()([a_sample(1)], {})  # type: ignore[union-attr]
    pixels = np.asarray(a_picture(1), np.float32) / 255
    assert given[0].shape == (1, 3, 48, 64)
    assert np.allclose(given[0][0].permute(1, 2, 0).numpy(), pixels)
    assert table["topiq"].to_pylist() == pytest.approx([pixels.mean()], rel=1e-5)

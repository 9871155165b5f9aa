"""Reading folders in diffusers layout, whole, sharded and damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from diffusers import HiDreamImageTransformer2DModel, ModelMixin
from safetensors.torch import load_file, save_file

from engines.errors import ModelNotFound, WeightsDamaged
from engines.sparse_dit import SparseDiT
from engines.sparse_dit.checkpoint import INDEX, WEIGHTS
from tests.engines.tiny import TRANSFORMER, build_transformer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    build_transformer(TRANSFORMER).save_pretrained(tmp_path / "transformer")
    return tmp_path / "transformer"


def shard(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    names = sorted(tensors)
    weight_map = {name: f"part-{index % 2}.safetensors" for index, name in enumerate(names)}
    for part in set(weight_map.values()):
        save_file({name: tensors[name] for name in names if weight_map[name] == part}, folder / part)
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / WEIGHTS).unlink()


def test_what_is_saved_loads_again_here_and_in_diffusers(folder: Path) -> None:
    model = SparseDiT.from_pretrained(folder.parent, subfolder="transformer")
    assert not model.training
    theirs = HiDreamImageTransformer2DModel.from_pretrained(folder)
    state = model.state_dict()
    assert state.keys() == theirs.state_dict().keys()
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(tensor, state[name])


def test_diffusers_folders_load_here(folder: Path, tmp_path: Path) -> None:
    HiDreamImageTransformer2DModel.from_pretrained(folder).save_pretrained(tmp_path / "theirs")
    ours = SparseDiT.from_pretrained(tmp_path / "theirs", dtype=torch.bfloat16)
    assert ours.dtype is torch.bfloat16
    assert ours.config == SparseDiT.from_pretrained(folder).config


def test_shards_load_like_one_file(folder: Path) -> None:
    whole = SparseDiT.from_pretrained(folder).state_dict()
    shard(folder)
    parts = SparseDiT.from_pretrained(folder).state_dict()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_missing_shard_is_named(folder: Path) -> None:
    shard(folder)
    (folder / "part-1.safetensors").unlink()
    with pytest.raises(WeightsDamaged, match=r"part-1\.safetensors is missing"):
        SparseDiT.from_pretrained(folder)


def test_shards_outside_the_folder_are_refused(folder: Path) -> None:
    shard(folder)
    (folder / INDEX).write_text(json.dumps({"weight_map": {"x": "../secret.safetensors"}}))
    with pytest.raises(WeightsDamaged, match="outside its own folder"):
        SparseDiT.from_pretrained(folder)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ({"x_embedder.proj.bias": None}, "lacks 1 of .* the first is x_embedder.proj.bias"),
        ({"x_embedder.proj.bias": torch.zeros(3)}, r"x_embedder.proj.bias has shape \(3,\) where .* \(32,\)"),
        ({"lora.weight": torch.zeros(3)}, "holds lora.weight, which this transformer does not have"),
    ],
    ids=["missing", "shape", "foreign"],
)
def test_every_key_and_shape_must_fit(
    folder: Path, damage: dict[str, torch.Tensor | None], sentence: str
) -> None:
    tensors = load_file(folder / WEIGHTS) | damage
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, folder / WEIGHTS)
    with pytest.raises(WeightsDamaged, match=sentence):
        SparseDiT.from_pretrained(folder)


def test_a_cut_file_is_named(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])
    with pytest.raises(WeightsDamaged, match="cut or damaged"):
        SparseDiT.from_pretrained(folder)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "not readable JSON"),
        ("[]", "must hold a JSON object"),
        ('{"surprise": 1}', "does not describe a SparseDiT"),
        (json.dumps(TRANSFORMER | {"llama_layers": [0]}), "does not describe a SparseDiT"),
    ],
)
def test_a_bad_configuration_is_named(folder: Path, text: str, sentence: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(WeightsDamaged, match=sentence):
        SparseDiT.from_pretrained(folder)


def test_empty_folders_have_no_model(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"config\.json is missing"):
        SparseDiT.from_pretrained(tmp_path)
    (folder / WEIGHTS).unlink()
    with pytest.raises(ModelNotFound, match="No weights"):
        SparseDiT.from_pretrained(folder)


def test_names_of_repositories_go_to_diffusers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of the same name comes first."""
    asked: list[str] = []

    def load(cls: type, name: str, **options: object) -> None:
        asked.append(f"{name} {options['subfolder']}")

    monkeypatch.setattr(ModelMixin, "from_pretrained", classmethod(load))
    monkeypatch.chdir(tmp_path)
    SparseDiT.from_pretrained("HiDream-ai/HiDream-I1-Full", "transformer")
    assert asked == ["HiDream-ai/HiDream-I1-Full transformer"]
    (tmp_path / "HiDream-ai").mkdir()
    folder.parent.joinpath("transformer").rename(tmp_path / "HiDream-ai" / "transformer")
    assert SparseDiT.from_pretrained("HiDream-ai/transformer").num_parameters() > 0
    assert len(asked) == 1

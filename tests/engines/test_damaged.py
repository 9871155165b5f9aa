"""Fifty and more ways in which a downloaded model can be wrong: each is refused, and its file is named."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from safetensors.torch import load_file, save_file

from engines.errors import ModelNotFound, WeightsDamaged
from engines.load_engine import load_engine
from engines.manifest import write_manifest

WEIGHTS = {
    "transformer": "diffusion_pytorch_model.safetensors",
    "vae": "diffusion_pytorch_model.safetensors",
    "text_encoder": "model.safetensors",
    "text_encoder_2": "model.safetensors",
    "text_encoder_3": "model.safetensors",
    "text_encoder_4": "model.safetensors",
}
TOKENIZERS = ("tokenizer", "tokenizer_2", "tokenizer_3", "tokenizer_4")
Damage = Callable[[Path], None]


class Case(NamedTuple):
    """A file of a model and what happens to it."""

    file: str
    damage: Damage
    name: str


def cut(share: float) -> Damage:
    def damage(file: Path) -> None:
        content = file.read_bytes()
        file.write_bytes(content[: int(share * len(content))])

    return damage


def replaced_by(content: bytes) -> Damage:
    return lambda file: file.write_bytes(content) and None


def remove(file: Path) -> None:
    file.unlink()


def grow_header(file: Path) -> None:
    """A header that claims to be longer than any memory."""
    file.write_bytes(struct.pack("<Q", 2**40) + file.read_bytes()[8:])


def append(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"more")


def drop_tensor(file: Path) -> None:
    tensors = load_file(file)
    tensors.pop(max(tensors, key=lambda name: tensors[name].numel()))
    save_file(tensors, file, metadata={"format": "pt"})


def reshape_tensor(file: Path) -> None:
    tensors = load_file(file)
    largest = max(tensors, key=lambda name: tensors[name].numel())
    tensors[largest] = torch.zeros([side + 1 for side in tensors[largest].shape])
    save_file(tensors, file, metadata={"format": "pt"})


def rename_all(file: Path) -> None:
    """Another model's weights."""
    tensors = {f"unet.{name}": tensor for name, tensor in load_file(file).items()}
    save_file(tensors, file, metadata={"format": "pt"})


def into_shards(file: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Two shards with an index, one of which `change` spoils."""
    tensors = load_file(file)
    names = sorted(tensors)
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for shard, members in shards.items():
        save_file({name: tensors[name] for name in members}, file.with_name(shard))
    index: dict[str, object] = {
        "weight_map": {name: shard for shard, members in shards.items() for name in members}
    }
    change(index)
    file.with_name(f"{file.name}.index.json").write_text(json.dumps(index))
    file.unlink()


def lose_shard(file: Path) -> None:
    into_shards(file, lambda index: None)
    file.with_name("b.safetensors").unlink()


def cut_shard(file: Path) -> None:
    into_shards(file, lambda index: None)
    cut(0.9)(file.with_name("b.safetensors"))


def point_outside(file: Path) -> None:
    into_shards(file, lambda index: index.update(weight_map={"x": "../../elsewhere.safetensors"}))


def lose_map(file: Path) -> None:
    into_shards(file, lambda index: index.pop("weight_map"))


def change_key(key: str, value: object) -> Damage:
    def damage(file: Path) -> None:
        keys = json.loads(file.read_text())
        keys[key] = value
        file.write_text(json.dumps(keys))

    return damage


PICKLE = pickle.dumps({"weight": [0.0] * 100})
WEIGHT_DAMAGES: dict[str, Damage] = {
    "empty": replaced_by(b""),
    "cut in the header": cut(0.05),
    "cut in the middle": cut(0.5),
    "cut at the end": cut(0.99),
    "a pickle": replaced_by(PICKLE),
    "a web page": replaced_by(b"<!doctype html><title>Sign in</title>" * 50),
    "an absurd header": grow_header,
    "a tensor missing": drop_tensor,
    "a tensor of another shape": reshape_tensor,
    "another model": rename_all,
    "gone": remove,
}
CASES = [
    Case(f"{part}/{file}", damage, name)
    for part, file in WEIGHTS.items()
    for name, damage in WEIGHT_DAMAGES.items()
]
CASES += [
    Case("transformer/diffusion_pytorch_model.safetensors", damage, name)
    for name, damage in {
        "a shard missing": lose_shard,
        "a shard cut": cut_shard,
        "an index that points outside": point_outside,
        "an index without a map": lose_map,
        "bytes after the end": append,
    }.items()
]
CASES += [
    Case(f"{part}/config.json", damage, name)
    for part in WEIGHTS
    for name, damage in {"settings cut": cut(0.5), "no settings": remove}.items()
]
CASES += [
    Case("transformer/config.json", change_key("num_layers", 7), "more blocks than weights"),
    Case("transformer/config.json", change_key("surprise", 1), "an unknown setting"),
    Case("vae/config.json", change_key("_class_name", "UNet2DModel"), "a foreign class"),
    Case("scheduler/scheduler_config.json", cut(0.5), "settings cut"),
    Case("scheduler/scheduler_config.json", change_key("_class_name", "os.system"), "a foreign class"),
]
CASES += [Case(f"{part}/tokenizer.json", cut(0.5), "a vocabulary cut") for part in TOKENIZERS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file.split('/')[0]}: {case.name}")
def test_a_damaged_model_is_refused_by_name(case: Case, tiny_folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tiny_folder, tmp_path / "weights"))
    (copy / "manifest.json").unlink()
    case.damage(copy / case.file)
    preset = "stickers-full" if case.file.startswith("scheduler") else "full"
    if preset == "stickers-full":
        write_manifest(copy)
    with pytest.raises((WeightsDamaged, ModelNotFound)) as refusal:
        load_engine(preset, copy)
    assert case.file.split("/")[0] in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("position", [0.0, 0.3, 0.6, 0.999])
@pytest.mark.parametrize("part", WEIGHTS)
def test_a_flipped_bit_is_found_where_there_is_a_manifest(
    part: str, position: float, tiny_folder: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(tiny_folder, tmp_path / "weights"))
    file = copy / part / WEIGHTS[part]
    content = bytearray(file.read_bytes())
    content[int(position * len(content))] ^= 1
    file.write_bytes(content)
    with pytest.raises(WeightsDamaged, match=rf"{part}/{WEIGHTS[part]} does not match its SHA-256"):
        load_engine("full", copy)

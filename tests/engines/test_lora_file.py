"""Every spelling is read alike; what does not fit is refused by name."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from engines.errors import ModelNotFound, WeightsDamaged
from engines.lora import linear_shapes
from engines.lora_file import read_lora
from engines.sparse_dit import SparseDiT
from tests.engines.adapter_files import LAYERS, SPELLINGS, Tensors, make_layers, spell, with_alphas, write
from tests.engines.test_placement import wide_transformer


@pytest.fixture
def dit() -> SparseDiT:
    return wide_transformer()


@pytest.mark.parametrize("has_alpha", [False, True], ids=["no alpha", "alpha"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_read_alike(spelling: str, has_alpha: bool, dit: SparseDiT, tmp_path: Path) -> None:
    expected = make_layers(dit, alpha=3.0 if has_alpha else None)
    down, up, rename = SPELLINGS[spelling]
    tensors = spell(expected, down, up, rename)
    if has_alpha:
        tensors = with_alphas(tensors, expected, rename)
    found = read_lora(write(tmp_path / "one.safetensors", tensors), linear_shapes(dit))
    assert found.keys() == expected.keys()
    for name, layer in expected.items():
        assert torch.equal(found[name].down_RI, layer.down_RI)
        assert torch.equal(found[name].up_OR, layer.up_OR)
        assert (found[name].alpha, found[name].rank) == (layer.alpha, layer.rank)


def test_every_linear_layer_can_be_reached_in_every_spelling(dit: SparseDiT) -> None:
    shapes = linear_shapes(dit)
    assert shapes.keys() == {name for name, module in dit.named_modules() if isinstance(module, nn.Linear)}
    assert len({name.replace(".", "_") for name in shapes}) == len(shapes)
    dit.fuse()
    assert linear_shapes(dit) == shapes


@pytest.mark.parametrize("is_rank_stabilised", [False, True])
def test_alpha_from_metadata(is_rank_stabilised: bool, dit: SparseDiT, tmp_path: Path) -> None:
    """diffusers writes it into the file, peft beside it."""
    layers = make_layers(dit, LAYERS[:3])
    special = {"attn1.to_q": 5.0, "^final_layer.linear": 9.0}
    keys = {"r": 4, "lora_alpha": 8, "alpha_pattern": special, "use_rslora": is_rank_stabilised}
    prefixed = {f"transformer.{key}": value for key, value in keys.items()}
    tensors = spell(layers, "lora_A", "lora_B", lambda name: f"transformer.{name}")
    shapes = linear_shapes(dit)
    inside = write(tmp_path / "a.safetensors", tensors, {"lora_adapter_metadata": json.dumps(prefixed)})
    (tmp_path / "peft").mkdir()
    (tmp_path / "peft" / "adapter_config.json").write_text(json.dumps(keys))
    beside = write(tmp_path / "peft" / "adapter_model.safetensors", tensors)
    for file in (inside, beside):
        found = read_lora(file, shapes)
        for name, layer in layers.items():
            noted = 5.0 if name.endswith("to_q") else 8.0
            assert found[name].alpha == noted * (math.sqrt(layer.rank) if is_rank_stabilised else 1)


def tensors_of(dit: SparseDiT) -> Tensors:
    return spell(make_layers(dit, LAYERS[:2]), "lora_A", "lora_B", lambda name: f"transformer.{name}")


QUERY = f"transformer.{LAYERS[0]}"


def without(name: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {key: value for key, value in tensors.items() if key != name}


def plus(name: str, *shape: int, fill: float = 0.1) -> Callable[[Tensors], Tensors]:
    return lambda tensors: tensors | {name: torch.full(shape, fill)}


def renamed(old: str, new: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {key.replace(old, new): value for key, value in tensors.items()}


DAMAGES: dict[str, tuple[Callable[[Tensors], Tensors], str]] = {
    "whole model": (
        lambda tensors: {"model.diffusion_model.x_embedder.proj.weight": torch.ones(4, 4)},
        "a model is given as the folder of weights",
    ),
    "nothing": (lambda tensors: {}, "it is empty"),
    "other model": (
        renamed("double_stream_blocks", "transformer_blocks"),
        "adapter of another model: none of its layers, such as transformer.transformer_blocks",
    ),
    "one strange layer": (
        renamed("to_out_t", "to_out.0"),
        "names 1 of 2 layers that this transformer does not have, the first is .*to_out.0",
    ),
    "other width": (
        plus(f"{QUERY}.lora_A.weight", 2, 128),
        "to_q goes from 128 to 256 channels where this transformer has 256 to 256",
    ),
    "ranks differ": (plus(f"{QUERY}.lora_A.weight", 3, 256), "have ranks 3 and 2"),
    "half a pair": (without(f"{QUERY}.lora_B.weight"), "one half of its pair only"),
    "other half": (without(f"{QUERY}.lora_A.weight"), "one half of its pair only"),
    "rank zero": (
        lambda tensors: plus(f"{QUERY}.lora_A.weight", 0, 256)(
            plus(f"{QUERY}.lora_B.weight", 256, 0)(tensors)
        ),
        "LoRA has matrices",
    ),
    "convolution": (plus(f"{QUERY}.lora_A.weight", 2, 256, 1, 1), "LoRA has matrices"),
    "NaN": (plus(f"{QUERY}.lora_A.weight", 2, 256, fill=math.nan), "to_q holds NaN or infinity"),
    "infinity": (plus(f"{QUERY}.lora_B.weight", 256, 2, fill=math.inf), "to_q holds NaN or infinity"),
    "NaN for alpha": (plus(f"{QUERY}.alpha", fill=math.nan), "to_q holds NaN or infinity"),
    "two alphas": (plus(f"{QUERY}.alpha", 2), "has 2 numbers instead of one"),
    "alpha alone": (plus("transformer.x_embedder.proj.alpha"), "has an alpha and no pair"),
    "gate": (
        renamed("attn1.to_q", "ff_i.gate"),
        "experts' gate is no linear layer and cannot be adapted",
    ),
    "text encoder": (
        plus("text_encoder.layers.0.q_proj.lora_A.weight", 2, 8),
        "adapts text encoders too .* only the transformer can be adapted",
    ),
    "twice": (plus(f"diffusion_model.{LAYERS[0]}.lora_A.weight", 2, 256), "in two spellings"),
    "two adapters": (plus(f"{QUERY}.lora_A.other.weight", 2, 256), "several adapters in one file"),
    "LoKr": (plus(f"{QUERY}.lokr_w1", 2, 2), "that is LoKr, and only plain LoRA"),
    "LoHa": (plus(f"{QUERY}.hada_w1_a", 2, 2), "that is LoHa, and only plain LoRA"),
    "DoRA": (plus(f"{QUERY}.dora_scale", 256), "that is DoRA, and only plain LoRA"),
    "peft's DoRA": (plus(f"{QUERY}.lora_magnitude_vector", 256), "that is DoRA"),
    "bias": (plus(f"{QUERY}.lora_B.bias", 256), "that is LoRA with biases"),
    "difference": (plus(f"{QUERY}.diff", 256, 256), "that is whole differences"),
    "beside": (plus("transformer.x_embedder.proj.weight", 2, 2), "beside its LoRA layers"),
    "whole numbers": (
        lambda tensors: tensors | {f"{QUERY}.lora_A.weight": torch.ones(2, 256, dtype=torch.int32)},
        "holds I32, not floating-point numbers",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_does_not_fit_is_refused_by_name(damage: str, dit: SparseDiT, tmp_path: Path) -> None:
    harm, sentence = DAMAGES[damage]
    file = write(tmp_path / "bad.safetensors", harm(tensors_of(dit)))
    with pytest.raises(WeightsDamaged, match=sentence) as caught:
        read_lora(file, linear_shapes(dit))
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("metadata", ["{", "7", '{"lora_alpha": "x"}', '{"alpha_pattern": 3}'])
def test_damaged_metadata_is_refused(metadata: str, dit: SparseDiT, tmp_path: Path) -> None:
    file = write(tmp_path / "bad.safetensors", tensors_of(dit), {"lora_adapter_metadata": metadata})
    with pytest.raises(WeightsDamaged, match="has metadata"):
        read_lora(file, linear_shapes(dit))


def test_files_that_are_no_safetensors_are_refused(dit: SparseDiT, tmp_path: Path) -> None:
    shapes, good = linear_shapes(dit), write(tmp_path / "good.safetensors", tensors_of(dit))
    with pytest.raises(ModelNotFound, match="no adapter file at"):
        read_lora(tmp_path / "absent.safetensors", shapes)
    whole = good.read_bytes()
    for length in (0, 4, 100, len(whole) - 1):
        cut = tmp_path / "cut.safetensors"
        cut.write_bytes(whole[:length])
        with pytest.raises(WeightsDamaged, match="cut or damaged"):
            read_lora(cut, shapes)
    for is_zip in (True, False):
        renamed_pickle = tmp_path / "pickle.safetensors"
        torch.save(tensors_of(dit), renamed_pickle, _use_new_zipfile_serialization=is_zip)
        with pytest.raises(WeightsDamaged, match="is a pickle, which can run any program"):
            read_lora(renamed_pickle, shapes)


def test_a_header_as_long_as_a_pickle_begins_is_none(dit: SparseDiT, tmp_path: Path) -> None:
    """640 is 0x0280, as pickles of protocol 2 begin."""
    file, tensors = tmp_path / "good.safetensors", tensors_of(dit)
    for padding in range(0, 640, 8):
        write(file, tensors, {"comment": "x" * padding})
        if file.read_bytes().startswith(b"\x80\x02"):
            break
    assert file.read_bytes().startswith(b"\x80\x02")
    assert read_lora(file, linear_shapes(dit)).keys() == set(LAYERS[:2])

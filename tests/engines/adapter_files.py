"""LoRA files for the tests, in all the spellings that are met."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from engines.lora import linear_shapes
from engines.lora_file import LoraLayer
from engines.sparse_dit import SparseDiT

LAYERS = (
    "double_stream_blocks.0.block.attn1.to_q",
    "double_stream_blocks.0.block.attn1.to_out_t",
    "double_stream_blocks.0.block.adaLN_modulation.1",
    "double_stream_blocks.0.block.ff_i.experts.3.w1",
    "double_stream_blocks.0.block.ff_i.shared_experts.w2",
    "single_stream_blocks.1.block.ff_i.experts.0.w2",
    "caption_projection.2.linear",
    "final_layer.linear",
)
"""One of each sort, two of them in a block that then stays fused in part."""

Tensors = dict[str, Tensor]


def make_layers(
    dit: SparseDiT, names: tuple[str, ...] = LAYERS, seed: int = 0, alpha: float | None = None
) -> dict[str, LoraLayer]:
    """Layers that change the output well above rounding; ranks differ."""
    shapes, generator = linear_shapes(dit), torch.Generator().manual_seed(seed)
    layers = {}
    for index, name in enumerate(names):
        rank = 2 + 2 * (index % 3)
        down = torch.randn(rank, shapes[name].num_inputs, generator=generator)
        up = torch.randn(shapes[name].num_outputs, rank, generator=generator)
        scale = 0.7 / math.sqrt(shapes[name].num_inputs * rank)
        layers[name] = LoraLayer(down_RI=down * scale, up_OR=up, alpha=alpha or float(rank))
    return layers


def spell(layers: dict[str, LoraLayer], down: str, up: str, rename: Callable[[str], str]) -> Tensors:
    tensors = {}
    for name, layer in layers.items():
        tensors[f"{rename(name)}.{down}.weight"] = layer.down_RI
        tensors[f"{rename(name)}.{up}.weight"] = layer.up_OR
    return tensors


def with_alphas(tensors: Tensors, layers: dict[str, LoraLayer], rename: Callable[[str], str]) -> Tensors:
    return tensors | {f"{rename(name)}.alpha": torch.tensor(layer.alpha) for name, layer in layers.items()}


def write(file: Path, tensors: Tensors, metadata: dict[str, str] | None = None) -> Path:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file, metadata=metadata)
    return file


def plain_file(folder: Path, layers: dict[str, LoraLayer], name: str = "one") -> Path:
    """diffusers' spelling, alpha in tensors."""

    def rename(layer: str) -> str:
        return f"transformer.{layer}"

    tensors = with_alphas(spell(layers, "lora_A", "lora_B", rename), layers, rename)
    return write(folder / f"{name}.safetensors", tensors)


SPELLINGS: dict[str, tuple[str, str, Callable[[str], str]]] = {
    "diffusers": ("lora_A", "lora_B", lambda name: f"transformer.{name}"),
    "bare": ("lora_A", "lora_B", lambda name: name),
    "peft": ("lora_A.default", "lora_B.default", lambda name: f"base_model.model.{name}"),
    "ComfyUI": ("lora_A", "lora_B", lambda name: f"diffusion_model.{name}"),
    "original": ("lora_down", "lora_up", lambda name: f"diffusion_model.{name}"),
    "old diffusers": ("lora.down", "lora.up", lambda name: f"transformer.{name}"),
    "kohya": ("lora_down", "lora_up", lambda name: "lora_unet_" + name.replace(".", "_")),
    "OneTrainer": ("lora_down", "lora_up", lambda name: "lora_transformer_" + name.replace(".", "_")),
}

"""Read a LoRA file in any of its spellings; what does not fit the network is refused by its header alone."""

# R rank, I inputs and O outputs of a linear layer

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engines.errors import ModelNotFound, WeightsDamaged
from engines.sparse_dit.checkpoint import read_json, refuse_pickle

__all__ = ["LinearShape", "LoraLayer", "read_lora", "read_whole"]

SAVED = ".modules_to_save.default."
"""In the names of tensors that peft trained as a whole."""
DOTTED_PREFIXES = ("", "transformer.", "diffusion_model.", "model.diffusion_model.", "base_model.model.")
FLAT_PREFIXES = ("lora_unet_", "lora_transformer_", "lycoris_")
TEXT_PREFIXES = ("text_encoder", "lora_te", "te1.", "te2.", "te3.", "te4.", "text_encoders.")
PART = re.compile(
    r"(?P<layer>.+)\.(?:(?P<down>lora_A|lora_down|lora\.down)|(?P<up>lora_B|lora_up|lora\.up))"
    r"(?:\.(?!bias)[^.]+)?\.weight"
)
ALPHA = ".alpha"
OTHER_KINDS = {
    re.compile(r"\.lokr_"): "LoKr",
    re.compile(r"\.hada_"): "LoHa",
    re.compile(r"\.(dora_scale|lora_magnitude_vector)"): "DoRA",
    re.compile(r"\.lora_mid\."): "LoRA for convolutions",
    re.compile(r"\.diff(_b)?$"): "whole differences",
    re.compile(r"\.lora(_A|_B|_down|_up|\.down|\.up)\b.*\.bias$"): "LoRA with biases",
}
DIFFUSERS_KEY = "lora_adapter_metadata"
PEFT_CONFIG = "adapter_config.json"
FLOATS = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}


@dataclass(frozen=True, kw_only=True)
class LinearShape:
    """Of a layer that an adapter may stand beside."""

    num_outputs: int
    num_inputs: int


@dataclass(frozen=True, kw_only=True)
class LoraLayer:
    """What one layer adds: x -> (alpha / rank) up(down(x)) (Hu et al. 2021, section 4.1)."""

    down_RI: Tensor
    up_OR: Tensor
    alpha: float

    @property
    def rank(self) -> int:
        return self.down_RI.shape[0]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The tensors of one layer by their names in the file, and where the file has one, its alpha."""

    down: str
    up: str
    alpha: str | None


@dataclass(frozen=True, kw_only=True)
class AlphaRules:
    """What a training script noted of alpha, for a file without `.alpha` tensors."""

    alpha: float | None = None
    by_layer: tuple[tuple[str, float], ...] = ()
    is_rank_stabilised: bool = False

    def of(self, layer: str, rank: int) -> float:
        """Alpha of a layer; the rank, so a factor of 1, where nothing was noted."""
        noted = (value for name, value in self.by_layer if f".{layer}".endswith(f".{name}"))
        alpha = next(noted, self.alpha)
        if alpha is None:
            return float(rank)
        return alpha * math.sqrt(rank) if self.is_rank_stabilised else alpha


def read_lora(
    file: Path, shapes: Mapping[str, LinearShape], whole: Collection[str] = ()
) -> dict[str, LoraLayer]:
    """The layers of a LoRA file by the names of `shapes`, the network's linear layers, in float32.

    Reads diffusers' and peft's names, the original ones with `diffusion_model.`, kohya's with underscores;
    pairs called A and B or down and up; alpha from tensors, from diffusers' metadata or from peft's
    adapter_config.json beside the file. Tensors of the names `whole` may stand beside. Raises ModelNotFound
    without a file, WeightsDamaged for one that is no safetensors, cut, a whole model, of another model or of
    another kind than LoRA, or not finite.
    """
    require_safetensors(file)
    try:
        with safe_open(file, framework="pt") as archive:
            names = [name for name in archive.keys() if whole_name(name) not in whole]  # noqa: SIM118
            pairs = pair_up(file, names, shapes)
            for layer, pair in pairs.items():
                check_shapes(file, layer, shapes[layer], archive, pair)
            rules = alpha_rules(file, archive.metadata() or {})
            return {layer: read_layer(file, layer, archive, pair, rules) for layer, pair in pairs.items()}
    except SafetensorError as error:
        raise WeightsDamaged(f"{file} is cut or damaged ({error}); fetch the adapter again.") from error


def read_whole(file: Path, shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    """The tensors that the file has instead of the network's own, which are of `shapes`.

    Raises as read_lora does.
    """
    require_safetensors(file)
    try:
        with safe_open(file, framework="pt") as archive:
            found = {whole_name(name): name for name in archive.keys()}  # noqa: SIM118
            tensors = {name: archive.get_tensor(found[name]) for name in found if name in shapes}
    except SafetensorError as error:
        raise WeightsDamaged(f"{file} is cut or damaged ({error}); fetch the adapter again.") from error
    for name, tensor in tensors.items():
        if tensor.shape != shapes[name]:
            raise WeightsDamaged(
                f"{file}: {name} has shape {tuple(tensor.shape)} where this transformer has "
                f"{tuple(shapes[name])}: it was made for another model."
            )
        if not (tensor.is_floating_point() and torch.isfinite(tensor).all()):
            raise WeightsDamaged(f"{file}: {name} holds something else than finite numbers.")
    return tensors


def whole_name(name: str) -> str:
    """The checkpoint's name for a tensor that is no part of a LoRA layer."""
    for prefix in sorted(DOTTED_PREFIXES, key=len, reverse=True):
        if name.startswith(prefix):
            return name.removeprefix(prefix).replace(SAVED, ".")
    return name


def require_safetensors(file: Path) -> None:
    if not file.is_file():
        raise ModelNotFound(f"There is no adapter file at {file}.")
    refuse_pickle(file, "fetch the adapter as .safetensors")


def pair_up(file: Path, names: Iterable[str], shapes: Mapping[str, LinearShape]) -> dict[str, Pair]:
    """The file's tensors by layer of the network. Raises WeightsDamaged for anything that finds no place."""
    names = list(names)
    downs, ups, alphas = sort_names(file, names)
    targets = find_targets(file, [*downs, *(each for each in ups if each not in downs)], shapes)
    for layer in targets:
        if layer not in downs or layer not in ups:
            raise WeightsDamaged(f"{file}: {layer} has one half of its pair only; fetch the adapter again.")
    orphans = [layer for layer in alphas if layer not in targets]
    if orphans:
        raise WeightsDamaged(f"{file}: {orphans[0]} has an alpha and no pair; fetch the adapter again.")
    return {
        target: Pair(down=downs[layer], up=ups[layer], alpha=alphas.get(layer))
        for layer, target in targets.items()
    }


def sort_names(file: Path, names: list[str]) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Tensors called down, up and alpha, by the file's own name of their layer."""
    downs, ups, alphas, others = dict[str, str](), dict[str, str](), dict[str, str](), list[str]()
    for name in names:
        if part := PART.fullmatch(name):
            half = downs if part["down"] else ups
            if half.setdefault(part["layer"], name) != name:
                raise WeightsDamaged(f"{file} names {part['layer']} twice: several adapters in one file.")
        elif name.endswith(ALPHA):
            alphas[name.removesuffix(ALPHA)] = name
        else:
            others.append(name)
    if others:
        raise WeightsDamaged(f"{file} {describe_others(others, bool(downs or ups))}")
    if not downs and not ups:
        raise WeightsDamaged(f"{file} holds no LoRA layers: it is empty.")
    return downs, ups, alphas


def describe_others(others: list[str], has_lora: bool) -> str:
    for sign, kind in OTHER_KINDS.items():
        found = next((name for name in others if sign.search(name)), None)
        if found:
            return f"holds {found}: that is {kind}, and only plain LoRA can be loaded. Export it as LoRA."
    if has_lora:
        return f"holds {others[0]} beside its LoRA layers, which cannot be loaded. Export the LoRA alone."
    return (
        f"holds no LoRA layers but whole weights, such as {others[0]}: a model is given as the folder of "
        "weights, not as an adapter."
    )


def find_targets(file: Path, layers: list[str], shapes: Mapping[str, LinearShape]) -> dict[str, str]:
    """The network's name of each of the file's layers."""
    flat = {name.replace(".", "_"): name for name in shapes}
    targets = {layer: find_target(layer, shapes, flat) for layer in layers}
    strange = [layer for layer, target in targets.items() if target is None]
    if strange:
        raise WeightsDamaged(f"{file} {describe_strange(strange, len(layers))}")
    found = {layer: target for layer, target in targets.items() if target is not None}
    if len(set(found.values())) < len(found):
        twice = next(name for name in found.values() if list(found.values()).count(name) > 1)
        raise WeightsDamaged(f"{file} names {twice} in two spellings: several adapters in one file.")
    return found


def find_target(layer: str, shapes: Mapping[str, LinearShape], flat: Mapping[str, str]) -> str | None:
    for prefix in DOTTED_PREFIXES:
        if layer.startswith(prefix) and layer.removeprefix(prefix) in shapes:
            return layer.removeprefix(prefix)
    for prefix in FLAT_PREFIXES:
        if layer.startswith(prefix) and layer.removeprefix(prefix) in flat:
            return flat[layer.removeprefix(prefix)]
    return None


def describe_strange(strange: list[str], num_layers: int) -> str:
    text = next((layer for layer in strange if layer.startswith(TEXT_PREFIXES)), None)
    if text:
        return f"adapts text encoders too ({text}); only the transformer can be adapted. Export it without."
    gate = next((layer for layer in strange if layer.endswith(("ff_i.gate", "ff_i_gate"))), None)
    if gate:
        return f"adapts {gate}: the experts' gate is no linear layer and cannot be adapted. Train without it."
    if len(strange) == num_layers:
        return f"is an adapter of another model: none of its layers, such as {strange[0]}, is in this one."
    return (
        f"names {len(strange)} of {num_layers} layers that this transformer does not have, the first is "
        f"{strange[0]}: it was made for another model."
    )


def check_shapes(file: Path, layer: str, shape: LinearShape, archive: Any, pair: Pair) -> None:
    """From the header alone."""
    down, up = (archive.get_slice(name) for name in (pair.down, pair.up))
    found_down, found_up = tuple(down.get_shape()), tuple(up.get_shape())
    if len(found_down) != 2 or len(found_up) != 2 or not min(*found_down, *found_up):
        raise WeightsDamaged(f"{file}: {layer} has shapes {found_down} and {found_up}; LoRA has matrices.")
    if found_down[0] != found_up[1]:
        raise WeightsDamaged(
            f"{file}: the two halves of {layer} have ranks {found_down[0]} and {found_up[1]}; fetch the "
            "adapter again."
        )
    if (found_up[0], found_down[1]) != (shape.num_outputs, shape.num_inputs):
        raise WeightsDamaged(
            f"{file}: {layer} goes from {found_down[1]} to {found_up[0]} channels where this transformer has "
            f"{shape.num_inputs} to {shape.num_outputs}: it was made for another model."
        )
    for part in (down, up):
        if part.get_dtype() not in FLOATS:
            raise WeightsDamaged(f"{file}: {layer} holds {part.get_dtype()}, not floating-point numbers.")


def read_layer(file: Path, layer: str, archive: Any, pair: Pair, rules: AlphaRules) -> LoraLayer:
    down, up = (archive.get_tensor(name).float() for name in (pair.down, pair.up))
    alpha = rules.of(layer, down.shape[0])
    if pair.alpha is not None:
        tensor = archive.get_tensor(pair.alpha)
        if tensor.numel() != 1:
            raise WeightsDamaged(f"{file}: the alpha of {layer} has {tensor.numel()} numbers instead of one.")
        alpha = float(tensor)
    if not (torch.isfinite(down).all() and torch.isfinite(up).all() and math.isfinite(alpha)):
        raise WeightsDamaged(
            f"{file}: {layer} holds NaN or infinity, as after a training that failed; use an earlier save."
        )
    return LoraLayer(down_RI=down, up_OR=up, alpha=alpha)


def alpha_rules(file: Path, metadata: Mapping[str, str]) -> AlphaRules:
    """From diffusers' metadata, or from peft's configuration beside the file; the rest of both is ignored."""
    keys: dict[str, Any] = {}
    if DIFFUSERS_KEY in metadata:
        try:
            noted = dict(json.loads(metadata[DIFFUSERS_KEY]))
        except (ValueError, TypeError) as error:
            raise WeightsDamaged(f"{file} has metadata that cannot be read: {error}.") from error
        keys = {key.removeprefix("transformer."): value for key, value in noted.items()}
    elif (file.parent / PEFT_CONFIG).is_file():
        keys = read_json(file.parent / PEFT_CONFIG)
    if keys.get("use_dora"):
        raise WeightsDamaged(f"{file} is DoRA, and only plain LoRA can be loaded. Export it as LoRA.")
    try:
        alpha = keys.get("lora_alpha")
        patterns = {str(name).removeprefix("^"): float(value) for name, value in pattern_of(keys).items()}
        return AlphaRules(
            alpha=None if alpha is None else float(alpha),
            by_layer=tuple(patterns.items()),
            is_rank_stabilised=bool(keys.get("use_rslora", False)),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise WeightsDamaged(f"{file} has metadata with an alpha that is no number: {error}.") from error


def pattern_of(keys: Mapping[str, Any]) -> dict[str, Any]:
    return dict(keys.get("alpha_pattern") or {})

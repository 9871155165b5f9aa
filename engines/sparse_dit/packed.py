"""Weights that a file holds packed, and the layers that multiply with them: by bitsandbytes and diffusers."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping

import torch
from torch import Tensor, nn

from engines.errors import EngineError

__all__ = [
    "FP8",
    "SCALES",
    "four_bit_layer",
    "gguf_layer",
    "is_extra",
    "is_four_bit",
    "times_scale",
    "unpacked_gguf",
]

FP8 = (torch.float8_e4m3fn, torch.float8_e5m2)
SCALES = ("scale_weight", "weight_scale")
"""What ComfyUI calls the number that brings an fp8 weight back to its size."""
UNREAD = ("scale_input", "input_scale")
MARKERS = ("scaled_fp8",)
STATES = ("quant_state.bitsandbytes__nf4", "quant_state.bitsandbytes__fp4")
NOTES = ("absmax", "quant_map", "nested_absmax", "nested_quant_map", *STATES)


def is_four_bit(name: str, names: Container[str]) -> bool:
    """Whether bitsandbytes packed this tensor."""
    return any(f"{name}.{state}" in names for state in STATES)


def is_extra(name: str, weights: Collection[str]) -> bool:
    """Whether a name that is no weight's says how to unpack one."""
    if name in MARKERS:
        return True
    of_weight = (name.removesuffix(f".{note}") for note in NOTES)
    of_layer = (f"{name.removesuffix(f'.{each}')}.weight" for each in (*SCALES, *UNREAD))
    return any(each in weights for each in (*of_weight, *of_layer))


def times_scale(weight: Tensor, scale: Tensor | None, dtype: torch.dtype) -> Tensor:
    """An fp8 weight in `dtype`; `scale` is one number, or one for each row."""
    if scale is None:
        return weight.to(dtype)
    return (weight.float() * scale.float().reshape(-1, *[1] * (weight.ndim - 1))).to(dtype)


def four_bit_layer(
    linear: nn.Linear, weight: Tensor, notes: Mapping[str, Tensor], dtype: torch.dtype
) -> nn.Module:
    """bitsandbytes' linear layer with `weight` as the file packed it; its bias is still to be given."""
    try:
        import bitsandbytes
    except ImportError as error:
        raise EngineError("Weights in 4 bit need one more package: pip install bitsandbytes.") from error
    layer = bitsandbytes.nn.Linear4bit(
        linear.in_features,
        linear.out_features,
        bias=linear.bias is not None,
        compute_dtype=dtype,
        device="meta",
    )
    layer.weight = bitsandbytes.nn.Params4bit.from_prequantized(
        data=weight, quantized_stats=dict(notes), requires_grad=False, device=weight.device, module=layer
    )
    whole: nn.Module = layer
    return whole


def gguf_layer(linear: nn.Linear, weight: Tensor, dtype: torch.dtype) -> nn.Module:
    """diffusers' linear layer over GGUF's blocks; its bias is still to be given."""
    from diffusers.quantizers.gguf.utils import GGUFLinear

    with torch.device("meta"):
        layer: nn.Module = GGUFLinear(
            linear.in_features, linear.out_features, linear.bias is not None, compute_dtype=dtype
        )
    layer.weight = weight
    return layer


def unpacked_gguf(weight: Tensor) -> Tensor:
    from diffusers.quantizers.gguf.utils import dequantize_gguf_tensor

    whole: Tensor = dequantize_gguf_tensor(weight)
    return whole

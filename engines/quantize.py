"""Smaller linear layers, by torchao (int8, fp8) and bitsandbytes (nf4)."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from engines.errors import EngineError
from engines.ladder import Precision
from engines.sparse_dit.fusion import Fusible, is_plain

__all__ = ["quantize"]

SMALLEST_LAYER = 2**20
"""Layers with fewer weights stay as they are: nothing is gained, and the head's few decide every pixel."""


def quantize(model: nn.Module, precision: Precision) -> None:
    """Keep the weights of `model`'s large linear layers in `precision`; changes the model, where it is.

    int8 and nf4 weights are brought back to 16 bit where they are used; fp8 layers multiply in fp8, each row
    of their input scaled by its own largest value. The rest of the model keeps its own type. Raises
    EngineError without the packages for it.
    """
    if precision not in (Precision.FP32, Precision.BF16):
        for module in list(model.modules()):
            if isinstance(module, Fusible):
                module.unfuse()
    try:
        match precision:
            case Precision.FP32 | Precision.BF16:
                pass
            case Precision.INT8 | Precision.FP8:
                scale_weights(model, precision)
            case Precision.NF4:
                replace_by_nf4(model)
    except ImportError as error:
        raise EngineError(
            f"Weights in {precision} need two more packages: pip install torchao bitsandbytes."
        ) from error


def is_large(module: nn.Module, name: str = "") -> bool:
    """Layers that are packed already stay as they are."""
    return is_plain(module) and module.get_parameter("weight").numel() >= SMALLEST_LAYER


def scale_weights(model: nn.Module, precision: Precision) -> None:
    from torchao.quantization import (
        Float8DynamicActivationFloat8WeightConfig,
        Int8WeightOnlyConfig,
        PerRow,
        quantize_,
    )

    config = (
        Int8WeightOnlyConfig()
        if precision is Precision.INT8
        else Float8DynamicActivationFloat8WeightConfig(granularity=PerRow())
    )
    quantize_(model, config, filter_fn=is_large)


def replace_by_nf4(model: nn.Module) -> None:
    """Each layer is packed at once, so that one in 16 bit and its packed form are the most held twice."""
    import bitsandbytes

    def packed(linear: nn.Linear) -> nn.Module:
        layer = bitsandbytes.nn.Linear4bit(
            linear.in_features,
            linear.out_features,
            bias=linear.bias is not None,
            compute_dtype=linear.weight.dtype,
            quant_type="nf4",
            device="meta",
        )
        layer.weight = bitsandbytes.nn.Params4bit(
            linear.weight.detach(), requires_grad=False, quant_type="nf4", module=layer
        )
        layer.bias = linear.bias
        moved: nn.Module = layer.to(linear.weight.device)
        return moved

    replace_linears(model, packed)


def replace_linears(model: nn.Module, replacement: Callable[[nn.Linear], nn.Module]) -> None:
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear) and is_large(child):
                setattr(module, name, replacement(child))

"""The weight of LoRA layers for one pass, as diffusers' pipelines hand it to their transformers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from torch import nn

__all__ = ["adapters_scaled"]


@contextmanager
def adapters_scaled(model: nn.Module, attention_kwargs: Mapping[str, object]) -> Iterator[None]:
    """Multiply all LoRA layers by attention_kwargs["scale"] inside. Raises ValueError for any other key."""
    foreign = [key for key in attention_kwargs if key != "scale"]
    if foreign:
        raise ValueError(f"attention_kwargs take a LoRA scale only, not {', '.join(foreign)}.")
    from diffusers.utils import scale_lora_layers, unscale_lora_layers  # needs peft, which is optional

    scale = float(cast(float, attention_kwargs.get("scale", 1.0)))
    scale_lora_layers(model, scale)
    try:
        yield
    finally:
        unscale_lora_layers(model, scale)

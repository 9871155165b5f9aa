"""In what a device computes fastest: bfloat16 where it multiplies that, else float32."""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["autocast", "training_dtype"]

_MULTIPLIERS = ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16")
"""What processors call it. Without it a product in bfloat16 takes ten times as long as one in float32."""


def training_dtype(device: torch.device | str) -> torch.dtype:
    """Of weights and activations; masters are float32 in any case."""
    device = torch.device(device)
    if device.type == "cpu":
        has_bfloat16 = any(torch.cpu.get_capabilities().get(name) for name in _MULTIPLIERS)
    elif device.type == "cuda":
        has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        has_bfloat16 = True
    return torch.bfloat16 if has_bfloat16 else torch.float32


def autocast(device: torch.device | str) -> Any:
    """Products in the device's fastest type over float32 weights."""
    device = torch.device(device)
    has_bfloat16 = training_dtype(device) is torch.bfloat16
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16)

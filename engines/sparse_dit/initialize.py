"""The weights training starts from."""

from __future__ import annotations

from torch import nn

__all__ = ["initialize"]


def initialize(model: nn.Module) -> None:
    """The report's start: Xavier linears, zero adaLN and head, so that every block begins as identity."""
    for name, module in model.named_modules():
        if not isinstance(module, nn.Linear):
            continue
        if "adaLN" in name or name == "final_layer.linear":
            nn.init.zeros_(module.weight)
        elif "timestep_embedder" in name or "pooled_embedder" in name:
            nn.init.normal_(module.weight, std=0.02)
        else:
            nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)

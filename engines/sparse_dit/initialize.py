"""The weights training starts from."""

from __future__ import annotations

from torch import nn

from engines.sparse_dit.moe import Gate

__all__ = ["initialize"]


def initialize(model: nn.Module) -> None:
    """The report's start: Xavier linears, zero adaLN and head, so that every block begins as identity.

    Sets every parameter of a network or of a part of one, also where memory was just allocated.
    """
    for name, module in model.named_modules():
        if isinstance(module, Gate | nn.RMSNorm):
            module.reset_parameters()
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

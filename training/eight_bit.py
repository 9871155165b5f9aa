"""AdamW whose moments take a byte each (Dettmers et al. 2021), by bitsandbytes: on any device.

Of tensors under 4,096 numbers the moments stay in float32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from training.errors import BadRecipe, CorruptCheckpoint

__all__ = ["eight_bit_adamw", "moments_of", "take_up"]

_TABLES = ("qmap1", "qmap2")
"""What each of the 256 codes means: the same for all tensors, so no part of a checkpoint."""


def eight_bit_adamw(
    groups: Sequence[dict[str, Any]], rate: float, betas: tuple[float, float], weight_decay: float
) -> torch.optim.Optimizer:
    """Raises BadRecipe where bitsandbytes is not installed."""
    try:
        from bitsandbytes.optim import AdamW8bit
    except ImportError as error:
        raise BadRecipe(
            "8-bit moments need bitsandbytes: pip install bitsandbytes (or .[small-gpu]), or train without."
        ) from error
    optimizer: torch.optim.Optimizer = AdamW8bit(
        list(groups), lr=rate, betas=betas, weight_decay=weight_decay
    )
    return optimizer


def moments_of(optimizer: torch.optim.Optimizer, master: Tensor) -> dict[str, Tensor]:
    """What a resume needs of one parameter's moments, by name."""
    state = optimizer.state.get(master, {})
    return {name: torch.as_tensor(value) for name, value in state.items() if name not in _TABLES}


def take_up(optimizer: torch.optim.Optimizer, master: Tensor, moments: Mapping[str, Tensor]) -> None:
    """Go on from saved moments. Raises CorruptCheckpoint for those of an AdamW of other precision."""
    is_eight_bit = hasattr(optimizer, "init_state")
    if ("state1" in moments) != is_eight_bit:
        kept, asked = ("8-bit", "32-bit") if "state1" in moments else ("32-bit", "8-bit")
        raise CorruptCheckpoint(f"This run keeps {kept} moments, not {asked} ones: go on with those it has.")
    if not is_eight_bit:
        optimizer.state[master] = dict(moments)
        return
    group_index, place = place_of(optimizer, master)
    optimizer.init_state(optimizer.param_groups[group_index], master, group_index, place)  # type: ignore[attr-defined]
    state = optimizer.state[master]
    for name, value in moments.items():
        state[name] = int(value) if name == "step" else value.to(state[name].device)


def place_of(optimizer: torch.optim.Optimizer, master: Tensor) -> tuple[int, int]:
    """Which group of the optimiser's holds a parameter, and where in it."""
    return next(
        (group_index, place)
        for group_index, group in enumerate(optimizer.param_groups)
        for place, each in enumerate(group["params"])
        if each is master
    )

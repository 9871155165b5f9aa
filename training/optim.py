"""AdamW or Muon over fp32 masters, with a moving average of the masters; sharded where the model is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from training.distributed import ALONE, Team, copy_into, local
from training.eight_bit import eight_bit_adamw, moments_of, take_up
from training.errors import BadRecipe, CorruptCheckpoint
from training.muon import Muon

_MOMENTS = {torch.optim.AdamW: ("step", "exp_avg", "exp_avg_sq"), Muon: ("momentum_buffer",)}
_NOT_BY_MUON = (
    "embed",
    "shared.weight",
    "relative_attention_bias",
    ".gate.weight",
    "final_layer.linear",
    "layout",
)
"""In names of matrices: tables, and the layers at either end, are no maps between hidden states."""


@dataclass(frozen=True, kw_only=True)
class OptimSettings:
    """Warm-up, a constant rate, then a linear decay over the last `decay_share` of the steps.

    AdamW's two moments take `moment_bits` a number. With `method` "muon" the matrices between hidden states
    are moved by Muon at the same rate, all else by AdamW.
    """

    learning_rate: float
    num_steps: int
    warmup_steps: int = 200
    decay_share: float = 0.2
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    moment_bits: Literal[8, 32] = 32
    method: Literal["adamw", "muon"] = "adamw"


def learning_rate(settings: OptimSettings, step: int) -> float:
    """The rate of update `step` (from 0)."""
    warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    decay_steps = max(1, int(settings.num_steps * settings.decay_share))
    left = (settings.num_steps - step) / decay_steps
    return settings.learning_rate * warm * min(1.0, max(0.02, left))


def adamw(groups: list[dict[str, Any]], settings: OptimSettings) -> torch.optim.Optimizer:
    """Raises BadRecipe where its 8-bit moments need a package that is missing."""
    rate, betas, decay = settings.learning_rate, settings.betas, settings.weight_decay
    if settings.moment_bits == 8:
        return eight_bit_adamw(groups, rate, betas, decay)
    return torch.optim.AdamW(groups, lr=rate, betas=betas, weight_decay=decay, foreach=True)


def is_by_muon(name: str, master: Tensor) -> bool:
    return master.ndim == 2 and not any(part in name for part in _NOT_BY_MUON)


class MasterOptimizer:
    """Holds fp32 masters, their EMA and the optimiser's moments for the named parameters of a model.

    Parameters in float32 are their own masters, as FSDP2's sharded ones are; of others the masters are
    copies, written back after each update.
    """

    def __init__(
        self, parameters: Mapping[str, nn.Parameter], settings: OptimSettings, team: Team = ALONE
    ) -> None:
        self.settings, self.team = settings, team
        self.parameters = dict(parameters)
        self.masters: dict[str, Tensor] = {
            name: each if each.dtype is torch.float32 else each.detach().float().clone()
            for name, each in self.parameters.items()
        }
        self.ema = {name: master.detach().clone() for name, master in self.masters.items()}
        matrices = {
            name: master
            for name, master in self.masters.items()
            if settings.method == "muon" and is_by_muon(name, master)
        }
        rest = [master for name, master in self.masters.items() if name not in matrices]
        groups: list[dict[str, Any]] = [
            {"params": [master for master in rest if master.ndim >= 2]},
            {"params": [master for master in rest if master.ndim < 2], "weight_decay": 0.0},
        ]
        by_adamw = adamw(groups, settings)
        self.optimizers = [by_adamw]
        self.moved_by = dict.fromkeys(self.masters, by_adamw)
        if any(isinstance(each, DTensor) for each in matrices.values()):
            raise BadRecipe("Muon moves whole matrices: shard with AdamW, or train in replicas.")
        if matrices:
            by_muon = Muon(matrices.values(), settings.learning_rate, settings.weight_decay)
            self.optimizers.append(by_muon)
            self.moved_by |= dict.fromkeys(matrices, by_muon)

    def update(self, step: int) -> float:
        """One step from the gradients on the model's parameters; returns the gradient norm (before clipping).

        Takes no step when the norm is not finite.
        """
        for name, parameter in self.parameters.items():
            if (master := self.masters[name]) is not parameter:
                master.grad = None if parameter.grad is None else parameter.grad.float()
                parameter.grad = None
        masters = [master for master in self.masters.values() if master.grad is not None]
        average([master.grad for master in masters if master.grad is not None], self.team)
        norm = float(whole(torch.nn.utils.clip_grad_norm_(masters, self.settings.clip_norm)))
        if torch.isfinite(torch.tensor(norm)):
            for optimizer in self.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate(self.settings, step)
                optimizer.step()
            decay = min(self.settings.ema_decay, (1 + step) / (10 + step))
            averages, current = (
                [local(each.detach()) for each in kept.values()] for kept in (self.ema, self.masters)
            )
            torch._foreach_lerp_(averages, current, 1 - decay)
            self.write(self.masters)
        for master in masters:
            master.grad = None
        return norm

    @torch.no_grad()
    def write(self, weights: Mapping[str, Tensor]) -> None:
        """Copy masters or EMA into the model; for good where parameters are their own masters."""
        for name, parameter in self.parameters.items():
            if weights[name] is not parameter:
                parameter.copy_(weights[name])

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The EMA in the model, the masters back in it afterwards, to the bit."""
        kept = {name: self.ema[name].clone() for name in self.own_masters()}
        for name, average in kept.items():
            exchange(self.ema[name], self.masters[name].detach(), average)
        try:
            self.write({**self.ema, **{name: self.parameters[name] for name in kept}})
            yield
        finally:
            for name, average in kept.items():
                exchange(self.masters[name].detach(), self.ema[name], average)
            self.write(self.masters)

    def own_masters(self) -> list[str]:
        return [name for name, parameter in self.parameters.items() if self.masters[name] is parameter]

    def state(self) -> dict[str, Tensor]:
        """All tensors that a resume needs."""
        tensors = {f"master/{name}": value.detach() for name, value in self.masters.items()}
        tensors |= {f"ema/{name}": value for name, value in self.ema.items()}
        for name, master in self.masters.items():
            for key, value in moments_of(self.moved_by[name], master).items():
                tensors[f"moment/{key}/{name}"] = value
        return tensors

    def places(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Where a saved state of these names goes: the live tensors, with moments if there are any.

        Raises CorruptCheckpoint where the moments kept here have 8 bits: those are loaded.
        """
        known = set(names)
        if self.settings.moment_bits == 8:
            raise CorruptCheckpoint("This run keeps 32-bit moments, not 8-bit ones: go on with those it has.")
        for name, master in self.masters.items():
            moments = {
                key: torch.zeros(()) if key == "step" else torch.zeros_like(master.detach())
                for key in _MOMENTS[type(self.moved_by[name])]
                if f"moment/{key}/{name}" in known
            }
            if moments:
                self.moved_by[name].state[master] = moments
        return self.state()

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take up a saved state of whole tensors. Raises CorruptCheckpoint where it does not fit."""
        require({f"{kept}/{name}" for kept in ("master", "ema") for name in self.masters}, tensors)
        saved = {name.split("/")[1] for name in tensors if name.startswith("moment/")}
        for name, master in self.masters.items():
            copy_into(master.detach(), tensors[f"master/{name}"])
            copy_into(self.ema[name], tensors[f"ema/{name}"])
            moments = {
                key: placed_like(master, value)
                for key, value in ((key, tensors.get(f"moment/{key}/{name}")) for key in saved)
                if value is not None
            }
            if moments:
                optimizer = self.moved_by[name]
                if isinstance(optimizer, Muon) is not ("momentum_buffer" in moments):
                    raise CorruptCheckpoint("This run has moments of another method: go on with its own.")
                take_up(optimizer, master, moments)
        self.write(self.masters)


def placed_like(master: Tensor, moment: Tensor) -> Tensor:
    """A copy of a whole moment where its master is, sharded as that is; a count of steps stays on the CPU."""
    if moment.shape != master.shape:
        return moment.clone()
    if not isinstance(master, DTensor):
        return moment.to(master.device, copy=True)
    place = torch.zeros_like(master.detach())
    copy_into(place, moment)
    return place


def require(places: Iterable[str], found: Iterable[str]) -> None:
    """Raises CorruptCheckpoint where a checkpoint lacks what the model has."""
    missing = sorted(set(places) - set(found))
    if missing:
        raise CorruptCheckpoint(f"The checkpoint does not fit the recipe: {missing[0]} is missing.")


def average(gradients: list[Tensor], team: Team) -> None:
    """Mean over ranks, in place, of the gradients of whole tensors; FSDP2 has averaged sharded ones."""
    plain = [each for each in gradients if not isinstance(each, DTensor)]
    if team.size == 1 or not plain:
        return
    flat = torch.cat([each.flatten() for each in plain])
    dist.all_reduce(flat)
    parts = torch.split(flat / team.size, [each.numel() for each in plain])
    for each, part in zip(plain, parts, strict=True):
        each.copy_(part.view_as(each))


def whole(tensor: Tensor) -> Tensor:
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def exchange(first: Tensor, second: Tensor, copy_of_first: Tensor) -> None:
    first.copy_(second)
    second.copy_(copy_of_first)

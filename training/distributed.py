"""The processes of one training: who they are, what they agree on, and how a network is divided among them.

`torchrun` starts them. A network too large for one device is sharded (FSDP2); a small one stands on every
rank whole, and its gradients are averaged by the optimiser. Either way the loop is the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.utils import _pytree as pytree

from engines.sparse_dit.blocks import DualOutput, SingleOutput, SparseDiTOutput
from engines.sparse_dit.moe import RouterStatistics
from training.errors import BadRecipe

__all__ = ["ALONE", "Team", "copy_into", "join", "local", "shard", "team_of_group"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Team:
    """This process, `rank` (from 0) of `size` that train together, and the device that it computes on."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    mesh: DeviceMesh | None = None

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def share(self, count: int) -> range:
        """This rank's part of `count` samples. Raises BadRecipe where they cannot be divided evenly."""
        if count % self.size:
            raise BadRecipe(f"A batch of {count} cannot be divided among {self.size} processes.")
        each = count // self.size
        return range(self.rank * each, (self.rank + 1) * each)

    def mean(self, tensor: Tensor) -> Tensor:
        """The mean over ranks, without gradient."""
        total = tensor.detach().clone()
        if self.size > 1:
            dist.all_reduce(total)
        return total / self.size

    def any(self, *facts: bool) -> tuple[bool, ...]:
        """Each fact: true where one rank says so. All ranks then do the same."""
        if self.size == 1:
            return facts
        flags = torch.tensor(facts, dtype=torch.int32, device=self.device)
        dist.all_reduce(flags, dist.ReduceOp.MAX)
        return tuple(bool(flag) for flag in flags.tolist())

    def gather(self, value: T) -> list[T]:
        """What every rank has, by rank."""
        if self.size == 1:
            return [value]
        values: list[T | None] = [None] * self.size
        dist.all_gather_object(values, value)
        return [each for each in values if each is not None]

    def wait(self) -> None:
        """Until all ranks are here."""
        if self.size > 1:
            dist.barrier()


ALONE = Team()


@contextmanager
def join(*, on_cpu: bool = False) -> Iterator[Team]:
    """The team that torchrun started this process in, ALONE without it. Leaves it at the end.

    `on_cpu`: what is trained is too small for a GPU.
    """
    has_gpu = torch.cuda.is_available() and not on_cpu
    if not dist.is_torchelastic_launched():
        yield Team(device=torch.device("cuda", 0) if has_gpu else torch.device("cpu"))
        return
    dist.init_process_group("nccl" if has_gpu else "gloo")
    try:
        yield team_of_group(has_gpu=has_gpu)
    finally:
        dist.destroy_process_group()


def team_of_group(*, has_gpu: bool = False) -> Team:
    """The team of the process group that was begun; each rank of a machine takes a GPU of its own."""
    rank, size, device = dist.get_rank(), dist.get_world_size(), torch.device("cpu")
    if has_gpu:
        device = torch.device("cuda", rank % torch.cuda.device_count())
        torch.cuda.set_device(device)
    return Team(rank=rank, size=size, device=device, mesh=init_device_mesh(device.type, (size,)))


def shard(module: nn.Module, team: Team, compute: torch.dtype | None) -> None:
    """Divide the parameters of `module` that are not divided yet among all ranks, in place (FSDP2).

    Every rank must hold the same numbers before. Float32 parameters are the masters: they are gathered in
    `compute` while the module works, and gradients are summed in float32. Without `compute` the module is
    frozen and keeps its precision.
    """
    teach_pytree()
    # That someone might change an output in place: nobody does.
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor")
    policy = MixedPrecisionPolicy(
        param_dtype=compute,
        reduce_dtype=None if compute is None else torch.float32,
        # Times would lose their last digits in bfloat16: the stage casts what should be cast.
        cast_forward_inputs=False,
    )
    fully_shard(
        module, mesh=team.mesh, mp_policy=policy, reshard_after_forward=True if compute is None else None
    )


def teach_pytree() -> None:
    """FSDP2 looks for tensors in what a block returns, and must see into our records."""
    for kind in (DualOutput, SingleOutput, SparseDiTOutput, RouterStatistics):
        if kind not in pytree.SUPPORTED_NODES:
            pytree.register_dataclass(kind)


def local(tensor: Tensor) -> Tensor:
    """This rank's part of a sharded tensor; a plain one as it is."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


@torch.no_grad()
def copy_into(target: Tensor, whole: Tensor) -> None:
    """Set a tensor, plain or sharded, to the numbers of a plain one that every rank has."""
    if not isinstance(target, DTensor):
        target.copy_(whole)
        return
    whole = whole.to(target.device, target.dtype)
    target.copy_(distribute_tensor(whole, target.device_mesh, target.placements, src_data_rank=None))

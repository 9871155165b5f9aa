"""Passes of one step over several processes: each computes its samples, and all get all of them."""

# B samples of a pass, C channels, H and W latent rows and columns, R samples of the rank that has most

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from engines.sampling import Velocity

__all__ = ["Ranks", "join_ranks"]


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """This process, `rank` (from 0), of `num_ranks` that take the same steps on the same latents.

    What a pass gives is gathered before it is used, so latents stay equal to the bit on all ranks, be their
    kernels deterministic or not.
    """

    rank: int
    num_ranks: int

    def share(
        self,
        texts: Sequence[int],
        reading: Callable[[Sequence[int]], Velocity],
        sample_shape: tuple[int, int, int],
    ) -> Velocity:
        """Passes of which each rank computes its neighbours in the batch; one sample alone is rank 0's.

        `reading` gives the passes whose samples read some of `texts`; what they predict of one sample has
        `sample_shape` (C, H, W). A rank that fails still answers, with NaN, so that nobody waits for it; then
        it raises its error.
        """
        counts = share_out(len(texts), self.num_ranks)
        begin = sum(counts[: self.rank])
        mine = slice(begin, begin + counts[self.rank])
        velocity = reading(texts[mine]) if counts[self.rank] else None

        def shared(latents_BCHW: Tensor, time: Tensor) -> Tensor:
            rows_RCHW = latents_BCHW.new_full((max(counts), *sample_shape), torch.nan, dtype=torch.float32)
            try:
                if velocity is not None:
                    rows_RCHW[: counts[self.rank]] = velocity(latents_BCHW[mine], time)
            finally:
                gathered = [torch.empty_like(rows_RCHW) for _ in counts]
                dist.all_gather(gathered, rows_RCHW)
            return torch.cat([each[:count] for each, count in zip(gathered, counts, strict=True)])

        return shared


def share_out(num_samples: int, num_ranks: int) -> list[int]:
    """How many each rank takes: as equal as can be, the first ones one more."""
    return [(num_samples + num_ranks - 1 - rank) // num_ranks for rank in range(num_ranks)]


def join_ranks(rank: int, num_ranks: int, device: torch.device, meeting: Path) -> Ranks:
    """Wait until all have come: NCCL on CUDA devices, gloo elsewhere. `meeting` is a file yet unused."""
    is_cuda = device.type == "cuda"
    dist.init_process_group(
        "nccl" if is_cuda else "gloo",
        init_method=meeting.as_uri(),
        rank=rank,
        world_size=num_ranks,
        device_id=device if is_cuda else None,
    )
    return Ranks(rank=rank, num_ranks=num_ranks)

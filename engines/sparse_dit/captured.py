"""A step recorded once as a CUDA graph and replayed: small pictures wait for launches, not for products."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from engines.sparse_dit.prepared import Prepared

__all__ = ["Captured", "record_graph"]

Replay = Callable[[], None]
NUM_WARM_UPS = 2


def record_graph(run: Callable[[], Tensor]) -> tuple[Tensor, Replay]:
    """The output of `run` and a function that computes it anew, in place, from what then lies in its inputs.

    `run` must be on CUDA, read nothing on the host, and keep its inputs where they are.
    """
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(NUM_WARM_UPS):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = run()
    return output, graph.replay


class Captured:
    """`captured(latents, step)` is `prepared(latents, step)`, recorded at the first call."""

    def __init__(
        self,
        prepared: Prepared,
        record: Callable[[Callable[[], Tensor]], tuple[Tensor, Replay]] = record_graph,
    ) -> None:
        self.prepared = prepared
        self.record = record
        self.replay: Replay | None = None

    def __call__(self, latents_BCHW: Tensor, step: int) -> Tensor:
        conditions = self.prepared.conditions(step)
        if self.replay is None:
            self.latents = latents_BCHW.clone()
            self.conditions = tuple(each.clone() for each in conditions)
            self.output, self.replay = self.record(
                lambda: self.prepared.predict(self.latents, self.conditions)
            )
        self.latents.copy_(latents_BCHW)
        for static, fresh in zip(self.conditions, conditions, strict=True):
            static.copy_(fresh)
        self.replay()
        return self.output.clone()

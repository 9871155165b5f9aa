"""What the frozen teacher says of noisy samples, with and without guidance, and what its blocks hold."""

# B batch, C channels, H height, W width, T tokens, D width of the network

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from einops import rearrange
from torch import Tensor, nn

from engines.flow import per_sample
from engines.guidance import guide
from engines.sparse_dit import SparseDiT
from engines.sparse_dit.blocks import Block, SingleOutput
from engines.text import TextContext
from training.distillation.distiller import Judged
from training.precision import training_dtype
from training.velocity import velocity_of

__all__ = ["Teacher", "Words"]


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the samples of a batch are of, and the empty text for guidance, both (B, ...)."""

    texts: TextContext
    empty: TextContext


class Teacher:
    """A drawing network that learns no more.

    It is guided at sigmas up to `guided_to`. Features are the image tokens behind its single-stream blocks
    `feature_blocks`, (B, rows, columns, D) each.
    """

    def __init__(self, network: SparseDiT, guided_to: float, feature_blocks: Sequence[int]) -> None:
        self.network = network.to(training_dtype(network.device)).eval().requires_grad_(False)
        self.guided_to, self.patch_size = guided_to, network.architecture.patch_size
        self.blocks = [cast(Block, network.single_stream_blocks[index]).block for index in feature_blocks]

    def look(self, noisy_BCHW: Tensor, sigma_B: Tensor, words: Words) -> tuple[Tensor, Sequence[Tensor]]:
        """Its velocity without guidance, and the features."""
        features: list[Tensor] = []
        rows, columns = (side // self.patch_size for side in noisy_BCHW.shape[-2:])

        def keep(module: nn.Module, inputs: object, output: SingleOutput) -> None:
            image_BTD = output.rows_BTD[:, : rows * columns]
            features.append(rearrange(image_BTD, "b (h w) d -> b h w d", h=rows))

        # For this pass alone: a copy of the network, as a critic is, shall not carry them.
        handles = [block.register_forward_hook(keep) for block in self.blocks]
        try:
            return velocity_of(self.network, noisy_BCHW, sigma_B, words.texts), features
        finally:
            for handle in handles:
                handle.remove()

    def judge(self, noisy_BCHW: Tensor, sigma_B: Tensor, words: Words, guidance: float) -> Judged:
        """Its guided velocity, through which no gradient goes, and the features, through which one does."""
        v_text, features = self.look(noisy_BCHW, sigma_B, words)
        with torch.no_grad():
            v_empty = velocity_of(self.network, noisy_BCHW, sigma_B, words.empty)
            guided = guide(v_empty, v_text.detach(), guidance)
            is_guided = per_sample((sigma_B <= self.guided_to).float(), guided)
            velocity = torch.where(torch.as_tensor(is_guided) > 0, guided, v_text.detach())
        return Judged(velocity_BX=velocity, features=features)

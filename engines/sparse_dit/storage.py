"""How a network's weights are kept: joined or apart, in place or, for what the loop does not read, aside."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from engines.sparse_dit.blocks import Block
from engines.sparse_dit.fusion import Fusible
from engines.sparse_dit.prepared import Finished, apply_from_anywhere

__all__ = ["Storage"]


class Storage(nn.Module):
    """The part of SparseDiT that changes where and how its weights lie, never what it computes."""

    aside: dict[str, nn.Module]
    double_stream_blocks: nn.ModuleList
    single_stream_blocks: nn.ModuleList

    @property
    def device(self) -> torch.device:
        raise NotImplementedError

    def blocks(self) -> Iterator[Block]:
        """All blocks in order, dual ones first."""
        for block in (*self.double_stream_blocks, *self.single_stream_blocks):
            yield cast(Block, block)

    def fuse(self) -> Self:
        """Store q, k, v, w1 and w3, and all experts of a block as one tensor each; returns itself.

        Numbers, gradients and state dicts stay as they are; `named_parameters` changes, so fuse before an
        optimizer is made. Quantised layers and layers with adapters are left alone.
        """
        for each in self.fusible():
            each.fuse()
        return self

    def unfuse(self) -> Self:
        """The checkpoint's own modules again; returns itself."""
        for each in self.fusible():
            each.unfuse()
        return self

    def fusible(self) -> Iterator[Fusible]:
        for block in self.blocks():
            yield from (each for each in block.block.children() if isinstance(each, Fusible))

    def put_aside(self, device: torch.device | str = "cpu") -> Self:
        """Take out what the denoising loop does not read, adaLN and caption projections; returns itself.

        18 % of the 17 B weights, which then neither move, nor are quantised, nor saved with the rest.
        prepare() and plain passes still work, they fetch one layer at a time.
        """
        for name in self.used_once():
            if name not in self.aside:
                self.aside[name] = self.get_submodule(name).to(device)
                self.set_submodule(name, Finished())
        return self

    def bring_back(self) -> Self:
        """Undo put_aside."""
        for name, module in self.aside.items():
            self.set_submodule(name, module.to(self.device))
        self.aside.clear()
        return self

    def used_once(self) -> Iterator[str]:
        """What is read once a prompt: 2.53 B adaLN and 0.51 B caption parameters of the published 17.1 B."""
        yield "caption_projection"
        yield from self.adaptive()

    def adaptive(self) -> Iterator[str]:
        """The blocks' adaLN in order, then the head's."""
        for name, blocks in self.named_children():
            if name.endswith("_blocks"):
                yield from (f"{name}.{i}.block.adaLN_modulation" for i in range(len(cast(Sized, blocks))))
        yield "final_layer.adaLN_modulation"

    def wherever(self, name: str) -> Any:
        """The module of that name, put aside or not."""
        return self.aside.get(name) or self.get_submodule(name)

    def modulations(self, condition: Tensor) -> list[Tensor]:
        """adaLN's vectors for every block, then the head, of conditions (.., D) after SiLU."""
        return [apply_from_anywhere(self.wherever(name)[1], condition) for name in self.adaptive()]

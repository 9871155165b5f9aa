"""One prompt, one size, one schedule: all that stays the same through the denoising loop, computed once."""

# B batch, S steps, D width, P persistent text rows, L Llama rows of a block, X channels of a block's adaLN

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch.nn.functional as F
from torch import Tensor, nn

from engines.sparse_dit.attention import KeyRules
from engines.sparse_dit.rows import Grid

__all__ = ["LoopInputs", "Prepared", "PromptStates", "TextRows", "apply_from_anywhere"]


class Denoise(Protocol):
    """The network: latents and inputs to an output whose `sample` is clean - noise."""

    def __call__(self, hidden_states: Tensor, *, loop_inputs: LoopInputs) -> Any: ...


class PromptStates(Protocol):
    """What text encoders say: T5 (B, tokens, width), Llama (layers, B, tokens, width), CLIP (B, width)."""

    @property
    def t5_BTC(self) -> Tensor: ...
    @property
    def llama_LBTC(self) -> Tensor: ...
    @property
    def pooled_BC(self) -> Tensor: ...


@dataclass(frozen=True, kw_only=True)
class TextRows:
    """A projected prompt: T5's rows and the last Llama state's, which persist; then each block's own rows."""

    text_BPD: Tensor
    llama: tuple[Tensor, ...]

    @property
    def num_rows(self) -> int:
        """Those that a block's image rows attend to."""
        return self.text_BPD.shape[1] + self.llama[0].shape[1]


@dataclass(frozen=True, kw_only=True)
class LoopInputs:
    """What one pass of the blocks reads beside the picture.

    `conditions` has an entry a block and one for the head: (B, D) before adaLN, or its finished vectors.
    """

    grid: Grid
    rules: KeyRules
    text: TextRows
    conditions: tuple[Tensor, ...]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """`prepared(latents, step)` predicts clean - noise, as SparseDiT.forward does, for step 0 and up.

    `vectors` holds the finished adaLN vectors of all steps, (S, B, X) for each block and for the head.
    Latents are (B, channels, height, width) of the prepared size; so is the answer, but its kept width.
    """

    denoise: Denoise
    grid: Grid
    rules: KeyRules
    text: TextRows
    vectors: tuple[Tensor, ...]

    def __call__(self, latents_BCHW: Tensor, step: int) -> Tensor:
        conditions = tuple(vectors_SBX[step] for vectors_SBX in self.vectors)
        inputs = LoopInputs(grid=self.grid, rules=self.rules, text=self.text, conditions=conditions)
        sample: Tensor = self.denoise(latents_BCHW, loop_inputs=inputs).sample
        return sample

    def samples(self, *indices: int) -> Prepared:
        """The same for some of the batch's samples, say without the negative prompt of guidance."""
        chosen = list(indices)
        text = TextRows(
            text_BPD=self.text.text_BPD[chosen], llama=tuple(each[chosen] for each in self.text.llama)
        )
        return replace(self, text=text, vectors=tuple(each[:, chosen] for each in self.vectors))

    @property
    def num_bytes(self) -> int:
        """What the prompt holds for as long as its loop runs."""
        return sum(
            each.nbytes for each in (self.text.text_BPD, *self.text.llama, *self.vectors, self.rules.table)
        )


def apply_from_anywhere(linear: nn.Module, x: Tensor) -> Tensor:
    """linear(x), with weights that may lie on another device.

    A plain linear's come for this product only; to others, such as one with adapters, the rows go instead.
    """
    weight = next(linear.parameters())
    if weight.device == x.device:
        output: Tensor = linear(x)
        return output
    if weight.is_meta:
        raise RuntimeError(
            "The weights that this prompt needs were freed: load them again with load_state_dict."
        )
    if type(linear) is not nn.Linear:
        there: Tensor = linear(x.to(weight.device))
        return there.to(x.device)
    bias = None if linear.bias is None else linear.bias.to(x.device)
    return F.linear(x, linear.weight.to(x.device), bias)

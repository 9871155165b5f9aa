"""One prompt, one size, one schedule: all that stays the same through the denoising loop, computed once."""

# B batch, S steps, D width, P persistent text rows, L Llama rows of a block, X channels of a block's adaLN

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engines.sparse_dit.attention import KeyRules
from engines.sparse_dit.fusion import is_plain
from engines.sparse_dit.rows import Grid
from engines.sparse_dit.step_cache import StepCache

__all__ = ["Finished", "LoopInputs", "Prepared", "PromptStates", "TextRows", "apply_from_anywhere"]


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
    With a `step_cache` blocks may be left out.
    """

    grid: Grid
    rules: KeyRules
    text: TextRows
    conditions: tuple[Tensor, ...]
    step_cache: StepCache | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """`prepared(latents, step)` predicts clean - noise, as SparseDiT.forward does, for step 0 and up.

    `vectors` holds the finished adaLN vectors of all steps, (S, texts, X) for each block and for the head;
    `texts_B` says which of them a sample reads, None each its own. Latents are (B, channels, height, width)
    of the prepared size; so is the answer, but its kept width.
    """

    denoise: Denoise
    grid: Grid
    rules: KeyRules
    text: TextRows
    vectors: tuple[Tensor, ...]
    texts_B: Tensor | None = None
    step_cache: StepCache | None = None

    def __call__(self, latents_BCHW: Tensor, step: int) -> Tensor:
        return self.predict(latents_BCHW, self.conditions(step))

    def conditions(self, step: int) -> tuple[Tensor, ...]:
        """Finished adaLN vectors (B, X) of one step, for each block and for the head."""
        of_step = [vectors_STX[step] for vectors_STX in self.vectors]
        return tuple(each if self.texts_B is None else each[self.texts_B] for each in of_step)

    def predict(self, latents_BCHW: Tensor, conditions: tuple[Tensor, ...]) -> Tensor:
        inputs = LoopInputs(
            grid=self.grid,
            rules=self.rules,
            text=self.text,
            conditions=conditions,
            step_cache=self.step_cache,
        )
        sample: Tensor = self.denoise(latents_BCHW, loop_inputs=inputs).sample
        return sample

    def samples(self, *texts: int) -> Prepared:
        """For a batch whose samples read these of the prepared texts, which may repeat."""
        if self.texts_B is not None:
            raise ValueError("Choose samples of what prepare made, not of other samples.")
        texts_B = torch.tensor(texts, device=self.text.text_BPD.device)
        text = TextRows(
            text_BPD=self.text.text_BPD[texts_B], llama=tuple(each[texts_B] for each in self.text.llama)
        )
        return replace(self, text=text, texts_B=texts_B)

    def with_step_cache(self, threshold: float) -> Prepared:
        """For one run through the steps, in order."""
        return replace(self, step_cache=StepCache(threshold))

    @property
    def num_bytes(self) -> int:
        """What the prompt holds for as long as its loop runs."""
        return sum(
            each.nbytes for each in (self.text.text_BPD, *self.text.llama, *self.vectors, self.rules.table)
        )


class Finished(nn.Module):
    """Stands where a network's adaLN was put aside: finished vectors pass."""

    def forward(self, vectors_BX: Tensor) -> Tensor:
        return vectors_BX


def apply_from_anywhere(module: nn.Module, x: Tensor) -> Tensor:
    """module(x), with weights that may lie on another device.

    A plain linear's come for this product only; to others, such as one with adapters, the rows go instead.
    """
    home = next(module.parameters()).device
    if home == x.device:
        output: Tensor = module(x)
        return output
    if isinstance(module, nn.Linear) and is_plain(module):
        bias = None if module.bias is None else module.bias.to(x.device)
        return F.linear(x, module.weight.to(x.device), bias)
    there: Tensor = module(x.to(home))
    return there.to(x.device)

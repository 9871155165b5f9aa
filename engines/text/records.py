"""What goes into the text stack and what comes out."""

# B texts, T tokens, C channels, L decoder layers of the Llama

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from engines.api import SAME_WORDS, EncoderWords

__all__ = ["ENCODERS", "MAX_TOKENS", "EncodedTexts", "Prompt", "TextContext", "TextTokens", "TokenCounts"]

MAX_TOKENS = 128
"""What the published models were trained at; longer texts can give noise."""
ENCODERS = ("clip_l", "clip_g", "t5", "llama")


@dataclass(frozen=True)
class Prompt:
    """One text for all encoders, with other words for some."""

    text: str
    words: EncoderWords = SAME_WORDS

    def read_by(self, encoder: str) -> str:
        """The text for one of ENCODERS."""
        own: str | None = getattr(self.words, encoder)
        return self.text if own is None else own


@dataclass(frozen=True, kw_only=True)
class TextTokens:
    """Token ids (B, T) for each encoder. Masks are 1 on real tokens; CLIP is causal and needs none."""

    clip_l: Tensor
    clip_g: Tensor
    t5: Tensor
    t5_mask: Tensor
    llama: Tensor
    llama_mask: Tensor


@dataclass(frozen=True, kw_only=True)
class TextContext:
    """What the transformer reads: pooled (B, C), T5 states (B, T, C), Llama states (L, B, T, C)."""

    pooled_BC: Tensor
    t5_BTC: Tensor
    llama_LBTC: Tensor

    def rows(self, *indices: int) -> TextContext:
        """The texts at `indices`, which may repeat."""
        order = torch.tensor(indices, device=self.pooled_BC.device)
        return TextContext(
            pooled_BC=self.pooled_BC[order], t5_BTC=self.t5_BTC[order], llama_LBTC=self.llama_LBTC[:, order]
        )

    def to(self, device: torch.device, dtype: torch.dtype) -> TextContext:
        return TextContext(
            pooled_BC=self.pooled_BC.to(device, dtype),
            t5_BTC=self.t5_BTC.to(device, dtype),
            llama_LBTC=self.llama_LBTC.to(device, dtype),
        )


@dataclass(frozen=True, kw_only=True)
class TokenCounts:
    """How many tokens each encoder needs for the whole of its text, special ones included."""

    clip_l: int
    clip_g: int
    t5: int
    llama: int

    @property
    def largest(self) -> int:
        return max(self.clip_l, self.clip_g, self.t5, self.llama)


@dataclass(frozen=True, kw_only=True)
class EncodedTexts:
    """A context, and per text its token counts and a sentence on what encoders left out, "" for nothing.

    `warning` is a sentence on a length the models were not trained for.
    """

    context: TextContext
    counts: tuple[TokenCounts, ...]
    cuts: tuple[str, ...]
    warning: str = ""

    @property
    def is_cut(self) -> tuple[bool, ...]:
        return tuple(bool(cut) for cut in self.cuts)

    @property
    def num_tokens(self) -> tuple[int, ...]:
        """The largest count of each text."""
        return tuple(count.largest for count in self.counts)

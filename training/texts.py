"""Captions to what the network reads of them, by published encoders that do not learn."""

# B texts

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import torch
from torch import nn

from engines.manifest import folder_hash
from engines.text import (
    SUFFIXES,
    EncoderFolder,
    PlainHost,
    TextContext,
    TextEncoders,
    TextStack,
    encode_tokens,
)
from engines.text.encoders import load_tokenizer
from training.distributed import Team, shard

__all__ = ["ReadsText", "load_texts"]


class ReadsText(Protocol):
    """Texts to states, without gradient. In a team of many all ranks call it together."""

    def __call__(self, texts: Sequence[str]) -> TextContext: ...


class WholeTexts:
    """One process with all encoders, each text read once."""

    def __init__(self, stack: TextStack) -> None:
        self.stack = stack

    def __call__(self, texts: Sequence[str]) -> TextContext:
        return self.stack.encode(texts).context


class ShardedTexts:
    """Encoders divided among the ranks, each of which reads texts of its own."""

    def __init__(self, stack: TextStack, encoders: TextEncoders, device: torch.device) -> None:
        self.stack, self.encoders, self.device = stack, encoders, device

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> TextContext:
        return encode_tokens(self.encoders, self.stack.tokenize(texts))


def load_texts(weights: Path, team: Team, dtype: torch.dtype) -> ReadsText:
    """The four encoders and tokenizers of a folder in diffusers layout, 27 GB in bfloat16 as published.

    Alone a process holds them all, on its device; many divide them. Raises ModelNotFound or WeightsDamaged.
    """
    host = PlainHost(device=team.device)
    if team.size == 1:
        return WholeTexts(TextStack.from_pretrained(weights, dtype, host=host))
    name = folder_hash(weights)
    encoders = []
    for slot in range(len(SUFFIXES)):
        encoder = EncoderFolder(weights=weights, slot=slot, dtype=dtype, weights_hash=name).load()
        for unit in units_of(encoder):
            shard(unit, team, None)
        encoders.append(encoder.to(team.device))
    held = TextEncoders(*encoders)
    tokenizers = [load_tokenizer(weights / f"tokenizer{suffix}") for suffix in SUFFIXES]
    return ShardedTexts(TextStack(held, tokenizers), held, team.device)


def units_of(encoder: nn.Module) -> Iterator[nn.Module]:
    """The layers of a transformers model and its tables of embeddings, not the model itself: it knows by its
    class which states it can give, and sharding changes the class."""
    lists: list[str] = []
    for name, module in encoder.named_modules():
        if any(name.startswith(f"{each}.") for each in lists):
            continue
        if isinstance(module, nn.ModuleList):
            lists.append(name)
            yield from module
        elif isinstance(module, nn.Embedding):
            yield module

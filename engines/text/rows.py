"""Encode texts side by side, each distinct token once.

T5 and Llama are read at every position, padding too, but nothing attends to padding. A padded row therefore
depends on its place alone, and rows that cannot differ are computed once: in the T5 all those at the same
bucketed distances from every real token; in the Llama all of a text of one token, since a softmax over one
key has one value. What is left of all texts is one sequence under a mask that keeps the texts apart.
"""

# R distinct rows of all texts, T positions of one text, H heads, C channels, L layers

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["States", "encode_llama", "encode_pooled", "encode_t5"]

MAX_ROWS = 512
"""Rows of one pass; the mask grows with their square."""


@dataclass(frozen=True, kw_only=True)
class States:
    """What an encoder says of one text: its distinct rows (L, R, C) and the row at each position (T,)."""

    rows_LRC: Tensor
    places_T: Tensor

    def at_positions(self) -> Tensor:
        """(L, T, C)."""
        return self.rows_LRC[:, self.places_T]

    def to(self, device: torch.device) -> States:
        return States(rows_LRC=self.rows_LRC.to(device), places_T=self.places_T.to(device))


@dataclass(frozen=True, kw_only=True)
class Text:
    """Token ids without padding, and the positions of the padding rows that are computed."""

    ids: Sequence[int]
    padding: Sequence[int]
    length: int

    @property
    def num_rows(self) -> int:
        return len(self.ids) + len(self.padding)

    def places(self) -> list[int]:
        """The row at each position: its own if real, else that of the last computed padding up to it."""
        num_real = len(self.ids)
        later = [num_real + bisect_right(self.padding, at) - 1 for at in range(num_real, self.length)]
        return [*range(num_real), *later]


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Texts side by side: tokens (R,), the position in its text (R,), and what each row may read (R, R)."""

    tokens_R: Tensor
    positions_R: Tensor
    is_read_RR: Tensor

    def mask(self, dtype: torch.dtype) -> Tensor:
        """(1, 1, R, R), to be added to the scores."""
        mask_RR = torch.zeros(self.is_read_RR.shape, dtype=dtype, device=self.is_read_RR.device)
        return mask_RR.masked_fill(~self.is_read_RR, torch.finfo(dtype).min)[None, None]


def encode_pooled(clip: nn.Module, ids: Sequence[Sequence[int]], pad: int) -> list[States]:
    """Projected states at the end token. CLIP is causal, so padding to the longest text is all it needs."""
    longest = max(map(len, ids))
    device = device_of(clip)
    tokens_BT = torch.tensor([[*each, *[pad] * (longest - len(each))] for each in ids], device=device)
    pooled_BC = clip(tokens_BT).text_embeds
    place = torch.zeros(1, dtype=torch.long, device=device)
    return [States(rows_LRC=row_C[None, None], places_T=place) for row_C in pooled_BC]


def encode_t5(t5: Any, ids: Sequence[Sequence[int]], pad: int, length: int) -> list[States]:
    """Last states at `length` positions of each text, as of the model on padded ids with their mask."""
    stack = t5.encoder
    bias_HTT = stack.block[0].layer[0].SelfAttention.compute_bias(length, length)[0]
    texts = [Text(ids=each, padding=distinct_padding(bias_HTT, len(each)), length=length) for each in ids]

    def run(packed: Packed) -> Tensor:
        states_1RC = stack.embed_tokens(packed.tokens_R)[None]
        bias_1HRR = bias_HTT[:, packed.positions_R][:, :, packed.positions_R] + packed.mask(bias_HTT.dtype)
        for block in stack.block:
            states_1RC = block(states_1RC, position_bias=bias_1HRR)[0]
        output: Tensor = stack.final_layer_norm(states_1RC)
        return output

    return encode_packed(texts, pad, run, device_of(t5), is_causal=False)


def encode_llama(llama: Any, ids: Sequence[Sequence[int]], pad: int, length: int) -> list[States]:
    """States after every layer at `length` positions, as of the model on padded ids with their mask."""
    texts = [
        Text(ids=each, padding=range(len(each), length)[: 1 if len(each) == 1 else None], length=length)
        for each in ids
    ]

    def run(packed: Packed) -> Tensor:
        output = llama(
            packed.tokens_R[None],
            attention_mask=packed.mask(llama.dtype),
            position_ids=packed.positions_R[None],
            output_hidden_states=True,
            use_cache=False,
        )
        return torch.cat(output.hidden_states[1:])

    return encode_packed(texts, pad, run, device_of(llama), is_causal=True)


def distinct_padding(bias_HTT: Tensor, num_real: int) -> list[int]:
    """The padding positions whose distances to the real tokens weigh otherwise than one place before."""
    rows_HPK = bias_HTT[:, num_real:, :num_real]
    changes = (rows_HPK[:, 1:] != rows_HPK[:, :-1]).any(dim=2).any(dim=0)
    first = range(num_real, bias_HTT.shape[1])[:1]
    return [*first, *(num_real + 1 + at for at in changes.nonzero().flatten().tolist())]


def encode_packed(
    texts: Sequence[Text], pad: int, run: Callable[[Packed], Tensor], device: torch.device, is_causal: bool
) -> list[States]:
    """Run packs of up to MAX_ROWS rows; `run` gives (L, R, C)."""
    every: list[States] = []
    for group in groups(texts):
        rows_LRC = run(pack(group, pad, device, is_causal))
        rows = torch.split(rows_LRC, [text.num_rows for text in group], dim=1)
        every += [
            States(rows_LRC=own_LRC.clone(), places_T=torch.tensor(text.places(), device=device))
            for own_LRC, text in zip(rows, group, strict=True)
        ]
    return every


def groups(texts: Sequence[Text]) -> Iterator[list[Text]]:
    group: list[Text] = []
    for text in texts:
        if group and sum(each.num_rows for each in group) + text.num_rows > MAX_ROWS:
            yield group
            group = []
        group.append(text)
    yield group


def pack(texts: Sequence[Text], pad: int, device: torch.device, is_causal: bool) -> Packed:
    rows = [
        (index, token, position, position < len(text.ids))
        for index, text in enumerate(texts)
        for position, token in zip(
            [*range(len(text.ids)), *text.padding], [*text.ids, *[pad] * len(text.padding)], strict=True
        )
    ]
    text_R, tokens_R, positions_R, is_real_R = torch.tensor(rows, device=device).T
    is_read_RR = (text_R[:, None] == text_R) & is_real_R.bool()
    if is_causal:
        is_read_RR &= positions_R[:, None] >= positions_R
    return Packed(tokens_R=tokens_R, positions_R=positions_R, is_read_RR=is_read_RR)


def device_of(module: nn.Module) -> torch.device:
    return next(module.parameters()).device

"""Token by token: how a Llama writes freely, and how it writes only what a grammar allows."""

# T tokens, V vocabulary, C channels

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer
from torch import Tensor
from transformers import DynamicCache

from engines.errors import EngineError

__all__ = ["Chooser", "Freely", "Pick", "Within", "greedy", "sampled", "tokens"]

Pick = Callable[[Tensor], int]
"""One token of logits (V,)."""


class Chooser(Protocol):
    """Says how an answer goes on."""

    @property
    def is_done(self) -> bool: ...

    def begin(self) -> Sequence[int]:
        """What stands before the first choice."""
        ...

    def choose(self, logits_V: Tensor) -> Sequence[int]:
        """The next tokens; none when the answer is done."""
        ...


class Freely:
    """Anything, up to a token that ends the answer."""

    def __init__(self, pick: Pick, ends: Collection[int]) -> None:
        self.is_done = False
        self._pick, self._ends = pick, ends

    def begin(self) -> Sequence[int]:
        return ()

    def choose(self, logits_V: Tensor) -> Sequence[int]:
        token = self._pick(logits_V)
        self.is_done = token in self._ends
        return () if self.is_done else (token,)


class Within:
    """JSON of one schema, without free whitespace: what has one way to go on is not asked of the model."""

    def __init__(self, pick: Pick, tokenizer: LLTokenizer, schema: Mapping[str, object]) -> None:
        """Raises EngineError for a schema that is no grammar."""
        self._pick = pick
        rules = {**schema, "x-guidance": {"whitespace_flexible": False}}
        self._matcher = LLMatcher(tokenizer, LLMatcher.grammar_from_json_schema(json.dumps(rules)))
        self._require_health()

    @property
    def is_done(self) -> bool:
        return self._matcher.is_stopped()

    def begin(self) -> Sequence[int]:
        return self._forced()

    def choose(self, logits_V: Tensor) -> Sequence[int]:
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        self._require_health()
        allowed_V = torch.from_numpy(np.unpackbits(bits, count=len(logits_V), bitorder="little")).bool()
        token = self._pick(logits_V.masked_fill(~allowed_V.to(logits_V.device), -torch.inf))
        self._matcher.consume_token(token)
        self._require_health()
        return (token, *self._forced())

    def _forced(self) -> Sequence[int]:
        forced = self._matcher.compute_ff_tokens()
        self._matcher.consume_tokens(forced)
        return forced

    def _require_health(self) -> None:
        if self._matcher.is_error():
            raise EngineError(f"The grammar of the answer cannot be kept: {self._matcher.get_error()}")


def tokens(
    llama: Any, head_VC: Tensor, prompt: Sequence[int], chooser: Chooser, num_tokens: int
) -> Iterator[int]:
    """The answer's tokens as they are written; `chooser` says whether it came to its end within them."""
    cache = DynamicCache(config=llama.config)
    fresh = tuple(chooser.begin())
    yield from fresh
    left, fresh = num_tokens - len(fresh), (*prompt, *fresh)
    while left > 0 and not chooser.is_done:
        fresh = tuple(chooser.choose(next_logits(llama, head_VC, fresh, cache)))
        yield from fresh
        left -= len(fresh)


@torch.no_grad()
def next_logits(llama: Any, head_VC: Tensor, fresh: Sequence[int], cache: DynamicCache) -> Tensor:
    """(V,) in float32, after `fresh` tokens that follow those in the cache."""
    ids_1T = torch.tensor([fresh], device=head_VC.device)
    states_1TC = llama(input_ids=ids_1T, past_key_values=cache, use_cache=True).last_hidden_state
    logits_V: Tensor = head_VC @ states_1TC[0, -1].to(head_VC.dtype)
    return logits_V.float()


def greedy(logits_V: Tensor) -> int:
    return int(logits_V.argmax())


def sampled(temperature: float, seed: int) -> Pick:
    """Draws of one seed, in the order they are asked for."""
    generator = torch.Generator().manual_seed(seed)

    def pick(logits_V: Tensor) -> int:
        chances_V = (logits_V.cpu() / temperature).softmax(dim=0)
        return int(torch.multinomial(chances_V, 1, generator=generator))

    return pick

"""LlamaSpeaker: the Llama that an engine reads words with also writes, so no second model is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from llguidance.hf import from_tokenizer
from tokenizers.decoders import DecodeStream
from torch import Tensor
from transformers import LlamaConfig, PreTrainedTokenizerBase

from engines.api import Message, OnProgress, Progress
from engines.engine import DiffusionEngine, device_failures
from engines.errors import EngineError
from engines.text import TextStack
from engines.text.head import load_head
from engines.text.speech import Chooser, Freely, Pick, Within, greedy, tokens
from engines.voice import LLAMA, read_json, require_voice

__all__ = ["LlamaSpeaker", "load_speaker"]

SLOT = 3
MOST_TOKENS = 16_384
"""Of messages and answer: an 8B Llama remembers as many in about 2 GB."""
CUT = "…"
NEVER = r"(?!)"


def load_speaker(engine: DiffusionEngine) -> LlamaSpeaker:
    """The voice of an engine's Llama. Raises ModelNotFound or WeightsDamaged for one that cannot talk."""
    require_voice(engine.parts.folder)
    return LlamaSpeaker(engine.parts.folder, engine.parts.text)


class LlamaSpeaker:
    """Writes with the engine's Llama in its precision and place; between two tokens the engine may draw.

    Its language head (1 GB of an 8B Llama's) waits in main memory and is on the device while it writes.
    """

    def __init__(self, weights: Path, text: TextStack, pick: Pick = greedy) -> None:
        """`text` reads with the Llama in the folder `weights`; `pick` chooses a token.

        Raises ModelNotFound or WeightsDamaged.
        """
        config = LlamaConfig.from_pretrained(weights / LLAMA, local_files_only=True)
        self._text = text
        self._pick = pick
        self._head_VC = load_head(weights / LLAMA)
        # One of its own: the engine, in another thread, tells its tokenizer to pad and cut.
        self._tokenizer: Any = deepcopy(text.tokenizers[SLOT])
        self._ends = ends_of(weights / LLAMA, self._tokenizer)
        self._markers = markers_of(self._tokenizer)
        self._grammar = from_tokenizer(
            self._tokenizer, n_vocab=config.vocab_size, eos_token=sorted(self._ends)
        )
        self.max_tokens = min(int(config.max_position_embeddings), MOST_TOKENS)

    @property
    def pauses(self) -> bool:
        return self._text.host.keeps_all

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(self._encode(messages))

    def answer(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, object],
        num_tokens: int,
        on_progress: OnProgress,
    ) -> str:
        """JSON of the schema. Raises EngineError when it does not end within `num_tokens`."""
        within = Within(self._pick, self._grammar, schema)
        written = list(self._write(messages, within, num_tokens, on_progress))
        if not within.is_done:
            raise EngineError(f"The language model did not come to an end within {num_tokens:,} tokens.")
        answer: str = self._grammar.decode_str(written)
        return answer

    def stream(self, messages: Sequence[Message], num_tokens: int, on_progress: OnProgress) -> Iterator[str]:
        """A free answer, piece by piece; one that is cut ends in "…"."""
        freely = Freely(self._pick, self._ends)
        pieces = DecodeStream(skip_special_tokens=True)
        for token in self._write(messages, freely, num_tokens, on_progress):
            piece = pieces.step(self._tokenizer.backend_tokenizer, token)
            if piece:
                yield piece
        if not freely.is_done:
            yield CUT

    def _write(
        self, messages: Sequence[Message], chooser: Chooser, num_tokens: int, on_progress: OnProgress
    ) -> Iterator[int]:
        prompt = self._encode(messages)
        room = min(num_tokens, self.max_tokens - len(prompt))
        if room <= 0:
            raise EngineError(
                f"The conversation has {len(prompt):,} tokens; the language model reads {self.max_tokens:,}."
            )
        on_progress(Progress(step=0, num_steps=room))
        with device_failures(), self._text.llama() as llama:
            head_VC = self._head_on_device(llama)
            for step, token in enumerate(tokens(llama, head_VC, prompt, chooser, room), start=1):
                on_progress(Progress(step=step, num_steps=room))
                yield token
                self._text.host.bring(llama)  # the engine may have needed its place

    def _head_on_device(self, llama: Any) -> Tensor:
        head_VC = llama.embed_tokens.weight if self._head_VC is None else self._head_VC
        return head_VC.to(self._text.device, llama.dtype)

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        """What is said cannot end a message or begin another: markers in it are spelled out as plain text."""
        spoken = [{"role": each.role, "content": self._plain(each.content)} for each in messages]
        text = self._tokenizer.apply_chat_template(spoken, tokenize=False, add_generation_prompt=True)
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, verbose=False).input_ids
        return ids

    def _plain(self, content: str) -> str:
        return self._markers.sub(lambda found: f"{found[0][0]} {found[0][1:]}", content)


def ends_of(folder: Path, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Every token that ends an answer: chat models have several."""
    file = folder / "generation_config.json"
    ids = read_json(file).get("eos_token_id") if file.is_file() else None
    several = ids if isinstance(ids, list) else [ids]
    return frozenset(each for each in (*several, tokenizer.eos_token_id) if isinstance(each, int))


def markers_of(tokenizer: Any) -> re.Pattern[str]:
    """Matches the spelling of each token that stands for no text, such as the end of a message."""
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    longest_first = sorted(filter(None, special), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or NEVER)

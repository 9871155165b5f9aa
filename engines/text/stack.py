"""TextStack: tokenize, look up, run the encoders that are needed, put the states together."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from engines.errors import EngineError
from engines.manifest import folder_hash
from engines.text.cache import CachedText, TextCache, cache_key
from engines.text.encoders import (
    SUFFIXES,
    EncoderFolder,
    EncoderSource,
    HeldEncoder,
    Host,
    PlainHost,
    TextEncoders,
    load_tokenizer,
)
from engines.text.records import (
    ENCODERS,
    MAX_TOKENS,
    EncodedTexts,
    Prompt,
    TextContext,
    TextTokens,
    TokenCounts,
)
from engines.text.rows import States, encode_llama, encode_pooled, encode_t5

__all__ = ["TextStack"]

T5, LLAMA = 2, 3
MIN_TOKENS = 2
"""A start and an end token, where a tokenizer sets both."""


class TextStack:
    """Encoders with their tokenizers. An encoder is loaded when a text comes that it has not read yet."""

    def __init__(
        self,
        encoders: TextEncoders | Sequence[EncoderSource],
        tokenizers: Sequence[PreTrainedTokenizerBase],
        *,
        host: Host | None = None,
        cache: TextCache | None = None,
    ) -> None:
        """`host` is for encoders that are yet to be loaded; loaded ones stay where they are.

        Loaded encoders may change, so they are refused together with a cache on disk.
        """
        if isinstance(encoders, TextEncoders):
            if cache is not None and cache.folder is not None:
                raise EngineError("Encoders without a hash cannot be cached on disk: give their folder.")
            self.host: Host = PlainHost(device=encoders.device)
        else:
            self.host = host or PlainHost()
        self._held = encoders if isinstance(encoders, TextEncoders) else None
        self._sources = hold(encoders) if isinstance(encoders, TextEncoders) else tuple(encoders)
        self._loaded: dict[int, nn.Module] = {}
        self._identities = [f"{slot} {source.identity}" for slot, source in enumerate(self._sources)]
        self._positions = [source.num_positions for source in self._sources]
        self.tokenizers: tuple[Any, ...] = tuple(tokenizers)
        self.tokenizers[LLAMA].pad_token = self.tokenizers[LLAMA].eos_token
        self.cache = TextCache() if cache is None else cache
        self.max_tokens = self.limits(MAX_TOKENS)

    @classmethod
    def from_pretrained(
        cls,
        folder: Path,
        dtype: torch.dtype = torch.float32,
        *,
        host: Host | None = None,
        weights_hash: str | None = None,
        cache: TextCache | None = None,
    ) -> TextStack:
        """text_encoder.. and tokenizer.. of a folder: tokenizers now, encoders when they are needed.

        `weights_hash` names the weights in `cache`; without one their names and sizes do. What cannot load is
        refused now: raises ModelNotFound or WeightsDamaged.
        """
        name = weights_hash or folder_hash(folder)
        sources = [
            EncoderFolder(weights=folder, slot=slot, dtype=dtype, weights_hash=name) for slot in range(4)
        ]
        for source in sources:
            source.check()
        tokenizers = [load_tokenizer(folder / f"tokenizer{suffix}") for suffix in SUFFIXES]
        return cls(sources, tokenizers, host=host, cache=cache)

    @property
    def device(self) -> torch.device:
        return self.host.device

    @property
    def encoders(self) -> TextEncoders:
        """All four, loaded and, if the host keeps them, kept."""
        return self._held or TextEncoders(*[self._load(slot) for slot in range(4)])

    def release(self) -> None:
        """Let go of the encoders that were loaded from a folder, so that their memory is free for others."""
        self._loaded.clear()
        free(self.device)

    @contextmanager
    def llama(self) -> Iterator[nn.Module]:
        """The Llama on the device, for those who write with it."""
        llama = self._load(LLAMA)
        self.host.bring(llama)
        try:
            yield llama
        finally:
            del llama
            if not self.host.keeps_encoders:
                free(self.device)

    def limits(self, max_tokens: int) -> tuple[int, ...]:
        """How many tokens each encoder reads: at most `max_tokens`, its positions, its tokenizer's end."""
        if max_tokens < MIN_TOKENS:
            raise EngineError(f"A text cannot be read at {max_tokens} tokens: choose at least {MIN_TOKENS}.")
        ends = [tokenizer.model_max_length for tokenizer in self.tokenizers[T5:]]
        return tuple(
            min(max_tokens, positions, end)
            for positions, end in zip(self._positions, [max_tokens, max_tokens, *ends], strict=True)
        )

    def tokenize(self, texts: Sequence[str]) -> TextTokens:
        """T5 and Llama padded to full length, since the transformer reads padding; CLIP to the longest."""
        clip_l, clip_g, t5, llama = (
            tokenizer(
                list(texts),
                padding=padding,
                max_length=length,
                truncation=True,
                padding_side="right",
                return_tensors="pt",
            ).to(self.device)
            for tokenizer, length, padding in zip(
                self.tokenizers,
                self.max_tokens,
                ("longest", "longest", "max_length", "max_length"),
                strict=True,
            )
        )
        return TextTokens(
            clip_l=clip_l.input_ids,
            clip_g=clip_g.input_ids,
            t5=t5.input_ids,
            t5_mask=t5.attention_mask,
            llama=llama.input_ids,
            llama_mask=llama.attention_mask,
        )

    @torch.no_grad()
    def encode(self, texts: Sequence[str | Prompt], *, max_tokens: int = MAX_TOKENS) -> EncodedTexts:
        """Encode `texts`, in order, each encoder at most once. What does not fit is cut, and said so.

        T5 and Llama give states at `max_tokens` positions; the transformer was trained at MAX_TOKENS.
        """
        if not texts:
            raise EngineError("There is no text to encode.")
        prompts = [Prompt(text) if isinstance(text, str) else text for text in texts]
        limits = self.limits(max_tokens)
        clip_l, clip_g, t5, llama = (
            self._read(slot, [prompt.read_by(name) for prompt in prompts], limits[slot])
            for slot, name in enumerate(ENCODERS)
        )
        counts = tuple(
            TokenCounts(
                clip_l=one.num_tokens, clip_g=two.num_tokens, t5=three.num_tokens, llama=four.num_tokens
            )
            for one, two, three, four in zip(clip_l, clip_g, t5, llama, strict=True)
        )
        return EncodedTexts(
            context=TextContext(
                pooled_BC=torch.cat([self._gather(clip_l)[0, :, 0], self._gather(clip_g)[0, :, 0]], dim=-1),
                t5_BTC=self._gather(t5)[0],
                llama_LBTC=self._gather(llama),
            ),
            counts=counts,
            cuts=tuple(cut_sentence(count, limits) for count in counts),
            warning=untrained_sentence(max_tokens),
        )

    def _read(self, slot: int, texts: Sequence[str], length: int) -> list[CachedText]:
        keys = {text: cache_key(self._identities[slot], text, length) for text in texts}
        known = {text: self.cache.get(key) for text, key in keys.items()}
        fresh = [text for text, found in known.items() if found is None]
        if fresh:
            for text, states in zip(fresh, self._run(slot, fresh, length), strict=True):
                known[text] = states
                self.cache.put(keys[text], states)
        return [found for found in (known[text] for text in texts) if found is not None]

    def _run(self, slot: int, texts: Sequence[str], length: int) -> list[CachedText]:
        tokenizer = self.tokenizers[slot]
        whole = [tokenizer(text, verbose=False).input_ids for text in texts]
        ids = [
            each if len(each) <= length else tokenizer(text, truncation=True, max_length=length).input_ids
            for text, each in zip(texts, whole, strict=True)
        ]
        every = self._encode_ids(slot, ids, length)
        return [
            CachedText(states=states, num_tokens=len(each)) for states, each in zip(every, whole, strict=True)
        ]

    def _encode_ids(self, slot: int, ids: Sequence[Sequence[int]], length: int) -> list[States]:
        encoder, pad = self._load(slot), self.tokenizers[slot].pad_token_id
        self.host.bring(encoder)
        try:
            if slot == T5:
                return encode_t5(encoder, ids, pad, length)
            if slot == LLAMA:
                return encode_llama(encoder, ids, pad, length)
            return encode_pooled(encoder, ids, pad)
        finally:
            del encoder
            if not self.host.keeps_encoders:
                free(self.device)

    def _load(self, slot: int) -> nn.Module:
        if slot in self._loaded:
            return self._loaded[slot]
        encoder = self._sources[slot].load()
        if self._held is None:
            self.host.seat(encoder)
        if self.host.keeps_encoders:
            self._loaded[slot] = encoder
        return encoder

    def _gather(self, texts: Sequence[CachedText]) -> Tensor:
        """(L, B, T, C)."""
        return torch.stack([text.states.to(self.device).at_positions() for text in texts], dim=1)


def hold(encoders: TextEncoders) -> tuple[EncoderSource, ...]:
    return tuple(HeldEncoder(encoder=getattr(encoders, name)) for name in ENCODERS)


def free(device: torch.device) -> None:
    """Give back the memory of an encoder that nobody holds any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def untrained_sentence(max_tokens: int) -> str:
    if max_tokens <= MAX_TOKENS:
        return ""
    return f"The models were trained at {MAX_TOKENS} tokens; at {max_tokens} they may draw noise."


def cut_sentence(count: TokenCounts, limits: Sequence[int]) -> str:
    """Empty where nothing is cut."""
    cuts = [
        f"{name} reads {limit} of its {num} tokens"
        for name, limit in zip(ENCODERS, limits, strict=True)
        if (num := getattr(count, name)) > limit
    ]
    return f"The end of a text is left out: {', '.join(cuts)}." if cuts else ""

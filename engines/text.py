"""Four text encoders to one TextContext, as HiDream-I1 reads them (arXiv 2505.22705, section 3.2)."""

# B texts, T tokens, C channels, L decoder layers of the Llama

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import (
    AutoTokenizer,
    CLIPTextModelWithProjection,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
    T5EncoderModel,
)

from engines.errors import ModelNotFound, WeightsDamaged

__all__ = ["EncodedTexts", "TextContext", "TextEncoders", "TextStack", "TextTokens", "encode_tokens"]

MAX_TOKENS = 128
"""What the published models were trained at; longer texts give noise."""
MAX_CACHED_TEXTS = 8
ENCODER_CLASSES: tuple[Any, ...] = (
    CLIPTextModelWithProjection,
    CLIPTextModelWithProjection,
    T5EncoderModel,
    LlamaForCausalLM,
)
SUFFIXES = ("", "_2", "_3", "_4")
UNUSED_HEAD = "lm_head.weight"


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
class EncodedTexts:
    """A context, and per text whether it was longer than `max_tokens` and lost its end."""

    context: TextContext
    num_tokens: tuple[int, ...]
    is_cut: tuple[bool, ...]


class TextEncoders(nn.Module):
    """Two CLIP text models with projection, a T5 encoder, and a Llama without its language head."""

    def __init__(self, clip_l: nn.Module, clip_g: nn.Module, t5: nn.Module, llama: nn.Module) -> None:
        super().__init__()
        self.clip_l = clip_l
        self.clip_g = clip_g
        self.t5 = t5
        self.llama = getattr(llama, "model", llama)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device


def encode_tokens(encoders: TextEncoders, tokens: TextTokens) -> TextContext:
    """Differentiable; training and inference both come through here.

    Llama features are the outputs of all its layers, the last one after the final norm.
    """
    pooled = [
        encoders.clip_l(tokens.clip_l).text_embeds,
        encoders.clip_g(tokens.clip_g).text_embeds,
    ]
    llama = encoders.llama(
        tokens.llama, attention_mask=tokens.llama_mask, output_hidden_states=True, use_cache=False
    )
    return TextContext(
        pooled_BC=torch.cat(pooled, dim=-1),
        t5_BTC=encoders.t5(tokens.t5, attention_mask=tokens.t5_mask).last_hidden_state,
        llama_LBTC=torch.stack(llama.hidden_states[1:]),
    )


class TextStack:
    """Encoders with their tokenizers; remembers the last few texts."""

    def __init__(self, encoders: TextEncoders, tokenizers: Sequence[PreTrainedTokenizerBase]) -> None:
        self.encoders = encoders
        self.tokenizers: tuple[Any, ...] = tuple(tokenizers)
        llama_tokenizer = self.tokenizers[3]
        llama_tokenizer.pad_token = llama_tokenizer.eos_token
        self.max_tokens = (
            min(MAX_TOKENS, num_positions(encoders.clip_l)),
            min(MAX_TOKENS, num_positions(encoders.clip_g)),
            min(MAX_TOKENS, self.tokenizers[2].model_max_length),
            min(MAX_TOKENS, llama_tokenizer.model_max_length),
        )
        self.cache: dict[str, TextContext] = {}

    @classmethod
    def from_pretrained(
        cls, folder: Path, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
    ) -> TextStack:
        """Read text_encoder.. and tokenizer.. of a folder. Raises ModelNotFound or WeightsDamaged."""
        encoders = [
            load_encoder(each, folder / f"text_encoder{suffix}", dtype)
            for each, suffix in zip(ENCODER_CLASSES, SUFFIXES, strict=True)
        ]
        tokenizers = [load_tokenizer(folder / f"tokenizer{suffix}") for suffix in SUFFIXES]
        return cls(TextEncoders(*encoders).to(device).eval().requires_grad_(False), tokenizers)

    def tokenize(self, texts: Sequence[str]) -> TextTokens:
        """T5 and Llama padded to full length, since the transformer reads padding; CLIP to the longest."""
        device = self.encoders.device
        clip_l, clip_g, t5, llama = (
            tokenizer(
                list(texts), padding=padding, max_length=length, truncation=True, return_tensors="pt"
            ).to(device)
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

    def count_tokens(self, text: str) -> tuple[int, ...]:
        """How many tokens each encoder would need for the whole text, special ones included."""
        return tuple(len(tokenizer(text, verbose=False).input_ids) for tokenizer in self.tokenizers)

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        """Encode `texts` as one batch, in order. What does not fit is cut, and said so."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self.cache]
        known = {text: self.cache[text] for text in texts if text in self.cache}
        if fresh:
            batch = encode_tokens(self.encoders, self.tokenize(fresh))
            known |= {text: batch.rows(index) for index, text in enumerate(fresh)}
        self.cache = dict([*self.cache.items(), *known.items()][-MAX_CACHED_TEXTS:])
        counts = [self.count_tokens(text) for text in texts]
        contexts = [known[text] for text in texts]
        return EncodedTexts(
            context=TextContext(
                pooled_BC=torch.cat([each.pooled_BC for each in contexts]),
                t5_BTC=torch.cat([each.t5_BTC for each in contexts]),
                llama_LBTC=torch.cat([each.llama_LBTC for each in contexts], dim=1),
            ),
            num_tokens=tuple(max(count) for count in counts),
            is_cut=tuple(
                any(num > limit for num, limit in zip(count, self.max_tokens, strict=True))
                for count in counts
            ),
        )


def num_positions(clip: Any) -> int:
    return int(clip.config.max_position_embeddings)


def load_encoder(encoder_class: Any, folder: Path, dtype: torch.dtype) -> nn.Module:
    if not (folder / "config.json").is_file():
        is_llama = folder.name.endswith("_4")
        remedy = "put Llama 3.1 8B Instruct there" if is_llama else "give a folder in diffusers layout"
        raise ModelNotFound(f"No text encoder at {folder}: {remedy}.")
    try:
        model, report = encoder_class.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, output_loading_info=True, local_files_only=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = str(error).partition("\n")[0]
        raise WeightsDamaged(
            f"{folder} does not hold a loadable {encoder_class.__name__}: {reason}"
        ) from error
    missing = sorted(set(report["missing_keys"]) - {UNUSED_HEAD})
    if missing:
        raise WeightsDamaged(f"{folder} lacks {len(missing)} tensors, the first is {missing[0]}.")
    loaded: nn.Module = model
    return loaded


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    if not folder.is_dir():
        raise ModelNotFound(f"No tokenizer at {folder}: give a folder in diffusers layout.")
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise WeightsDamaged(f"{folder} does not hold a loadable tokenizer: {error}") from error
    return tokenizer

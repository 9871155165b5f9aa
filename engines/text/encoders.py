"""The four encoders: how they are run as one batch, and how they are read from a folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoTokenizer,
    CLIPTextModelWithProjection,
    LlamaModel,
    PreTrainedTokenizerBase,
    T5EncoderModel,
)

from engines.errors import ModelNotFound, WeightsDamaged
from engines.manifest import lines_hash
from engines.text.records import TextContext, TextTokens

__all__ = [
    "SUFFIXES",
    "EncoderFolder",
    "EncoderSource",
    "HeldEncoder",
    "Host",
    "PlainHost",
    "TextEncoders",
    "encode_tokens",
    "load_tokenizer",
]

SUFFIXES = ("", "_2", "_3", "_4")
ENCODER_CLASSES: tuple[Any, ...] = (
    CLIPTextModelWithProjection,
    CLIPTextModelWithProjection,
    T5EncoderModel,
    LlamaModel,
)
LLAMA = 3
NO_END = 1 << 30
IN_DIFFUSERS_LAYOUT = "give a folder in diffusers layout"


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
    """Differentiable, and every padded position computed: what training runs, and rows.py's slow twin.

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


class EncoderSource(Protocol):
    """Where the stack gets one encoder from, when it needs it."""

    @property
    def identity(self) -> str:
        """Equal identities give equal states; a part of the name of what is cached."""

    @property
    def num_positions(self) -> int:
        """The longest text in tokens that it can read."""

    def load(self) -> nn.Module:
        """The encoder in main memory, ready to be run. May be called again after the encoder was let go."""


class Host(Protocol):
    """Who decides where encoders stand and how precise they are."""

    @property
    def device(self) -> torch.device:
        """Where texts are read."""

    @property
    def keeps_encoders(self) -> bool:
        """False: an encoder is let go once it has read all texts, and loaded again when it is needed."""

    @property
    def keeps_all(self) -> bool:
        """Whether the transformer is on the device as well, and a Llama can talk while a picture waits."""

    def seat(self, encoder: nn.Module) -> None:
        """Give an encoder that was just loaded, in main memory, its precision and its place."""

    def bring(self, encoder: nn.Module) -> None:
        """Called before an encoder is used: it must then be on the device."""


@dataclass(frozen=True, kw_only=True)
class PlainHost:
    """Encoders as they are loaded, on one device, kept."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    keeps_encoders: bool = True

    @property
    def keeps_all(self) -> bool:
        return self.keeps_encoders

    def seat(self, encoder: nn.Module) -> None:
        encoder.to(self.device)

    def bring(self, encoder: nn.Module) -> None:
        """It is there."""


@dataclass(frozen=True, kw_only=True)
class HeldEncoder:
    """An encoder that someone else holds and may train: it stays where it is."""

    encoder: nn.Module
    identity: str = "held"

    @property
    def num_positions(self) -> int:
        return num_positions(self.encoder.config)

    def load(self) -> nn.Module:
        return self.encoder


@dataclass(frozen=True, kw_only=True)
class EncoderFolder:
    """The encoder at `slot` (0 to 3: CLIP-L, CLIP-G, T5, Llama) of a folder in diffusers layout."""

    weights: Path
    slot: int
    dtype: torch.dtype
    weights_hash: str

    @property
    def folder(self) -> Path:
        return self.weights / f"text_encoder{SUFFIXES[self.slot]}"

    @property
    def identity(self) -> str:
        """The weights' hash, the precision, and the times of the encoder's and the tokenizer's files.

        Published checkpoints are hashed by names and sizes only, as another Llama of its shape would be;
        the times tell them apart.
        """
        tokenizer = self.weights / f"tokenizer{SUFFIXES[self.slot]}"
        files = [file for folder in (self.folder, tokenizer) for file in folder.rglob("*") if file.is_file()]
        stamps = lines_hash(
            f"{file.relative_to(self.weights).as_posix()} {file.stat().st_size} {file.stat().st_mtime_ns}"
            for file in files
        )
        return f"{self.weights_hash} {self.dtype} {stamps}"

    @property
    def num_positions(self) -> int:
        return num_positions(ENCODER_CLASSES[self.slot].config_class.from_pretrained(self.folder))

    def check(self) -> None:
        """Refuse what cannot load, in a moment and without reading weights: raises as load does."""
        self.load("meta")

    def load(self, device: str = "cpu") -> nn.Module:
        """Read the weights, the Llama's without its language head. Raises ModelNotFound or WeightsDamaged."""
        encoder_class = ENCODER_CLASSES[self.slot]
        if not (self.folder / "config.json").is_file():
            remedy = "put Llama 3.1 8B Instruct there" if self.slot == LLAMA else IN_DIFFUSERS_LAYOUT
            raise ModelNotFound(f"No text encoder at {self.folder}: {remedy}.")
        try:
            kind = json.loads((self.folder / "config.json").read_text(encoding="utf-8")).get("model_type")
            if kind != encoder_class.config_class.model_type:
                raise ValueError(f"its config.json describes a {kind} model.")
            model, report = encoder_class.from_pretrained(
                self.folder,
                dtype=self.dtype,
                device_map={"": device},
                use_safetensors=True,
                output_loading_info=True,
                local_files_only=True,
            )
        except (OSError, ValueError, AttributeError, ImportError, RuntimeError, SafetensorError) as error:
            reason = str(error).partition("\n")[0]
            raise WeightsDamaged(
                f"{self.folder} does not hold a loadable {encoder_class.__name__}: {reason}"
            ) from error
        missing = sorted(report["missing_keys"])
        if missing:
            raise WeightsDamaged(f"{self.folder} lacks {len(missing)} tensors, the first is {missing[0]}.")
        loaded: nn.Module = model.eval().requires_grad_(False)
        return loaded


def num_positions(config: Any) -> int:
    """CLIP's table of positions has an end; T5's and Llama's positions are relative."""
    return int(config.max_position_embeddings) if "clip" in config.model_type else NO_END


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Raises ModelNotFound or WeightsDamaged."""
    if not folder.is_dir():
        raise ModelNotFound(f"No tokenizer at {folder}: {IN_DIFFUSERS_LAYOUT}.")
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise WeightsDamaged(f"{folder} does not hold a loadable tokenizer: {error}") from error
    return tokenizer

"""What is written draws the same after loading; that diffusers reads it too stands in tests/parity."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from engines.layout import write_text
from engines.text import MAX_TOKENS, TextStack
from tests.engines.tiny import build_text


def test_encoders_give_the_same_context_after_writing_and_loading(tmp_path: Path) -> None:
    torch.manual_seed(0)
    before = build_text()
    write_text(tmp_path, before)
    after = TextStack.from_pretrained(tmp_path)
    one, other = (stack.encode(["a red cat", ""]).context for stack in (before, after))
    for ours, theirs in zip(vars(one).values(), vars(other).values(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_clip_takes_the_pipelines_padding(tiny_folder: Path) -> None:
    stack = TextStack.from_pretrained(tiny_folder)
    assert stack.max_tokens[:2] == (MAX_TOKENS, MAX_TOKENS)


def test_the_unused_language_head_takes_no_place(tiny_folder: Path) -> None:
    names = load_file(tiny_folder / "text_encoder_4" / "model.safetensors").keys()
    assert "model.norm.weight" in names
    assert "lm_head.weight" not in names

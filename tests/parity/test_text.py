"""TextStack against HiDreamImagePipeline.encode_prompt."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import HiDreamImagePipeline

from engines.api import EncoderWords
from engines.text import Prompt, TextStack

PROMPTS = ["a red cat on the left", "a dog"]


def test_same_numbers_as_the_pipeline_for_negative_and_positive(tiny_folder: Path) -> None:
    pipeline = HiDreamImagePipeline.from_pretrained(tiny_folder)
    stack = TextStack.from_pretrained(tiny_folder)
    with torch.no_grad():
        t5, negative_t5, llama, negative_llama, pooled, negative_pooled = pipeline.encode_prompt(
            prompt=PROMPTS, negative_prompt="blue"
        )
    positive = stack.encode(PROMPTS).context
    negative = stack.encode(["blue", "blue"]).context
    for ours, theirs in (
        (positive.t5_BTC, t5),
        (positive.llama_LBTC, llama),
        (positive.pooled_BC, pooled),
        (negative.t5_BTC, negative_t5),
        (negative.llama_LBTC, negative_llama),
        (negative.pooled_BC, negative_pooled),
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_same_numbers_with_a_prompt_for_each_encoder(tiny_folder: Path) -> None:
    pipeline = HiDreamImagePipeline.from_pretrained(tiny_folder)
    with torch.no_grad():
        t5, negative_t5, llama, negative_llama, pooled, negative_pooled = pipeline.encode_prompt(
            prompt="cat",
            prompt_2="a dog",
            prompt_4="on the left of a car",
            negative_prompt="blue",
            negative_prompt_3="green star",
        )
    prompts = [
        Prompt("cat", EncoderWords(clip_g="a dog", llama="on the left of a car")),
        Prompt("blue", EncoderWords(t5="green star")),
    ]
    both = TextStack.from_pretrained(tiny_folder).encode(prompts).context
    for ours, theirs in (
        (both.t5_BTC, torch.cat([t5, negative_t5])),
        (both.llama_LBTC, torch.cat([llama, negative_llama], dim=1)),
        (both.pooled_BC, torch.cat([pooled, negative_pooled])),
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_same_numbers_at_another_length(tiny_folder: Path) -> None:
    pipeline = HiDreamImagePipeline.from_pretrained(tiny_folder)
    with torch.no_grad():
        t5, _, llama, _, pooled, _ = pipeline.encode_prompt(prompt=PROMPTS, max_sequence_length=7)
    ours = TextStack.from_pretrained(tiny_folder).encode(PROMPTS, max_tokens=7).context
    torch.testing.assert_close(ours.t5_BTC, t5, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.llama_LBTC, llama, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.pooled_BC, pooled, atol=1e-5, rtol=1e-5)

"""TextStack against HiDreamImagePipeline.encode_prompt."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import HiDreamImagePipeline

from engines.text import TextStack

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

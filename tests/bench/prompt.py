"""The prompt path against diffusers' encode_prompt, side by side: python -m tests.bench.prompt

One process, one thread, the same weight tensors on both sides, all four real classes at a quarter of the
published width and depth with the published proportions. Both encode a positive and a negative text. Every
round brings texts that were never seen, and our cache is emptied before it: "cold"; in two cases but for the
negative text, which seldom changes. CPU time, minima of ABBA groups; each group's ratio, their median, and
the same of diffusers against itself (A/A) to tell noise from gain. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
import transformers
from diffusers import HiDreamImagePipeline
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from torch import Tensor
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
)

from engines.layout import write_text
from engines.text import SUFFIXES, TextCache, TextContext, TextEncoders, TextStack

NUM_WORDS = 8016
"""A sixteenth of the Llama's vocabulary: its unused head then has the published share of its parameters."""
PAD, BEGIN, UNKNOWN, END = range(4)
POSITIONS = 218
WARM_UPS = 5


@dataclass(frozen=True, kw_only=True)
class Case:
    """How many words the two texts have; tokens are one or two more.

    `knows_negative`: the negative text was read before, as it is in every request but a process's first.
    """

    name: str
    num_positive: int
    num_negative: int
    knows_negative: bool = False


CASES = (
    Case(name="short prompt, empty negative", num_positive=8, num_negative=0),
    Case(name="prompt, empty negative", num_positive=24, num_negative=0),
    Case(name="short prompt, known negative", num_positive=8, num_negative=0, knows_negative=True),
    Case(name="prompt, known negative", num_positive=24, num_negative=0, knows_negative=True),
    Case(name="prompt, short negative", num_positive=24, num_negative=6),
    Case(name="long prompt, long negative", num_positive=110, num_negative=110),
)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Both sides over the same weights."""

    stack: TextStack
    pipeline: Any

    def forget(self, known: str | None) -> None:
        """Empty our cache but for one text."""
        self.stack.cache.clear()
        if known is not None:
            self.stack.encode([known])

    def ours(self, positive: str, negative: str) -> TextContext:
        return self.stack.encode([negative, positive]).context

    def theirs(self, positive: str, negative: str) -> TextContext:
        with torch.no_grad():
            t5, no_t5, llama, no_llama, pooled, no_pooled = self.pipeline.encode_prompt(
                prompt=positive, negative_prompt=negative, device=torch.device("cpu")
            )
        return TextContext(
            pooled_BC=torch.cat([no_pooled, pooled]),
            t5_BTC=torch.cat([no_t5, t5]),
            llama_LBTC=torch.cat([no_llama, llama], dim=1),
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--groups", type=int, default=5, help="ABBA groups a case")
    options.add_argument("--dtype", choices=["bfloat16", "float32"], default="bfloat16")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    dtype: torch.dtype = getattr(torch, chosen.dtype)
    pair = build_pair(dtype)
    report = {
        "baseline": "diffusers HiDreamImagePipeline.encode_prompt, eager",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "dtype": chosen.dtype,
        "threads": torch.get_num_threads(),
        "parameters": sum(parameter.numel() for parameter in pair.stack.encoders.parameters()),
        "cold": [cold(pair, case, chosen.groups) for case in CASES],
        "cached": cached(pair, CASES[1]),
    }
    print(json.dumps(report, indent=2))


def cold(pair: Pair, case: Case, num_groups: int) -> dict[str, Any]:
    """Ratios of one case, and both sides' error against float32."""
    rng = random.Random(case.name)
    for _ in range(WARM_UPS):
        texts = draw(rng, case)
        pair.ours(*texts)
        pair.theirs(*texts)

    def drawn() -> tuple[str, str]:
        texts = draw(rng, case)
        pair.forget(texts[1] if case.knows_negative else None)
        return texts

    groups = [abba(pair.ours, pair.theirs, drawn) for _ in range(num_groups)]
    same = [abba(pair.theirs, pair.theirs, drawn) for _ in range(num_groups)]
    ratios, noise = [b / a for a, b in groups], [b / a for a, b in same]
    our_error, their_error = errors(pair, *draw(rng, case))
    return {
        "case": case.name,
        "words": [case.num_positive, case.num_negative],
        "ours_ms": round(1e3 * statistics.median(a for a, _ in groups), 1),
        "diffusers_ms": round(1e3 * statistics.median(b for _, b in groups), 1),
        "times_as_fast": round(statistics.median(ratios), 2),
        "groups": [round(ratio, 2) for ratio in ratios],
        "a_a": [round(ratio, 2) for ratio in noise],
        "error_to_diffusers_error": round(our_error / their_error, 3),
    }


def abba(
    a: Callable[[str, str], TextContext],
    b: Callable[[str, str], TextContext],
    drawn: Callable[[], tuple[str, str]],
) -> tuple[float, float]:
    """Seconds of CPU time of both, each the better of two."""
    taken: list[list[float]] = [[], []]
    for index in (0, 1, 1, 0):
        texts = drawn()
        start = time.process_time()
        (a, b)[index](*texts)
        taken[index].append(time.process_time() - start)
    return min(taken[0]), min(taken[1])


def cached(pair: Pair, case: Case) -> dict[str, float]:
    """Milliseconds of a request whose texts are known: in this process, and on disk without any encoder."""
    with tempfile.TemporaryDirectory() as name:
        folder, cache = Path(name) / "weights", TextCache(Path(name) / "texts")
        write_text(folder, pair.stack)
        texts = draw(random.Random(0), case)
        dtype = pair.stack.encoders.llama.dtype
        first = TextStack.from_pretrained(folder, dtype, cache=cache)
        first.encode(texts)
        in_memory = best(lambda: first.encode(texts))
        first.release()

        def from_disk() -> None:
            first.cache.clear()
            first.encode(texts)

        return {"memory_ms": round(1e3 * in_memory, 2), "disk_ms": round(1e3 * best(from_disk), 2)}


def best(run: Callable[[], object], num: int = 7) -> float:
    seconds = []
    for _ in range(num):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return min(seconds)


def errors(pair: Pair, positive: str, negative: str) -> tuple[float, float]:
    """Relative errors of both against diffusers on the same weights in twice the bits."""
    ours, theirs = pair.ours(positive, negative), pair.theirs(positive, negative)
    dtype = ours.t5_BTC.dtype
    parts = [getattr(pair.pipeline, f"text_encoder{suffix}") for suffix in SUFFIXES]
    for part in parts:
        part.to(torch.float32 if dtype == torch.bfloat16 else torch.float64)
    exact = pair.theirs(positive, negative)
    for part in parts:
        part.to(dtype)
    return distance(ours, exact), distance(theirs, exact)


def distance(found: TextContext, exact: TextContext) -> float:
    """The mean over the three tensors of the relative root mean square error."""

    def relative(one: Tensor, other: Tensor) -> float:
        return float((one.to(other.dtype) - other).norm() / other.norm())

    return statistics.mean(
        relative(one, other) for one, other in zip(vars(found).values(), vars(exact).values(), strict=True)
    )


def draw(rng: random.Random, case: Case) -> tuple[str, str]:
    def words(num: int) -> str:
        return " ".join(f"w{rng.randrange(END + 1, NUM_WORDS)}" for _ in range(num))

    return words(case.num_positive), words(case.num_negative)


def build_pair(dtype: torch.dtype) -> Pair:
    torch.manual_seed(0)
    models = [build_clip(192, 3), build_clip(320, 8), build_t5(), build_llama()]
    for model in models:
        model.eval().requires_grad_(False).to(dtype)
    tokenizers = [
        build_tokenizer("<bos> $A <eos>"),
        build_tokenizer("<bos> $A <eos>"),
        build_tokenizer("$A <eos>"),
        build_tokenizer("<bos> $A"),
    ]
    parts: dict[str, Any] = {"scheduler": None, "vae": None, "transformer": None}
    for suffix, model, tokenizer in zip(SUFFIXES, models, tokenizers, strict=True):
        parts |= {f"text_encoder{suffix}": model, f"tokenizer{suffix}": tokenizer}
    pipeline = cast(Any, HiDreamImagePipeline)(**parts)
    return Pair(stack=TextStack(TextEncoders(*models), tokenizers), pipeline=pipeline)


def build_clip(width: int, num_layers: int) -> Any:
    return CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=NUM_WORDS,
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=num_layers,
            num_attention_heads=width // 64,
            max_position_embeddings=POSITIONS,
            projection_dim=width,
            pad_token_id=PAD,
            bos_token_id=BEGIN,
            eos_token_id=END,
        )
    )


def build_t5() -> Any:
    return T5EncoderModel(
        T5Config(
            vocab_size=NUM_WORDS,
            d_model=1024,
            d_kv=64,
            d_ff=2560,
            num_layers=6,
            num_heads=16,
            feed_forward_proj="gated-gelu",
        )
    )


def build_llama() -> Any:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=NUM_WORDS,
            hidden_size=1024,
            intermediate_size=3584,
            num_hidden_layers=8,
            num_attention_heads=8,
            num_key_value_heads=2,
            pad_token_id=PAD,
            bos_token_id=BEGIN,
            eos_token_id=END,
        )
    )


def build_tokenizer(template: str) -> PreTrainedTokenizerFast:
    """Word level, with the special tokens that the published tokenizer of that slot sets."""
    special = {"<pad>": PAD, "<bos>": BEGIN, "<unk>": UNKNOWN, "<eos>": END}
    words = special | {f"w{index}": index for index in range(len(special), NUM_WORDS)}
    tokenizer = Tokenizer(WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single=template, special_tokens=[("<bos>", BEGIN), ("<eos>", END)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        model_max_length=512,
    )


if __name__ == "__main__":
    main()

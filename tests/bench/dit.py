"""SparseDiT against diffusers' class, side by side in one process: python -m tests.bench.dit

Both hold the same random weights and take turns, so that a busy machine slows both; it prints the ratio of
their medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers import HiDreamImageTransformer2DModel
from torch import Tensor

from engines.sparse_dit import SparseDiT

STICKERS: dict[str, Any] = {
    "patch_size": 2,
    "in_channels": 16,
    "out_channels": 16,
    "num_layers": 2,
    "num_single_layers": 4,
    "attention_head_dim": 32,
    "num_attention_heads": 4,
    "caption_channels": [128, 128],
    "text_emb_dim": 256,
    "num_routed_experts": 4,
    "num_activated_experts": 2,
    "axes_dims_rope": [16, 8, 8],
    "max_resolution": [16, 32],
    "llama_layers": [0, 1, 2, 3, 3, 3],
}
LARGER = STICKERS | {
    "attention_head_dim": 64,
    "num_attention_heads": 10,
    "axes_dims_rope": [32, 16, 16],
    "max_resolution": [64, 64],
    "num_layers": 1,
    "num_single_layers": 2,
    "llama_layers": [0, 1, 2],
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One comparison."""

    name: str
    keys: dict[str, Any]
    batch: int
    latent: tuple[int, int]
    num_text: int
    dtype: torch.dtype = torch.float32
    is_training: bool = False


CASES = (
    Case(name="stickers, one guided step", keys=STICKERS, batch=2, latent=(16, 16), num_text=24),
    Case(name="stickers, one edit step", keys=STICKERS, batch=3, latent=(16, 32), num_text=24),
    Case(name="stickers, training", keys=STICKERS, batch=16, latent=(16, 16), num_text=24, is_training=True),
    Case(
        name="stickers, training, bf16",
        keys=STICKERS,
        batch=16,
        latent=(16, 16),
        num_text=24,
        is_training=True,
        dtype=torch.bfloat16,
    ),
    Case(name="640 wide, square", keys=LARGER, batch=1, latent=(48, 48), num_text=128),
    Case(name="640 wide, padded", keys=LARGER, batch=1, latent=(32, 48), num_text=128),
    Case(
        name="640 wide, square, bf16",
        keys=LARGER,
        batch=1,
        latent=(48, 48),
        num_text=128,
        dtype=torch.bfloat16,
    ),
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=9)
    rounds = options.parse_args().rounds
    print(f"{torch.get_num_threads()} threads, medians of {rounds}")
    for case in CASES:
        ours, theirs = compare(case, rounds)
        times = f"{ours * 1e3:8.1f} ms, diffusers {theirs * 1e3:8.1f} ms"
        print(f"{case.name:<28} {times}: {theirs / ours:.2f} times as fast")
    for num_tokens in (256, 2048):
        chosen, every = compare_experts(num_tokens, rounds)
        times = f"{chosen * 1e3:8.1f} ms, all experts on all tokens {every * 1e3:8.1f} ms"
        print(f"experts, {num_tokens} tokens, bf16 {times}: {every / chosen:.2f} times as fast")


def compare(case: Case, rounds: int) -> tuple[float, float]:
    """Median seconds of both."""
    torch.manual_seed(0)
    ours = SparseDiT(**case.keys).to(case.dtype)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.normal_(std=0.5 / max(parameter.shape[-1], 16) ** 0.5)
    theirs = cast(Any, HiDreamImageTransformer2DModel)(**case.keys).to(case.dtype)
    theirs.load_state_dict(ours.state_dict())
    inputs = random_inputs(case)
    return take_turns(
        runner(ours.train(case.is_training), lambda model: model(**inputs).sample, case.is_training),
        runner(theirs.train(case.is_training), lambda model: model(**inputs)[0], case.is_training),
        rounds,
    )


def compare_experts(num_tokens: int, rounds: int) -> tuple[float, float]:
    """Median seconds, forward and backward, of the chosen experts only and of every expert on every token."""
    torch.manual_seed(0)
    model = SparseDiT(**STICKERS).to(torch.bfloat16)
    experts = cast(Any, model.single_stream_blocks[0]).block.ff_i
    x_ND = torch.randn(num_tokens, model.config.width, dtype=torch.bfloat16)

    def every(layer: Any) -> Tensor:
        scores_NE = layer.gate(x_ND)
        weights_NK, chosen_NK = scores_NE.topk(layer.num_active, dim=-1)
        output: Tensor = layer.run_dense(x_ND, torch.zeros_like(scores_NE).scatter(1, chosen_NK, weights_NK))
        return output

    def chosen(layer: Any) -> Tensor:
        output: Tensor = layer.run_sorted(x_ND, *layer.gate(x_ND).topk(layer.num_active, dim=-1))
        return output

    return take_turns(runner(experts, chosen, True), runner(experts, every, True), rounds)


def take_turns(first: Callable[[], None], second: Callable[[], None], rounds: int) -> tuple[float, float]:
    """Median seconds of both, after one round that does not count."""
    runs = (first, second)
    seconds: list[list[float]] = [[], []]
    for index in range(rounds + 1):
        for run, taken in zip(runs, seconds, strict=True):
            start = time.perf_counter()
            run()
            if index:
                taken.append(time.perf_counter() - start)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def runner(model: Any, forward: Callable[[Any], Tensor], is_training: bool) -> Callable[[], None]:
    def run() -> None:
        if is_training:
            model.zero_grad(set_to_none=True)
            torch.autograd.backward(forward(model).square().mean())
        else:
            with torch.no_grad():
                forward(model)

    return run


def random_inputs(case: Case) -> dict[str, Tensor]:
    t5_width, llama_width = case.keys["caption_channels"]
    num_states = max(case.keys["llama_layers"]) + 1
    return {
        "hidden_states": torch.randn(case.batch, case.keys["in_channels"], *case.latent, dtype=case.dtype),
        "timesteps": torch.full((case.batch,), 500.0),
        "encoder_hidden_states_t5": torch.randn(case.batch, case.num_text, t5_width, dtype=case.dtype),
        "encoder_hidden_states_llama3": torch.randn(
            num_states, case.batch, case.num_text, llama_width, dtype=case.dtype
        ),
        "pooled_embeds": torch.randn(case.batch, case.keys["text_emb_dim"], dtype=case.dtype),
    }


if __name__ == "__main__":
    main()

"""Weights that lie on the device during the denoising loop, against diffusers: python -m tests.bench.memory

Prints a line of JSON for each case: the weights that are not put aside, and what a prepared prompt holds
instead, its text rows and the adaLN vectors of all steps. The published network is counted on tensors without
values; the middle one really runs, before and after weights are put aside, and its numbers stay equal.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, cast

import torch
from diffusers import HiDreamImageTransformer2DModel
from torch import Tensor, nn

from engines.sparse_dit import Prepared, SparseDiT, config
from engines.text import TextContext
from tests.bench.dit import MIDDLE

PUBLISHED: dict[str, Any] = asdict(config.PUBLISHED)
PROPORTIONED: dict[str, Any] = MIDDLE | {"caption_channels": [1024, 1024]}
"""The middle network, its captions 1.6 times as wide as itself, as in the published one."""
NUM_TOKENS = 128


def main() -> None:
    for name, num_steps, batch in (("dev", 28, 1), ("full, guided", 50, 2)):
        print(json.dumps(count_published(name, num_steps, batch)), flush=True)
    print(json.dumps(measure_middle()), flush=True)


def count_published(name: str, num_steps: int, batch: int) -> dict[str, Any]:
    """The 17 B network in bfloat16 on the meta device, which knows sizes and holds nothing."""
    with torch.device("meta"):
        theirs = cast(Any, HiDreamImageTransformer2DModel)(**PUBLISHED).bfloat16()
        ours = SparseDiT(**PUBLISHED).bfloat16().fuse()
        context, times = random_context(PUBLISHED, batch), torch.linspace(999, 1, num_steps)
    prepared = ours.prepare(context, times, (128, 128))
    return report(
        f"published, {name}", num_bytes(theirs), num_bytes(ours.put_aside("meta")), prepared, batch, num_steps
    )


@torch.no_grad()
def measure_middle(num_steps: int = 28) -> dict[str, Any]:
    """A real loop: weights put aside after the prompt is prepared, the same samples as before."""
    torch.manual_seed(0)
    ours = SparseDiT(**PROPORTIONED).bfloat16().eval()
    for parameter in ours.parameters():
        parameter.normal_(std=0.5 / max(parameter.shape[-1], 16) ** 0.5)
    theirs = cast(Any, HiDreamImageTransformer2DModel)(**PROPORTIONED).bfloat16()
    before = num_bytes(theirs)
    context = random_context(PROPORTIONED, 1)
    latents = torch.randn(1, PROPORTIONED["in_channels"], 16, 16).bfloat16()
    prepared = ours.fuse().prepare(context, torch.linspace(999, 1, num_steps), (16, 16))
    expected = prepared(latents, 3)
    ours.put_aside()
    row = report("middle, run", before, num_bytes(ours), prepared, 1, num_steps)
    return row | {"is_equal": torch.equal(prepared(latents, 3), expected)}


def report(
    case: str, before: int, weights: int, prepared: Prepared, batch: int, num_steps: int
) -> dict[str, Any]:
    return {
        "case": case,
        "batch": batch,
        "steps": num_steps,
        "diffusers_gb": round(before / 1e9, 4),
        "weights_gb": round(weights / 1e9, 4),
        "prepared_gb": round(prepared.num_bytes / 1e9, 4),
        "ratio_weights": round(weights / before, 4),
        "ratio_with_prepared": round((weights + prepared.num_bytes) / before, 4),
    }


def num_bytes(model: nn.Module) -> int:
    """Bytes of all storages that hold something; on the meta device all are counted."""
    tensors = [*model.parameters(), *model.buffers()]
    is_meta = all(each.is_meta for each in tensors)
    return sum(each.nbytes for each in tensors if is_meta or not each.is_meta)


def random_context(keys: dict[str, Any], batch: int) -> TextContext:
    t5_width, llama_width = keys["caption_channels"]

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape).bfloat16()

    return TextContext(
        pooled_BC=draw(batch, keys["text_emb_dim"]),
        t5_BTC=draw(batch, NUM_TOKENS, t5_width),
        llama_LBTC=draw(max(keys["llama_layers"]) + 1, batch, NUM_TOKENS, llama_width),
    )


if __name__ == "__main__":
    main()

"""`python -m training curators`: train the embedded descriptor and heads on planted pictures, and measure.

Descriptors by contrast (InfoNCE over the batch, SSCD's loss without its entropy term): two views of a picture
attract, all others repel. Heads by binary cross entropy on gently treated views.
"""

# B pictures of a batch

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.data.curation.planted import Fault, draw_planted
from training.data.curation.small_net import HEADS, SMALL_NET, SmallNet, save_small_net, to_input
from training.errors import BadRecipe
from training.seeds import rng_for
from training.stickers.catalogue import WHOLE

__all__ = ["add_arguments", "run"]

FAULT_OF = {Fault.WATERMARK: "watermark", Fault.BLUR: "blurred", Fault.UNSAFE: "unsafe", Fault.UGLY: "ugly"}
TEMPERATURE = 0.07
Say = Callable[[str], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pictures", type=int, default=12_000, help="scenes to learn from, drawn anew")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--out", type=Path, default=SMALL_NET)
    parser.add_argument("--threads", type=int, help="CPU threads (default: all)")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Pictures as the network takes them, in bytes: (N, 3, H, W); labels (N, heads)."""

    pictures: Tensor
    labels: Tensor


def run(args: argparse.Namespace, say: Say) -> int:
    """Raises FontMissing, BadRecipe."""
    if args.steps < 1 or args.pictures < args.batch or args.batch < 2:
        raise BadRecipe("--steps must be at least 1, and --pictures at least --batch, which is at least 2.")
    torch.set_num_threads(args.threads or torch.get_num_threads())
    torch.manual_seed(0)
    drawn, held_out = draw("curators", args.pictures, say), draw("curators-held-out", 1_000, say)
    network, begun = SmallNet(), time.monotonic()
    fit(network, drawn, args.steps, args.batch, args.learning_rate, say)
    report = {
        "pictures": args.pictures,
        "steps": args.steps,
        "batch": args.batch,
        "minutes": round((time.monotonic() - begun) / 60, 1),
        "held_out_accuracy": accuracy(network, held_out),
    }
    save_small_net(network, args.out, report)
    say(f"{args.out}: {report['held_out_accuracy']}")
    return 0


def draw(stream: str, count: int, say: Say) -> Drawn:
    """Half of the pictures have a fault, each kind as often."""
    pictures, labels = list[Tensor](), torch.zeros(count, len(HEADS))
    faults, said = [*FAULT_OF], time.monotonic()
    for index in range(count):
        rng = rng_for(stream, 0, index)
        fault = faults[int(rng.integers(len(faults)))] if rng.random() < 0.5 else None
        _, image = draw_planted(rng, fault, WHOLE)
        pictures.append(to_input(image).add(1).mul(127.5).round().to(torch.uint8))
        if fault is not None:
            labels[index, HEADS.index(FAULT_OF[fault])] = 1
        if time.monotonic() - said > 10:
            said = time.monotonic()
            say(f"{stream}: {index + 1:,} of {count:,} drawn")
    return Drawn(pictures=torch.stack(pictures), labels=labels)


def fit(network: SmallNet, drawn: Drawn, steps: int, batch: int, learning_rate: float, say: Say) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps, pct_start=0.1)
    network.train()
    begun = said = time.monotonic()
    for step in range(steps):
        rng = np.random.default_rng((1, step))
        chosen = torch.from_numpy(rng.choice(len(drawn.pictures), batch, replace=False))
        pictures = drawn.pictures[chosen].float().div(127.5).sub(1)
        gentle, rough = view(pictures, rng, 0.04), view(pictures, rng, 0.20)
        descriptors, logits = network(torch.cat([gentle, rough]))
        contrast = info_nce(descriptors[:batch], descriptors[batch:])
        heads = F.binary_cross_entropy_with_logits(logits[:batch], drawn.labels[chosen])
        optimizer.zero_grad()
        torch.autograd.backward(contrast + heads)
        optimizer.step()
        schedule.step()
        if time.monotonic() - said > 10:
            said = time.monotonic()
            left = (said - begun) / (step + 1) * (steps - step - 1) / 60
            say(f"curators {step + 1}/{steps} contrast {contrast:.3f} heads {heads:.3f} {left:.1f} min left")
    network.eval()


def info_nce(one_BD: Tensor, two_BD: Tensor) -> Tensor:
    """Each view must tell its twin from the other pictures of the batch, both ways."""
    alike = one_BD @ two_BD.T / TEMPERATURE
    target = torch.arange(len(alike))
    return (F.cross_entropy(alike, target) + F.cross_entropy(alike.T, target)) / 2


def view(pictures_B3HW: Tensor, rng: np.random.Generator, strength: float) -> Tensor:
    """Cropped, mirrored, recoloured and roughened, each picture in its own way; more with `strength`."""
    count = len(pictures_B3HW)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, *shape))).float()

    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = uniform(1 - strength, 1.0) * (1 - 2 * (uniform(0, 1) < 0.5).float())
    theta[:, 1, 1] = uniform(1 - strength, 1.0)
    theta[:, :, 2] = uniform(-strength / 2, strength / 2, 2)
    grid = F.affine_grid(theta, list(pictures_B3HW.shape), align_corners=False)
    moved = F.grid_sample(pictures_B3HW, grid, padding_mode="border", align_corners=False)
    gains, lifts = uniform(1 - strength, 1 + strength, 3, 1, 1), uniform(-strength, strength, 3, 1, 1)
    noise = torch.from_numpy(rng.standard_normal(moved.shape, dtype=np.float32)) * uniform(
        0, strength / 4, 1, 1, 1
    )
    return (moved * gains + lifts + noise).clamp(-1, 1)


@torch.inference_mode()
def accuracy(network: SmallNet, drawn: Drawn) -> dict[str, float]:
    logits = torch.cat(
        [network(part.float().div(127.5).sub(1))[1] for part in torch.split(drawn.pictures, 64)]
    )
    right = ((logits > 0) == (drawn.labels > 0.5)).float().mean(dim=0)
    return {head: round(float(each), 4) for head, each in zip(HEADS, right, strict=True)}

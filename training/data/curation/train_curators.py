"""`python -m training curators`: train the embedded descriptor and judges on planted pictures, and measure.

Descriptors by contrast (InfoNCE over the batch, SSCD's loss without its entropy term): two views of a picture
attract, all others repel. Judges by binary cross entropy.
"""

# B pictures of a batch

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.data.curation import judge_net, small_net
from training.data.curation.judge_net import HEADS, JUDGE_NET, JudgeNet
from training.data.curation.planted import Fault, draw_planted
from training.data.curation.small_net import SMALL_NET, SmallNet, save_network, to_input
from training.errors import BadRecipe
from training.precision import autocast
from training.seeds import rng_for
from training.stickers.catalogue import WHOLE

__all__ = ["add_arguments", "run"]

FAULT_OF = {Fault.WATERMARK: "watermark", Fault.BLUR: "blurred", Fault.UNSAFE: "unsafe", Fault.UGLY: "ugly"}
TEMPERATURE = 0.07
NUM_HELD_OUT = 1_000
Say = Callable[[str], None]
StepOf = Callable[[Tensor, Tensor, np.random.Generator], Tensor]
"""The loss of pictures (B, 3, H, W) with their labels (B, H)."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """How one of the networks learns."""

    num_pictures: int
    num_steps: int
    batch_size: int = 96
    learning_rate: float = 2e-3


COURSES = {
    "descriptors": Course(num_pictures=12_000, num_steps=600),
    "judges": Course(num_pictures=20_000, num_steps=1_200),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", choices=tuple(COURSES), help="which of the two")
    parser.add_argument("--pictures", type=int, help="scenes to learn from, drawn anew")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out", type=Path, help="folder of the weights (default: where they are read)")
    parser.add_argument("--threads", type=int, help="CPU threads (default: all)")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Pictures as the network takes them, in bytes: (N, 3, H, W); labels (N, heads)."""

    pictures: Tensor
    labels: Tensor


def run(args: argparse.Namespace, say: Say) -> int:
    """Raises FontMissing, BadRecipe."""
    course = COURSES[args.network]
    course = replace(
        course,
        num_pictures=course.num_pictures if args.pictures is None else args.pictures,
        num_steps=course.num_steps if args.steps is None else args.steps,
    )
    if course.num_steps < 1 or course.num_pictures < course.batch_size:
        raise BadRecipe(f"--steps must be at least 1, and --pictures at least {course.batch_size}.")
    torch.manual_seed(0)
    if args.network == "descriptors":
        train_descriptors(course, args.out or SMALL_NET, say)
    else:
        train_judges(course, args.out or JUDGE_NET, say)
    return 0


def train_descriptors(course: Course, out: Path, say: Say) -> None:
    network = SmallNet()

    def loss(pictures: Tensor, labels: Tensor, rng: np.random.Generator) -> Tensor:
        gentle, rough = view(pictures, rng, 0.04), view(pictures, rng, 0.20)
        descriptors = network(torch.cat([gentle, rough]))
        return info_nce(*descriptors.chunk(2))

    drawn = draw("curators", course.num_pictures, small_net.INPUT_PX, say)
    report = fit(network, loss, drawn, course, say)
    save_network(network, out, report)
    say(f"{out}: {report}")


def train_judges(course: Course, out: Path, say: Say) -> None:
    network = JudgeNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def loss(pictures: Tensor, labels: Tensor, rng: np.random.Generator) -> Tensor:
        mirrored = torch.from_numpy(rng.random((len(pictures), 1, 1, 1)) < 0.5)
        seen = torch.where(mirrored, pictures.flip(3), pictures)
        with autocast("cpu"):
            logits = network(seen)
        return F.binary_cross_entropy_with_logits(logits.float(), labels)

    drawn = draw("curators", course.num_pictures, judge_net.INPUT_PX, say)
    held_out = draw("curators-held-out", NUM_HELD_OUT, judge_net.INPUT_PX, say)
    report = fit(network, loss, drawn, course, say) | {"held_out_accuracy": accuracy(network, held_out)}
    save_network(network, out, report)
    say(f"{out}: {report}")


def draw(stream: str, count: int, side_px: int, say: Say) -> Drawn:
    """Half of the pictures have a fault, each kind as often."""
    pictures = torch.empty(count, 3, side_px, side_px, dtype=torch.uint8)
    labels = torch.zeros(count, len(HEADS))
    faults, said = [*FAULT_OF], time.monotonic()
    for index in range(count):
        rng = rng_for(stream, 0, index)
        fault = faults[int(rng.integers(len(faults)))] if rng.random() < 0.5 else None
        _, image = draw_planted(rng, fault, WHOLE)
        pictures[index] = to_input(image, side_px).add(1).mul(127.5).round().to(torch.uint8)
        if fault is not None:
            labels[index, HEADS.index(FAULT_OF[fault])] = 1
        if time.monotonic() - said > 10:
            said = time.monotonic()
            say(f"{stream}: {index + 1:,} of {count:,} drawn")
    return Drawn(pictures=pictures, labels=labels)


def fit(network: nn.Module, loss: StepOf, drawn: Drawn, course: Course, say: Say) -> dict[str, object]:
    """All steps; what was done, for the report."""
    steps, rate = course.num_steps, course.learning_rate
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    network.train()
    begun = said = time.monotonic()
    for step in range(steps):
        rng = np.random.default_rng((1, step))
        chosen = torch.from_numpy(rng.choice(len(drawn.pictures), course.batch_size, replace=False))
        pictures = drawn.pictures[chosen].float().div(127.5).sub(1)
        total = loss(pictures, drawn.labels[chosen], rng)
        optimizer.zero_grad()
        torch.autograd.backward(total)
        optimizer.step()
        schedule.step()
        if time.monotonic() - said > 10:
            said = time.monotonic()
            left = (said - begun) / (step + 1) * (steps - step - 1) / 60
            say(f"curators {step + 1}/{steps} loss {total:.3f} {left:.1f} min left")
    network.eval()
    return {
        "pictures": course.num_pictures,
        "steps": steps,
        "batch": course.batch_size,
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }


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
def accuracy(network: JudgeNet, drawn: Drawn) -> dict[str, float]:
    logits = torch.cat([network(part.float().div(127.5).sub(1)) for part in torch.split(drawn.pictures, 64)])
    right = ((logits > 0) == (drawn.labels > 0.5)).float().mean(dim=0)
    return {head: round(float(each), 4) for head, each in zip(HEADS, right, strict=True)}

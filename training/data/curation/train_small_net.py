"""`python -m training curators`: train the embedded descriptor and heads on planted pictures, and measure.

Descriptors by contrast (InfoNCE over the batch, SSCD's loss without its entropy term): two views of a picture
attract, all others repel, its sibling above all: the same scene with other things in it. Heads by binary
cross entropy; then each is moved so that 0.5 is where, among pictures with few faults, it is nearly always
right.
"""

# B pictures of a batch, N pictures, H heads

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from training.data.curation.planted import Copy, Fault, changed, draw_scene, safe_scene, with_unsafe
from training.data.curation.small_net import HEADS, SMALL_NET, SmallNet, save_small_net, to_input
from training.errors import BadRecipe
from training.seeds import rng_for
from training.stickers.scene import Scene, sample_look

__all__ = ["add_arguments", "run"]

FAULT_OF = {Fault.WATERMARK: "watermark", Fault.BLUR: "blurred", Fault.UNSAFE: "unsafe", Fault.UGLY: "ugly"}
KINDS = (Copy.JPEG, Copy.RESIZED, Copy.CROPPED, Copy.RECOLORED)
"""What pictures have gone through before they are collected."""
TEMPERATURE = 0.05
STEEPNESS, MIDDLE = 24.0, 0.8
"""Of the logistic loss that gives similarities a scale: a copy is more alike than MIDDLE."""
Say = Callable[[str], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pictures", type=int, default=14_000, help="scenes to learn from, drawn anew")
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--minutes", type=float, help="end after so many, with fewer steps")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--precision", type=float, default=0.95, help="of each head at 0.5, where reached")
    parser.add_argument("--out", type=Path, default=SMALL_NET)
    parser.add_argument("--threads", type=int, help="CPU threads (default: all)")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Pictures as the network takes them, in bytes: (N, 3, H, W); labels (N, H). Siblings are neighbours."""

    pictures: Tensor
    labels: Tensor


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The learning rate rises in the first tenth and falls to nothing at the end, of steps or of minutes."""

    steps: int
    batch: int
    learning_rate: float
    minutes: float | None = None

    def progress(self, step: int, begun: float) -> float:
        """From 0 to 1."""
        minutes = (time.monotonic() - begun) / 60
        return min(1.0, max(step / self.steps, minutes / self.minutes if self.minutes else 0.0))

    def rate(self, progress: float) -> float:
        rise, fall = progress / 0.1, (1 + math.cos(math.pi * (progress - 0.1) / 0.9)) / 2
        return self.learning_rate * max(0.01, min(1.0, rise if progress < 0.1 else fall))


def run(args: argparse.Namespace, say: Say) -> int:
    """Raises FontMissing, BadRecipe."""
    if args.steps < 1 or args.pictures < args.batch or args.batch < 4:
        raise BadRecipe("--steps must be at least 1, and --pictures at least --batch, which is at least 4.")
    torch.set_num_threads(args.threads or torch.get_num_threads())
    torch.manual_seed(0)
    drawn = draw("curators", args.pictures // 2, 0.5, say)
    network, begun = SmallNet(), time.monotonic()
    pace = Pace(steps=args.steps, batch=args.batch, learning_rate=args.learning_rate, minutes=args.minutes)
    steps = fit(network, drawn, pace, say)
    minutes = (time.monotonic() - begun) / 60
    calibration = draw("curators-calibration", 1_200, 0.2, say)
    calibrate(network, calibration, args.precision)
    report = {
        "pictures": args.pictures,
        "steps": steps,
        "batch": args.batch,
        "minutes": round(minutes, 1),
        "held_out": judged(network, draw("curators-held-out", 500, 0.2, say)),
    }
    save_small_net(network, args.out, report)
    say(f"{args.out}: {report['held_out']}")
    return 0


def draw(stream: str, num_pairs: int, fault_share: float, say: Say) -> Drawn:
    """Twice `num_pairs` pictures. `fault_share` of the scenes have a fault, each kind as often."""
    pictures, labels = list[Tensor](), torch.zeros(2 * num_pairs, len(HEADS))
    faults, said = [*FAULT_OF], time.monotonic()
    for index in range(num_pairs):
        rng = rng_for(stream, 0, index)
        scene = safe_scene(rng)
        for place, each in enumerate((scene, sibling(scene, rng))):
            fault = faults[int(rng.integers(len(faults)))] if rng.random() < fault_share else None
            image = draw_scene(with_unsafe(each) if fault is Fault.UNSAFE else each, fault, rng)
            pictures.append(to_input(worn(image, rng)).add(1).mul(127.5).round().to(torch.uint8))
            if fault is not None:
                labels[2 * index + place, HEADS.index(FAULT_OF[fault])] = 1
        if time.monotonic() - said > 10:
            said = time.monotonic()
            say(f"{stream}: {2 * index + 2:,} of {2 * num_pairs:,} drawn")
    return Drawn(pictures=torch.stack(pictures), labels=labels)


def sibling(scene: Scene, rng: np.random.Generator) -> Scene:
    """Other things, or one other thing, in the same colours at the same places; or in another colour."""
    change, spared = rng.random(), int(rng.integers(len(scene.things)))
    things = []
    for place, thing in enumerate(scene.things):
        kind, color = sample_look(rng)
        while kind == "knife":
            kind, color = sample_look(rng)
        if thing.word is not None or (change < 0.35 and place != spared):
            things.append(thing)
        elif change < 0.8:
            things.append(replace(thing, kind=kind))
        else:
            things.append(replace(thing, color=color))
    return replace(scene, things=tuple(things))


def worn(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Every second picture has been through something."""
    if rng.random() < 0.5:
        return image
    return changed(image, KINDS[int(rng.integers(len(KINDS)))], rng)


def fit(network: SmallNet, drawn: Drawn, pace: Pace, say: Say) -> int:
    """Returns how many steps it took."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), pace.learning_rate, weight_decay=0.02)
    network.train()
    begun, step = time.monotonic(), 0
    said = begun
    while (progress := pace.progress(step, begun)) < 1:
        rng = np.random.default_rng((1, step))
        pairs = torch.from_numpy(rng.choice(len(drawn.pictures) // 2, pace.batch // 2, replace=False))
        chosen = torch.stack([2 * pairs, 2 * pairs + 1], dim=1).flatten()
        pictures, labels = drawn.pictures[chosen].float().div(127.5).sub(1), drawn.labels[chosen]
        views = torch.cat([view(pictures, rng), view(pictures, rng)])
        with torch.autocast("cpu", torch.bfloat16):
            descriptors, logits = network(views.to(memory_format=torch.channels_last))
        contrast = copy_loss(descriptors[: len(chosen)], descriptors[len(chosen) :])
        heads = F.binary_cross_entropy_with_logits(logits, labels.repeat(2, 1)) * len(HEADS)
        for group in optimizer.param_groups:
            group["lr"] = pace.rate(progress)
        optimizer.zero_grad()
        torch.autograd.backward(contrast + heads)
        optimizer.step()
        step += 1
        if time.monotonic() - said > 10:
            said = time.monotonic()
            say(f"curators: step {step}, {progress:.0%}, contrast {contrast:.3f}, heads {heads:.3f}")
    network.eval()
    return step


def copy_loss(one_BD: Tensor, two_BD: Tensor) -> Tensor:
    """Each view must tell its twin from all others, both ways; and be like it, unlike them, by one scale."""
    alike, target = one_BD @ two_BD.T, torch.arange(len(one_BD))
    contrast = F.cross_entropy(alike / TEMPERATURE, target) + F.cross_entropy(alike.T / TEMPERATURE, target)
    signs = 2 * torch.eye(len(alike)) - 1
    scale = F.softplus(-signs * STEEPNESS * (alike - MIDDLE)).sum() / len(alike)
    return contrast / 2 + scale / 2


def view(pictures_B3HW: Tensor, rng: np.random.Generator) -> Tensor:
    """Cropped, mirrored, recoloured and roughened, each picture in its own way."""
    count = len(pictures_B3HW)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, *shape))).float()

    cut = uniform(0, 0.11, 4) * (uniform(0, 1, 1) < 0.7)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = (1 - cut[:, 0] - cut[:, 1]) * (1 - 2 * (uniform(0, 1) < 0.5).float())
    theta[:, 1, 1] = 1 - cut[:, 2] - cut[:, 3]
    theta[:, 0, 2], theta[:, 1, 2] = cut[:, 0] - cut[:, 1], cut[:, 2] - cut[:, 3]
    grid = F.affine_grid(theta, list(pictures_B3HW.shape), align_corners=False)
    moved = F.grid_sample(pictures_B3HW, grid, padding_mode="border", align_corners=False)
    gains, lifts = uniform(0.84, 1.14, 3, 1, 1), uniform(-0.13, 0.13, 1, 1, 1)
    levels = ((moved + 1) * gains - 1 + lifts) + 0.02 * torch.randn_like(moved) * uniform(0, 1, 1, 1, 1)
    return levels.clamp(-1, 1)


@torch.inference_mode()
def logits_of(network: SmallNet, drawn: Drawn) -> Tensor:
    return torch.cat([network(part.float().div(127.5).sub(1))[1] for part in torch.split(drawn.pictures, 64)])


def calibrate(network: SmallNet, drawn: Drawn, precision: float) -> None:
    """Move each head's bias so that 0.5 is the lowest score with that precision, or the best balance."""
    last = network.heads[-1]
    assert isinstance(last, nn.Linear)
    cuts = [
        cut_of(logits, labels, precision)
        for logits, labels in zip(logits_of(network, drawn).T.numpy(), drawn.labels.T.numpy(), strict=True)
    ]
    with torch.no_grad():
        last.bias.sub_(torch.tensor(cuts))


def cut_of(logits_N: npt.NDArray[np.float32], labels_N: npt.NDArray[np.float32], precision: float) -> float:
    order = np.argsort(-logits_N)
    hits = np.cumsum(labels_N[order])
    right, found = hits / np.arange(1, len(order) + 1), hits / max(hits[-1], 1)
    good = np.flatnonzero(right >= precision)
    balance = 2 * right * found / np.maximum(right + found, 1e-9)
    last = int(good[-1]) if len(good) and found[good[-1]] >= 0.5 else int(np.argmax(balance))
    return float(logits_N[order[last : last + 2]].mean())


def judged(network: SmallNet, drawn: Drawn) -> dict[str, dict[str, float]]:
    """Precision and recall of each head at 0.5."""
    found, labels = logits_of(network, drawn) > 0, drawn.labels > 0.5
    hits = (found & labels).sum(dim=0)
    precision, recall = hits / found.sum(dim=0).clamp(min=1), hits / labels.sum(dim=0).clamp(min=1)
    return {
        head: {"precision": round(float(precision[place]), 4), "recall": round(float(recall[place]), 4)}
        for place, head in enumerate(HEADS)
    }

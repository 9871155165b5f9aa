"""What five edits in a row change besides what was asked for: python -m tests.bench.drift

Draws three pictures with the stickers and recolours a thing in each five times, in three ways: plainly, with
the rest kept as the chat keeps it (the place of each change is found anew), and under a painted mask. After
every edit it takes the share of change outside the place against the picture drawn first, where the place
and the mask are what the first plain edit changed. Also prints how much the autoencoder alone changes, which
sets what counts as noise.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from agent.changes import NOISE, changed_region, compare, distance, paste_back
from engines.api import EditRequest, GenerateRequest, Progress
from engines.engine import DiffusionEngine
from engines.load_engine import load_engine
from engines.vae import to_image, to_pixels

OUT = Path(__file__).parents[2] / "docs" / "images" / "drift.png"
COLORS = ("blue", "green", "purple", "yellow", "red")
DRAWINGS = (
    ("a red car next to a dog", "car"),
    ("a robot with an umbrella", "umbrella"),
    ("a cat above a boat", "boat"),
)
WIDTH, HEIGHT, MARGIN = 640, 400, 60
INK = (60, 60, 60)
WAYS = {"plain": (214, 40, 57), "rest kept": (29, 111, 165), "painted mask": (46, 139, 87)}


@dataclass(frozen=True, kw_only=True)
class Run:
    """Per edit, the share of what was to stay that differs from the first picture: seen, and by any bit."""

    seen: Sequence[float]
    any_bit: Sequence[float]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--steps", type=int, help="of each edit; the preset's if not said")
    options.add_argument("--out", type=Path, default=OUT)
    chosen = options.parse_args()
    painter = load_engine("stickers-full")
    editor = load_engine("stickers-edit", None, painter)
    first = [draw(painter, prompt, seed) for seed, (prompt, _) in enumerate(DRAWINGS)]
    print_noise(painter, first)
    runs: dict[str, list[Run]] = {way: [] for way in WAYS}
    for seed, (picture, (prompt, thing)) in enumerate(zip(first, DRAWINGS, strict=True)):
        print(f"{prompt}: {thing}")
        for way, run in drift(editor, picture, thing, seed, chosen.steps).items():
            runs[way].append(run)
            print(f"  {way:<12} {shares(run.seen)}   any bit {shares(run.any_bit)}", flush=True)
    lines = {way: means([run.seen for run in found]) for way, found in runs.items()}
    for way, found in runs.items():
        print(
            f"mean {way:<12} {shares(lines[way])}   any bit {shares(means([run.any_bit for run in found]))}"
        )
    plot(lines).save(chosen.out)


def draw(painter: DiffusionEngine, prompt: str, seed: int) -> Image.Image:
    return painter.generate(GenerateRequest(prompt=prompt, seed=seed), ignore).image


def print_noise(painter: DiffusionEngine, pictures: Sequence[Image.Image]) -> None:
    """How far a picture moves that only goes through the autoencoder."""
    with torch.no_grad():
        twins = [
            to_image(painter.parts.vae.decode(painter.parts.vae.encode(to_pixels(each)))) for each in pictures
        ]
    gaps = np.stack([distance(*pair) for pair in zip(pictures, twins, strict=True)])
    print(
        f"autoencoder alone: at most {gaps.max():.1f} of 255 after the blur; {NOISE:g} counts as noise, "
        f"{(gaps > NOISE).mean():.3%} of the pixels are above"
    )


def drift(
    editor: DiffusionEngine, picture: Image.Image, thing: str, seed: int, num_steps: int | None
) -> Mapping[str, Run]:
    """The same edits in each of the three ways."""
    first = EditRequest(
        image=picture, instruction=f"make the {thing} {COLORS[0]}", seed=seed, num_steps=num_steps
    )
    place = changed_region(picture, editor.edit(first, ignore).image)
    return {way: measure(picture, edits(editor, first, thing, way, place), place) for way in WAYS}


def edits(
    editor: DiffusionEngine, first: EditRequest, thing: str, way: str, place: Image.Image
) -> list[Image.Image]:
    """Five pictures, each an edit of the one before; a painted mask is the place itself."""
    image, made = first.image, []
    for color in COLORS:
        request = replace(first, image=image, instruction=f"make the {thing} {color}")
        if way == "painted mask":
            edited = editor.edit(replace(request, mask=place), ignore).image
        else:
            edited = editor.edit(request, ignore).image
        if way == "rest kept":
            edited = paste_back(image, edited, changed_region(image, edited))
        made.append(edited)
        image = edited
    return made


def measure(picture: Image.Image, edits: Sequence[Image.Image], place: Image.Image) -> Run:
    changes = [compare(picture, edit, place) for edit in edits]
    bits = [compare(picture, edit, place, is_kept=True) for edit in edits]
    return Run(
        seen=[change.outside or 0.0 for change in changes], any_bit=[change.outside or 0.0 for change in bits]
    )


def means(runs: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.mean(each) for each in zip(*runs, strict=True)]


def shares(values: Sequence[float]) -> str:
    return " ".join(f"{value:.2%}" for value in values)


def plot(lines: Mapping[str, Sequence[float]]) -> Image.Image:
    """A line a way over the edits, as per cent of what was to stay."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(14)
    top = max(0.01, float(np.ceil(max(max(each) for each in lines.values()) * 100)) / 100)
    across, up = (WIDTH - 2 * MARGIN) / len(COLORS), (HEIGHT - 2 * MARGIN) / top

    def at(edit: int, share: float) -> tuple[float, float]:
        return MARGIN + edit * across, HEIGHT - MARGIN - share * up

    for part in range(5):
        share = top * part / 4
        pen.line([at(0, share), at(len(COLORS), share)], fill=(225, 225, 225))
        pen.text((MARGIN - 8, at(0, share)[1]), f"{share:.2%}", INK, font, anchor="rm")
    for edit in range(len(COLORS) + 1):
        pen.text((at(edit, 0)[0], HEIGHT - MARGIN + 8), str(edit), INK, font, anchor="ma")
    pen.text((WIDTH / 2, HEIGHT - 26), "edits in a row", INK, font, anchor="ma")
    pen.text((MARGIN, 18), "change outside the place that was meant, of what was to stay", INK, font)
    for row, (way, line) in enumerate(lines.items()):
        points = [at(0, 0), *(at(edit, share) for edit, share in enumerate(line, start=1))]
        pen.line(points, fill=WAYS[way], width=3)
        for x, y in points:
            pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=WAYS[way])
        pen.text((MARGIN + 12, MARGIN + 8 + 20 * row), f"{way}: {line[-1]:.2%} after five", WAYS[way], font)
    return image


def ignore(progress: Progress) -> None:
    """Nobody waits."""


if __name__ == "__main__":
    main()

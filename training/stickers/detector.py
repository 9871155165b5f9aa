"""The judge: finds the things in a picture of the small world, their colours, what signs say, the background
and the style.

It shares nothing with the engines: own network, own seeds, own examples (training/evaluation/examples.py).
A thing it does not know, or mush, is the class "unknown" and is not reported.
"""

# B pictures, C channels, H x W grid cells of 16 picture pixels, N things

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from training.errors import BadRecipe, CorruptCheckpoint
from training.stickers.catalogue import SIGN, WHOLE, World, vocabulary_of, world_of

__all__ = [
    "JUDGES",
    "Detection",
    "Detector",
    "DetectorNetwork",
    "GridOutput",
    "Reading",
    "Thresholds",
]

JUDGES = Path(__file__).parent / "judges"
"""Folders of shipped detectors, each for a part of the world."""
INPUT_PX = 128
CELL_PX = 8  # in the network's input
GRID = INPUT_PX // CELL_PX


@dataclass(frozen=True, kw_only=True)
class Detection:
    """One thing: class, colour (None is natural), how sure, centre and size in picture pixels.

    `word` is what a sign says, None for everything else.
    """

    kind: str
    color: str | None
    confidence: float
    x: float
    y: float
    size: float
    word: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """All that was seen in one picture, the surest thing first. `features` describe the whole picture."""

    things: tuple[Detection, ...]
    background: str
    style: str | None
    features: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Frozen on held-out renders, before any engine's picture was looked at."""

    confidence: float
    same_thing_distance: float = 0.4  # centres nearer than this share of the size are one thing


@dataclass(frozen=True, kw_only=True)
class GridOutput:
    """The network's raw answer; after the world's kinds comes "unknown", after its colours "natural".

    Sizes: logs of shares of the square; offsets: cells from a cell's centre. `words_BKHW` is None in a
    world without signs.
    """

    heat_BHW: Tensor
    kinds_BKHW: Tensor
    colors_BKHW: Tensor
    words_BKHW: Tensor | None
    sizes_BHW: Tensor
    offsets_B2HW: Tensor
    backgrounds_BK: Tensor
    styles_BK: Tensor
    features_BC: Tensor


def convolution(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class DetectorNetwork(nn.Module):
    """A centre-point detector of 0.25 M parameters (after Zhou et al. 2019, "Objects as Points").

    `world` is the part of the small world whose names its outputs stand for.
    """

    def __init__(self, world: World = WHOLE) -> None:
        super().__init__()
        self.world = world
        self.stem = nn.Sequential(
            nn.Conv2d(3, 32, 4, 4, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True)
        )
        self.shape = nn.Sequential(convolution(32, 32), convolution(32, 64, stride=2))
        self.context = nn.ModuleList(
            [convolution(64, 64, dilation=dilation) for dilation in (1, 2, 1, 4, 1, 2)]
        )
        self.place = nn.Conv2d(64, 4, 1)
        prior = torch.tensor([-4.0, -1.0, 0.0, 0.0])  # few cells hold a thing; things are about a third wide
        self.place.bias = nn.Parameter(prior)
        self.kind = nn.Conv2d(64, len(world.kinds) + 1, 1)
        self.color = nn.Conv2d(64, len(world.colors) + 1, 1)
        self.word = nn.Conv2d(64, len(world.signs), 1) if world.signs else None
        self.background = nn.Linear(128, len(world.backgrounds))
        self.style = nn.Linear(128, len(world.styles) + 1)

    def forward(self, pictures_B3HW: Tensor) -> GridOutput:
        """(B, 3, 128, 128) in -1..1."""
        x = self.shape(self.stem(pictures_B3HW))
        low = x
        for block in self.context:
            x = x + block(x)
        place = self.place(x)
        pooled = torch.cat([low.mean((2, 3)), x.mean((2, 3))], dim=1)
        return GridOutput(
            heat_BHW=place[:, 0],
            kinds_BKHW=self.kind(x),
            colors_BKHW=self.color(x),
            words_BKHW=None if self.word is None else self.word(x),
            sizes_BHW=place[:, 1],
            offsets_B2HW=place[:, 2:],
            backgrounds_BK=self.background(pooled),
            styles_BK=self.style(pooled),
            features_BC=x.mean((2, 3)),
        )


class Detector:
    """The network with its thresholds: pictures in, readings out."""

    def __init__(self, network: DetectorNetwork, thresholds: Thresholds) -> None:
        self.network = network.eval().requires_grad_(False)
        self.thresholds = thresholds

    @classmethod
    def from_pretrained(cls, folder: Path) -> Detector:
        """Raises CorruptCheckpoint for missing or damaged files, BadRecipe for names that the world lacks."""
        try:
            config = json.loads((folder / "config.json").read_text("utf-8"))
            weights = load_file(folder / "model.safetensors")
        except (OSError, ValueError, SafetensorError) as error:
            raise CorruptCheckpoint(
                f"The detector in {folder} cannot be read ({error}). Train it: python -m training detector"
            ) from error
        world = world_of(config["world"])
        names = vocabulary_of(world)
        if any(tuple(each) != names[kind] for kind, each in config["world"].items()):
            raise BadRecipe(
                f"The detector in {folder} was trained for other classes, colours, backgrounds or styles. "
                "Train it again: python -m training detector"
            )
        network = DetectorNetwork(world)
        network.load_state_dict(weights)
        return cls(network, Thresholds(**config["thresholds"]))

    def save(self, folder: Path) -> None:
        """config.json (world and thresholds) and model.safetensors."""
        folder.mkdir(parents=True, exist_ok=True)
        config = {"world": vocabulary_of(self.network.world), "thresholds": asdict(self.thresholds)}
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        weights = {name: tensor.contiguous() for name, tensor in self.network.state_dict().items()}
        save_file(weights, folder / "model.safetensors")

    def unknown(self, world: World) -> list[str]:
        """What this part of the world holds that the detector has never seen."""
        own, wanted = vocabulary_of(self.network.world), vocabulary_of(world)
        kinds = ("classes", "colors", "backgrounds", "styles", "signs")
        return [name for kind in kinds for name in wanted[kind] if name not in own[kind]]

    def knows(self, world: World) -> bool:
        """Whether it has seen all that this part of the world holds."""
        return not self.unknown(world)

    def require(self, world: World) -> None:
        """Raises BadRecipe when it has never seen something that this part of the world holds."""
        if strange := self.unknown(world):
            raise BadRecipe(
                f"The judge knows no {', '.join(strange[:3])} and would count them as missing. "
                "Train it for the whole world: python -m training detector"
            )

    def read(self, pictures: Sequence[Image.Image], batch_size: int = 64) -> list[Reading]:
        """What is in each picture (any size; its longer side is brought to the network's)."""
        readings: list[Reading] = []
        for start in range(0, len(pictures), batch_size):
            some = pictures[start : start + batch_size]
            with torch.inference_mode():
                readings += decode(
                    self.network(to_input(some)), self.thresholds, scales(some), self.network.world
                )
        return readings


def to_input(pictures: Sequence[Image.Image]) -> Tensor:
    """Pictures, the longer side brought to 128, in the corner of a grey square: (B, 3, 128, 128) in -1..1."""
    array = np.full((len(pictures), INPUT_PX, INPUT_PX, 3), 127.5, np.float32)
    for index, (picture, scale) in enumerate(zip(pictures, scales(pictures), strict=True)):
        width, height = round(picture.width / scale), round(picture.height / scale)
        small = picture.convert("RGB").resize((width, height), Image.Resampling.BOX)
        array[index, :height, :width] = np.asarray(small, np.float32)
    return torch.from_numpy(array / 127.5 - 1).permute(0, 3, 1, 2)


def scales(pictures: Sequence[Image.Image]) -> list[float]:
    """Picture pixels to one pixel of the network's input, for each picture."""
    return [max(picture.size) / INPUT_PX for picture in pictures]


def decode(
    output: GridOutput, thresholds: Thresholds, scales: Sequence[float], world: World
) -> list[Reading]:
    """Local peaks of the heat map whose class is known; confidence = objectness x class probability."""
    heat_BHW = output.heat_BHW.sigmoid()
    is_peak_BHW = heat_BHW == F.max_pool2d(heat_BHW[:, None], 3, 1, 1)[:, 0]
    kinds_BKHW = output.kinds_BKHW.softmax(1)
    unknown = len(world.kinds)
    best_BHW, _ = kinds_BKHW[:, :unknown].max(1)
    confidence_BHW = heat_BHW * best_BHW
    is_thing_BHW = is_peak_BHW & (confidence_BHW > thresholds.confidence) & (kinds_BKHW.argmax(1) != unknown)
    background_B = output.backgrounds_BK.argmax(1).tolist()
    style_B = output.styles_BK.argmax(1).tolist()
    readings = []
    for index, scale in enumerate(scales):
        cells = is_thing_BHW[index].nonzero().tolist()
        found = [
            detection_at(
                output, (index, row, column), float(confidence_BHW[index, row, column]), scale, world
            )
            for row, column in cells
        ]
        readings.append(
            Reading(
                things=merge_twins(found, thresholds.same_thing_distance),
                background=world.backgrounds[background_B[index]],
                style=(*world.styles, None)[style_B[index]],
                features=tuple(output.features_BC[index].tolist()),
            )
        )
    return readings


def detection_at(
    output: GridOutput, cell: tuple[int, int, int], confidence: float, scale: float, world: World
) -> Detection:
    """What the network says at picture, row and column, in picture pixels."""
    index, row, column = cell
    dx, dy = output.offsets_B2HW[index, :, row, column].tolist()
    kind = world.kinds[int(output.kinds_BKHW[index, : len(world.kinds), row, column].argmax())]
    word = None
    if kind == SIGN and output.words_BKHW is not None:
        word = world.signs[int(output.words_BKHW[index, :, row, column].argmax())]
    return Detection(
        kind=kind,
        color=(*world.colors, None)[int(output.colors_BKHW[index, :, row, column].argmax())],
        confidence=confidence,
        x=(column + 0.5 + dx) * CELL_PX * scale,
        y=(row + 0.5 + dy) * CELL_PX * scale,
        size=float(output.sizes_BHW[index, row, column].exp()) * INPUT_PX * scale,
        word=word,
    )


def merge_twins(found: Sequence[Detection], distance: float) -> tuple[Detection, ...]:
    """Of detections that sit on one another only the surest is kept, whatever their classes."""
    kept: list[Detection] = []
    for each in sorted(found, key=lambda detection: -detection.confidence):
        reach = [distance * max(each.size, other.size) for other in kept]
        if all(
            (each.x - other.x) ** 2 + (each.y - other.y) ** 2 > limit**2
            for other, limit in zip(kept, reach, strict=True)
        ):
            kept.append(each)
    return tuple(kept)

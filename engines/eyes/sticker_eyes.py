"""The eyes of the embedded weights: a small network reads pictures of the small world."""

# K names, h x w cells

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from engines.errors import ModelNotFound, WeightsDamaged
from engines.eyes.network import CELL_PX, DEEPEST_PX, EyesNetwork, Names, View
from engines.seen import Box, Seen, SeenThing

__all__ = ["EYES", "StickerEyes", "Thresholds", "to_input"]

EYES = "eyes"
"""Their folder beside the transformers."""
CONFIG, WEIGHTS = "config.json", "model.safetensors"
INPUT_PX = 128
"""Side of the square whose area the input has."""
_SAME_THING = 0.45
"""Boxes that share more than this of their union are one thing."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """From where on a thing is reported, and a picture taken for one of the small world."""

    thing: float = 0.4
    known: float = 0.5


class StickerEyes:
    """Reads pictures of any size; one look takes some milliseconds on one core."""

    def __init__(self, network: EyesNetwork, thresholds: Thresholds | None = None) -> None:
        self.network = network.eval().requires_grad_(False)
        self.thresholds = thresholds or Thresholds()

    @classmethod
    def from_pretrained(cls, folder: Path) -> StickerEyes:
        """Raises ModelNotFound or WeightsDamaged."""
        if not (folder / CONFIG).is_file():
            raise ModelNotFound(f"No eyes at {folder}: {CONFIG} is missing.")
        try:
            config = json.loads((folder / CONFIG).read_text("utf-8"))
            names = Names(**{kind: tuple(each) for kind, each in config["names"].items()})
            network = EyesNetwork(names, tuple(config["channels"]))
            weights = load_file(folder / WEIGHTS)
            network.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, strict=False)
            if set(weights) != set(stored(network)):
                raise KeyError("other tensors than the network has")
            return cls(network, Thresholds(**config["thresholds"]))
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise WeightsDamaged(f"The eyes at {folder} cannot be read: {error}.") from error

    def save(self, folder: Path) -> None:
        """config.json and model.safetensors, in float16."""
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "names": asdict(self.network.names),
            "channels": self.network.channels,
            "thresholds": asdict(self.thresholds),
        }
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        weights = {name: tensor.half().contiguous() for name, tensor in stored(self.network).items()}
        save_file(weights, folder / WEIGHTS)

    @property
    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        return {kind: tuple(names) for kind, names in asdict(self.network.names).items()}

    def look(self, image: Image.Image, question: str = "") -> Seen:
        """All things with colours and boxes, the background and the style; the question changes nothing."""
        pixels = to_input(image)
        with torch.inference_mode():
            view = self.network(pixels)
        return read(view, self.network.names, self.thresholds, image.size, (pixels.shape[3], pixels.shape[2]))

    def locate(self, image: Image.Image, words: str) -> tuple[Box, ...]:
        """Boxes of the classes that the words name, of the colour where they name one with it."""
        said = re.findall(r"[a-z]+", words.lower())
        names = self.network.names
        colors = [word for word in said if word in names.colors]
        kinds = [
            kind for kind in names.classes if any(word in (kind, f"{kind}s", f"{kind}es") for word in said)
        ]
        things = [each for each in self.look(image).things if each.kind in kinds]
        colored = [each for each in things if each.color in colors]
        return tuple(each.box for each in colored or things)


def stored(network: EyesNetwork) -> dict[str, Tensor]:
    return {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}


def to_input(image: Image.Image) -> Tensor:
    """(1, 3, H, W) in -1..1, of the picture's outline, about 128 x 128 in area, sides multiples of 16."""
    scale = INPUT_PX / (image.width * image.height) ** 0.5
    width, height = (
        min(4 * INPUT_PX, max(DEEPEST_PX, round(side * scale / DEEPEST_PX) * DEEPEST_PX))
        for side in image.size
    )
    small = image.convert("RGB").resize((width, height), Image.Resampling.BOX)
    array = np.asarray(small, np.float32) / 127.5 - 1
    return torch.from_numpy(array).permute(2, 0, 1)[None].contiguous()


def read(
    view: View, names: Names, thresholds: Thresholds, size: tuple[int, int], input_size: tuple[int, int]
) -> Seen:
    """The first picture of the view in words and picture pixels."""
    known = float(view.known_B[0].sigmoid())
    peaks = peaks_of(view, thresholds.thing)
    across, down = size[0] / input_size[0], size[1] / input_size[1]
    things, num_strangers = [], 0
    for peak in peaks:
        if peak.kind == len(names.classes):
            num_strangers += 1
            continue
        left, top, right, bottom = peak.box
        box = (
            max(0, round(left * across)),
            max(0, round(top * down)),
            min(size[0], round(right * across)),
            min(size[1], round(bottom * down)),
        )
        color = (*names.colors, None)[peak.color]
        things.append(
            SeenThing(kind=names.classes[peak.kind], color=color, box=box, confidence=peak.confidence)
        )
    return Seen(
        size=size,
        is_known=known >= thresholds.known,
        confidence=known,
        things=tuple(things),
        num_strangers=num_strangers,
        background=names.backgrounds[int(view.backgrounds_BK[0].argmax())],
        style=(*names.styles, None)[int(view.styles_BK[0].argmax())],
    )


@dataclass(frozen=True, kw_only=True)
class Peak:
    """A thing in numbers; its box in input pixels."""

    kind: int
    color: int
    confidence: float
    box: tuple[float, float, float, float]


def peaks_of(view: View, threshold: float) -> list[Peak]:
    """Local peaks of the first picture's heat maps, highest first; of several on one thing the highest."""
    heat_Khw = view.kinds_BKhw[0].float().sigmoid()
    is_peak_Khw = (F.max_pool2d(heat_Khw[None], 3, 1, 1)[0] == heat_Khw) & (heat_Khw >= threshold)
    found = []
    for kind, row, column in torch.nonzero(is_peak_Khw).tolist():
        x, y, wide, high = view.boxes_B4hw[0, :, row, column].float().tolist()
        x, y = (column + 0.5 + x) * CELL_PX, (row + 0.5 + y) * CELL_PX
        half_wide, half_high = (CELL_PX * 2.718281828 ** min(each, 4.0) / 2 for each in (wide, high))
        found.append(
            Peak(
                kind=kind,
                color=int(view.colors_BKhw[0, :, row, column].argmax()),
                confidence=float(heat_Khw[kind, row, column]),
                box=(x - half_wide, y - half_high, x + half_wide, y + half_high),
            )
        )
    kept: list[Peak] = []
    for peak in sorted(found, key=lambda each: -each.confidence):
        if all(shared(peak.box, other.box) < _SAME_THING for other in kept):
            kept.append(peak)
    return kept


def shared(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union of two boxes."""
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return wide * high / (areas - wide * high)

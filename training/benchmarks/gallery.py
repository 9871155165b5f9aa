"""A run's pictures on disk: what is there is never made again, what is missing is made."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from training.benchmarks.benchmark import Order
from training.benchmarks.errors import BadPrompts, RunDiffers
from training.benchmarks.painters import Painted, Painter, Settings
from training.evaluation.batches import Wish
from training.ledger import Ledger
from training.loop import Say

__all__ = ["Gallery", "read_picture"]

RUN_FILE = "run.json"
GRID_COLUMNS = 2
SAY_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One drawing of the order at `index`."""

    index: int
    order: Order
    seed: int

    def wish(self) -> Wish:
        """Its source is read when its turn comes. Raises BadPrompts."""
        source = read_picture(self.order.source) if self.order.source else None
        return Wish(words=self.order.words, seed=self.seed, source=source)


class Gallery:
    """`folder`/images with the pictures, pictures.jsonl with a record of each, run.json with the settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images = folder / "images"
        self.records = Ledger(folder / "pictures.jsonl")
        self._done = {str(record.get("file")) for record in self.records}

    def settle(self, settings: Settings) -> None:
        """Write the settings, or hold them against those of the folder's first run. Raises RunDiffers."""
        file = self.folder / RUN_FILE
        if not file.exists():
            write_whole(file, json.dumps(dict(settings), indent=2, ensure_ascii=False) + "\n")
            return
        known = self.settings()
        differing = [
            f"{name} was {known.get(name)!r}, now it is {settings.get(name)!r}"
            for name in {**known, **settings}
            if known.get(name) != settings.get(name)
        ]
        if differing:
            raise RunDiffers(
                f"{self.folder} was begun in another way: {'; '.join(differing)}. Give the same settings, or "
                "another --out."
            )

    def settings(self) -> Settings:
        """Those of the folder's first run; empty for pictures from elsewhere. Raises RunDiffers."""
        file = self.folder / RUN_FILE
        if not file.exists():
            return {}
        try:
            settings: Settings = dict(json.loads(file.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise RunDiffers(f"{file} cannot be read ({error}); choose another --out.") from error
        return settings

    def path(self, order: Order) -> Path:
        return self.images / order.file

    def has(self, order: Order) -> bool:
        """Whether its picture is whole: written, and recorded after that."""
        return order.file in self._done and self.path(order).is_file()

    def draw(self, orders: Sequence[Order], painter: Painter, say: Say) -> None:
        """Make what is missing. Raises EngineError, TrainingError or OSError; what is finished stays."""
        missing = [order for order in orders if not self.has(order)]
        if len(missing) < len(orders):
            say(f"{len(orders) - len(missing)} of {len(orders)} pictures are there already.")
        started = said = time.monotonic()
        tiles = [
            Tile(index=i, order=order, seed=seed) for i, order in enumerate(missing) for seed in order.seeds
        ]
        painted: dict[int, list[Painted]] = {}
        count = 0
        for first in range(0, len(tiles), painter.batch_size):
            batch = tiles[first : first + painter.batch_size]
            for tile, picture in zip(batch, painter.paint([tile.wish() for tile in batch]), strict=True):
                painted.setdefault(tile.index, []).append(picture)
            seconds = (time.monotonic() - started) / (first + len(batch))
            for index in [i for i, done in painted.items() if len(done) == len(missing[i].seeds)]:
                self._keep(missing[index], painted.pop(index), seconds)
                count += 1
            if time.monotonic() - said > SAY_SECONDS or count == len(missing):
                said = time.monotonic()
                left = seconds * (len(tiles) - first - len(batch)) / 60
                say(f"{count}/{len(missing)} drawn, {seconds:.2f} s a picture, {left:.0f} minutes left")

    def _keep(self, order: Order, painted: Sequence[Painted], seconds: float) -> None:
        path = self.path(order)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.stem}.part{path.suffix}")
        grid([each.image for each in painted]).save(aside)
        aside.replace(path)
        self.records.add(
            {
                "file": order.file,
                "words": order.words,
                "seeds": list(order.seeds),
                "seconds": round(seconds * len(painted), 3),
                "note": " ".join(dict.fromkeys(each.note for each in painted if each.note)),
            }
        )
        self._done.add(order.file)

    def notes(self) -> dict[str, str]:
        """What went differently than asked, by file."""
        return {record["file"]: record["note"] for record in self.records if record.get("note")}

    def seconds_each(self) -> float | None:
        """Mean time of a drawing, None where nothing is recorded."""
        records = [record for record in self.records if record.get("seconds") and record.get("seeds")]
        count = sum(len(record["seeds"]) for record in records)
        return round(sum(record["seconds"] for record in records) / count, 3) if count else None


def grid(pictures: Sequence[Image.Image]) -> Image.Image:
    """One picture as it is; several of one size two a row, row by row."""
    if len(pictures) == 1:
        return pictures[0]
    width, height = pictures[0].size
    rows = -(-len(pictures) // GRID_COLUMNS)
    canvas = Image.new("RGB", (GRID_COLUMNS * width, rows * height))
    for index, picture in enumerate(pictures):
        canvas.paste(picture, (index % GRID_COLUMNS * width, index // GRID_COLUMNS * height))
    return canvas


def read_picture(path: Path) -> Image.Image:
    """Upright RGB. Raises BadPrompts for what is no picture."""
    try:
        with Image.open(path) as picture:
            return ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadPrompts(f"{path} is no picture that can be read ({error}).") from error


def write_whole(file: Path, text: str) -> None:
    """A reader never sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.part")
    aside.write_text(text, "utf-8")
    aside.replace(file)

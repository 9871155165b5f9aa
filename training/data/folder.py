"""A user's pictures with captions: a folder, as LoRA trainers know it, or what curation selected."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import ExifTags, Image, ImageOps

from engines.sizes import Size
from training.errors import BadRecipe

__all__ = ["Captioned", "CaptionedFile", "read_folder", "read_pictures"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
METADATA = "metadata.jsonl"
SELECTED = "manifest.parquet"


class Captioned(Protocol):
    """A picture, what it shows in words, and a hash of its content."""

    @property
    def caption(self) -> str: ...

    @property
    def captions(self) -> tuple[str, ...]:
        """All that it may be called; `caption` is one of them."""
        ...

    @property
    def sha256(self) -> str: ...

    def open(self) -> Image.Image:
        """Upright and RGB, on white where it is transparent. Raises TrainingError for what is no picture."""
        ...

    def outline(self) -> Size:
        """Upright width and height, without decoding the pixels. Raises TrainingError as open does."""
        ...


def read_pictures(folder: Path) -> Sequence[Captioned]:
    """A folder of files, or the working folder of `python -m training curate` with what it selected.

    Raises TrainingError that names what is missing.
    """
    if not (folder / SELECTED).is_file():
        return read_folder(folder)
    try:
        from training.data.curation.selected import read_selected
    except ImportError as error:
        raise BadRecipe(
            f"{folder} is a curated set, which needs {error.name}: install what pyproject.toml lists under "
            "`curation`."
        ) from error
    return read_selected(folder)


@dataclass(frozen=True, kw_only=True)
class CaptionedFile:
    """A picture file, and the SHA-256 of its bytes."""

    path: Path
    caption: str
    sha256: str

    @property
    def captions(self) -> tuple[str, ...]:
        """All that it may be called."""
        return (self.caption,)

    def open(self) -> Image.Image:
        """Upright and RGB, on white where it is transparent. Raises BadRecipe for what is no picture."""
        try:
            with Image.open(self.path) as file:
                picture = ImageOps.exif_transpose(file)
                if "A" in picture.getbands() or "transparency" in picture.info:
                    white = Image.new("RGBA", picture.size, "white")
                    picture = Image.alpha_composite(white, picture.convert("RGBA"))
                return picture.convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise BadRecipe(f"{self.path} cannot be read as a picture ({error}).") from error

    def outline(self) -> Size:
        """Upright width and height, without decoding the pixels. Raises BadRecipe as open does."""
        try:
            with Image.open(self.path) as file:
                width, height = file.size
                is_turned = file.getexif().get(ExifTags.Base.Orientation, 1) > 4
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise BadRecipe(f"{self.path} cannot be read as a picture ({error}).") from error
        return Size(height, width) if is_turned else Size(width, height)


def read_folder(folder: Path) -> tuple[CaptionedFile, ...]:
    """Every picture with its caption: from metadata.jsonl (`file_name`, `text`) where there is one, else from
    the text file of the same name. Raises BadRecipe that names what is missing."""
    if not folder.is_dir():
        raise BadRecipe(f"{folder} is no folder: name one with pictures and a .txt caption beside each.")
    captions = from_metadata(folder) if (folder / METADATA).is_file() else from_text_files(folder)
    if not captions:
        raise BadRecipe(f"{folder} has no pictures: put {', '.join(SUFFIXES)} files there.")
    return tuple(
        CaptionedFile(path=path, caption=caption, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
        for path, caption in captions
    )


def from_text_files(folder: Path) -> list[tuple[Path, str]]:
    pictures = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    bare = [path.name for path in pictures if not path.with_suffix(".txt").is_file()]
    if bare:
        raise BadRecipe(
            f"{len(bare)} of {len(pictures)} pictures in {folder} have no caption: {listed(bare)}. "
            f"Write what {bare[0]} shows into {Path(bare[0]).with_suffix('.txt').name} beside it."
        )
    return [(path, words_of(path.with_suffix(".txt"))) for path in pictures]


def words_of(file: Path) -> str:
    try:
        words = " ".join(file.read_text("utf-8").split())
    except UnicodeDecodeError as error:
        raise BadRecipe(f"{file} is not UTF-8 text ({error}).") from error
    if not words:
        raise BadRecipe(f"{file} is empty: write what the picture shows.")
    return words


def from_metadata(folder: Path) -> list[tuple[Path, str]]:
    captions = []
    for number, line in enumerate((folder / METADATA).read_text("utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            path, words = folder / str(record["file_name"]), " ".join(str(record["text"]).split())
        except (ValueError, KeyError, TypeError) as error:
            raise BadRecipe(f"{folder / METADATA}, line {number} needs file_name and text.") from error
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file() or not words:
            raise BadRecipe(f"{folder / METADATA}, line {number}: no picture or no words for {path.name}.")
        captions.append((path, words))
    return captions


def listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

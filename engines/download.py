"""Fetch a published checkpoint, every file checked: python -m engines download full"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from platformdirs import user_data_path

from engines.errors import EngineError, ModelNotFound, WeightsDamaged
from engines.shelves import FolderShelf, HubShelf, Offer, Shelf

__all__ = ["LLAMA", "SOURCES", "Wanted", "default_folder", "download"]

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
"""The fourth text encoder, which HiDream's repositories do not hold."""
SAFE_ENDINGS = {".json", ".model", ".safetensors", ".txt"}
"""Weights, settings and vocabularies; never a pickle, which could run code."""
LLAMA_FOLDERS = ("text_encoder_4", "tokenizer_4")
ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3", "tokenizer", "tokenizer_2", "tokenizer_3")
ALL_BUT_TRANSFORMER = (*ENCODERS, "scheduler", "vae")

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Folders of one repository, and single files at its top."""

    repo: str
    folders: tuple[str, ...] = (*ALL_BUT_TRANSFORMER, "transformer")
    files: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        return name in self.files or is_part(name, self.folders)


SOURCES = {
    "full": (Source(repo="HiDream-ai/HiDream-I1-Full"),),
    "dev": (Source(repo="HiDream-ai/HiDream-I1-Dev"),),
    "fast": (Source(repo="HiDream-ai/HiDream-I1-Fast"),),
    "e1": (Source(repo="HiDream-ai/HiDream-E1-Full"),),
    "e1.1": (
        Source(repo="HiDream-ai/HiDream-I1-Full", folders=ALL_BUT_TRANSFORMER),
        Source(repo="HiDream-ai/HiDream-E1-1", folders=("transformer",)),
    ),
    "e1-adapter": (
        Source(repo="HiDream-ai/HiDream-E1-Full", folders=(), files=("HiDream-E1-Full.safetensors",)),
    ),
}
"""By preset; "e1-adapter" is HiDream-E1-Full's file for the weights of `full`."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A file to have: which one of which shelf, and the folder that it goes to under its own name."""

    shelf: Shelf
    offer: Offer
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / self.offer.name


def default_folder(preset: str) -> Path:
    """Where a preset's weights are put, and looked for, when no folder is named."""
    return user_data_path("reverie", appauthor=False) / "weights" / preset


def download(name: str, to: Path, origin: str | None, llama: str | None, say: Say) -> None:
    """Bring all files of SOURCES[name] to the folder `to`, in diffusers layout with Llama as text_encoder_4.

    `origin`: the address of a mirror, or a folder of the same layout; `llama`: another repository of it, or
    a folder. What is there already and unharmed is kept. Raises ModelNotFound, WeightsDamaged, or EngineError
    for a full disk.
    """
    if name not in SOURCES:
        raise EngineError(f"{name} needs no download; known are {', '.join(SOURCES)}.")
    wanted = wanted_files(name, to, origin, llama)
    missing = [each for each in wanted if not each.offer.is_held_by(each.file)]
    require_space(to, sum(each.offer.num_bytes for each in missing))
    say(f"{len(wanted)} files, {len(wanted) - len(missing)} of them here already and unharmed.")
    for number, each in enumerate(missing, start=1):
        say(f"{number} of {len(missing)}: {each.file.relative_to(to)} ({gigabytes(each.offer.num_bytes)})")
        fetch(each)
    for folder in {each.folder for each in wanted}:
        shutil.rmtree(folder / ".cache", ignore_errors=True)  # the hub client's notes on what is unfinished


def wanted_files(name: str, to: Path, origin: str | None, llama: str | None) -> list[Wanted]:
    """All files of the repositories, and Llama's unless they bring it along."""
    wanted: list[Wanted] = []
    for source in SOURCES[name]:
        shelf = shelf_of(source.repo, origin)
        folders = LLAMA_FOLDERS if source.folders else ()
        found = [each for each in shelf.offers() if source.has(each.name) or is_part(each.name, folders)]
        if not any(source.has(each.name) for each in found):
            missing = ", ".join((*source.folders, *source.files))
            raise ModelNotFound(f"{origin or source.repo} holds none of {missing}.")
        wanted += [Wanted(shelf=shelf, offer=each, folder=to) for each in found]
    if not any(source.folders for source in SOURCES[name]):
        return wanted
    if llama is None and any(each.offer.name.startswith(LLAMA_FOLDERS[0]) for each in wanted):
        return wanted
    own = [each for each in wanted if not each.offer.name.startswith(LLAMA_FOLDERS)]
    mirror = None if is_folder(origin) else origin
    shelf = FolderShelf(Path(llama)) if llama and is_folder(llama) else HubShelf(llama or LLAMA, mirror)
    placed = [(each, llama_part(each.name)) for each in shelf.offers()]
    return own + [Wanted(shelf=shelf, offer=each, folder=to / part) for each, part in placed if part]


def shelf_of(repo: str, origin: str | None) -> Shelf:
    return FolderShelf(Path(origin)) if origin and is_folder(origin) else HubShelf(repo, origin)


def is_folder(origin: str | None) -> bool:
    return origin is not None and Path(origin).is_dir()


def is_part(name: str, folders: tuple[str, ...]) -> bool:
    """A safe file directly in one of the folders."""
    path = PurePosixPath(name)
    return path.suffix in SAFE_ENDINGS and len(path.parts) == 2 and path.parts[0] in folders


def llama_part(name: str) -> str | None:
    """Where a file of a language model's repository belongs; its subfolders hold other forms of the same."""
    path = PurePosixPath(name)
    if len(path.parts) != 1 or path.suffix not in SAFE_ENDINGS:
        return None
    if path.name.startswith(("model", "config", "generation_config")):
        return "text_encoder_4"
    return "tokenizer_4" if "token" in path.name else None


def require_space(to: Path, num_bytes: int) -> None:
    to.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(to).free
    if num_bytes > free:
        raise EngineError(
            f"{gigabytes(num_bytes)} more are needed at {to}, and {gigabytes(free)} are free there: make "
            "room, or choose another place with --to."
        )


def fetch(wanted: Wanted) -> None:
    wanted.shelf.fetch(wanted.offer, wanted.folder)
    if not wanted.offer.is_held_by(wanted.file):
        wanted.file.unlink(missing_ok=True)
        raise WeightsDamaged(
            f"{wanted.file} did not arrive as it was sent, so it was removed. Run the same command again."
        )


def gigabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.2f} GB"

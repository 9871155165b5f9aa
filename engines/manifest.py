"""The list of a weights folder's files with their sizes and SHA-256, checked before anything is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from engines.errors import ModelNotFound, WeightsDamaged

__all__ = ["MANIFEST", "check_manifest", "file_sha256", "folder_hash", "lines_hash", "write_manifest"]

MANIFEST = "manifest.json"
UNLISTED = {MANIFEST, "README.md"}
ONLY_LOOK = "eyes/"
REMEDY = "Restore the file, for example with git checkout, or fetch the weights again"


def write_manifest(folder: Path) -> str:
    """List every file of `folder` but the model card in manifest.json; returns the hash of the whole."""
    files = {
        file.relative_to(folder).as_posix(): {"sha256": file_sha256(file), "bytes": file.stat().st_size}
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.relative_to(folder).as_posix() not in UNLISTED
    }
    whole = hash_of({path: str(entry["sha256"]) for path, entry in files.items()})
    text = json.dumps({"files": files, "hash": whole}, indent=2, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return whole


def check_manifest(folder: Path) -> str:
    """Compare sizes, then SHA-256, of every listed file; returns the hash of the whole.

    Raises ModelNotFound without a manifest and WeightsDamaged, naming the file, at the first difference.
    """
    if not (folder / MANIFEST).is_file():
        raise ModelNotFound(
            f"No weights at {folder}: {MANIFEST} is missing. Fetch the repository's weights again."
        )
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        entries = {str(path): (str(e["sha256"]), int(e["bytes"])) for path, e in manifest["files"].items()}
        whole = str(manifest["hash"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsDamaged(f"{folder / MANIFEST} is not a manifest. {REMEDY}.") from error
    for path, (_, size) in entries.items():
        if not (folder / path).is_file():
            raise WeightsDamaged(f"{folder / path} is missing. {REMEDY}.")
        found = (folder / path).stat().st_size
        if found != size:
            raise WeightsDamaged(f"{folder / path} has {found} bytes instead of {size}. {REMEDY}.")
    for path, (digest, _) in entries.items():
        if file_sha256(folder / path) != digest:
            raise WeightsDamaged(f"{folder / path} does not match its SHA-256. {REMEDY}.")
    if whole != hash_of({path: digest for path, (digest, _) in entries.items()}):
        raise WeightsDamaged(f"{folder / MANIFEST} does not match its own hash. {REMEDY}.")
    return whole


def hash_of(digests: Mapping[str, str]) -> str:
    """What names the weights: all files that make pictures, not those that only look at them."""
    return lines_hash(
        f"{path} {digest}" for path, digest in digests.items() if not path.startswith(ONLY_LOOK)
    )


def folder_hash(folder: Path) -> str:
    """A name for weights without a manifest: a hash of file names and sizes, not of their content."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return lines_hash(f"{file.relative_to(folder).as_posix()} {file.stat().st_size}" for file in files)


def lines_hash(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()


def file_sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

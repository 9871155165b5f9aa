"""Where weights come from: a model hub, or a folder that someone copied."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx2
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from engines.errors import ModelNotFound
from engines.manifest import file_sha256

__all__ = ["FolderShelf", "HubShelf", "Offer", "Shelf"]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A file on a shelf. `digest` is its content's SHA-256 or, for small files on a hub, git's own hash."""

    name: str
    num_bytes: int
    digest: str

    def is_held_by(self, file: Path) -> bool:
        """Whether `file` is this file, whole and unharmed."""
        if not file.is_file() or file.stat().st_size != self.num_bytes:
            return False
        is_sha256 = len(self.digest) == 64
        return (file_sha256(file) if is_sha256 else git_hash(file)) == self.digest


class Shelf(Protocol):
    """Files by name. Raises ModelNotFound where there are none to be had."""

    def offers(self) -> list[Offer]: ...

    def fetch(self, offer: Offer, folder: Path) -> None:
        """Bring the file to `folder`; what an earlier call left unfinished is taken up."""
        ...


class HubShelf:
    """A repository on the model hub or a mirror of it; a login is taken from HF_TOKEN or the stored one."""

    def __init__(self, repo: str, endpoint: str | None = None) -> None:
        self.repo, self.endpoint = repo, endpoint
        self.revision: str | None = None

    def offers(self) -> list[Offer]:
        with hub_failures(self.repo, self.endpoint):
            info = HfApi(endpoint=self.endpoint).model_info(self.repo, files_metadata=True)
        self.revision = info.sha
        return [
            Offer(
                name=each.rfilename,
                num_bytes=each.size or 0,
                digest=each.lfs.sha256 if each.lfs else each.blob_id or "",
            )
            for each in info.siblings or []
        ]

    def fetch(self, offer: Offer, folder: Path) -> None:
        with hub_failures(self.repo, self.endpoint):
            hf_hub_download(
                self.repo, offer.name, revision=self.revision, local_dir=folder, endpoint=self.endpoint
            )


class FolderShelf:
    """A folder on this machine, of the same layout as the repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def offers(self) -> list[Offer]:
        files = [file for file in sorted(self.folder.rglob("*")) if file.is_file()]
        if not files:
            raise ModelNotFound(f"There are no files in {self.folder}.")
        return [
            Offer(
                name=file.relative_to(self.folder).as_posix(),
                num_bytes=file.stat().st_size,
                digest=file_sha256(file),
            )
            for file in files
        ]

    def fetch(self, offer: Offer, folder: Path) -> None:
        target = folder / offer.name
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f"{target.name}.part")
        shutil.copyfile(self.folder / offer.name, aside)
        aside.rename(target)


@contextmanager
def hub_failures(repo: str, endpoint: str | None) -> Iterator[None]:
    """What the hub's client raises, as one sentence with the remedy."""
    hub = endpoint or "https://huggingface.co"
    try:
        yield
    except GatedRepoError as error:
        raise ModelNotFound(
            f"{repo} is given only to those who accept its licence: open {hub}/{repo}, accept it, then log "
            "in with `hf auth login` or set HF_TOKEN. Or name another copy, or a folder, with --llama."
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelNotFound(
            f"There is no {repo} at {hub}, or it is private: check the name, or log in with `hf auth login`."
        ) from error
    except OfflineModeIsEnabled as error:
        raise ModelNotFound(
            "Downloads are switched off by HF_HUB_OFFLINE: unset it and try again."
        ) from error
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx2.HTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelNotFound(
            f"{repo} could not be fetched from {hub} ({reason}). Run the same command again to go on from "
            "where it stopped, or name a mirror or a folder with --from."
        ) from error


def git_hash(file: Path) -> str:
    """What git calls a file of this content."""
    content = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()

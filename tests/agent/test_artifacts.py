from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from agent.artifacts import Artifacts
from agent.errors import SourceNotFound, StorageUnavailable


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "pictures")


def test_put_names_a_file_by_its_content_and_read_gives_it_back(artifacts: Artifacts) -> None:
    sha256 = artifacts.put(b"a picture")
    assert sha256 == hashlib.sha256(b"a picture").hexdigest()
    assert artifacts.read(sha256) == b"a picture"
    assert artifacts.path(sha256).name == f"{sha256}.png"


def test_the_same_picture_twice_is_one_file(artifacts: Artifacts) -> None:
    assert artifacts.put(b"same") == artifacts.put(b"same")
    assert len(list(artifacts.folder.rglob("*.png"))) == 1


def test_file_and_folder_are_synced_around_the_rename(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        target = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        calls.append(f"sync {'folder' if target.is_dir() else target.suffix}")
        real_fsync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        calls.append("rename")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    artifacts.put(b"a picture")
    assert calls == ["sync .part", "rename", "sync folder", "sync folder"]


def test_a_failed_write_leaves_nothing(artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageUnavailable, match="No space left on device"):
        artifacts.put(b"a picture")
    assert [path for path in artifacts.folder.rglob("*") if path.is_file()] == []


def test_a_damaged_or_missing_file_is_told_as_a_sentence(artifacts: Artifacts) -> None:
    sha256 = artifacts.put(b"a picture")
    artifacts.path(sha256).write_bytes(b"a picturf")
    with pytest.raises(SourceNotFound, match="damaged"):
        artifacts.read(sha256)
    artifacts.remove([sha256])
    with pytest.raises(SourceNotFound, match="gone"):
        artifacts.read(sha256)


def test_sweep_removes_orphans_and_torn_files_and_keeps_the_rest(artifacts: Artifacts) -> None:
    kept, orphan = artifacts.put(b"kept"), artifacts.put(b"orphan")
    torn = artifacts.path(kept).with_suffix(".1-2.part")
    torn.write_bytes(b"ke")
    assert artifacts.sweep({kept}) == 2
    assert artifacts.read(kept) == b"kept"
    assert not torn.exists()
    assert not artifacts.path(orphan).exists()


def test_a_folder_that_cannot_be_made_is_told_as_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnavailable, match="writable"):
        Artifacts(tmp_path / "file" / "pictures")

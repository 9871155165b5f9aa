"""A changed byte, a cut file, a missing file: each is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engines.errors import ModelNotFound, WeightsDamaged
from engines.manifest import check_manifest, folder_hash, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / "weights.bin").write_bytes(b"0123456789")
    (tmp_path / "vocabulary.json").write_text("{}")
    (tmp_path / "README.md").write_text("A model card may be reworded.")
    write_manifest(tmp_path)
    return tmp_path


def test_a_whole_folder_passes_and_keeps_its_hash(folder: Path) -> None:
    whole = check_manifest(folder)
    assert len(whole) == 64
    (folder / "README.md").write_text("Reworded.")
    assert check_manifest(folder) == whole
    assert write_manifest(folder) == whole
    listed = json.loads((folder / "manifest.json").read_text())["files"]
    assert set(listed) == {"vae/weights.bin", "vocabulary.json"}
    assert listed["vae/weights.bin"]["bytes"] == 10


def test_other_content_has_another_hash(folder: Path) -> None:
    before = check_manifest(folder)
    (folder / "vocabulary.json").write_text("[]")
    assert write_manifest(folder) != before


def test_what_only_looks_is_checked_but_makes_no_picture_another(folder: Path) -> None:
    before = check_manifest(folder)
    (folder / "eyes").mkdir()
    (folder / "eyes" / "model.bin").write_bytes(b"0123")
    assert write_manifest(folder) == before
    (folder / "eyes" / "model.bin").write_bytes(b"0124")
    with pytest.raises(WeightsDamaged, match="does not match its SHA-256"):
        check_manifest(folder)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"0123456780", "does not match its SHA-256"),
        (b"0123", "has 4 bytes instead of 10"),
        (None, "is missing"),
    ],
)
def test_damage_is_named(folder: Path, content: bytes | None, sentence: str) -> None:
    file = folder / "vae" / "weights.bin"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(WeightsDamaged, match=sentence) as raised:
        check_manifest(folder)
    assert "vae/weights.bin" in str(raised.value)


def test_a_forged_or_broken_manifest_is_refused(folder: Path) -> None:
    manifest = folder / "manifest.json"
    value = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(value | {"hash": "0" * 64}))
    with pytest.raises(WeightsDamaged, match="its own hash"):
        check_manifest(folder)
    for text in ("{", "[]", '{"files": {}}'):
        manifest.write_text(text)
        with pytest.raises(WeightsDamaged, match="not a manifest"):
            check_manifest(folder)
    manifest.unlink()
    with pytest.raises(ModelNotFound):
        check_manifest(folder)


def test_a_folder_without_manifest_is_known_by_names_and_sizes(folder: Path) -> None:
    before = folder_hash(folder)
    assert folder_hash(folder) == before
    (folder / "vae" / "weights.bin").write_bytes(b"0123")
    assert folder_hash(folder) != before

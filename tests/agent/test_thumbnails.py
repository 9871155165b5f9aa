"""Small pictures, made once and kept within bounds."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from agent import thumbnails as module
from agent.artifacts import Artifacts
from agent.errors import SourceNotFound
from agent.thumbnails import Thumbnails


def put(artifacts: Artifacts, color: str, size: tuple[int, int] = (640, 320), mode: str = "RGB") -> str:
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, "PNG")
    return artifacts.put(file.getvalue())


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg), formats=("JPEG",))


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path)


def test_a_thumbnail_is_small_and_keeps_its_outline(artifacts: Artifacts) -> None:
    thumbnails = Thumbnails(artifacts)
    sha256 = put(artifacts, "red")
    assert opened(thumbnails.jpeg(sha256, 96)).size == (96, 48)
    assert opened(thumbnails.jpeg(sha256, 320)).size == (320, 160)
    assert opened(thumbnails.jpeg(put(artifacts, "blue", (8, 8)), 96)).size == (8, 8), "never larger"


def test_what_is_transparent_is_white(artifacts: Artifacts) -> None:
    clear = put(artifacts, "#00000000", mode="RGBA")
    assert opened(Thumbnails(artifacts).jpeg(clear, 96)).getpixel((5, 5)) == (255, 255, 255)


def test_it_is_made_once(artifacts: Artifacts) -> None:
    thumbnails = Thumbnails(artifacts)
    sha256 = put(artifacts, "red")
    assert thumbnails.jpeg(sha256, 96) is thumbnails.jpeg(sha256, 96)


def test_it_goes_with_its_picture(artifacts: Artifacts) -> None:
    thumbnails = Thumbnails(artifacts)
    gone, kept = put(artifacts, "red"), put(artifacts, "blue")
    for size_px in (96, 320):
        thumbnails.jpeg(gone, size_px)
    num_bytes = len(thumbnails.jpeg(kept, 96))
    artifacts.remove([gone])
    assert thumbnails.num_bytes == num_bytes
    for size_px in (96, 320):
        with pytest.raises(SourceNotFound):
            thumbnails.jpeg(gone, size_px)


def test_one_that_is_made_while_its_picture_goes_is_not_kept(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    thumbnails = Thumbnails(artifacts)
    sha256 = put(artifacts, "red")
    reduced = module.reduced

    def removed_meanwhile(png: bytes, size_px: int) -> bytes:
        artifacts.remove([sha256])
        return reduced(png, size_px)

    monkeypatch.setattr(module, "reduced", removed_meanwhile)
    assert thumbnails.jpeg(sha256, 96)
    assert thumbnails.num_bytes == 0


def test_the_memory_is_bounded_and_the_oldest_leaves(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    thumbnails = Thumbnails(artifacts)
    first, *others = (put(artifacts, color) for color in ("red", "blue", "green", "yellow"))
    monkeypatch.setattr(module, "MOST_BYTES", 2 * len(thumbnails.jpeg(first, 96)) + 100)
    for each in others:
        thumbnails.jpeg(each, 96)
        assert thumbnails.num_bytes <= module.MOST_BYTES
    artifacts.remove([first])
    with pytest.raises(SourceNotFound):
        thumbnails.jpeg(first, 96)

"""Files from anywhere: decoded, or a reason; what is kept has no metadata and the same pixels."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from tests.training.curation.raw import a_picture, as_file, bad_files
from training.data.curation.decode import Decoded, Reason, as_kept, decode, pixel_hash

FILES = bad_files()


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_a_picture_or_has_a_reason(name: str) -> None:
    content, status = FILES[name]
    found = decode(content, least_side_px=32)
    assert ("ok" if isinstance(found, Decoded) else found) == status


@pytest.mark.parametrize("name", [name for name, (_, status) in FILES.items() if status == "ok"])
def test_what_is_kept_has_the_same_pixels(name: str) -> None:
    found = decode(FILES[name][0])
    assert isinstance(found, Decoded)
    kept, _ = as_kept(FILES[name][0], found)
    again = decode(kept)
    assert isinstance(again, Decoded)
    assert pixel_hash(again.image) == pixel_hash(found.image)
    assert b"secret" not in kept


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_where_and_when_a_photo_was_taken_stays_behind(format: str, orientation: int) -> None:
    photo = a_picture(9, (60, 40))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Camera of Anna"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 0.0)
    content = as_file(photo, format, exif=exif)
    assert b"Anna" in content
    found = decode(content)
    assert isinstance(found, Decoded)
    assert found.image.size == ((60, 40) if orientation == 1 else (40, 60))
    kept, _ = as_kept(content, found)
    assert b"Anna" not in kept
    with Image.open(io.BytesIO(kept)) as file:
        assert len(file.getexif()) == 0
        assert pixel_hash(file.convert("RGB")) == pixel_hash(found.image)


def test_a_jpeg_keeps_its_own_compression() -> None:
    content = as_file(a_picture(10), "JPEG", quality=70, comment=b"of Anna")
    found = decode(content)
    assert isinstance(found, Decoded)
    kept, suffix = as_kept(content, found)
    assert (suffix, len(content) - len(kept)) == ("jpg", len(b"of Anna") + 4)


def test_the_same_pixels_have_one_id_whatever_the_file() -> None:
    picture = a_picture(11)
    found = [decode(as_file(picture, format)) for format in ("PNG", "BMP", "TIFF")]
    assert len({pixel_hash(each.image) for each in found if isinstance(each, Decoded)}) == 1
    assert pixel_hash(picture) != pixel_hash(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def test_no_mutation_escapes() -> None:
    rng, seeds = (
        random.Random(0),
        [as_file(a_picture(1), each) for each in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")],
    )
    told = set()
    for _ in range(1_500):
        content = bytearray(rng.choice(seeds))
        for _ in range(rng.randrange(1, 8)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        found = decode(
            bytes(content[: rng.randrange(1, len(content) + 1)]) if rng.random() < 0.3 else bytes(content)
        )
        told.add("ok" if isinstance(found, Decoded) else str(found))
        if isinstance(found, Decoded):
            as_kept(bytes(content), found)
    assert {"ok", str(Reason.DAMAGED), str(Reason.NOT_A_PICTURE)} <= told

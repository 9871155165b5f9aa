from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from agent.errors import UploadRejected
from agent.uploads import CleanPicture
from agent.uploads import clean_upload as clean_with
from tests.doubles import shared_decoders


def clean_upload(source: Path | bytes) -> CleanPicture:
    return clean_with(source, shared_decoders())


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def pixels(clean: CleanPicture) -> np.ndarray:
    with Image.open(io.BytesIO(clean.png)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (clean.width, clean.height))
        assert not image.info, "no metadata is left"
        return np.asarray(image).astype(int)


def quadrants(mode: str = "RGB") -> Image.Image:
    """Red left, blue right, 40 wide and 20 high."""
    image = Image.new("RGB", (40, 20), "red")
    image.paste((0, 0, 255), (20, 0, 40, 20))
    return image.convert(mode)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_usual_formats_become_rgb(file_format: str) -> None:
    clean = clean_upload(encoded(quadrants(), file_format))
    found = pixels(clean)
    assert (clean.width, clean.height) == (40, 20)
    assert np.abs(found[10, 5] - (255, 0, 0)).max() < 30
    assert np.abs(found[10, 35] - (0, 0, 255)).max() < 30
    assert not clean.is_changed


@pytest.mark.parametrize(
    ("mode", "file_format"),
    [
        ("P", "PNG"),
        ("1", "PNG"),
        ("L", "PNG"),
        ("LA", "PNG"),
        ("RGBA", "PNG"),
        ("CMYK", "JPEG"),
        ("L", "JPEG"),
    ],
)
def test_every_mode_keeps_its_look(mode: str, file_format: str) -> None:
    source = quadrants(mode)
    wanted = np.asarray(source.convert("RGB")).astype(int)
    found = pixels(clean_upload(encoded(source, file_format)))
    assert np.abs(found[5:15, 3:15] - wanted[5:15, 3:15]).max() < 30
    assert np.abs(found[5:15, 25:37] - wanted[5:15, 25:37]).max() < 30


def test_sixteen_bit_greys_are_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, axis=0)
    found = pixels(clean_upload(encoded(Image.fromarray(ramp), "PNG")))
    assert np.abs(found[0, :, 0] - np.arange(256)).max() <= 1


def test_transparency_lies_on_white() -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert (pixels(clean_upload(encoded(clear, "PNG"))) == 255).all()
    half = Image.new("RGBA", (8, 8), (255, 0, 0, 128))
    assert np.abs(pixels(clean_upload(encoded(half, "PNG")))[0, 0] - (255, 127, 127)).max() <= 1
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([0, 0, 0] * 256)
    assert (pixels(clean_upload(encoded(palette, "PNG", transparency=0))) == 255).all()


def test_a_layer_keeps_what_shines_through_and_the_colours_under_it() -> None:
    layer = quadrants("RGBA")
    layer.putalpha(Image.linear_gradient("L").resize(layer.size))
    clean = clean_with(encoded(layer, "PNG"), shared_decoders(), is_layer=True)
    with Image.open(io.BytesIO(clean.png)) as image:
        assert (image.mode, image.tobytes()) == ("RGBA", layer.tobytes())
        assert not image.info
    for solid in (quadrants(), quadrants("RGBA")):
        clean = clean_with(encoded(solid, "PNG"), shared_decoders(), is_layer=True)
        assert (pixels(clean) == np.asarray(quadrants())).all()


@pytest.mark.parametrize(
    ("file_format", "is_told"), [("GIF", True), ("PNG", True), ("WEBP", True), ("MPO", False)]
)
def test_an_animation_gives_its_first_frame(file_format: str, is_told: bool) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "green", "blue")]
    clean = clean_upload(encoded(frames[0], file_format, save_all=True, append_images=frames[1:]))
    assert np.abs(pixels(clean)[8, 8] - (255, 0, 0)).max() < 8
    assert clean.is_first_frame is is_told


def test_exif_turns_the_picture_and_is_gone() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "secret camera"
    jpeg = encoded(quadrants(), "JPEG", exif=exif, quality=95)
    assert b"secret camera" in jpeg
    clean = clean_upload(jpeg)
    assert (clean.width, clean.height) == (20, 40)
    assert np.abs(pixels(clean)[5, 10] - (255, 0, 0)).max() < 30, "left is now on top"
    assert b"secret camera" not in clean.png


def test_a_colour_profile_is_applied_and_gone() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    for profile, left in ((srgb, (255, 0, 0)), (swapped, (0, 0, 255)), (b"no profile", (255, 0, 0))):
        found = pixels(clean_upload(encoded(quadrants(), "PNG", icc_profile=profile)))
        assert np.abs(found[10, 5] - left).max() <= 2


def test_long_sides_are_reduced_to_2048() -> None:
    clean = clean_upload(encoded(Image.new("RGB", (4100, 1025), "red"), "PNG"))
    assert (clean.width, clean.height) == (2048, 512)
    assert clean.is_reduced
    thin = clean_upload(encoded(Image.new("RGB", (6000, 1), "red"), "PNG"))
    assert (thin.width, thin.height) == (2048, 1)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises many pixels and holds none: only its header may be looked at."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height"), [(20_000, 20_000), (10_000, 10_000), (6_400, 6_400), (100_000, 500)]
)
def test_too_many_pixels_are_refused_by_the_header(width: int, height: int) -> None:
    with pytest.raises(UploadRejected, match="40 megapixels"):
        clean_upload(png_header(width, height))


SVG = b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'><rect width='10' height='10'/></svg>"
HTML = b"<!doctype html><html><body><img src=x onerror=alert(1)></body></html>"
TIFF = encoded(quadrants(), "TIFF")


@pytest.mark.parametrize("content", [b"just a text\n" * 30, SVG, HTML, TIFF, b"%PDF-1.7\n", b"\x00" * 200])
def test_what_is_no_picture_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.png"
    file.write_bytes(content)
    with pytest.raises(UploadRejected, match=r"^notes\.png is .* Please upload a PNG, JPEG, WebP or GIF\.$"):
        clean_upload(file)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_cut_short_is_refused(file_format: str, share: float) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), file_format)
    with pytest.raises(UploadRejected, match="Please"):
        clean_upload(content[: int(len(content) * share)])


def test_mutated_files_give_a_picture_or_a_sentence() -> None:
    dice = np.random.default_rng(11)
    noise = Image.fromarray(dice.integers(0, 256, (24, 24, 3), dtype=np.uint8))
    outcomes = set()
    for file_format in ("PNG", "JPEG", "WEBP", "GIF"):
        whole = encoded(noise, file_format)
        for _ in range(60):
            content = bytearray(whole)
            for position in dice.integers(0, len(content), 4):
                content[position] = dice.integers(0, 256)
            try:
                outcomes.add(clean_upload(bytes(content)).width > 0)
            except UploadRejected as error:
                outcomes.add(str(error).endswith("."))
    assert outcomes == {True}


def test_too_many_bytes_an_empty_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UploadRejected, match="at most 25 MB"):
        clean_upload(bytes(25 * 1024 * 1024 + 1))
    with pytest.raises(UploadRejected, match="empty"):
        clean_upload(b"")
    with pytest.raises(UploadRejected, match="cannot be read"):
        clean_upload(tmp_path / "gone.png")

"""Settings that came with a picture, ours and other tools'."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from agent.errors import UploadRejected
from agent.infotext import PictureSettings, read_infotext, read_settings, settings_of
from agent.metadata import INFOTEXT_KEY, RECIPE_KEY, infotext, png_with_recipe
from tests.agent.test_sessions import RECIPE
from tests.doubles import shared_decoders

OTHER = (
    "a lighthouse, at night\nwith (stars:1.2)\nNegative prompt: fog,\nblurry\n"
    'Steps: 12, Sampler: Euler a, CFG scale: 4.5, Seed: 99, Size: 512x768, Model: "one, two: three", ENSD: 1'
)


def settings_in(source: Path | bytes) -> PictureSettings | None:
    return read_settings(source, shared_decoders())


def a_file(file_format: str, **save: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(file, file_format, **save)  # type: ignore[arg-type]
    return file.getvalue()


def png_with(**chunks: str) -> bytes:
    info = PngInfo()
    for key, text in chunks.items():
        info.add_text(key, text)
    return a_file("PNG", pnginfo=info)


def test_the_infotext_of_another_tool() -> None:
    assert read_infotext(OTHER) == PictureSettings(
        prompt="a lighthouse, at night\nwith (stars:1.2)",
        negative_prompt="fog,\nblurry",
        seed=99,
        num_steps=12,
        guidance=4.5,
        width=512,
        height=768,
        model="one, two: three",
    )


def test_our_own_infotext_comes_back() -> None:
    found = read_infotext(infotext(RECIPE))
    assert (found.prompt, found.seed, found.num_steps, found.guidance) == (
        RECIPE.prompt,
        RECIPE.seed,
        RECIPE.num_steps,
        RECIPE.guidance,
    )
    assert (found.width, found.height, found.model) == (RECIPE.width, RECIPE.height, RECIPE.preset)


def test_a_last_line_of_fewer_than_three_pairs_is_prompt() -> None:
    assert read_infotext("two lines\nTitle: a cat, Mood: happy") == PictureSettings(
        prompt="two lines\nTitle: a cat, Mood: happy"
    )


@pytest.mark.parametrize(
    "line",
    [
        "Steps: many, CFG scale: nan, Seed: -1, Size: big",
        "Steps: 100000, CFG scale: 99, Seed: 99999999999999999999, Size: 0x",
        'Steps: "12, CFG scale: , Seed: 1e3, Size: 3',
    ],
)
def test_what_cannot_be_is_left_out(line: str) -> None:
    found = read_infotext(f"a cat\n{line}, Model: x, Sampler: y, Version: z")
    assert (found.seed, found.num_steps, found.guidance, found.width) == (None, None, None, None)
    assert found.prompt == "a cat"


@pytest.mark.parametrize("text", ["", "\n", ":::", 'a: "', "a: " * 5_000, "x" * 100_000])
def test_no_text_breaks_the_reader(text: str) -> None:
    assert len(read_infotext(text).prompt) <= 4_000


def test_a_picture_of_ours_tells_all() -> None:
    png = png_with_recipe(Image.new("RGB", (128, 96)), RECIPE)
    assert settings_in(png) == settings_of(RECIPE)


def test_a_damaged_recipe_gives_way_to_the_infotext() -> None:
    found = settings_in(png_with(**{RECIPE_KEY: "{", INFOTEXT_KEY: OTHER}))
    assert found is not None
    assert found.seed == 99


@pytest.mark.parametrize("file_format", ["JPEG", "WEBP"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + OTHER.encode("utf-16-be"),
        b"UNICODE\0" + OTHER.encode("utf-16-le"),
        b"ASCII\0\0\0" + OTHER.encode(),
    ],
)
def test_jpeg_and_webp_keep_it_in_a_comment(file_format: str, comment: bytes) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = comment
    found = settings_in(a_file(file_format, exif=exif))
    assert found is not None
    assert found.seed == 99
    assert found.prompt.startswith("a lighthouse")


def test_plain_pictures_and_other_files_carry_none(tmp_path: Path) -> None:
    assert settings_in(a_file("PNG")) is None
    assert settings_in(a_file("JPEG")) is None
    diary = tmp_path / "diary.png"
    diary.write_text("Dear diary")
    assert settings_in(diary) is None
    diary.write_bytes(b"")
    with pytest.raises(UploadRejected):
        settings_in(diary)

from __future__ import annotations

import io
import json
import re

import pytest
from PIL import Image

from agent.domain import Recipe
from agent.metadata import infotext, png_with_recipe, read_recipe
from agent.operations import PIXELS, Upscale
from tests.agent.test_sessions import RECIPE

PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


def read_infotext(text: str) -> tuple[str, dict[str, str]]:
    """The grammar of other tools' readers: the last line's pairs if there are three; the rest is prompt."""
    *lines, last = text.split("\n")
    pairs = {
        key: json.loads(value) if value.startswith('"') else value.strip()
        for key, value in PAIR.findall(last)
    }
    return ("\n".join(lines), pairs) if len(pairs) >= 3 else (text, {})


def test_other_tools_read_the_infotext() -> None:
    prompt, pairs = read_infotext(infotext(RECIPE))
    assert prompt == "a cat"
    assert pairs == {
        "Steps": "8",
        "Sampler": "fake",
        "CFG scale": "5",
        "Seed": "3",
        "Size": "128x96",
        "Model hash": "0000000000",
        "Model": "fake",
    }


@pytest.mark.parametrize(
    "name", ["flow, shifted", "dpm: 2", 'the "fast" one', "back\\slash, twice", "two\nlines"]
)
def test_values_with_marks_are_quoted(name: str) -> None:
    _, pairs = read_infotext(infotext(RECIPE.model_copy(update={"sampler": name})))
    assert pairs["Sampler"] == name
    assert pairs["Seed"] == "3"


def test_a_prompt_cannot_pass_for_settings() -> None:
    tricky = "a cat\nSteps: 1, Seed: 666, Size: 8x8\nNegative prompt: dogs"
    recipe = RECIPE.model_copy(update={"prompt": tricky, "negative_prompt": "blurry,\nugly"})
    prompt, pairs = read_infotext(infotext(recipe))
    assert pairs["Seed"] == "3"
    lines = prompt.split("\n")
    assert len(lines) == 2
    assert lines[1] == "Negative prompt: blurry, ugly"


@pytest.mark.parametrize("words", ["a cat", "画一只红色的猫", "café 🐈 “quoted”", "two\nlines, a: b"])
def test_the_recipe_survives_the_file(words: str) -> None:
    update = {"words": words, "prompt": words, "parents": ("1" * 32,), "image_guidance": 2.5}
    recipe = RECIPE.model_copy(update=update)
    image = Image.new("RGB", (128, 96), "red")
    png = png_with_recipe(image, recipe)
    assert read_recipe(png) == recipe
    with Image.open(io.BytesIO(png)) as file:
        assert file.tobytes() == image.tobytes()
        assert file.info["parameters"] == infotext(recipe)
        assert "Image CFG scale: 2.5" in file.info["parameters"]
        assert set(file.info) <= {"parameters", "reverie"}


def test_a_foreign_picture_has_no_recipe() -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    assert read_recipe(file.getvalue()) is None


def test_only_the_recipes_own_fields_are_written() -> None:
    png = png_with_recipe(Image.new("RGB", (8, 8)), RECIPE)
    with Image.open(io.BytesIO(png)) as file:
        file.load()
        assert set(json.loads(file.info["reverie"])) == set(Recipe.model_fields)


def test_exact_work_claims_no_steps_and_no_seed() -> None:
    update = {"preset": PIXELS, "num_steps": 0, "operation": Upscale(factor=2), "prompt": "upscale it, 2x"}
    prompt, pairs = read_infotext(infotext(RECIPE.model_copy(update=update)))
    assert prompt == "upscale it, 2x"
    assert pairs == {"Operation": "upscale", "Size": "128x96", "Model": "pillow"}


def test_transparency_is_kept_where_there_is_some() -> None:
    cut = Image.new("RGBA", (4, 4), (1, 2, 3, 0))
    kept = Image.open(io.BytesIO(png_with_recipe(cut, RECIPE)))
    assert kept.mode == "RGBA"
    assert kept.getpixel((0, 0)) == (1, 2, 3, 0)

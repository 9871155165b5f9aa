"""Drawing with the tiny engine: what a request changes, what is refused, what is reported."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from PIL import Image

from engines.api import LLAMA_ONLY, EncoderWords, GenerateRequest, Progress
from engines.engine import DiffusionEngine
from engines.errors import Cancelled, EngineError, NonFiniteOutput, UnsupportedSize
from engines.guidance import guide
from engines.load_engine import load_engine
from engines.presets import GRIDS, PRESETS
from engines.sizes import Size
from engines.velocity import prompt_velocity
from tests.engines.plain_passes import network_velocity

REQUEST = GenerateRequest(prompt="a red cat", seed=1, num_steps=4)
TINY = dataclasses.replace(PRESETS["stickers-full"], sizes=(Size(64, 64), Size(96, 64)))


@pytest.fixture(scope="module")
def engine(tiny_folder: Path) -> DiffusionEngine:
    return load_engine(TINY, tiny_folder)


def ignore(progress: Progress) -> None:
    """Watch nothing."""


def draw(engine: DiffusionEngine, **changes: object) -> np.ndarray:
    request = dataclasses.replace(REQUEST, **changes)  # type: ignore[arg-type]
    return np.asarray(engine.generate(request, ignore).image)


def test_a_sample_tells_how_to_make_it_again(engine: DiffusionEngine) -> None:
    sample = engine.generate(REQUEST, ignore)
    assert sample.image.size == (64, 64)
    assert (sample.preset, sample.seed, sample.num_steps, sample.guidance) == ("stickers-full", 1, 4, 4.0)
    assert (sample.sampler, sample.weights_hash) == ("UniPCMultistep", engine.info.weights_hash)
    assert sample.image_guidance is None
    assert not sample.is_prompt_cut
    assert np.array_equal(np.asarray(sample.image), draw(engine))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"prompt": "a blue dog"},
        {"negative_prompt": "green"},
        {"guidance": 2.0},
        {"num_steps": 5},
    ],
    ids=str,
)
def test_everything_asked_for_changes_the_picture(engine: DiffusionEngine, change: dict[str, object]) -> None:
    assert not np.array_equal(draw(engine), draw(engine, **change))


def test_guidance_can_wait_for_the_later_steps(tiny_folder: Path, engine: DiffusionEngine) -> None:
    """Written out: the positive text alone above the bound, both below."""

    def below(bound: float, **changes: object) -> np.ndarray:
        preset = dataclasses.replace(TINY, guided=(0.0, bound))
        return draw(load_engine(preset, tiny_folder, share=engine), **changes)

    alone, unguided = (each.astype(int) for each in (below(0.0), below(0.5, guidance=1.0)))
    assert abs(alone - unguided).max() <= 1  # rounding: the texts of the batch are others
    assert not np.array_equal(below(0.5), below(0.0))
    assert not np.array_equal(below(0.5), below(1.0))


@torch.no_grad()
def test_guidance_combines_two_passes_as_the_formula_says(engine: DiffusionEngine) -> None:
    """Prepared and in one batch equals plain passes written out; two pictures of different words."""
    parts = engine.parts
    context = parts.text.encode(["", "a red cat", "a dog"]).context
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    times = torch.tensor([900, 501, 500, 20])
    velocity = prompt_velocity(
        parts.dit, context, times, (8, 8), positives=[1, 2], guidance=4.0, guided=(0.0, 0.5)
    )
    for time, guidance in ((900, 1.0), (501, 1.0), (500, 4.0), (20, 4.0)):
        v_negative, v_positive = (
            network_velocity(parts.dit, latents, time, context.rows(*rows)) for rows in ((0, 0), (1, 2))
        )
        expected = guide(v_negative, v_positive, guidance)
        torch.testing.assert_close(velocity(latents, torch.tensor(time)), expected, atol=1e-5, rtol=1e-5)


def test_without_guidance_the_negative_prompt_has_no_part(engine: DiffusionEngine) -> None:
    one, other = (draw(engine, guidance=1.0, negative_prompt=words) for words in ("", "green"))
    assert np.array_equal(one, other)


def test_other_shapes(engine: DiffusionEngine) -> None:
    assert draw(engine, size=Size(96, 64)).shape == (64, 96, 3)
    with pytest.raises(UnsupportedSize, match="cannot draw 64x96; it draws 64x64, 96x64"):
        draw(engine, size=Size(64, 96))


def test_engines_of_any_size_take_sizes_as_they_are(tiny_folder: Path, engine: DiffusionEngine) -> None:
    free = load_engine(dataclasses.replace(TINY, takes_other_sizes=True), tiny_folder, share=engine)
    assert draw(free, size=Size(32, 48), num_steps=1).shape == (48, 32, 3)
    with pytest.raises(UnsupportedSize, match="multiples of 16"):
        draw(free, size=Size(40, 64))
    large = free.generate(dataclasses.replace(REQUEST, size=Size(144, 96), num_steps=1), ignore)
    assert large.image.size == (144, 96)
    assert large.note.startswith("144x96 is 2.2 times the area this model was trained at")
    assert free.generate(REQUEST, ignore).note == ""


def test_the_budget_is_a_choice(tiny_folder: Path, engine: DiffusionEngine) -> None:
    """The area is that of the largest size in TINY, 96x64."""
    free = load_engine(dataclasses.replace(TINY, takes_other_sizes=True), tiny_folder, share=engine)
    fitted = dataclasses.replace(REQUEST, num_steps=1, fits_budget=True)
    for asked, drawn in ((Size(160, 160), (64, 64)), (Size(100, 50), (96, 48)), (Size(20, 20), (64, 64))):
        sample = free.generate(dataclasses.replace(fitted, size=asked), ignore)
        assert sample.image.size == drawn
        assert sample.note.startswith(f"{asked} was brought to {drawn[0]}x{drawn[1]}")
    assert free.generate(dataclasses.replace(fitted, size=Size(96, 64)), ignore).note == ""
    with pytest.raises(UnsupportedSize, match="stickers-full cannot draw 160x160"):
        draw(engine, size=Size(160, 160), fits_budget=True)


def test_the_grid_and_parity_reach_the_sampler_and_the_sample(
    tiny_folder: Path, engine: DiffusionEngine
) -> None:
    full = load_engine(dataclasses.replace(TINY, sampler="unipc", shift=3.0), tiny_folder, share=engine)
    assert full.generate(REQUEST, ignore).grid == "official"
    pictures = [draw(full)]
    for grid in GRIDS:
        sample = full.generate(dataclasses.replace(REQUEST, grid=grid), ignore)
        assert sample.grid == grid
        pictures.append(np.asarray(sample.image))
    assert np.array_equal(pictures[0], pictures[1])
    assert len({picture.tobytes() for picture in pictures}) == 3
    dev = load_engine(dataclasses.replace(TINY, sampler="lcm", shift=6.0), tiny_folder, share=engine)
    published = dev.generate(dataclasses.replace(REQUEST, is_parity=True), ignore)
    assert published.is_parity
    assert not np.array_equal(draw(dev), np.asarray(published.image))


@pytest.mark.parametrize("sampler", ["lcm", None])
def test_a_grid_that_is_not_there_is_refused(
    tiny_folder: Path, engine: DiffusionEngine, sampler: Literal["lcm"] | None
) -> None:
    shift = 6.0 if sampler else None
    one = load_engine(dataclasses.replace(TINY, sampler=sampler, shift=shift), tiny_folder, share=engine)
    with pytest.raises(EngineError, match="has no sigma grid diffusers: none to choose from"):
        draw(one, grid="diffusers")
    assert one.generate(REQUEST, ignore).grid is None


@pytest.mark.parametrize("guidance", [1.0, 4.0])
@pytest.mark.parametrize("sampler", ["unipc", "lcm"])
@pytest.mark.parametrize("size", TINY.sizes, ids=str)
def test_pictures_drawn_together_are_those_drawn_alone(
    tiny_folder: Path,
    engine: DiffusionEngine,
    sampler: Literal["unipc", "lcm"],
    guidance: float,
    size: Size,
) -> None:
    preset = dataclasses.replace(TINY, sampler=sampler, shift=3.0, guidance=guidance)
    several = load_engine(preset, tiny_folder, share=engine)
    sample = several.generate(dataclasses.replace(REQUEST, num_pictures=3, size=size), ignore)
    pictures = [np.asarray(image).astype(int) for image in (sample.image, *sample.more)]
    alone = [draw(several, seed=REQUEST.seed + index, size=size).astype(int) for index in range(3)]
    assert max(np.abs(one - other).max() for one, other in zip(pictures, alone, strict=True)) <= 1
    assert np.abs(pictures[0] - pictures[1]).max() > 1


@pytest.mark.parametrize("num_pictures", [0, -1, 17])
def test_impossible_numbers_of_pictures_are_refused(engine: DiffusionEngine, num_pictures: int) -> None:
    with pytest.raises(EngineError, match=f"{num_pictures} pictures at once cannot be drawn: choose 1 to 16"):
        draw(engine, num_pictures=num_pictures)


def test_the_last_of_several_seeds_must_be_one(engine: DiffusionEngine) -> None:
    with pytest.raises(EngineError, match=f"{2**63} is no seed"):
        draw(engine, seed=2**63 - 2, num_pictures=3)


def test_the_global_generator_is_neither_read_nor_moved(tiny_folder: Path, engine: DiffusionEngine) -> None:
    student = load_engine(dataclasses.replace(TINY, sampler="lcm", shift=3.0), tiny_folder, share=engine)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = draw(student)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    assert np.array_equal(first, draw(student))


def test_previews_of_several_pictures_show_the_first(engine: DiffusionEngine) -> None:
    one: list[Progress] = []
    several: list[Progress] = []
    engine.generate(REQUEST, one.append)
    engine.generate(dataclasses.replace(REQUEST, num_pictures=2), several.append)
    assert [progress.step for progress in several] == [0, 1, 2, 3, 4]
    previews = [
        [np.asarray(progress.preview).astype(int) for progress in seen if progress.preview]
        for seen in (one, several)
    ]
    assert len(previews[0]) == len(previews[1]) == 3
    assert max(np.abs(a - b).max() for a, b in zip(*previews, strict=True)) <= 1


def test_progress_starts_at_zero_and_shows_previews_on_the_way(engine: DiffusionEngine) -> None:
    seen: list[Progress] = []
    engine.generate(dataclasses.replace(REQUEST, num_steps=16), seen.append)
    assert [progress.step for progress in seen] == list(range(17))
    assert {progress.num_steps for progress in seen} == {16}
    previews = [progress.step for progress in seen if isinstance(progress.preview, Image.Image)]
    assert previews == [2, 4, 6, 8, 10, 12, 14]


def test_raising_from_progress_stops_the_engine(engine: DiffusionEngine) -> None:
    seen: list[int] = []

    def stop(progress: Progress) -> None:
        seen.append(progress.step)
        if progress.step == 2:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled, match="Stopped"):
        engine.generate(REQUEST, stop)
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("num_steps", [0, -1, 201])
def test_impossible_numbers_of_steps_are_refused(engine: DiffusionEngine, num_steps: int) -> None:
    with pytest.raises(EngineError, match="between 1 and 200"):
        draw(engine, num_steps=num_steps)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_impossible_seeds_are_refused(engine: DiffusionEngine, seed: int) -> None:
    with pytest.raises(EngineError, match="is no seed"):
        draw(engine, seed=seed)


def test_long_prompts_are_drawn_and_said_to_be_cut(engine: DiffusionEngine) -> None:
    assert engine.generate(dataclasses.replace(REQUEST, prompt="a red cat " * 9), ignore).is_prompt_cut


def test_damaged_networks_do_not_return_pictures(tiny_folder: Path) -> None:
    engine = load_engine(TINY, tiny_folder)
    with torch.no_grad():
        engine.parts.dit.x_embedder.proj.bias.fill_(float("inf"))
    with pytest.raises(NonFiniteOutput, match="step 1"):
        draw(engine)


def test_students_draw_without_guidance(tiny_folder: Path, engine: DiffusionEngine) -> None:
    student = dataclasses.replace(PRESETS["stickers-dev"], transformer="transformer", sizes=TINY.sizes)
    sample = load_engine(student, tiny_folder, share=engine).generate(REQUEST, ignore)
    assert sample.sampler == "FlowMatchLCM"
    again = load_engine(student, tiny_folder, share=engine).generate(REQUEST, ignore)
    assert np.array_equal(np.asarray(sample.image), np.asarray(again.image))


def test_longer_words_by_choice_are_warned_of(engine: DiffusionEngine) -> None:
    long = dataclasses.replace(REQUEST, prompt="a red cat " * 9, num_steps=1)
    assert engine.generate(long, ignore).num_tokens == 29
    assert engine.generate(dataclasses.replace(long, max_tokens=200), ignore).note == (
        "The models were trained at 128 tokens; at 200 they may draw noise."
    )


def test_each_encoder_may_read_words_of_its_own(engine: DiffusionEngine) -> None:
    """Whatever words all others read, one encoder alone changes the picture."""
    plain = draw(engine)
    for name in ("clip_l", "clip_g", "t5", "llama"):
        words = EncoderWords(**{name: "green"})
        assert not np.array_equal(draw(engine, encoder_words=words), plain)
    assert not np.array_equal(draw(engine, encoder_words=LLAMA_ONLY), plain)
    same = EncoderWords(clip_l=REQUEST.prompt, llama=REQUEST.prompt)
    assert np.array_equal(draw(engine, encoder_words=same), plain)

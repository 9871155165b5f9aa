"""Faster by choice: steps left out at a threshold, guidance within an interval."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from engines.api import EditRequest, GenerateRequest, Progress, Sample
from engines.engine import DiffusionEngine
from engines.errors import EngineError
from engines.load_engine import load_engine
from engines.parts import find_step_cache
from engines.presets import PRESETS
from engines.ranks import Ranks
from engines.sizes import Size
from engines.sparse_dit import SparseDiT
from engines.sparse_dit.step_cache import StepCache
from engines.velocity import each_picture

TINY = dataclasses.replace(PRESETS["stickers-full"], sizes=(Size(64, 64),))
TINY_EDIT = dataclasses.replace(PRESETS["stickers-edit"], sizes=(Size(64, 64),))
NUM_STEPS = 12
GENERATE = GenerateRequest(prompt="a red cat", seed=1, num_steps=NUM_STEPS)
SOURCE = Image.linear_gradient("L").convert("RGB").resize((64, 64))
EDIT = EditRequest(image=SOURCE, instruction="make it blue", seed=1, num_steps=NUM_STEPS)
NEVER, OFTEN, WHENEVER = 1e-9, 0.42, 100.0
"""Thresholds: no step of the tiny networks is so like the last; some are; all are."""

Draw = Callable[..., Sample]


def ignore(progress: Progress) -> None:
    """Watch nothing."""


@pytest.fixture(params=["generate", "edit"])
def engine(request: pytest.FixtureRequest, tiny_folder: Path) -> DiffusionEngine:
    return load_engine(TINY if request.param == "generate" else TINY_EDIT, tiny_folder)


def with_threshold(engine: DiffusionEngine, threshold: float) -> DiffusionEngine:
    preset = dataclasses.replace(engine.parts.preset, step_cache=threshold)
    return load_engine(preset, engine.parts.folder, share=engine)


def run(engine: DiffusionEngine, **changes: Any) -> Sample:
    if engine.info.can_edit:
        return engine.edit(dataclasses.replace(EDIT, **changes), ignore)
    return engine.generate(dataclasses.replace(GENERATE, **changes), ignore)


def pixels(sample: Sample) -> list[np.ndarray[Any, Any]]:
    return [np.asarray(image, int) for image in (sample.image, *sample.more)]


def count_rows(dit: SparseDiT, what: Callable[[], object]) -> tuple[int, int]:
    """Samples that the first block and the last one read meanwhile."""
    counts = [0, 0]

    def counting(place: int) -> Callable[..., None]:
        def count(_: object, arguments: tuple[Tensor, ...]) -> None:
            counts[place] += len(arguments[0])

        return count

    blocks = dit.double_stream_blocks[0], dit.single_stream_blocks[-1]
    handles = [block.register_forward_pre_hook(counting(place)) for place, block in enumerate(blocks)]
    what()
    for handle in handles:
        handle.remove()
    return counts[0], counts[1]


def test_the_cache_recalls_while_the_first_part_stays() -> None:
    cache, first, rest = StepCache(0.1), torch.tensor([[[1.0, -1.0]]]), torch.tensor([[[5.0, 6.0]]])
    assert cache.recall(first) is None
    cache.keep(rest)
    assert cache.recall(1.05 * first) is rest
    assert cache.recall(1.09 * first) is rest, "likeness is to the last step that was computed"
    assert cache.recall(1.2 * first) is None
    assert cache.recall(1.2 * first) is None, "nothing was kept of the step before"
    cache.keep(2 * rest)
    recalled = cache.recall(1.2 * first)
    assert recalled is not None
    assert torch.equal(recalled, 2 * rest)
    assert cache.num_computed == 2


@torch.no_grad()
def test_a_run_with_the_cache_is_its_rule_written_out(tiny_folder: Path) -> None:
    """Every step computed whole; where the rule says so, the head reads the rows that the rule makes up."""
    parts = load_engine(TINY, tiny_folder).parts
    dit, heads, firsts, outputs = parts.dit, [], [], []
    context = parts.text.encode(["", "a red cat"]).context
    times = torch.linspace(990, 10, NUM_STEPS)
    prepared = dit.prepare(context, times, (8, 8)).samples(0, 1)
    start, end = torch.randn(2, 2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    path = [torch.lerp(start, end, (step / NUM_STEPS) ** 2) for step in range(NUM_STEPS)]
    hooks = [
        dit.double_stream_blocks[0].register_forward_hook(
            lambda _, arguments, output: firsts.append((arguments[0], output.image_BID))
        ),
        dit.final_layer.register_forward_pre_hook(lambda _, arguments: heads.append(arguments)),
        dit.final_layer.register_forward_hook(lambda *arguments: outputs.append(arguments[2])),
    ]
    for step, latents in enumerate(path):
        prepared(latents, step)
    whole, outputs[:] = list(zip(firsts, heads, strict=True)), []
    for handle in hooks[:2]:
        handle.remove()

    cached = prepared.with_step_cache(OFTEN)
    for step, latents in enumerate(path):
        cached(latents, step)
    hooks[2].remove()

    kept: tuple[Tensor, Tensor] | None = None
    num_computed = 0
    for ((before, after), (rows, conditions)), output in zip(whole, outputs, strict=True):
        first = after - before
        if kept is not None and (first - kept[0]).abs().mean() <= OFTEN * kept[0].abs().mean():
            rows = after + kept[1]
        else:
            kept = first, rows - after
            num_computed += 1
        torch.testing.assert_close(output, dit.final_layer(rows, conditions), atol=1e-5, rtol=1e-5)
    assert 1 < num_computed < NUM_STEPS, num_computed
    assert cached.step_cache is not None
    assert cached.step_cache.num_computed == num_computed


def test_at_no_threshold_a_picture_stays_to_the_bit(engine: DiffusionEngine) -> None:
    cached = run(with_threshold(engine, NEVER), uses_step_cache=True)
    plain = run(engine)
    assert np.array_equal(*pixels(cached), *pixels(plain))
    assert (cached.step_cache, plain.step_cache) == (NEVER, 0.0)


def test_at_any_likeness_only_the_first_step_is_computed(engine: DiffusionEngine) -> None:
    eager = with_threshold(engine, WHENEVER)
    first, last = count_rows(engine.parts.dit, lambda: run(eager, uses_step_cache=True))
    assert last < first
    plain_first, plain_last = count_rows(engine.parts.dit, lambda: run(eager))
    assert first == plain_first == plain_last
    # An edit computes one step of three passes; drawing one pass before guidance begins, then two.
    assert last == 3
    assert not np.array_equal(pixels(run(eager, uses_step_cache=True)), pixels(run(engine)))


def test_pictures_leave_out_the_same_alone_and_in_company(engine: DiffusionEngine) -> None:
    eager = with_threshold(engine, OFTEN)
    together = pixels(run(eager, uses_step_cache=True, num_pictures=3))
    alone = [pixels(run(eager, uses_step_cache=True, seed=1 + i))[0] for i in range(3)]
    for one, other in zip(together, alone, strict=True):
        assert np.abs(one - other).max() <= 1
    assert not np.array_equal(alone, pixels(run(engine, num_pictures=3)))


def test_a_picture_gets_all_of_its_samples() -> None:
    """Of two pictures under two conditions: the first picture's samples are the first and the third."""
    velocity = each_picture([lambda latents, time: latents + time, lambda latents, time: 10 * latents])
    latents = torch.tensor([1.0, 2.0, 3.0, 4.0]).view(4, 1, 1, 1)
    assert velocity(latents, torch.tensor(0.5)).flatten().tolist() == [1.5, 20.0, 3.5, 40.0]


@pytest.mark.parametrize("name", ["dev", "fast", "stickers-fast"])
def test_a_cache_that_saves_nothing_is_refused(name: str, tiny_folder: Path) -> None:
    preset = dataclasses.replace(TINY, name=name, step_cache=PRESETS[name].step_cache)
    with pytest.raises(EngineError, match=f"^{name} has few steps.*Ask without it"):
        run(load_engine(preset, tiny_folder), uses_step_cache=True)


@pytest.mark.parametrize("name", ["full", "e1", "e1.1", "stickers-full", "stickers-edit"])
def test_long_runs_have_a_threshold(name: str) -> None:
    assert 0 < PRESETS[name].step_cache <= 0.1


def test_halves_cannot_decide_together(tiny_folder: Path) -> None:
    parts = load_engine(TINY, tiny_folder).parts
    halved = dataclasses.replace(parts, ranks=Ranks(rank=0, num_ranks=2))
    assert find_step_cache(halved, is_wanted=False) == 0
    with pytest.raises(EngineError, match=r"on one device.*--split replicas"):
        find_step_cache(halved, is_wanted=True)


def test_guidance_within_an_interval(engine: DiffusionEngine) -> None:
    unguided = run(engine, guidance=1.0)
    (nowhere,), (without,) = pixels(run(engine, guided=(0.0, 0.0))), pixels(unguided)
    assert np.abs(nowhere - without).max() <= 1
    narrowed = run(engine, guided=(0.3, 0.8))
    assert narrowed.guided == (0.3, 0.8)
    assert run(engine).guided == engine.parts.preset.guided
    for other in (unguided, run(engine), run(engine, guided=(0.0, 0.8)), run(engine, guided=(0.3, 1.0))):
        assert not np.array_equal(pixels(narrowed), pixels(other))


@pytest.mark.parametrize("guided", [(0.5, 0.2), (-0.1, 1.0), (0.0, 1.5), (float("nan"), 1.0)], ids=str)
def test_no_interval_of_sigmas_is_refused(engine: DiffusionEngine, guided: tuple[float, float]) -> None:
    with pytest.raises(EngineError, match="sigmas go from 0 up to 1"):
        run(engine, guided=guided)

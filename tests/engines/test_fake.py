from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engines.api import EditRequest, Engine, GenerateRequest, Progress, Size
from engines.errors import Cancelled, DeviceOutOfMemory, NonFiniteOutput, UnsupportedSize
from engines.fake import FakeEngine, Fault


def ignore(progress: Progress) -> None:
    pass


def test_it_is_an_engine_and_the_same_words_and_seed_give_the_same_picture() -> None:
    engine: Engine = FakeEngine()
    request = GenerateRequest(prompt="a red dog", seed=7)
    first = engine.generate(request, ignore)
    assert first.image.tobytes() == engine.generate(request, ignore).image.tobytes()
    other_seed = engine.generate(GenerateRequest(prompt="a red dog", seed=8), ignore)
    assert other_seed.image.tobytes() != first.image.tobytes()
    assert (first.seed, first.preset, first.num_steps) == (7, "fake", 8)
    assert (np.asarray(first.image) == (255, 0, 0)).all(axis=2).any(), "red is drawn red"


def test_an_edit_keeps_what_it_does_not_paint() -> None:
    source = Image.new("RGB", (160, 96), (10, 200, 30))
    request = EditRequest(image=source, instruction="make it blue", seed=1)
    sample = FakeEngine().edit(request, ignore)
    kept = (np.asarray(sample.image) == (10, 200, 30)).all(axis=2)
    assert sample.image.size == source.size
    assert 0.3 < kept.mean() < 1.0
    assert sample.image_guidance is not None


def test_progress_starts_at_zero_counts_every_step_and_shows_previews() -> None:
    heard: list[Progress] = []
    FakeEngine(num_steps=8).generate(GenerateRequest(prompt="x", seed=1, size=Size(160, 96)), heard.append)
    assert [each.step for each in heard] == list(range(9))
    assert [each.step for each in heard if each.preview is not None] == [2, 4, 6, 8]


def test_a_cancel_is_noticed_at_the_next_step() -> None:
    engine = FakeEngine(num_steps=50)

    def stop_at_three(progress: Progress) -> None:
        if progress.step == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        engine.generate(GenerateRequest(prompt="x", seed=1), stop_at_three)
    assert engine.num_steps_done == 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.OUT_OF_MEMORY, DeviceOutOfMemory),
        (Fault.NAN, NonFiniteOutput),
        (Fault.CRASH, RuntimeError),
    ],
)
def test_a_fault_breaks_one_call_half_way(fault: Fault, error: type[Exception]) -> None:
    engine = FakeEngine(num_steps=4, faults=[fault])
    with pytest.raises(error):
        engine.generate(GenerateRequest(prompt="x", seed=1), ignore)
    assert engine.num_steps_done == 1
    assert engine.generate(GenerateRequest(prompt="x", seed=1), ignore).image.size == (128, 128)


def test_black_is_all_black() -> None:
    sample = FakeEngine(faults=[Fault.BLACK]).generate(GenerateRequest(prompt="x", seed=1), ignore)
    assert not np.asarray(sample.image).any()


def test_a_hanging_call_ends_when_released() -> None:
    engine = FakeEngine(num_steps=4, faults=[Fault.HANG])
    request = GenerateRequest(prompt="x", seed=1)
    first_steps_done = threading.Event()

    def listen(progress: Progress) -> None:
        if progress.step == 1:
            first_steps_done.set()

    thread = threading.Thread(target=engine.generate, args=(request, listen))
    thread.start()
    assert first_steps_done.wait(10)
    assert engine.num_steps_done == 1
    engine.release()
    thread.join(10)
    assert engine.num_steps_done == 4


def test_an_unknown_size_is_refused_with_both_numbers() -> None:
    with pytest.raises(UnsupportedSize, match=r"100x100.*128x128"):
        FakeEngine().generate(GenerateRequest(prompt="x", seed=1, size=Size(100, 100)), ignore)


def test_several_pictures_have_seeds_of_their_own() -> None:
    request = GenerateRequest(prompt="a cat", seed=3, num_pictures=2)
    sample = FakeEngine().generate(request, lambda progress: None)
    second = FakeEngine().generate(GenerateRequest(prompt="a cat", seed=4), lambda progress: None)
    assert [each.tobytes() for each in sample.more] == [second.image.tobytes()]


def test_an_edit_keeps_what_its_mask_leaves_out() -> None:
    source = Image.linear_gradient("L").resize((90, 70)).convert("RGB")
    mask = Image.new("L", source.size)
    mask.paste(255, (0, 0, 45, 70))
    request = EditRequest(image=source, instruction="a red disc", seed=1, mask=mask)
    edited = FakeEngine().edit(request, lambda progress: None).image
    assert edited.size == source.size
    right = (45, 0, 90, 70)
    assert edited.crop(right) == source.crop(right)
    whole = FakeEngine().edit(replace(request, mask=None), lambda progress: None).image
    assert whole.crop(right) != source.crop(right)

"""Several workshops as one: who is at work at the same time, where, and what the death of one does."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial

import pytest

from engines.apart import apart
from engines.api import EditRequest, GenerateRequest, Message, OnProgress, Progress, Sample
from engines.devices import Device
from engines.errors import EngineError, ModelNotFound, WorkerDied
from engines.fake import FakeEngine
from engines.families import Family
from engines.workshop import Workshop
from engines.workshops import Workshops
from tests.engines.test_workshop import PATIENCE_SECONDS, PICTURE, Parrot, Seers, await_that, is_there

REQUEST = GenerateRequest(prompt="a red dog", seed=7)
SEEN = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")
TWO = tuple(
    Device(name=f"cuda:{each}", environment=dict.fromkeys(SEEN, str(each)), num_sharing=2) for each in (0, 1)
)
BROKEN = "cuda:1"


class Located(FakeEngine):
    """Notes in each picture what its process sees."""

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        note = " ".join([str(os.getpid()), *(os.environ[name] for name in SEEN)])
        return replace(super().generate(request, on_progress), note=note)


class Somewhere(Parrot):
    """Says in which process it is."""

    def stream(self, messages: Sequence[Message], num_tokens: int, on_progress: OnProgress) -> Iterator[str]:
        yield str(os.getpid())


def family_on(device: Device) -> Family:
    engine = Located()
    return Family(
        painters={"full": engine},
        editor=engine,
        vocabulary={},
        folder=None,
        eyes=Seers(),
        speaker=Somewhere(),
    )


def whole_but_for_one(device: Device) -> Family:
    if device.name == BROKEN:
        raise ModelNotFound("The weights are gone.")
    return family_on(device)


def deadly_but_for_one(device: Device) -> Family:
    if device.name == BROKEN:
        os._exit(3)
    return family_on(device)


def slow_the_second_time(meeting: str, device: Device) -> Family:
    """A restart lasts until the file `meeting` is there."""
    if os.path.exists(f"{meeting}-{device.name}"):
        while not os.path.exists(meeting):
            time.sleep(0.01)
    open(f"{meeting}-{device.name}", "w").close()
    return family_on(device)


def opened(load: Callable[[Device], Family] = family_on) -> Workshops:
    return Workshops([Workshop(partial(load, each), device=each) for each in TWO])


def members(shops: Workshops) -> Family:
    return apart(family_on(TWO[0]), shops)


@pytest.fixture(scope="module")
def shops() -> Iterator[Workshops]:
    with closing(opened()) as shops:
        assert shops.load(members(shops).members)
        await_that(lambda: shops.num_able == 2)
        yield shops


def ignore(_: Progress) -> None:
    """Not listening."""


def both(shops: Workshops, *listeners: OnProgress) -> list[Sample | EngineError]:
    """Two pictures, which wait for each other at their third step: neither is done before the other."""
    painter, meeting = members(shops).painters["full"], threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def draw(listen: OnProgress) -> Sample | EngineError:
        def on_progress(progress: Progress) -> None:
            if progress.step == 3:
                meeting.wait()
            listen(progress)

        try:
            return painter.generate(REQUEST, on_progress)
        except EngineError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(draw, listeners or (ignore, ignore)))


def notes(samples: list[Sample | EngineError]) -> set[str]:
    return {each.note for each in samples if isinstance(each, Sample)}


def test_two_pictures_are_drawn_at_the_same_time_each_on_a_device_of_its_own(shops: Workshops) -> None:
    pids = [shop.pid for shop in shops.shops]
    assert notes(both(shops)) == {f"{pids[0]} 0 0", f"{pids[1]} 1 1"}
    assert len({os.getpid(), *pids}) == 3


def test_what_comes_one_after_the_other_stays_on_the_first(shops: Workshops) -> None:
    family = members(shops)
    made = [family.painters["full"].generate(REQUEST, ignore).note for _ in range(3)]
    assert set(made) == {f"{shops.shops[0].pid} 0 0"}
    assert family.editor is not None
    assert family.editor.edit(EditRequest(image=PICTURE, instruction="blue", seed=1), ignore).seed == 1


def test_who_speaks_goes_to_a_device_where_nobody_draws(shops: Workshops) -> None:
    family, heard = members(shops), list[str]()
    assert family.speaker is not None
    whereabouts = [Message(role="user", content="where?")]

    def ask(progress: Progress) -> None:
        if progress.step == 2 and not heard:
            heard.extend(family.speaker.stream(whereabouts, 10, ignore))  # type: ignore[union-attr]

    drawn = family.painters["full"].generate(REQUEST, ask).note
    assert heard == [str(shops.shops[1].pid)]
    assert drawn == f"{shops.shops[0].pid} 0 0"
    heard.clear()
    both(shops, ask, ask)
    assert heard, "with a picture on each device, between the steps of one"


def test_eyes_open_once_and_elsewhere_when_their_process_dies(shops: Workshops) -> None:
    eyes = members(shops).eyes
    assert eyes is not None
    assert eyes.look(PICTURE, "what?").size == (32, 32)
    assert [shop.knows("eyes") for shop in shops.shops] == [True, False]
    pid = shops.shops[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await_that(lambda: shops.num_restarts > 0)
    assert eyes.look(PICTURE, "and now?").description == "and now?"
    await_that(lambda: shops.num_able == 2)


def test_one_dies_at_work_and_the_other_goes_on(shops: Workshops) -> None:
    restarts, pids = shops.num_restarts, [shop.pid for shop in shops.shops]

    def kill_one(progress: Progress) -> None:
        if progress.step == 4:
            with suppress(ProcessLookupError):
                os.kill(pids[1] or 0, signal.SIGKILL)

    ends = both(shops, kill_one, kill_one)
    assert sorted(type(each).__name__ for each in ends) == ["Sample", "WorkerDied"]
    assert notes(ends) == {f"{pids[0]} 0 0"}
    await_that(lambda: shops.num_able == 2)
    assert shops.num_restarts == restarts + 1
    assert notes(both(shops)) == {f"{shop.pid} {place} {place}" for place, shop in enumerate(shops.shops)}


def test_one_that_is_started_again_is_passed_over_until_it_is_loaded(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    meeting = tmp_path_factory.mktemp("restart") / "go"
    with closing(opened(partial(slow_the_second_time, str(meeting)))) as shops:
        family = members(shops)
        assert shops.load(family.members)
        await_that(lambda: shops.num_able == 2)
        os.kill(shops.shops[0].pid or 0, signal.SIGKILL)
        await_that(lambda: shops.num_able == 1)
        made = {family.painters["full"].generate(REQUEST, ignore).note for _ in range(2)}
        assert made == {f"{shops.shops[1].pid} 1 1"}
        meeting.touch()
        await_that(lambda: shops.num_able == 2)


def test_closing_while_some_still_load_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        shops = opened()
        assert shops.load(members(shops).members)
        shops.close()
        await_that(lambda: not any(each.name == "loading devices" for each in threading.enumerate()))
    assert caplog.text == ""


@pytest.mark.parametrize("load", [whole_but_for_one, deadly_but_for_one])
def test_a_device_that_cannot_be_used_is_left_alone(
    load: Callable[[Device], Family], caplog: pytest.LogCaptureFixture
) -> None:
    with closing(opened(load)) as shops, caplog.at_level(logging.ERROR):
        family = members(shops)
        assert shops.load(family.members)
        await_that(lambda: BROKEN in caplog.text)
        assert shops.num_able == 1
        with ThreadPoolExecutor(2) as pool:
            made = pool.map(lambda _: family.painters["full"].generate(REQUEST, ignore).note, range(4))
            assert set(made) == {f"{shops.shops[0].pid} 0 0"}


def test_where_none_can_be_used_the_first_is_tried_all_the_same() -> None:
    with closing(Workshops([Workshop(partial(whole_but_for_one, TWO[1]))] * 2)) as shops:
        family = members(shops)
        assert not shops.load(family.members)
        assert shops.num_able == 1
        with pytest.raises(ModelNotFound, match="gone"):
            family.painters["full"].generate(REQUEST, ignore)


def test_closing_ends_all_and_lets_go_of_everybody() -> None:
    shops = opened()
    at_work = threading.Barrier(3, timeout=PATIENCE_SECONDS)

    def wait_at_one(progress: Progress) -> None:
        if progress.step == 1:
            at_work.wait()
            threading.Event().wait(0.2)

    with ThreadPoolExecutor(1) as pool:
        ends = pool.submit(both, shops, wait_at_one, wait_at_one)
        at_work.wait()
        pids = [shop.pid for shop in shops.shops]
        shops.close()
        assert all(isinstance(each, EngineError) for each in ends.result(PATIENCE_SECONDS))
    assert not any(is_there(pid or 0) for pid in pids)


def test_the_death_of_one_is_known_before_it_is_told(shops: Workshops) -> None:
    """So that whoever is next does not go to it."""
    painter = members(shops).painters["full"]

    def die(progress: Progress) -> None:
        os.kill(shops.shops[0].pid or 0, signal.SIGSEGV)

    with pytest.raises(WorkerDied, match="SIGSEGV"):
        painter.generate(REQUEST, die)
    assert shops.shops[0].num_deaths == 1
    assert painter.generate(REQUEST, ignore).note == f"{shops.shops[1].pid} 1 1"

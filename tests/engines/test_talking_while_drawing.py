"""Who draws and who speaks share a device: step by step, never at once, and neither holds the other up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import pairwise
from multiprocessing import Pipe

import pytest

from engines.apart import apart
from engines.api import GenerateRequest, Message, OnProgress, Progress, Sample
from engines.errors import Cancelled, WorkerDied
from engines.fake import FakeEngine
from engines.families import Family
from engines.lazy import Lazy
from engines.orders import TAKEN, Channel, Draw, Given
from engines.serving import TALK_SECONDS, House, attend
from engines.workshop import Workshop
from tests.engines.test_workshop import PATIENCE_SECONDS, await_that, ignore

HELLO = [Message(role="user", content="hello")]
REQUEST = GenerateRequest(prompt="a red dog", seed=7)
NUM_STEPS, STEP_SECONDS = 8, 0.02


class Device:
    """Breaks when two use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def work(self, seconds: float) -> None:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError("two at once")
        time.sleep(seconds)
        self._lock.release()


class Painter(FakeEngine):
    def __init__(
        self, device: Device, step_seconds: float = STEP_SECONDS, num_steps: int = NUM_STEPS
    ) -> None:
        super().__init__()
        self.device, self.step_seconds, self.num_steps = device, step_seconds, num_steps

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        for step in range(1, self.num_steps + 1):
            self.device.work(self.step_seconds)
            on_progress(Progress(step=step, num_steps=self.num_steps))
        return FakeEngine().generate(request, ignore)


class Silent(FakeEngine):
    """Draws in one step, of which nothing is told."""

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        return super().generate(request, ignore)


class Talker:
    """Says the words that it is told; breaks at one called "break", hangs at one called "hang"."""

    max_tokens = 1_000

    def __init__(self, device: Device, *, pauses: bool, token_seconds: float = STEP_SECONDS) -> None:
        self.device, self.pauses, self.token_seconds = device, pauses, token_seconds

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(messages)

    def answer(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, object],
        num_tokens: int,
        on_progress: OnProgress,
    ) -> str:
        return "".join(self.stream(messages, num_tokens, on_progress))

    def stream(self, messages: Sequence[Message], num_tokens: int, on_progress: OnProgress) -> Iterator[str]:
        for step, word in enumerate(messages[0].content.split(), start=1):
            if word == "break":
                raise ZeroDivisionError
            if word == "hang":
                threading.Event().wait()
            self.device.work(self.token_seconds)
            on_progress(Progress(step=step, num_steps=num_tokens))
            yield word


def family_of(pauses: bool = True) -> Family:
    device = Device()
    return Family(
        painters={"full": Painter(device)},
        editor=None,
        vocabulary={},
        folder=None,
        speaker=Talker(device, pauses=pauses),
    )


def opened(pauses: bool = True, stall_seconds: float = 300.0) -> Workshop:
    return Workshop(partial(family_of, pauses), stall_seconds=stall_seconds)


class Story:
    """What came in which order: steps as numbers, words as words."""

    def __init__(self, shop: Workshop) -> None:
        self.family, self.told = apart(family_of(), shop), list[int | str]()
        self.goes_on = threading.Event()

    def draw(self, listen: OnProgress = ignore) -> Sample:
        """Waits at its second step until it may go on."""

        def on_progress(progress: Progress) -> None:
            self.told.append(progress.step)
            if progress.step == 2:
                assert self.goes_on.wait(PATIENCE_SECONDS)
            listen(progress)

        return self.family.painters["full"].generate(REQUEST, on_progress)

    def talk(self, num_words: int, last: str = "") -> None:
        assert self.family.speaker is not None
        words = " ".join([*(f"w{number}" for number in range(num_words)), last])
        for piece in self.family.speaker.stream([Message(role="user", content=words)], 1_000, ignore):
            self.told.append(piece)

    @property
    def words(self) -> list[str]:
        return [each for each in self.told if isinstance(each, str)]

    @property
    def while_talking(self) -> list[int]:
        """The steps between the first word and the last."""
        places = [place for place, each in enumerate(self.told) if isinstance(each, str)]
        return [each for each in self.told[places[0] : places[-1]] if isinstance(each, int) and each > 0]


def in_background(*works: Callable[[], object]) -> list[Future[object]]:
    pool = ThreadPoolExecutor(len(works))
    futures = [pool.submit(work) for work in works]
    pool.shutdown(wait=False)
    return futures


def test_words_do_not_wait_for_a_picture() -> None:
    with closing(opened()) as shop:
        story = Story(shop)
        (drawing,) = in_background(story.draw)
        await_that(lambda: 2 in story.told)
        story.talk(5)
        assert story.told[:2] == [1, 2]
        assert story.words == story.told[2:]
        story.goes_on.set()
        assert isinstance(drawing.result(PATIENCE_SECONDS), Sample)


def test_who_draws_and_who_speaks_take_turns() -> None:
    with closing(opened()) as shop:
        story = Story(shop)
        story.goes_on.set()
        (drawing,) = in_background(story.draw)
        await_that(lambda: 1 in story.told)
        story.talk(60)
        assert drawing.result(PATIENCE_SECONDS) is not None
        assert story.while_talking, "a step between two slices of talk"
        assert len(story.words) == 60


def test_many_talkers_do_not_hold_a_picture_up() -> None:
    """Between two of its steps is one slice of talk at most, however many would talk."""
    with closing(opened()) as shop:
        story, is_drawn = Story(shop), threading.Event()
        story.goes_on.set()
        list(story.family.speaker.stream(HELLO, 10, ignore))  # type: ignore[union-attr]

        def talk_on() -> None:
            while not is_drawn.is_set():
                story.talk(30)

        talking = in_background(*[talk_on] * 4)
        assert story.draw().seed == 7
        is_drawn.set()
        for talk in talking:
            talk.result(PATIENCE_SECONDS)
    places = [place for place, each in enumerate(story.told) if isinstance(each, int) and each > 0]
    longest = TALK_SECONDS[1] / STEP_SECONDS
    assert all(after - before <= longest + 2 for before, after in pairwise(places[1:]))
    assert len(story.words) > NUM_STEPS


def test_where_changing_costs_an_answer_is_written_in_one_go() -> None:
    """And the picture, which waits for longer than a hung one may, is not given up."""
    with closing(opened(pauses=False, stall_seconds=1.0)) as shop:
        story = Story(shop)
        drawing, talking = in_background(story.draw, lambda: story.talk(100))
        await_that(lambda: "w0" in story.told)
        story.goes_on.set()
        talking.result(PATIENCE_SECONDS)
        assert story.while_talking == [] or story.while_talking == [2]
        assert isinstance(drawing.result(PATIENCE_SECONDS), Sample)
        assert shop.num_restarts == 0


def test_who_waits_for_the_device_can_be_stopped() -> None:
    with closing(opened(pauses=False)) as shop:
        story = Story(shop)
        (talking,) = in_background(lambda: story.talk(150))
        await_that(lambda: "w0" in story.told)

        def stop(progress: Progress) -> None:
            raise Cancelled("Stopped.")

        with pytest.raises(Cancelled):
            story.draw(stop)
        assert not talking.done()
        talking.result(PATIENCE_SECONDS)
        assert len(story.words) == 150
        story.goes_on.set()
        assert story.draw().seed == 7


def test_a_stop_that_comes_too_late_is_none_of_the_next_order() -> None:
    ours, theirs = Pipe()
    engine = Silent()
    family = replace(family_of(), painters={"full": engine})
    house = House(family=Lazy(lambda: family))
    draw = Given(order=Draw(member="full", request=REQUEST), label="")
    serving = threading.Thread(target=attend, args=(house, Channel.DRAWING, theirs))
    serving.start()
    for sent in (draw, False, draw):
        ours.send(sent)
    for _ in range(2):
        assert ours.recv() == TAKEN
        assert isinstance(ours.recv(), Sample)
    ours.close()
    serving.join(PATIENCE_SECONDS)
    assert engine.num_calls == 2


@pytest.mark.parametrize(("word", "told"), [("break", "exit code 1"), ("hang", "no sign of life")])
def test_a_speaker_that_breaks_takes_its_process_along_and_all_is_told(word: str, told: str) -> None:
    with closing(opened(stall_seconds=1.0)) as shop:
        story = Story(shop)
        story.goes_on.set()

        def draw_on() -> None:
            while True:
                story.draw()

        (drawing,) = in_background(draw_on)
        await_that(lambda: NUM_STEPS in story.told)
        with pytest.raises(WorkerDied, match=told):
            story.talk(3, word)
        with pytest.raises(WorkerDied, match=told):
            drawing.result(PATIENCE_SECONDS)
        story.talk(3)
        assert story.draw().seed == 7

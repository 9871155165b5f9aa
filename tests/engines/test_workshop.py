"""A family in a process of its own: what it makes, and what its death does to those who wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PIL import Image, ImageChops

import engines
from engines.apart import apart
from engines.api import Box, EditRequest, GenerateRequest, Message, OnProgress, Progress, Sample, Seen
from engines.errors import Cancelled, EngineError, ModelNotFound, UnsupportedSize, WorkerDied
from engines.fake import FakeEngine, Fault
from engines.families import Family, fake_family, stickers_family
from engines.sizes import Size
from engines.workshop import Workshop

PATIENCE_SECONDS = 30
STICKERS = Path(engines.__file__).parent / "stickers"
REQUEST = GenerateRequest(prompt="a red dog", seed=7)
PICTURE = Image.new("RGB", (32, 32), "orange")


class Seers:
    """Eyes that see the picture's size, and break at a question of "break"."""

    vocabulary: Mapping[str, tuple[str, ...]] = {"classes": ("dog",)}

    def look(self, image: Image.Image, question: str = "") -> Seen:
        if question == "break":
            raise ZeroDivisionError
        return Seen(size=image.size, is_known=True, confidence=1.0, description=question)

    def locate(self, image: Image.Image, words: str) -> tuple[Box, ...]:
        return ((0, 0, *image.size),)


class Parrot:
    """Says the last message again, a word at a time."""

    max_tokens, pauses = 100, True

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(each.content.split()) for each in messages)

    def answer(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, object],
        num_tokens: int,
        on_progress: OnProgress,
    ) -> str:
        return "".join(self.stream(messages, num_tokens, on_progress))

    def stream(self, messages: Sequence[Message], num_tokens: int, on_progress: OnProgress) -> Iterator[str]:
        words = messages[-1].content.split()
        for step, word in enumerate(words, start=1):
            on_progress(Progress(step=step, num_steps=len(words)))
            yield word


def family_of(*faults: Fault | None, step_seconds: float = 0.0) -> Family:
    engine = FakeEngine(faults=faults, step_seconds=step_seconds)
    family = fake_family(step_seconds)
    return replace(family, painters={"full": engine}, editor=engine, eyes=Seers(), speaker=Parrot())


def no_family() -> Family:
    raise ModelNotFound("The weights are gone.")


@pytest.fixture
def shop() -> Iterator[Workshop]:
    with closing(Workshop(family_of)) as shop:
        yield shop


def members(shop: Workshop) -> Family:
    return apart(family_of(), shop)


def ignore(_: Progress) -> None:
    """Not listening."""


def await_that(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_pictures_and_progress_are_those_of_the_engine_itself(shop: Workshop) -> None:
    family, here, there, itself = members(shop), list[Progress](), list[Progress](), FakeEngine()
    drawn = family.painters["full"].generate(REQUEST, there.append)
    expected = itself.generate(REQUEST, here.append)
    assert drawn.image.tobytes() == expected.image.tobytes()
    assert replace(drawn, image=expected.image) == expected
    assert [each.step for each in there] == [each.step for each in here]
    assert [each.preview is None for each in there] == [each.preview is None for each in here]
    assert family.painters["full"].info == itself.info
    assert family.editor is not None
    request = EditRequest(image=PICTURE, instruction="make it blue", seed=1)
    changed = family.editor.edit(request, ignore)
    assert ImageChops.difference(changed.image, itself.edit(request, ignore).image).getbbox() is None


def test_stickers_are_the_same_to_the_bit_in_a_process_of_their_own() -> None:
    itself, requests = stickers_family(STICKERS), [GenerateRequest(prompt="a red car", seed=3, num_steps=4)]
    with closing(Workshop(partial(stickers_family, STICKERS))) as shop:
        family = apart(itself, shop)
        for request in requests:
            drawn = family.painters["fast"].generate(request, ignore)
            assert drawn.image.tobytes() == itself.painters["fast"].generate(request, ignore).image.tobytes()
        assert family.eyes is not None
        assert itself.eyes is not None
        assert family.eyes.look(drawn.image) == itself.eyes.look(drawn.image)
        assert family.eyes.vocabulary == itself.eyes.vocabulary


def test_errors_come_back_as_they_are(shop: Workshop) -> None:
    painter = members(shop).painters["full"]
    with pytest.raises(UnsupportedSize, match="8x8"):
        painter.generate(replace(REQUEST, size=Size(8, 8)), ignore)
    pid = shop.pid
    assert painter.generate(REQUEST, ignore).seed == 7
    assert shop.pid == pid
    with closing(Workshop(no_family)) as empty, pytest.raises(ModelNotFound, match="gone"):
        _ = members(empty).painters["full"].info


def test_nothing_is_started_before_something_is_asked(shop: Workshop) -> None:
    family = members(shop)
    assert shop.pid is None
    assert family.painters["full"].info.preset == "fake"
    assert shop.pid is not None


def test_what_progress_raises_stops_the_engine_at_that_step(shop: Workshop) -> None:
    painter, steps = members(shop).painters["full"], list[int]()

    def stop_at_three(progress: Progress) -> None:
        steps.append(progress.step)
        if progress.step == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        painter.generate(REQUEST, stop_at_three)
    assert steps == [0, 1, 2, 3]
    assert painter.generate(REQUEST, ignore).seed == 7


def test_eyes_look_while_a_long_drawing_runs_and_their_bugs_harm_nobody() -> None:
    with closing(Workshop(partial(family_of, step_seconds=0.05))) as shop:
        family, begun = members(shop), threading.Event()
        drawings = list[Sample]()

        def draw() -> None:
            request = replace(REQUEST, num_steps=40)
            drawings.append(family.painters["full"].generate(request, lambda _: begun.set()))

        thread = threading.Thread(target=draw)
        thread.start()
        assert begun.wait(PATIENCE_SECONDS)
        assert family.eyes is not None
        assert family.eyes.vocabulary == {"classes": ("dog",)}
        assert family.eyes.look(PICTURE, "what?") == Seen(
            size=(32, 32), is_known=True, confidence=1.0, description="what?"
        )
        assert family.eyes.locate(PICTURE, "dog") == ((0, 0, 32, 32),)
        with pytest.raises(EngineError, match="broke"):
            family.eyes.look(PICTURE, "break")
        assert not drawings, "they did not wait for the drawing"
        thread.join()
        assert drawings


def test_the_speaker_speaks_there_and_can_be_stopped(shop: Workshop) -> None:
    speaker = members(shop).speaker
    assert speaker is not None
    messages = [Message(role="user", content="a b c d")]
    assert speaker.max_tokens == 100
    assert speaker.count_tokens(messages) == 4
    assert list(speaker.stream(messages, 10, ignore)) == ["a", "b", "c", "d"]
    assert speaker.answer(messages, {}, 10, ignore) == "abcd"

    def stop(progress: Progress) -> None:
        if progress.step == 2:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        list(speaker.stream(messages, 10, stop))
    left = speaker.stream(messages, 10, ignore)
    assert next(left) == "a"
    left.close()  # type: ignore[attr-defined]
    assert members(shop).painters["full"].generate(REQUEST, ignore).seed == 7


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_death_is_told_and_the_next_request_is_served(number: signal.Signals) -> None:
    with closing(Workshop(partial(family_of, step_seconds=0.02))) as shop:
        painter = members(shop).painters["full"]

        def kill_at_two(progress: Progress) -> None:
            if progress.step == 2:
                assert shop.pid is not None
                os.kill(shop.pid, number)

        with pytest.raises(WorkerDied, match=rf"{number.name}.*started again. Please try again") as raised:
            painter.generate(REQUEST, kill_at_two)
        assert ("memory" in str(raised.value)) == (number is signal.SIGKILL)
        assert painter.generate(REQUEST, ignore).seed == 7


def test_a_bug_on_the_device_ends_the_process_and_not_the_program() -> None:
    with closing(Workshop(partial(family_of, Fault.CRASH))) as shop:
        painter = members(shop).painters["full"]
        with pytest.raises(WorkerDied, match="exit code 1"):
            painter.generate(REQUEST, ignore)
        with pytest.raises(WorkerDied, match="exit code 1"):
            painter.generate(REQUEST, ignore)  # the same script begins again in each process
        assert members(shop).painters["full"].info.preset == "fake"


def test_a_hung_engine_is_ended_and_started_again() -> None:
    with closing(Workshop(partial(family_of, Fault.HANG), stall_seconds=0.5)) as shop:
        painter = members(shop).painters["full"]
        start = time.monotonic()
        with pytest.raises(WorkerDied, match="no sign of life"):
            painter.generate(REQUEST, ignore)
        assert time.monotonic() - start < 10
        assert painter.info.preset == "fake"


@pytest.mark.parametrize("is_busy", [True, False])
def test_a_frozen_process_is_ended_too(is_busy: bool) -> None:
    with closing(Workshop(partial(family_of, step_seconds=0.02), stall_seconds=1.0)) as shop:
        painter = members(shop).painters["full"]
        painter.generate(REQUEST, ignore)
        frozen = shop.pid
        assert frozen is not None

        def freeze_at_two(progress: Progress) -> None:
            if progress.step == 2:
                os.kill(frozen, signal.SIGSTOP)

        if is_busy:
            with pytest.raises(WorkerDied, match="no sign of life"):
                painter.generate(REQUEST, freeze_at_two)
        else:
            os.kill(frozen, signal.SIGSTOP)
        request = EditRequest(image=Image.new("RGB", (1024, 1024)), instruction="blue", seed=1)
        assert members(shop).editor.edit(request, ignore).seed == 1  # type: ignore[union-attr]
        assert shop.pid != frozen


def test_a_process_that_dies_while_nobody_asks_is_started_and_loaded_again(shop: Workshop) -> None:
    painter = members(shop).painters["full"]
    _ = painter.info
    for _ in range(2):
        pid = shop.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await_that(lambda pid=pid: shop.pid not in {pid, None})  # type: ignore[misc]
        assert painter.generate(REQUEST, ignore).seed == 7


def test_one_that_only_ever_dies_is_not_started_for_ever() -> None:
    with closing(Workshop(end_at_once)) as shop:
        with pytest.raises(WorkerDied):
            _ = members(shop).painters["full"].info
        pid = shop.pid
        time.sleep(1.0)
        assert shop.pid == pid


def end_at_once() -> Family:
    os._exit(3)


def test_closing_lets_go_of_everybody() -> None:
    shop = Workshop(partial(family_of, Fault.HANG))
    painter, begun, errors = members(shop).painters["full"], threading.Event(), list[str]()

    def draw() -> None:
        try:
            painter.generate(REQUEST, lambda _: begun.set())
        except EngineError as error:
            errors.append(str(error))

    thread = threading.Thread(target=draw)
    thread.start()
    assert begun.wait(PATIENCE_SECONDS)
    pid = shop.pid
    shop.close()
    thread.join(PATIENCE_SECONDS)
    assert errors == ["The engine was closed before it was done."]
    assert pid is not None
    assert not is_there(pid)
    with pytest.raises(EngineError, match="closed"):
        painter.generate(REQUEST, ignore)


def test_the_process_ends_with_a_program_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        "import time\n"
        "from functools import partial\n"
        "from engines.apart import apart\n"
        "from engines.families import fake_family\n"
        "from engines.workshop import Workshop\n"
        "if __name__ == '__main__':\n"
        "    shop = Workshop(fake_family)\n"
        "    apart(fake_family(), shop).painters['full'].info\n"
        "    print(shop.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    program = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment)
    assert program.stdout is not None
    pid = int(program.stdout.readline())
    program.kill()
    program.wait()
    program.stdout.close()
    await_that(lambda: not is_there(pid))


def is_there(pid: int) -> bool:
    """Running: a zombie that nobody has asked after is gone too."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False

"""A real engine whose Llama talks while it draws: in a process of its own, and with two threads as there."""

from __future__ import annotations

import threading
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path

from engines.apart import apart
from engines.api import GenerateRequest, Message, Progress, Sample, Speaker
from engines.families import stickers_family
from engines.load_engine import load_engine
from engines.manifest import write_manifest
from engines.speaker import load_speaker
from engines.workshop import Workshop
from tests.engines.talking import build_llama, build_llama_tokenizer, write_llama
from tests.engines.test_talking_while_drawing import in_background
from tests.engines.test_workshop import PATIENCE_SECONDS, ignore
from tests.engines.tiny import build_folder


def a_folder_that_talks(folder: Path) -> Path:
    folder = build_folder(folder)
    tokenizer = build_llama_tokenizer("A red cat. Hello.", 300)
    write_llama(folder, build_llama(len(tokenizer), width=24), tokenizer)
    write_manifest(folder)
    return folder


def test_a_real_engine_draws_and_says_the_same_as_alone(tmp_path: Path) -> None:
    """A word after each step; its Llama reads, then talks, and the picture stays the same to the bit."""
    folder = a_folder_that_talks(tmp_path)
    hello = [Message(role="user", content="Hello.")]
    request = GenerateRequest(prompt="a red cat", seed=3, num_steps=6)
    engine = load_engine("stickers-full", folder)
    picture = engine.generate(request, ignore).image
    words = list(load_speaker(engine).stream(hello, 12, ignore))
    step, word = threading.Semaphore(0), threading.Semaphore(0)

    def after_a_word(_: Progress) -> None:
        step.release()
        word.acquire(timeout=PATIENCE_SECONDS)

    with closing(Workshop(partial(stickers_family, folder))) as shop:
        family = apart(stickers_family(folder), shop)
        (drawing,) = in_background(lambda: family.painters["full"].generate(request, after_a_word))
        said, speaker = list[str](), family.speaker
        assert speaker is not None
        for piece in speaker.stream(hello, 12, ignore):
            step.acquire(timeout=0.2)
            said.append(piece)
            word.release()
        word.release(100)
        drawn = drawing.result(PATIENCE_SECONDS)
    assert isinstance(drawn, Sample)
    assert drawn.image.tobytes() == picture.tobytes()
    assert said == words


def test_a_speaker_counts_while_its_engine_reads(tmp_path: Path) -> None:
    """One tokenizer for both would be told to cut and to pad by one, and be at work for the other."""
    folder = a_folder_that_talks(tmp_path)
    engine = load_engine("stickers-full", folder)
    speaker: Speaker = load_speaker(engine)
    messages = [Message(role="user", content="A red cat. " * 50)]
    expected, is_over = speaker.count_tokens(messages), threading.Event()

    def read() -> None:
        for number in count():
            engine.parts.text.tokenize([f"a red cat {number}"] * 8)
            if is_over.is_set():
                return

    (reading,) = in_background(read)
    try:
        assert [speaker.count_tokens(messages) for _ in range(500)] == [expected] * 500
    finally:
        is_over.set()
    reading.result(PATIENCE_SECONDS)

"""What comes of hostile files: a picture or a sentence, soon, and never the end of a decoder."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.decoder.pool import Decoders
from agent.decoder.wire import Task
from agent.errors import UploadRejected
from agent.infotext import read_settings
from agent.uploads import clean_upload
from tests.agent.decoder.hostile import (
    BOMBS,
    PNG_SIGNATURE,
    POLYGLOTS,
    SECRET,
    png,
    private_pictures,
    seeds,
    zeros,
)
from tests.agent.decoder.verdicts import FAULTS, verdict
from tests.bench.uploads import MOST_MEGABYTES, kilobytes, settled

NUM_BROKEN = 10_000
"""The rest of the 100,000: python -m tests.bench.uploads"""


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    both = Decoders()
    yield both
    both.close()


def test_every_seed_is_whole(decoders: Decoders) -> None:
    for seed in seeds():
        assert clean_upload(seed, decoders).width > 0


def test_broken_files_give_a_picture_or_a_sentence(decoders: Decoders) -> None:
    found = Counter(verdict(number, decoders) for number in range(NUM_BROKEN))
    assert {what: count for what, count in found.items() if what.startswith(FAULTS)} == {}
    assert found["picture"] > NUM_BROKEN // 20, "the damage is not always the same"
    assert found["damaged"] > NUM_BROKEN // 20
    assert decoders.num_started <= 1 + NUM_BROKEN // 500, "none had to be replaced early"


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_with_a_sentence(name: str, decoders: Decoders) -> None:
    with pytest.raises(UploadRejected) as caught:
        clean_upload(BOMBS[name].make(), decoders)
    assert BOMBS[name].says in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_bomb_takes_no_hundred_megabytes() -> None:
    """One decoder for all of them: its peak is the worst one's. Seconds: tests/bench/uploads.py."""
    one = Decoders(num_decoders=1)
    clean_upload(png(8, 8, data=zeros(8 * 25)), one)
    process = one._places.get()
    one._places.put(process)
    assert process is not None
    before = settled(process.pid)
    for bomb in BOMBS.values():
        with pytest.raises(UploadRejected):
            clean_upload(bomb.make(), one)
    assert one.num_started == 1, "none of them brought it down"
    assert kilobytes(process.pid, "VmHWM") - before < MOST_MEGABYTES * 1024
    one.close()


def test_looking_for_settings_decodes_no_pixels() -> None:
    one = Decoders(num_decoders=1)
    for content in (
        png(6_000, 6_000, data=zeros(6_000 * 18_001)),
        png(13_000, 13_000, colour=0, data=zeros(169_013_000)),
    ):
        assert read_settings(content, one) is None
    process = one._places.get()
    one._places.put(process)
    assert process is not None
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert peak is not None
    assert int(peak[1]) < 60 * 1024
    one.close()


@pytest.mark.parametrize("name", POLYGLOTS)
def test_of_a_file_that_is_two_things_the_pixels_stay(name: str, decoders: Decoders) -> None:
    clean = clean_upload(POLYGLOTS[name](), decoders)
    assert SECRET not in clean.png
    assert kinds(clean.png) == {b"IHDR", b"IDAT", b"IEND"}


def test_nothing_of_200_pictures_stays_but_pixels(decoders: Decoders) -> None:
    pictures = private_pictures(200)
    for picture in pictures:
        assert SECRET in picture
        clean = clean_upload(picture, decoders)
        assert SECRET not in clean.png
        assert kinds(clean.png) == {b"IHDR", b"IDAT", b"IEND"}
    assert len(set(pictures)) == 200


def test_a_task_for_png_takes_nothing_else(decoders: Decoders) -> None:
    for seed in seeds():
        if seed.startswith(PNG_SIGNATURE):
            decoded = decoders.ask(Task.PIXELS, seed)
            assert decoded.image().size == (decoded.answer.width, decoded.answer.height)
        else:
            with pytest.raises(Exception, match="unreadable"):
                decoders.ask(Task.PIXELS, seed)


def kinds(png: bytes) -> set[bytes]:
    """Of all its chunks."""
    found, at = set(), len(PNG_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        found.add(png[at + 4 : at + 8])
        at += 12 + length
    return found

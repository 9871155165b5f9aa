"""Decoders that die, hang or grow: the file is refused, the next one is read, and nobody waits for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from agent.decoder.pool import Decoders, Undecodable, fits
from agent.decoder.wire import Answer, Problem, Task
from agent.errors import UploadRejected
from agent.uploads import clean_upload
from tests.agent.decoder.hostile import as_written, noise

resource = pytest.importorskip("resource", reason="this system has no limits to test")

WHOLE = as_written(noise(1), "PNG")
LETHAL = cast(Task, "no such task")
"""A decoder that does not know its task ends, as one does that has crashed."""


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    one = Decoders(num_decoders=1)
    yield one
    one.close()


@pytest.fixture(scope="module")
def slow_file() -> bytes:
    """Takes most of a second."""
    return as_written(noise(1).resize((8000, 5000)), "JPEG", progressive=True, quality=60)


def process_of(decoders: Decoders) -> int:
    """The id of the only one."""
    process = decoders._places.get()
    decoders._places.put(process)
    assert process is not None
    return process.pid


def test_one_process_reads_many_files(decoders: Decoders) -> None:
    for _ in range(20):
        assert clean_upload(WHOLE, decoders).height == 24
    assert decoders.num_started == 1


def test_a_crash_refuses_one_file_and_no_other(decoders: Decoders) -> None:
    for number in range(1, 4):
        with pytest.raises(Undecodable) as caught:
            decoders.ask(LETHAL, WHOLE)
        assert caught.value.problem is Problem.CRASHED
        assert clean_upload(WHOLE, decoders).height == 24
        assert decoders.num_started == 1 + number


def test_one_that_died_while_idle_is_replaced_unnoticed(decoders: Decoders) -> None:
    clean_upload(WHOLE, decoders)
    os.kill(process_of(decoders), signal.SIGKILL)
    time.sleep(0.1)
    assert clean_upload(WHOLE, decoders).height == 24


def test_who_takes_too_long_is_ended(slow_file: bytes) -> None:
    hasty = Decoders(num_decoders=1, file_seconds=0.15)
    hasty.start()
    time.sleep(1)
    begun = time.monotonic()
    with pytest.raises(UploadRejected, match="takes too long to read"):
        clean_upload(slow_file, hasty)
    assert time.monotonic() - begun < 0.6
    hasty.file_seconds = 20
    assert clean_upload(WHOLE, hasty).height == 24
    assert hasty.num_started == 2
    hasty.close()


def test_the_system_ends_one_that_burns_time(decoders: Decoders, slow_file: bytes) -> None:
    clean_upload(WHOLE, decoders)
    pid = process_of(decoders)
    with ThreadPoolExecutor(1) as other:
        while cpu_seconds(pid) < 1.2:
            clean_upload(slow_file, decoders)
        late = other.submit(clean_upload, slow_file, decoders)
        time.sleep(0.15)
        resource.prlimit(pid, resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY))
        with pytest.raises(UploadRejected, match="takes too long to read"):
            late.result()
    assert clean_upload(WHOLE, decoders).height == 24
    assert decoders.num_started == 2


def test_one_that_needs_too_much_memory_is_replaced(decoders: Decoders, slow_file: bytes) -> None:
    clean_upload(WHOLE, decoders)
    resource.prlimit(process_of(decoders), resource.RLIMIT_AS, (100 * 1024**2, 100 * 1024**2))
    with pytest.raises(UploadRejected, match="too much memory"):
        clean_upload(slow_file, decoders)
    assert clean_upload(slow_file, decoders).width == 2048
    assert decoders.num_started == 2


def test_nobody_waits_for_ever_for_a_place(slow_file: bytes) -> None:
    short = Decoders(num_decoders=1, wait_seconds=0.05)
    with ThreadPoolExecutor(1) as other:
        busy = other.submit(clean_upload, slow_file, short)
        time.sleep(0.2)
        with pytest.raises(UploadRejected, match="in a few seconds"):
            clean_upload(WHOLE, short)
        assert busy.result().width == 2048
    assert clean_upload(WHOLE, short).height == 24
    short.close()


def test_many_threads_get_each_their_own_picture() -> None:
    both = Decoders(num_decoders=2)
    pictures = [as_written(Image.new("RGB", (8, 8), (level, 0, 0)), "PNG") for level in range(100)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda content: both.ask(Task.CLEAN, content).pixels[0], pictures))
    assert found == list(range(100))
    assert both.num_started == 2
    both.close()


def test_a_decoder_can_reach_next_to_nothing(decoders: Decoders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVERIE_API_KEY", "canary-key")
    with Path(__file__).open() as inherited:
        os.set_inheritable(inherited.fileno(), True)
        clean_upload(WHOLE, decoders)
    pid = process_of(decoders)
    assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"]
    assert b"canary-key" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (3, 3)
    assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)
    assert resource.prlimit(pid, resource.RLIMIT_FSIZE) == (0, 0)
    assert resource.prlimit(pid, resource.RLIMIT_AS) == (1024**3, 1024**3)
    assert 0 < resource.prlimit(pid, resource.RLIMIT_CPU)[0] < 60
    loaded = Path(f"/proc/{pid}/maps").read_text()
    assert "_imaging." in loaded
    assert not [name for name in ("pydantic", "numpy", "_ssl.", "_sqlite3.") if name in loaded]


def test_no_decoder_outlives_the_app() -> None:
    program = (
        "import os, signal\nfrom agent.decoder.pool import Decoders\nall = Decoders()\nall.start()\n"
        "print(all._places.get().pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).parents[3]
    ended = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    pid, waited = int(ended.stdout), time.monotonic()
    while is_running(pid):
        assert time.monotonic() - waited < 10
        time.sleep(0.05)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_running(pid: int) -> bool:
    """A dead one that nobody has asked after yet does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_a_decoder_claims_must_fit() -> None:
    picture = Answer(width=4, height=2)
    assert fits(Task.CLEAN, picture, 24)
    assert not fits(Task.CLEAN, picture, 23)
    assert not fits(Task.CLEAN, Answer(), 0)
    assert not fits(Task.CLEAN, Answer(width=-4, height=-2), 24)
    assert not fits(Task.PIXELS, Answer(width=40_001, height=1000), 120_003_000)
    assert not fits(Task.CLEAN, Answer(problem=Problem.DAMAGED), 24)
    assert fits(Task.TEXTS, Answer(recipe="{}"), 0)


def test_closing_ends_all() -> None:
    both = Decoders()
    clean_upload(WHOLE, both)
    pid = process_of(both)
    both.close()
    assert not is_running(pid)
    for timer in [each for each in threading.enumerate() if isinstance(each, threading.Timer)]:
        assert timer.finished.is_set(), "cancelled, if its thread has not ended yet"

"""The engine's process is killed, and the conversation goes on."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from pathlib import Path

import httpx
import pytest

from tests.bench.engine_kill import engine_of, run_engine_kills
from tests.browser.server import Server, Visitor

NUM_KILLS = 5


@pytest.mark.parametrize("num_devices", [1, 2])
def test_every_turn_is_told_and_the_next_one_is_done(tmp_path: Path, num_devices: int) -> None:
    seed = secrets.randbits(31)
    arguments = f"--kills {NUM_KILLS} --seed {seed} --devices {num_devices}"
    print(f"python -m tests.bench.engine_kill {arguments}")
    tally = run_engine_kills(tmp_path, NUM_KILLS, seed, num_devices)
    assert tally.total == 0, tally.table()
    assert tally.kills == NUM_KILLS


def test_the_page_stays_up_and_says_what_happened(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--engine", "fake", "--fake-step-seconds", "0.4")
    server.start()
    try:
        visitor = Visitor(server.url)
        assert "Here is" in "".join(map(str, visitor.send("draw a green dog"))), "the process is there"
        for number in (signal.SIGKILL, signal.SIGSEGV):
            killing = threading.Timer(1.5, lambda number=number: os.kill(engine_of(server), number))  # type: ignore[misc]
            killing.start()
            heard = "".join(map(str, visitor.send("draw a red dog")))
            killing.join()
            assert "started again" in heard
            assert httpx.get(server.url).status_code == 200
            assert "Here is" in "".join(map(str, visitor.send("draw a blue dog")))
    finally:
        engine = engine_of(server)
        assert server.stop() == 0
    assert not Path(f"/proc/{engine}").exists()

"""What is switched off in Gradio is still there to be switched off, and stays off."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from gradio.queueing import Queue

from ui.serve import be_quiet
from ui.start_up import prepare_environment


async def new_queue() -> Queue:
    """On a loop, or it would make one of its own."""
    no_page: Any = None
    return Queue(live_updates=False, concurrency_count=1, update_intervals=1, max_size=1, blocks=no_page)


def test_the_names_are_those_of_gradio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    prepare_environment(tmp_path)
    queue = asyncio.run(new_queue())
    before = dict(vars(queue))
    be_quiet(queue)
    assert vars(queue).keys() == before.keys()
    assert vars(queue) != before
    assert (queue.ANALYTICS_MAX_EVENTS, queue.ANAYLTICS_CACHE_FREQUENCY) == (1, 10**12)

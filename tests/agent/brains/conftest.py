"""A scripted chat server and a brain that asks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.brains.openai import OpenAIBrain
from tests.agent.brains.chat_server import KEY, MODEL, Server, chat_server


@pytest.fixture
def server() -> Iterator[Server]:
    with chat_server() as server:
        yield server


@pytest.fixture
def brain(server: Server) -> Iterator[OpenAIBrain]:
    brain = OpenAIBrain(server.url, MODEL, KEY, timeout_seconds=5)
    yield brain
    brain.close()

"""Talk, and questions about pictures, go on while the device is busy for long."""

from __future__ import annotations

import threading
from contextlib import closing
from functools import partial
from pathlib import Path

from agent.brains.offline import OfflineBrain
from agent.domain import PictureOptions, Quality
from agent.events import ArtifactReady, StepProgress, TurnDone, TurnStopped
from engines.apart import apart
from engines.workshop import Workshop
from tests.doubles import build_agent
from tests.engines.test_workshop import family_of

PATIENCE_SECONDS = 30


def test_turns_without_a_picture_never_wait_for_the_device(tmp_path: Path) -> None:
    load = partial(family_of, step_seconds=0.05)
    with closing(Workshop(load)) as shop:
        family = apart(load(), shop)
        agent = build_agent(
            tmp_path,
            brain=OfflineBrain(),
            engines={Quality.FULL: family.painters["full"]},
            editors={},
            eyes=family.eyes,
        )
        coordinator, sessions = agent.coordinator, agent.sessions
        drawing, talking = sessions.create("ann").id, sessions.create("bob").id
        first = list(coordinator.run(talking, "bob", "draw a red dog", options=PictureOptions(num_steps=2)))
        assert any(isinstance(each, ArtifactReady) for each in first)
        begun, last = threading.Event(), list[object]()

        def draw() -> None:
            for event in coordinator.run(drawing, "ann", "draw a cat", options=PictureOptions(num_steps=200)):
                if isinstance(event, StepProgress):
                    begun.set()
                last.append(event)

        thread = threading.Thread(target=draw)
        thread.start()
        assert begun.wait(PATIENCE_SECONDS)
        for words in ("hello", "what is in the picture?", "谢谢"):
            end = list(coordinator.run(talking, "bob", words))[-1]
            assert isinstance(end, TurnDone), end
            assert thread.is_alive(), f"{words} waited for the device"
        assert isinstance(last[-1], StepProgress)
        coordinator.stop(drawing, "ann")
        thread.join(PATIENCE_SECONDS)
        assert isinstance(last[-1], TurnStopped)
        agent.close()

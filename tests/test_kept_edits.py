"""The embedded editor, asked as the chat asks it: outside of what was meant, not one bit changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.domain import EditStep, PictureOptions, Quality
from engines.api import EditRequest, EngineInfo, GenerateRequest, OnProgress, Sample
from engines.engine import DiffusionEngine
from engines.load_engine import load_engine
from tests.agent.test_executor import begin, carry_out, upload
from tests.agent.test_requests import pixels, store_mask
from tests.doubles import Agent, build_agent


class Quick:
    """The embedded editor in two steps: what it draws is of no account here."""

    def __init__(self, engine: DiffusionEngine) -> None:
        self.engine = engine

    @property
    def info(self) -> EngineInfo:
        return self.engine.info

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        return self.engine.generate(request, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        return self.engine.edit(replace(request, num_steps=2), on_progress)


@pytest.fixture(scope="module")
def editor() -> Quick:
    return Quick(load_engine("stickers-edit"))


@pytest.fixture
def agent(tmp_path: Path, editor: Quick) -> Iterator[Agent]:
    built = build_agent(tmp_path, editors={Quality.FULL: editor})
    yield built
    built.close()


@pytest.mark.parametrize("size", [(256, 256), (300, 200)])
@pytest.mark.parametrize("way", ["painted", "found"])
def test_outside_nothing_changes_in_several_sizes(agent: Agent, size: tuple[int, int], way: str) -> None:
    session = agent.sessions.create("ann")
    source = upload(agent, session, size)
    mask = Image.new("L", size)
    mask.paste(255, (size[0] // 3, size[1] // 3, size[0] // 2, size[1] // 2))
    mask_id = store_mask(agent, session, mask, source).id if way == "painted" else None
    step = EditStep(instruction="add a red car", source=source.id, mask=mask_id, keeps_rest=True)
    (made,) = carry_out(agent, step, begin(agent, session, PictureOptions(seed=1))).artifacts
    before, after = pixels(agent, source), pixels(agent, made)
    assert before.shape == after.shape
    assert made.change is not None
    assert made.change.outside == 0
    if way == "painted":
        outside = np.asarray(mask) == 0
        assert (before[outside] == after[outside]).all()
        assert (before != after).any()

"""The map of an edit: for its owner, and only where there is something to compare."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from agent.change_map import change_map
from agent.domain import AdjustStep, EditStep
from agent.errors import SourceNotFound
from agent.operations import Crop
from tests.agent.test_executor import begin, carry_out, upload
from tests.doubles import build_agent


def test_edits_have_a_map_and_other_pictures_say_why_not(tmp_path: Path) -> None:
    agent = build_agent(tmp_path)
    session = agent.sessions.create("ann")
    source = upload(agent, session, (300, 200))
    (edited,) = carry_out(
        agent, EditStep(instruction="red", source=source.id), begin(agent, session)
    ).artifacts
    png = change_map(agent.sessions, agent.artifacts, edited.id, "ann")
    assert Image.open(io.BytesIO(png)).size == (edited.width, edited.height)
    crop = AdjustStep(instruction="crop it", source=source.id, operation=Crop(aspect=1))
    (cropped,) = carry_out(agent, crop, begin(agent, session)).artifacts
    for artifact in (source, cropped):
        with pytest.raises(SourceNotFound, match=f"{artifact.handle} is no edit"):
            change_map(agent.sessions, agent.artifacts, artifact.id, "ann")
    with pytest.raises(SourceNotFound, match="no such picture"):
        change_map(agent.sessions, agent.artifacts, edited.id, "eve")
    agent.close()

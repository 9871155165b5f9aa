"""Gradio tells of a change when a text box is first shown with nothing for a value: an event nobody made."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from agent.brains.offline import OfflineBrain
from agent.choices import Choice, Choices
from tests.doubles import build_agent
from ui.chat import build_page
from ui.handlers import Handlers

TELLS_ITS_ADDRESS = 1
"""The session's id: that the page has none yet is news to its address."""


def test_no_text_box_changes_when_it_is_first_shown(tmp_path: Path) -> None:
    """Its answer would come later than what somebody typed or opened, and take it away."""
    agent, rules = build_agent(tmp_path), OfflineBrain()
    choices = Choices(
        folder=tmp_path,
        current=Choice(),
        build=lambda _: rules,
        brains=("offline",),
        engines=("fake",),
    )
    handlers = Handlers(sessions=agent.sessions, coordinator=agent.coordinator)

    async def configured() -> Any:
        """On a loop, or Gradio would make one of its own."""
        return build_page(handlers, choices).get_config_file()

    config = asyncio.run(configured())
    boxes = {each["id"]: each["props"] for each in config["components"] if each["type"] == "textbox"}
    heard = {
        number
        for event in config["dependencies"]
        for number, name in event["targets"]
        if name == "change" and number in boxes and event["outputs"]
    }
    assert len(heard) > TELLS_ITS_ADDRESS
    assert len([number for number in heard if boxes[number].get("value") is None]) == TELLS_ITS_ADDRESS
    agent.close()

"""What can be done with a picture, a plan or an earlier message. The browser names ids and words; whether
they exist, and whose they are, the store says."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import gradio as gr
from pydantic import Field, TypeAdapter, ValidationError

from agent.domain import MAX_STEPS_PER_TURN, Recipe, Shape, TurnStatus, Value
from agent.metadata import read_settings
from ui.handlers import Handlers, Page, Sent, View, language_in, message_box, require_owner
from ui.live import LiveTurn
from ui.settings import wanted_options

__all__ = ["Gestures"]

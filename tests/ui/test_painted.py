"""What the brush sends, before the coordinator looks into it."""

from __future__ import annotations

import json
from base64 import b64encode

import gradio as gr
import pytest

from ui.painted import Painted, read_painted


def test_nothing_painted_is_nothing_sent() -> None:
    assert read_painted("", "en") == Painted()


def test_the_png_and_its_picture() -> None:
    payload = json.dumps({"about": "a" * 32, "png": b64encode(b"png").decode()})
    assert read_painted(payload, "en") == Painted(about="a" * 32, png=b"png")


@pytest.mark.parametrize(
    "payload",
    ["{", "[]", '{"about": "a"}', '{"about": "a", "png": "*"}', '{"about": "a", "png": "", "path": "/etc"}'],
)
def test_what_arrived_damaged_is_to_be_painted_again(payload: str) -> None:
    with pytest.raises(gr.Error, match="paint it again"):
        read_painted(payload, "en")

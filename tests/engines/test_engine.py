"""The engine's face: what it says of itself and how it fails."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from PIL import Image

from engines.api import EditRequest, Engine, GenerateRequest, Progress
from engines.errors import DeviceOutOfMemory, EngineError
from engines.load_engine import load_engine
from engines.presets import PRESETS
from engines.sizes import Size
from tests.engines.tiny import MAX_TOKENS

TINY = dataclasses.replace(PRESETS["stickers-full"], sizes=(Size(64, 64),))
REQUEST = GenerateRequest(prompt="a cat", seed=0, num_steps=1)


def ignore(progress: Progress) -> None:
    """Watch nothing."""


def test_info(tiny_folder: Path) -> None:
    engine: Engine = load_engine(TINY, tiny_folder)
    info = engine.info
    assert (info.preset, info.sizes, info.can_edit) == ("stickers-full", (Size(64, 64),), False)
    assert info.max_prompt_tokens == MAX_TOKENS
    assert info.vocabulary["classes"] == ("cat", "dog")
    assert len(info.weights_hash) == 64


def test_a_verb_that_the_preset_does_not_have_is_refused(tiny_folder: Path) -> None:
    engine = load_engine(TINY, tiny_folder)
    with pytest.raises(EngineError, match="stickers-full draws pictures"):
        engine.edit(EditRequest(image=Image.new("RGB", (64, 64)), instruction="make it red", seed=0), ignore)
    editor = load_engine("stickers-edit", tiny_folder, share=engine)
    with pytest.raises(EngineError, match="stickers-edit edits pictures"):
        editor.generate(REQUEST, ignore)


@pytest.mark.parametrize(
    "failure",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
    ids=["device", "python", "host"],
)
def test_a_full_device_is_told_in_one_sentence(tiny_folder: Path, failure: Exception) -> None:
    engine = load_engine(TINY, tiny_folder)

    def fail(progress: Progress) -> None:
        raise failure

    with pytest.raises(DeviceOutOfMemory, match="ran out of memory: choose a smaller size"):
        engine.generate(REQUEST, fail)


def test_other_failures_are_not_disguised(tiny_folder: Path) -> None:
    engine = load_engine(TINY, tiny_folder)

    def fail(progress: Progress) -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        engine.generate(REQUEST, fail)

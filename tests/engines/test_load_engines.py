"""Which devices engines may be loaded on."""

from __future__ import annotations

import pytest
import torch

from engines.errors import EngineError
from engines.load_engines import load_engines, require_devices


@pytest.mark.parametrize(
    ("devices", "sentence"),
    [
        (["gpu"], "gpu is no device: use cuda:0"),
        (["cuda:99", "cuda:98"], "There is no cuda:99"),
        (["cpu"], "Give an even number of devices, not 1"),
        ([], "Give an even number of devices, not 0"),
    ],
)
def test_devices_that_cannot_be_used_are_refused(devices: list[str], sentence: str) -> None:
    with pytest.raises(EngineError, match=sentence):
        load_engines("stickers-full", devices=devices, split="guidance")


def test_devices_are_named_once_and_of_one_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    require_devices(["cuda:0", "cuda:1"], "guidance")
    require_devices(["cuda:0", "cpu"])
    with pytest.raises(EngineError, match="cuda:0 is named twice"):
        require_devices(["cuda:0", "cuda:0"])
    with pytest.raises(EngineError, match="at least one device, not 0"):
        require_devices([])
    with pytest.raises(EngineError, match="devices of one kind"):
        require_devices(["cuda:0", "cpu"], "guidance")

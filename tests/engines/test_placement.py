"""Small models in float32, large ones in bfloat16, on the device that is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engines import placement
from engines.placement import choose_placement


def test_small_weights_run_in_float32(tmp_path: Path) -> None:
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / "model.safetensors").write_bytes(b"0" * 10)
    place = choose_placement(tmp_path)
    assert place.dtype is torch.float32
    assert place.device.type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_large_weights_run_in_bfloat16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "SMALL_BYTES", 20)
    for part in ("vae", "transformer"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "model.safetensors").write_bytes(b"0" * 10)
    assert choose_placement(tmp_path).dtype is torch.bfloat16

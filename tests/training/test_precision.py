"""A device is trained on in the type that it multiplies fastest."""

from __future__ import annotations

import pytest
import torch

from training.precision import autocast, training_dtype


@pytest.mark.parametrize("extension", ["amx_bf16", "avx512_bf16", "sve_bf16"])
def test_a_processor_that_multiplies_bfloat16_trains_in_it(
    monkeypatch: pytest.MonkeyPatch, extension: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, extension: True})
    assert training_dtype("cpu") is torch.bfloat16
    with autocast("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16


def test_others_train_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": False})
    assert training_dtype(torch.device("cpu")) is torch.float32
    with autocast("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32


def test_a_card_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for has_it in (True, False):
        monkeypatch.setattr(
            torch.cuda, "is_bf16_supported", lambda including_emulation, has_it=has_it: has_it
        )
        assert training_dtype("cuda") is (torch.bfloat16 if has_it else torch.float32)

"""TorchScript is a program: this is the one file that runs one, once a person has vouched for it."""

from __future__ import annotations

import warnings
from typing import Any, cast

import torch
from torch import nn

from training.data.curation.judges.files import JudgeFile
from training.errors import BadRecipe

__all__ = ["load_trusted"]


def load_trusted(file: JudgeFile, trusted_sha256: str, probe: torch.Tensor, width: int) -> nn.Module:
    """A network that makes (batch, `width`) of `probe`. Raises BadRecipe for any other hash."""
    if file.sha256 != trusted_sha256.lower():
        raise BadRecipe(
            f"{file.path} is TorchScript: a program, which would run with your rights. Take the file of "
            f"weights that is published beside it, or vouch for this one: --trust-torchscript {file.sha256}"
        )
    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            load: Any = torch.jit.load
            network = load(str(file.checked()), map_location="cpu").eval()
        with torch.inference_mode():
            made = network(probe)
    except RuntimeError as error:
        raise BadRecipe(
            f"{file.path} cannot be run ({str(error).splitlines()[0]}): fetch it again."
        ) from error
    if not isinstance(made, torch.Tensor) or made.shape != (len(probe), width):
        raise BadRecipe(f"{file.path} is another program: it does not make {width} numbers a picture.")
    return cast(nn.Module, network)

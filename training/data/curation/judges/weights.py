"""Weights from files that strangers published: tables of numbers are read, programs are not."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from training.errors import BadRecipe

__all__ = ["fill", "is_torchscript", "read_weights"]

Network = TypeVar("Network", bound=nn.Module)
INSIDE = ("state_dict", "weights", "model")
"""Under these names training scripts keep the table among other things."""
UNNEEDED = "num_batches_tracked"
MOST_TOLD = 3


def read_weights(file: Path) -> dict[str, Tensor]:
    """From .safetensors, or from what torch.save wrote of tensors alone.

    The latter is a pickle: torch's restricted reader builds tensors and plain containers and refuses all
    else, so that nothing in the file is run. Raises BadRecipe.
    """
    if file.suffix == ".safetensors":
        try:
            return load_file(file)
        except (OSError, SafetensorError) as error:
            raise BadRecipe(f"{file} cannot be read as safetensors ({error}): fetch it again.") from error
    if is_torchscript(file):
        raise BadRecipe(
            f"{file} is TorchScript, a program and not weights alone: take the file of weights that is "
            "published beside it."
        )
    try:
        with warnings.catch_warnings(action="ignore"):
            content: Any = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BadRecipe(
            f"{file} is no table of weights, or holds a program beside them; nothing of it was run. Fetch it "
            "from where it is published."
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRecipe(f"{file} is damaged ({type(error).__name__}): fetch it again.") from error
    return table_in(content, file)


def is_torchscript(file: Path) -> bool:
    """True for an archive that carries code."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any("/code/" in name for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def table_in(content: object, file: Path) -> dict[str, Tensor]:
    for name in INSIDE:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    if (
        not isinstance(content, Mapping)
        or not content
        or not all(isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items())
    ):
        raise BadRecipe(f"{file} holds no table of weights.")
    wrapped = all(name.startswith("module.") for name in content)
    return {name.removeprefix("module.") if wrapped else name: value for name, value in content.items()}


def fill(network: Network, weights: Mapping[str, Tensor], file: Path) -> Network:
    """The network with these weights, ready to judge. Raises BadRecipe for any that do not fit."""
    expected = network.state_dict()
    missing = [name for name in expected if name not in weights and not name.endswith(UNNEEDED)]
    extra = [name for name in weights if name not in expected]
    misshapen = [
        f"{name} is {shape_of(weights[name])} and not {shape_of(tensor)}"
        for name, tensor in expected.items()
        if name in weights and weights[name].shape != tensor.shape
    ]
    broken = [name for name, tensor in weights.items() if not tensor.isfinite().all()]
    wrongs = (
        ("lacks", missing),
        ("has besides", extra),
        ("does not fit:", misshapen),
        ("is broken in", broken),
    )
    told = [f"{verb} {listed(names)}" for verb, names in wrongs if names]
    if told:
        raise BadRecipe(
            f"{file} is not the {type(network).__name__} that was published: it {', '.join(told)}."
        )
    network.load_state_dict({**expected, **weights})
    return network.float().eval().requires_grad_(False)


def shape_of(tensor: Tensor) -> str:
    return "x".join(str(size) for size in tensor.shape) or "one number"


def listed(names: list[str]) -> str:
    more = len(names) - MOST_TOLD
    return ", ".join(names[:MOST_TOLD]) + (f" and {more} more" if more > 0 else "")

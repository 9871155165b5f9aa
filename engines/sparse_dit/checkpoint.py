"""Read and write a transformer folder in diffusers layout: config.json and safetensors, maybe in shards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from engines.errors import ModelNotFound, WeightsDamaged

__all__ = [
    "is_repository",
    "read_config",
    "read_weights",
    "refuse_pickle",
    "weight_files",
    "write_checkpoint",
    "write_checkpoint_parts",
]

CONFIG = "config.json"
WEIGHTS = "diffusion_pytorch_model.safetensors"
INDEX = "diffusion_pytorch_model.safetensors.index.json"
CLASS_NAME = "HiDreamImageTransformer2DModel"
FORMAT_VERSION = "0.32.1"
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def read_config(folder: Path) -> dict[str, Any]:
    """The constructor's keys. Raises ModelNotFound or WeightsDamaged."""
    if not (folder / CONFIG).is_file():
        raise ModelNotFound(
            f"No transformer at {folder}: {CONFIG} is missing. Give a folder in diffusers layout."
        )
    keys = read_json(folder / CONFIG)
    return {key: value for key, value in keys.items() if not key.startswith("_")}


def read_weights(
    folder: Path, shapes: Mapping[str, torch.Size], dtype: torch.dtype, device: torch.device
) -> dict[str, Tensor]:
    """All tensors of `shapes`, floating ones in `dtype`. Raises WeightsDamaged on any difference."""
    state: dict[str, Tensor] = {}
    for file in weight_files(folder):
        for name, tensor in read_tensors(file):
            if name not in shapes:
                raise WeightsDamaged(
                    f"{file} holds {name}, which this transformer does not have: foreign weights."
                )
            if tensor.shape != shapes[name]:
                found, wanted = (tuple(shape) for shape in (tensor.shape, shapes[name]))
                raise WeightsDamaged(f"{file}: {name} has shape {found} where config.json asks for {wanted}.")
            state[name] = tensor.to(device=device, dtype=dtype)
    missing = [name for name in shapes if name not in state]
    if missing:
        raise WeightsDamaged(
            f"{folder} lacks {len(missing)} of {len(shapes)} tensors, the first is {missing[0]}."
        )
    return state


def write_checkpoint(folder: Path, keys: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
    """Write what read_config and read_weights read, and what diffusers' own class loads."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"_class_name": CLASS_NAME, "_diffusers_version": FORMAT_VERSION, **keys}
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def write_checkpoint_parts(
    folder: Path, keys: Mapping[str, Any], parts: Iterable[Mapping[str, Tensor]], num_parts: int
) -> None:
    """The same in `num_parts` files with an index, as large models are published; one in memory at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"_class_name": CLASS_NAME, "_diffusers_version": FORMAT_VERSION, **keys}
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    weight_map: dict[str, str] = {}
    total_size = 0
    for number, part in enumerate(parts, 1):
        name = WEIGHTS.replace(".safetensors", f"-{number:05}-of-{num_parts:05}.safetensors")
        tensors = {each: tensor.detach().cpu().contiguous() for each, tensor in part.items()}
        save_file(tensors, folder / name, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(tensors, name)
        total_size += sum(tensor.nbytes for tensor in tensors.values())
    index = {"metadata": {"total_size": total_size}, "weight_map": weight_map}
    (folder / INDEX).write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def weight_files(folder: Path) -> list[Path]:
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not (folder / INDEX).is_file():
        raise ModelNotFound(f"No weights at {folder}: neither {WEIGHTS} nor {INDEX} is there.")
    weight_map = read_json(folder / INDEX).get("weight_map")
    if not isinstance(weight_map, dict):
        raise WeightsDamaged(f"{folder / INDEX} has no weight_map.")
    names = sorted({str(name) for name in weight_map.values()})
    if any(Path(name).name != name for name in names):
        raise WeightsDamaged(f"{folder / INDEX} names files outside its own folder.")
    return [folder / name for name in names]


def refuse_pickle(file: Path, remedy: str) -> None:
    """Raises WeightsDamaged for a pickle, whatever its name; `remedy` ends the sentence."""
    with file.open("rb") as stream:
        start = stream.read(9)
    # Safetensors begins with its header's length, which can look like a pickle; then comes the header.
    if start.startswith(PICKLE_STARTS) and not start.endswith(b"{"):
        raise WeightsDamaged(
            f"{file} is a pickle, which can run any program when it is read, so it is never loaded: {remedy}."
        )


def read_tensors(file: Path) -> Iterator[tuple[str, Tensor]]:
    try:
        with safe_open(file, framework="pt") as archive:
            for name in archive.keys():  # noqa: SIM118 - not a mapping
                yield name, archive.get_tensor(name)
    except FileNotFoundError as error:
        raise WeightsDamaged(f"{file} is missing; fetch the weights again.") from error
    except SafetensorError as error:
        raise WeightsDamaged(f"{file} is cut or damaged ({error}); fetch the weights again.") from error


def read_json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsDamaged(f"{file} is not readable JSON: {error}.") from error
    if not isinstance(value, dict):
        raise WeightsDamaged(f"{file} must hold a JSON object.")
    return value


def is_repository(name: str | Path) -> bool:
    """True for "owner/name" where no folder here is called that."""
    return isinstance(name, str) and bool(REPOSITORY.fullmatch(name)) and not Path(name).exists()

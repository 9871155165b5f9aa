"""A transformer from one file: its names with any known prefix, its weights in 16 bit or packed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from engines.errors import ModelNotFound, WeightsDamaged
from engines.sparse_dit.checkpoint import refuse_pickle
from engines.sparse_dit.packed import (
    FP8,
    SCALES,
    four_bit_layer,
    gguf_layer,
    is_extra,
    is_four_bit,
    times_scale,
    unpacked_gguf,
)

__all__ = ["fill", "is_packed", "read_header"]

PREFIXES = ("model.diffusion_model.", "diffusion_model.", "transformer.", "model.", "")
ANCHOR = "x_embedder.proj.weight"
"""A tensor that every transformer of this kind has, and few others."""
GGUF = ".gguf"
KEEPS_PACKED = ("double_stream_blocks.", "single_stream_blocks.", "caption_projection.")
"""Where GGUF's layers stay as they are; elsewhere they are few, and brought to 16 bit."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A tensor of a file: its own name there and its shape, before GGUF packed it."""

    file: Path
    name: str
    shape: tuple[int, ...]


Header = Mapping[str, Entry]
"""What files hold, by the checkpoint's names, read without their weights."""


def read_header(*files: Path, prefix: str | None = None) -> Header:
    """Of one .safetensors or .gguf file, or of several shards. Raises ModelNotFound or WeightsDamaged.

    Without a known `prefix` it is found. Of a file that holds a whole pipeline, only what stands under it
    counts.
    """
    found: dict[str, Entry] = {}
    for file in files:
        if not file.is_file():
            raise ModelNotFound(f"There is no file of weights at {file}.")
        refuse_pickle(file, "fetch the model as .safetensors or .gguf")
        found |= gguf_entries(file) if file.suffix == GGUF else safetensors_entries(file)
    if prefix is None:
        prefix = next((each for each in PREFIXES if f"{each}{ANCHOR}" in found), None)
    if prefix is None:
        first = next(iter(found), "nothing")
        raise WeightsDamaged(
            f"{files[0]} is not a transformer of HiDream-I1 or E1: it has no {ANCHOR}, and begins with "
            f"{first}. Fetch one made for HiDream."
        )
    return {name.removeprefix(prefix): entry for name, entry in found.items() if name.startswith(prefix)}


def is_packed(header: Header) -> bool:
    """Whether the file decides how precise the weights are."""
    return any(entry.file.suffix == GGUF or is_four_bit(name, header) for name, entry in header.items())


def safetensors_entries(file: Path) -> dict[str, Entry]:
    try:
        with safe_open(file, framework="pt") as archive:
            slices = {name: archive.get_slice(name) for name in archive.keys()}  # noqa: SIM118
            return {
                name: Entry(file=file, name=name, shape=tuple(each.get_shape()))
                for name, each in slices.items()
            }
    except SafetensorError as error:
        raise WeightsDamaged(f"{file} is cut or damaged ({error}); fetch the weights again.") from error


def gguf_entries(file: Path) -> dict[str, Entry]:
    return {
        tensor.name: Entry(
            file=file, name=tensor.name, shape=tuple(int(side) for side in reversed(tensor.shape))
        )
        for tensor in open_gguf(file).tensors
    }


def open_gguf(file: Path) -> Any:
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise ModelNotFound(f"{file} needs one more package to be read: pip install gguf.") from error
    try:
        return GGUFReader(file)
    except Exception as error:  # a damaged file fails in many ways, none of them documented
        reason = str(error).partition("\n")[0]
        raise WeightsDamaged(f"{file} is cut or damaged ({reason}); fetch the weights again.") from error


def fill(model: nn.Module, header: Header, dtype: torch.dtype) -> None:
    """Give `model`, which is on the meta device, all weights that the files hold, floating ones in `dtype`.

    Packed layers stay packed. Everything is compared by the header before a weight is read. Raises
    WeightsDamaged, naming the file, for anything that is missing, foreign, or of another shape.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    check(header, shapes)
    plain: dict[str, Tensor] = {}
    with ExitStack() as stack:
        files = {file: stack.enter_context(opened(file)) for file in {each.file for each in header.values()}}

        def read(name: str) -> Tensor:
            return files[header[name].file](header[name].name)

        for name in shapes:
            read_one(model, header, read, name, plain, dtype)
    model.load_state_dict(plain, strict=False, assign=True)


def check(header: Header, shapes: Mapping[str, tuple[int, ...]]) -> None:
    for name, entry in header.items():
        if name not in shapes:
            if not is_extra(name, shapes):
                raise WeightsDamaged(
                    f"{entry.file} holds {entry.name}, which this transformer does not have: foreign weights."
                )
        elif entry.shape != shapes[name] and not is_four_bit(name, header):
            raise WeightsDamaged(
                f"{entry.file}: {entry.name} has shape {entry.shape} where this transformer has "
                f"{shapes[name]}: it was made for another model."
            )
    missing = [name for name in shapes if name not in header]
    if missing:
        file = next(iter(header.values())).file
        raise WeightsDamaged(
            f"{file} lacks {len(missing)} of {len(shapes)} tensors, the first is {missing[0]}."
        )


Read = Callable[[str], Tensor]
"""A tensor by its name; asked once for each."""


@contextmanager
def opened(file: Path) -> Iterator[Read]:
    """GGUF's packed tensors come as diffusers' GGUFParameter, let go once they were asked for."""
    if file.suffix != GGUF:
        with safe_open(file, framework="pt") as archive:
            yield archive.get_tensor
        return
    from diffusers.models.model_loading_utils import load_gguf_checkpoint

    try:
        tensors = load_gguf_checkpoint(str(file))
    except ValueError as error:
        raise WeightsDamaged(f"{file} cannot be read: {' '.join(str(error).split())}") from error
    yield tensors.pop


def read_one(
    model: nn.Module, header: Header, read: Read, name: str, plain: dict[str, Tensor], dtype: torch.dtype
) -> None:
    """One tensor of the network: a number of `plain`, or a layer of its own kind put in its place."""
    tensor, stem = read(name), name.removesuffix(".weight")
    layer = model.get_submodule(stem) if name.endswith(".weight") else None
    if is_four_bit(name, header):
        if not isinstance(layer, nn.Linear):
            raise WeightsDamaged(f"{header[name].file} packs {name}, which is no linear layer.")
        notes = {each: read(each) for each in header if each.startswith(f"{name}.")}
        model.set_submodule(stem, four_bit_layer(layer, tensor, notes, dtype))
    elif getattr(tensor, "quant_type", None) is not None:
        if isinstance(layer, nn.Linear) and name.startswith(KEEPS_PACKED):
            model.set_submodule(stem, gguf_layer(layer, tensor, dtype))
        else:
            plain[name] = unpacked_gguf(tensor).to(dtype)
    elif tensor.dtype in FP8:
        scale = next((f"{stem}.{each}" for each in SCALES if f"{stem}.{each}" in header), None)
        plain[name] = times_scale(tensor, read(scale) if scale else None, dtype)
    elif tensor.is_floating_point():
        plain[name] = tensor.to(dtype)
    else:
        raise WeightsDamaged(f"{header[name].file}: {name} holds {tensor.dtype}, not weights.")

"""Where a model's networks stand and in what precision; one rung down when the device is full."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import psutil
import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from engines.errors import WeightsDamaged
from engines.ladder import (
    GIB,
    LADDER,
    Machine,
    PartSize,
    Precision,
    Rung,
    Sizes,
    choose_rung,
    encoder_bytes,
    ladder_of,
    next_rung,
    peak_of,
    puts_aside,
    sentence,
)
from engines.presets import SpeedUp
from engines.quantize import SMALLEST_LAYER, quantize
from engines.sparse_dit import SparseDiT
from engines.sparse_dit.packed import is_four_bit
from engines.sparse_dit.single_file import is_packed, read_header
from engines.turns import Turns

__all__ = ["Placement", "choose_placement", "measure", "this_machine"]

SMALL_BYTES = 1_000_000_000
"""Models below this run in float32: they fit anywhere, and every device then draws the same picture."""
SHARE_TO_USE = 0.95
"""Of the free memory; the rest is lost between the pieces."""
TALK_BYTES = 3 * GIB
"""What an 8B Llama remembers of a long conversation, and its language head."""
ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3", "text_encoder_4")

EMBEDDINGS = ("embedding.", "embed_tokens.", "shared.")
"""Names of CLIP's, Llama's and T5's tables, whose rows are looked up and never multiplied."""

READ_ONCE = (".adaLN_modulation.", "caption_projection.")
"""Names of the transformer's layers that are read once a prompt, not at every step."""

Kind = Literal["transformer", "encoder"]


class Placement:
    """One device, the networks that were given a place on it, and the rung of the ladder they stand on."""

    def __init__(
        self,
        device: torch.device,
        rung: Rung,
        sizes: Sizes,
        machine: Machine,
        ladder: Sequence[Rung] = LADDER,
    ) -> None:
        self.device, self.rung, self.sizes, self.machine = device, rung, sizes, machine
        self.ladder = ladder
        self.turns = Turns(device)
        self.networks: dict[nn.Module, Kind] = {}
        self.vaes: list[Any] = []

    @property
    def dtype(self) -> torch.dtype:
        """What is computed in, and the type of what is not quantised."""
        return torch.float32 if self.rung.transformer is Precision.FP32 else torch.bfloat16

    @property
    def reason(self) -> str:
        """What was chosen and why, in one line."""
        if self.rung.transformer is Precision.FP32:
            return f"A small model: everything in float32 on {self.device.type}."
        return sentence(self.rung, self.sizes, self.machine, self.ladder)

    @property
    def keeps_encoders(self) -> bool:
        """Whether main memory has room for all encoders; else each is read anew when a new text comes."""
        peak = peak_of(self.rung, self.sizes, self.machine)
        return peak.cpu_bytes + encoder_bytes(self.rung, self.sizes) <= self.machine.cpu_bytes

    @property
    def keeps_all(self) -> bool:
        """Whether all networks are on the device at once, with room for a conversation beside a picture."""
        peak, on_gpu = peak_of(self.rung, self.sizes, self.machine), self.machine.gpu_bytes
        used, free = (peak.cpu_bytes, self.machine.cpu_bytes) if on_gpu is None else (peak.gpu_bytes, on_gpu)
        stays = on_gpu is None or self.rung.residence == "all"
        return stays and self.keeps_encoders and used + TALK_BYTES <= free

    def take(self, transformer: SparseDiT) -> None:
        """Give a transformer, in main memory and unquantised, its precision and its place."""
        self._shape(transformer, self.rung.transformer)
        self.networks[transformer] = "transformer"
        self._place(transformer, "transformer")

    def take_beside(self, transformer: SparseDiT, other: SparseDiT) -> None:
        """The same for a second transformer; where there is no room for both, they take turns."""
        self._shape(transformer, self.rung.transformer)
        self.networks[transformer] = "transformer"
        if self.machine.gpu_bytes is None or self.rung.residence != "all":
            self._place(transformer, "transformer")
            return
        free_bytes, _ = torch.cuda.mem_get_info(self.device)
        needed = sum(parameter.nbytes for parameter in transformer.parameters())
        if needed > SHARE_TO_USE * free_bytes:
            self.turns.join(other)
            self.turns.join(transformer)
        else:
            transformer.to(self.device)

    def speed_up(self, transformer: SparseDiT, ways: Collection[SpeedUp]) -> None:
        """Exact ways that need the network to stay where it is; elsewhere nothing changes."""
        stays = self.rung.residence == "all"
        if "compile" in ways and stays:
            cast(Any, transformer).compile_repeated_blocks(fullgraph=True, dynamic=False)
        transformer.captures_graphs = "cuda-graphs" in ways and stays

    def seat(self, encoder: nn.Module) -> None:
        """The same for a text encoder that was just loaded."""
        self._shape(encoder, self.rung.encoders)
        if not self.keeps_encoders:
            encoder.to(self.device)
            return
        self.networks[encoder] = "encoder"
        self._place(encoder, "encoder")

    def bring(self, encoder: nn.Module) -> None:
        """Have an encoder on the device now."""
        if encoder in self.networks:
            self.turns.bring(encoder)
        else:
            self.turns.clear()

    def take_vae(self, vae: Any) -> None:
        """Give a diffusers autoencoder its place: it is small and stays."""
        vae.to(self.device)
        self.vaes.append(vae)
        if self.rung.tiles_vae:
            vae.enable_tiling()

    def precision_of(self, kind: Kind) -> Precision:
        return self.rung.transformer if kind == "transformer" else self.rung.encoders

    def step_down(self) -> str | None:
        """Take the next rung that needs less and say so; None where no smaller one can be reached.

        Weights that are quantised already cannot be quantised again: such rungs are passed over.
        """
        rung = next_rung(self.rung, self.sizes, self.machine, self._reachable())
        if rung is None:
            return None
        before, self.rung = self.rung, rung
        self.turns.clear()
        for network, kind in self.networks.items():
            if isinstance(network, SparseDiT):
                network.captures_graphs = False
            was = before.transformer if kind == "transformer" else before.encoders
            if self.precision_of(kind) is not was:
                self._shape(network, self.precision_of(kind))
            self._place(network, kind)
        if rung.tiles_vae:
            for vae in self.vaes:
                vae.enable_tiling()
        return self.reason

    def _reachable(self) -> list[Rung]:
        def can_become(old: Precision, new: Precision) -> bool:
            return old is new or old is Precision.BF16

        return [
            rung
            for rung in self.ladder
            if can_become(self.rung.transformer, rung.transformer)
            and can_become(self.rung.encoders, rung.encoders)
        ]

    def _shape(self, network: nn.Module, precision: Precision) -> None:
        if isinstance(network, SparseDiT) and puts_aside(self.rung, self.machine):
            network.put_aside()
        quantize(network, precision)
        if isinstance(network, SparseDiT):
            network.fuse()

    def _place(self, network: nn.Module, kind: Kind) -> None:
        if self.machine.gpu_bytes is None or self.rung.residence == "all":
            network.to(self.device)
        elif self.rung.residence == "block by block" and kind == "transformer":
            self.turns.join_by_blocks(network)
        else:
            self.turns.join(network)


def choose_placement(
    transformer: Path,
    folder: Path,
    device: torch.device | str | None = None,
    num_sharing: int = 1,
    precision: Precision | None = None,
) -> Placement:
    """The best rung with room for the model on `device`: the first CUDA device, or else the processor.

    `transformer` is a folder or a single file; the other parts are in `folder`, in diffusers layout.
    `num_sharing` engines divide main memory among them. The transformer's weights are kept in `precision`, by
    default in what fits. Raises DeviceOutOfMemory when there is room for none, EngineError
    without the hardware for it, WeightsDamaged for a file that is not safetensors.
    """
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    sizes, machine = measure(transformer, folder), this_machine(device, num_sharing)
    parts = (sizes.transformer, *sizes.encoders, sizes.vae)
    if precision is not None:
        ladder = ladder_of(precision)
        return Placement(device, choose_rung(sizes, machine, ladder), sizes, machine, ladder)
    if sum(part.num_bytes(Precision.BF16) for part in parts) < SMALL_BYTES:
        rung = Rung(transformer=Precision.FP32, encoders=Precision.FP32, residence="all")
    else:
        rung = choose_rung(sizes, machine)
    return Placement(device, rung, sizes, machine)


def this_machine(device: torch.device | None = None, num_sharing: int = 1) -> Machine:
    """Free memory now: of `device`, or the first CUDA device, and an equal share of main memory."""
    cpu_bytes = int(SHARE_TO_USE * psutil.virtual_memory().available) // num_sharing
    if not torch.cuda.is_available() or (device is not None and device.type != "cuda"):
        return Machine(gpu_bytes=None, cpu_bytes=cpu_bytes)
    free_bytes, _ = torch.cuda.mem_get_info(device)
    has_fp8 = torch.cuda.get_device_capability(device) >= (8, 9)
    return Machine(gpu_bytes=int(SHARE_TO_USE * free_bytes), cpu_bytes=cpu_bytes, has_fp8=has_fp8)


def measure(transformer: Path, folder: Path) -> Sizes:
    """The numbers of weights of all parts, from the headers of their files."""
    return Sizes(
        transformer=part_size(transformer) if transformer.is_dir() else file_size(transformer),
        encoders=tuple(part_size(folder / name) for name in ENCODERS),
        vae=part_size(folder / "vae"),
    )


def part_size(folder: Path) -> PartSize:
    files = sorted(folder.glob("*.safetensors"))
    shapes = {name: shape for file in files for name, shape in shapes_of(file).items()}
    if any(is_four_bit(name, shapes) for name in shapes):
        return packed_size(sum(file.stat().st_size for file in files), shapes)
    return size_of(shapes)


def file_size(file: Path) -> PartSize:
    """The same for a transformer from one file."""
    header = read_header(file)
    shapes = {name: entry.shape for name, entry in header.items()}
    return packed_size(file.stat().st_size, shapes) if is_packed(header) else size_of(shapes)


def packed_size(num_bytes: int, names: Iterable[str]) -> PartSize:
    """Of weights that stay as their file has them, on every rung."""
    return PartSize(num_linear=0, num_other=num_bytes // 2, num_blocks=count_blocks(names), is_packed=True)


def size_of(shapes: Mapping[str, Sequence[int]]) -> PartSize:
    num_linear = num_other = num_once = 0
    for name, shape in shapes.items():
        count = math.prod(shape)
        is_table = any(word in name for word in EMBEDDINGS)
        if len(shape) == 2 and count >= SMALLEST_LAYER and not is_table:
            num_linear += count
            num_once += count * any(word in name for word in READ_ONCE)
        else:
            num_other += count
    return PartSize(
        num_linear=num_linear, num_other=num_other, num_once=num_once, num_blocks=count_blocks(shapes)
    )


def count_blocks(names: Iterable[str]) -> int:
    is_block = ("double_stream_blocks.", "single_stream_blocks.")
    return max(1, len({name.split(".block.")[0] for name in names if name.startswith(is_block)}))


def shapes_of(file: Path) -> dict[str, list[int]]:
    try:
        with safe_open(file, framework="pt") as archive:
            return {name: archive.get_slice(name).get_shape() for name in archive.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise WeightsDamaged(f"{file} is cut or damaged ({error}); fetch the weights again.") from error

"""What fits this machine: rungs from best to smallest, and the first one whose peak has room. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from engines.errors import DeviceOutOfMemory, EngineError

__all__ = [
    "LADDER",
    "Machine",
    "PartSize",
    "Peak",
    "Precision",
    "Rung",
    "Sizes",
    "choose_rung",
    "encoder_bytes",
    "ladder_of",
    "next_rung",
    "peak_of",
    "puts_aside",
    "sentence",
]

GIB = 2**30
ACTIVATIONS_BYTES = int(2.5 * GIB)
"""Room for one guided megapixel step of the published transformer, and for CUDA's own context."""
TILED_ACTIVATIONS_BYTES = int(1.8 * GIB)
"""The same with the autoencoder in tiles."""
NUM_STREAMED_BLOCKS = 2
"""One block computes while the next one arrives."""

Residence = Literal["all", "in turn", "block by block"]


class Precision(StrEnum):
    """How the weights of linear layers are kept; what is left over stays in 16 bit."""

    FP32 = "float32"
    BF16 = "bfloat16"
    FP8 = "fp8"
    INT8 = "int8"
    NF4 = "nf4"


BYTES_PER_WEIGHT = {
    Precision.FP32: 4.0,
    Precision.BF16: 2.0,
    Precision.FP8: 1.0,
    Precision.INT8: 1.0,
    Precision.NF4: 0.5 + 4 / 64,  # a float32 scale for each 64 weights
}


@dataclass(frozen=True, kw_only=True)
class PartSize:
    """Numbers of weights: those of linear layers, which can be made smaller, and the rest; and of blocks.

    `num_once` of the linear ones are read once a prompt, not at every step. `is_packed`: their file has
    them small already, and all count, as 16 bits each, to the rest.
    """

    num_linear: int
    num_other: int
    num_once: int = 0
    num_blocks: int = 1
    is_packed: bool = False

    def num_bytes(self, precision: Precision) -> int:
        return self.loop_bytes(precision) + int(self.num_once * BYTES_PER_WEIGHT[precision])

    def loop_bytes(self, precision: Precision) -> int:
        """What every step reads."""
        rest = 4 if precision is Precision.FP32 else 2
        linear = (self.num_linear - self.num_once) * BYTES_PER_WEIGHT[precision]
        return int(linear + self.num_other * rest)

    @property
    def once_bytes(self) -> int:
        """What waits in main memory in 16 bit where it is put aside."""
        return 2 * self.num_once


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The parts of one model."""

    transformer: PartSize
    encoders: tuple[PartSize, ...]
    vae: PartSize


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Free memory in bytes; `gpu_bytes` is None without a GPU. `has_fp8`: the GPU multiplies in fp8."""

    gpu_bytes: int | None
    cpu_bytes: int
    has_fp8: bool = False


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One way to place a model.

    `residence`: all parts stay on the device; or each comes when its turn is and then leaves; or the
    transformer's blocks themselves come one by one.
    """

    transformer: Precision
    encoders: Precision
    residence: Residence
    tiles_vae: bool = False


@dataclass(frozen=True, kw_only=True)
class Peak:
    """Bytes at the worst moment, on the GPU and in main memory; `gpu_bytes` is 0 on the processor."""

    gpu_bytes: int
    cpu_bytes: int


RESIDENCES: dict[Residence, str] = {
    "all": "all kept in place",
    "in turn": "each on the device only while it works",
    "block by block": "the transformer's blocks brought one by one",
}
LADDER = (
    Rung(transformer=Precision.BF16, encoders=Precision.BF16, residence="all"),
    Rung(transformer=Precision.BF16, encoders=Precision.BF16, residence="in turn"),
    Rung(transformer=Precision.FP8, encoders=Precision.BF16, residence="in turn"),
    Rung(transformer=Precision.INT8, encoders=Precision.BF16, residence="in turn"),
    Rung(transformer=Precision.INT8, encoders=Precision.INT8, residence="all"),
    Rung(transformer=Precision.NF4, encoders=Precision.INT8, residence="in turn", tiles_vae=True),
    Rung(transformer=Precision.INT8, encoders=Precision.INT8, residence="block by block", tiles_vae=True),
    Rung(transformer=Precision.NF4, encoders=Precision.NF4, residence="block by block", tiles_vae=True),
)


def ladder_of(precision: Precision) -> tuple[Rung, ...]:
    """The rungs that keep the transformer in one precision, the roomiest first."""
    return tuple(dict.fromkeys(replace(rung, transformer=precision) for rung in LADDER))


def choose_rung(sizes: Sizes, machine: Machine, ladder: Sequence[Rung] = LADDER) -> Rung:
    """The best rung with room.

    Raises EngineError where all are for hardware that is not there, DeviceOutOfMemory with what the smallest
    one needs.
    """
    usable = [rung for rung in ladder if is_usable(rung, machine)]
    if not usable:
        raise EngineError(
            "Nothing here multiplies in fp8: it takes a GPU of compute capability 8.9. Use int8."
        )
    for rung in usable:
        if fits(peak_of(rung, sizes, machine), machine):
            return rung
    least = peak_of(usable[-1], sizes, machine)
    raise DeviceOutOfMemory(
        f"This model needs at least {gigabytes(least.gpu_bytes)} of free GPU memory and "
        f"{gigabytes(least.cpu_bytes)} of main memory; there are {gigabytes(machine.gpu_bytes or 0)} and "
        f"{gigabytes(machine.cpu_bytes)}. Close other programs, or use the embedded engine."
    )


def next_rung(rung: Rung, sizes: Sizes, machine: Machine, ladder: Sequence[Rung] = LADDER) -> Rung | None:
    """The next smaller one that needs less of the device, None at the foot of the ladder and beside it."""
    if rung not in ladder:
        return None
    used = peak_of(rung, sizes, machine)
    for smaller in ladder[ladder.index(rung) + 1 :]:
        peak = peak_of(smaller, sizes, machine)
        needs_less = peak.gpu_bytes < used.gpu_bytes if machine.gpu_bytes else peak.cpu_bytes < used.cpu_bytes
        if is_usable(smaller, machine) and needs_less:
            return smaller
    return None


def is_usable(rung: Rung, machine: Machine) -> bool:
    """fp8 needs a GPU that has it."""
    return machine.has_fp8 or rung.transformer is not Precision.FP8


def fits(peak: Peak, machine: Machine) -> bool:
    return peak.gpu_bytes <= (machine.gpu_bytes or 0) and peak.cpu_bytes <= machine.cpu_bytes


def puts_aside(rung: Rung, machine: Machine) -> bool:
    """Whether the transformer's layers that are read once a prompt wait in main memory, unquantised."""
    return machine.gpu_bytes is not None and rung.residence != "all"


def encoder_bytes(rung: Rung, sizes: Sizes) -> int:
    """All text encoders together."""
    return sum(each.num_bytes(rung.encoders) for each in sizes.encoders)


def peak_of(rung: Rung, sizes: Sizes, machine: Machine) -> Peak:
    """The most that the rung must hold at once. What is not at work waits in main memory.

    Encoders that take turns need not wait there: where it is short they are read from disk again.
    """
    vae = sizes.vae.num_bytes(Precision.BF16)
    work = TILED_ACTIVATIONS_BYTES if rung.tiles_vae else ACTIVATIONS_BYTES
    networks = sizes.transformer.num_bytes(rung.transformer) + encoder_bytes(rung, sizes)
    if machine.gpu_bytes is None:
        return Peak(gpu_bytes=0, cpu_bytes=networks + vae + work)
    largest_encoder = max(each.num_bytes(rung.encoders) for each in sizes.encoders)
    if rung.residence == "all":
        return Peak(gpu_bytes=networks + vae + work, cpu_bytes=largest_encoder)
    transformer = sizes.transformer.loop_bytes(rung.transformer)
    waiting = transformer + sizes.transformer.once_bytes + largest_encoder
    if rung.residence == "block by block":
        transformer = NUM_STREAMED_BLOCKS * transformer // sizes.transformer.num_blocks
    return Peak(gpu_bytes=vae + max(transformer + work, largest_encoder + GIB), cpu_bytes=waiting)


def sentence(rung: Rung, sizes: Sizes, machine: Machine, ladder: Sequence[Rung] = LADDER) -> str:
    """What was chosen and why, in one line."""
    on_gpu = machine.gpu_bytes is not None
    peak = peak_of(rung, sizes, machine)
    used, free = (peak.gpu_bytes, machine.gpu_bytes or 0) if on_gpu else (peak.cpu_bytes, machine.cpu_bytes)
    residence = RESIDENCES[rung.residence] if on_gpu else "on the processor"
    kept = "the precision of its file" if sizes.transformer.is_packed else rung.transformer
    text = (
        f"Transformer in {kept}, text encoders in {rung.encoders}, {residence}"
        f"{', pictures decoded in tiles' if rung.tiles_vae else ''}: about {gigabytes(used)} of "
        f"{gigabytes(free)} free"
    )
    better = [each for each in ladder[: ladder.index(rung)] if is_usable(each, machine)]
    if not better:
        return f"{text}."
    needed = peak_of(better[-1], sizes, machine)
    if on_gpu and needed.gpu_bytes > free:
        return f"{text}; the next better way needs {gigabytes(needed.gpu_bytes)} there."
    return f"{text}; the next better way needs {gigabytes(needed.cpu_bytes)} of main memory."


def gigabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.1f} GB"

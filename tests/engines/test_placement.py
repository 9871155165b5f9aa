"""Small models in float32, large ones on the ladder; a full device takes the model one rung down, once."""

from __future__ import annotations

import copy
import dataclasses
import functools
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from engines import placement
from engines.api import GenerateRequest, Progress
from engines.errors import DeviceOutOfMemory, EngineError
from engines.ladder import LADDER, Machine, Precision, Rung
from engines.load_engine import load_engine
from engines.placement import Placement, choose_placement, measure, this_machine
from engines.presets import PRESETS
from engines.quantize import quantize
from engines.sizes import Size
from engines.sparse_dit import SparseDiT
from engines.turns import Turns

CPU = torch.device("cpu")
ROOMY = Machine(gpu_bytes=10**12, cpu_bytes=10**12)
TINY = dataclasses.replace(PRESETS["stickers-full"], sizes=(Size(64, 64),))
REQUEST = GenerateRequest(prompt="a cat", seed=0, num_steps=2)
WIDE = {
    "patch_size": 2,
    "in_channels": 4,
    "out_channels": 4,
    "num_layers": 1,
    "num_single_layers": 2,
    "attention_head_dim": 64,
    "num_attention_heads": 4,
    "caption_channels": [256, 256],
    "text_emb_dim": 64,
    "axes_dims_rope": [32, 16, 16],
    "max_resolution": [16, 16],
    "llama_layers": [0, 1, 1],
}


def wide_transformer() -> SparseDiT:
    """Wide enough for its large layers to count as such."""
    torch.manual_seed(0)
    dit = SparseDiT(**WIDE).to(torch.bfloat16).eval().requires_grad_(False)  # type: ignore[arg-type]
    for parameter in dit.parameters():
        parameter.normal_(std=0.5 / max(parameter.shape[-1], 16) ** 0.5)
    return dit


def run(dit: SparseDiT) -> Tensor:
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(dit.dtype)

    output = dit(
        hidden_states=normal(2, 4, 16, 16),
        timesteps=torch.tensor([500.0, 500.0]),
        encoder_hidden_states_t5=normal(2, 8, 256),
        encoder_hidden_states_llama3=normal(2, 2, 8, 256),
        pooled_embeds=normal(2, 64),
    )
    sample: Tensor = output.sample
    return sample.float()


def error(of: Tensor, to: Tensor) -> float:
    """Root mean square, relative."""
    return float((of - to).square().mean().sqrt() / to.square().mean().sqrt())


@pytest.fixture
def every_layer_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engines.quantize.SMALLEST_LAYER", 2**16)


def test_small_weights_run_in_float32(tiny_folder: Path) -> None:
    place = choose_placement(tiny_folder / "transformer", tiny_folder)
    assert place.dtype is torch.float32
    assert place.device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert place.reason == f"A small model: everything in float32 on {place.device.type}."


def test_large_weights_climb_the_ladder(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "SMALL_BYTES", 20)
    place = choose_placement(tiny_folder / "transformer", tiny_folder)
    assert place.dtype is torch.bfloat16
    assert place.rung == LADDER[0]


def test_a_chosen_precision_is_taken_whatever_fits(tiny_folder: Path) -> None:
    place = choose_placement(tiny_folder / "transformer", tiny_folder, "cpu", precision=Precision.INT8)
    assert place.dtype is torch.bfloat16
    assert place.rung.transformer is Precision.INT8
    assert place.reason.startswith("Transformer in int8, ")
    while place.step_down():
        assert place.rung.transformer is Precision.INT8
    with pytest.raises(EngineError, match="Use int8"):
        choose_placement(tiny_folder / "transformer", tiny_folder, "cpu", precision=Precision.FP8)


def test_sizes_are_those_of_the_loaded_networks(tiny_folder: Path) -> None:
    sizes = measure(tiny_folder / "transformer", tiny_folder)
    engine = load_engine(TINY, tiny_folder)
    num_weights = sum(parameter.numel() for parameter in engine.parts.dit.parameters())
    assert sizes.transformer.num_linear + sizes.transformer.num_other == num_weights
    assert sizes.transformer.num_blocks == 2
    assert sizes.encoders[2].num_other == sum(p.numel() for p in engine.parts.text.encoders.t5.parameters())


def test_large_layers_are_told_from_embeddings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "SMALLEST_LAYER", 2**16)
    dit = wide_transformer()
    dit.save_pretrained(tmp_path / "transformer")
    size = placement.part_size(tmp_path / "transformer")
    large = [m for m in dit.modules() if isinstance(m, nn.Linear) and m.weight.numel() >= 2**16]
    assert size.num_linear == sum(module.weight.numel() for module in large)


def test_each_device_is_measured_by_itself_and_main_memory_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    free_bytes = {torch.device("cuda:0"): 10**9, torch.device("cuda:1"): 3 * 10**9}
    memory = SimpleNamespace(available=8 * 10**9)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free_bytes[device], 10**10))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, device.index))
    monkeypatch.setattr(placement.psutil, "virtual_memory", lambda: memory)
    machines = [this_machine(device, num_sharing=2) for device in (*free_bytes, CPU)]
    assert [each.gpu_bytes for each in machines] == [950_000_000, 2_850_000_000, None]
    assert [each.cpu_bytes for each in machines] == [3_800_000_000] * 3


def test_a_placement_stands_where_it_is_told(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(placement, "this_machine", lambda *_: ROOMY)
    assert choose_placement(tiny_folder / "transformer", tiny_folder).device == torch.device("cuda")
    for device in ("cuda:1", "cpu"):
        place = choose_placement(tiny_folder / "transformer", tiny_folder, device=device)
        assert place.device == torch.device(device)


def test_this_machine_has_memory() -> None:
    assert 10**8 < this_machine().cpu_bytes < 10**13


@pytest.mark.usefixtures("every_layer_is_large")
@pytest.mark.parametrize(("precision", "worst"), [(Precision.INT8, 0.02), (Precision.NF4, 0.1)])
def test_quantised_layers_hold_less_and_draw_nearly_the_same(precision: Precision, worst: float) -> None:
    dit = wide_transformer()
    reference = run(copy.deepcopy(dit).float())
    held = sum(p.numel() * p.element_size() for p in dit.parameters())
    quantize(dit, precision)
    assert 0 < error(run(dit), reference) < worst
    if precision is Precision.NF4:  # an int8 tensor hides its inner parts from this sum
        assert sum(p.numel() * p.element_size() for p in dit.parameters()) < 0.4 * held
    assert dit.dtype is torch.bfloat16


@pytest.mark.usefixtures("every_layer_is_large")
def test_fp8_is_refused_where_the_hardware_lacks_it() -> None:
    if torch.cuda.is_available():
        pytest.skip("this GPU may have fp8")
    with pytest.raises(AssertionError, match="compute capability"):
        quantize(wide_transformer(), Precision.FP8)


@pytest.mark.parametrize(
    ("precision", "package"), [(Precision.INT8, "torchao.quantization"), (Precision.NF4, "bitsandbytes")]
)
def test_a_missing_quantiser_is_named(
    precision: Precision, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EngineError, match=rf"^Weights in {precision} need .* pip install torchao"):
        quantize(wide_transformer(), precision)


class Traveller(nn.Linear):
    """Notes where it is sent."""

    def __init__(self, name: str, diary: list[str]) -> None:
        super().__init__(2, 2)
        self.name, self.diary = name, diary

    def to(self, *args: object, **kwargs: object) -> Traveller:
        self.diary.append(f"{self.name} to {args[0]}")
        return self


def test_who_is_called_comes_and_the_last_one_leaves() -> None:
    diary: list[str] = []
    turns = Turns(CPU)
    first, second = Traveller("first", diary), Traveller("second", diary)
    turns.join(first)
    turns.join(second)
    turns.join(second)
    assert diary == ["first to cpu", "second to cpu"]
    diary.clear()
    for module in (first, first, second, first):
        module(torch.zeros(1, 2))
    assert turns.present is first
    assert diary == ["first to cpu", "first to cpu", "second to cpu", "second to cpu", "first to cpu"]


def test_blocks_one_by_one_compute_the_same() -> None:
    dit = wide_transformer()
    expected = run(dit)
    turns, other = Turns(CPU), nn.Linear(2, 2)
    turns.join(other)
    turns.join(dit)
    turns.join_by_blocks(dit)
    other(torch.zeros(1, 2))
    assert turns.present is other
    assert torch.equal(run(dit), expected)
    assert turns.present is None


@pytest.mark.usefixtures("every_layer_is_large")
def test_every_step_down_keeps_drawing() -> None:
    """With a GPU's rungs, played through on the processor; fp8 needs hardware and is passed over."""
    dit = wide_transformer()
    expected = run(copy.deepcopy(dit).float())
    size = placement.PartSize(num_linear=10**9, num_other=10**6, num_blocks=3)
    sizes = placement.Sizes(transformer=size, encoders=(size,), vae=size)
    place = Placement(CPU, LADDER[0], sizes, ROOMY)
    place.take(dit)
    rungs = [place.rung]
    while (reason := place.step_down()) is not None:
        assert reason.startswith(f"Transformer in {place.rung.transformer}")
        assert error(run(dit), expected) < 0.1
        rungs.append(place.rung)
    assert [rung.residence for rung in rungs][:2] == ["all", "in turn"]
    assert rungs[-1].residence == "block by block"
    assert rungs == [rung for rung in LADDER if rung in rungs]


def test_the_foot_of_the_ladder_and_small_models_stay(tiny_folder: Path) -> None:
    assert choose_placement(tiny_folder / "transformer", tiny_folder).step_down() is None
    place = Placement(CPU, LADDER[-1], measure(tiny_folder / "transformer", tiny_folder), ROOMY)
    assert place.step_down() is None
    assert place.rung == LADDER[-1]


def test_a_full_device_is_met_once_and_told(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "SMALL_BYTES", 20)
    monkeypatch.setattr(placement, "this_machine", lambda *_: ROOMY)
    engine = load_engine(TINY, tiny_folder)
    expected = engine.generate(REQUEST, lambda progress: None)
    assert expected.note == ""
    seen: list[int] = []

    def full_once(progress: Progress) -> None:
        seen.append(progress.step)
        if seen == [0, 1]:
            raise torch.OutOfMemoryError("CUDA out of memory")

    sample = engine.generate(REQUEST, full_once)
    assert seen == [0, 1, 0, 1, 2]
    assert sample.note.startswith(
        "The device was full, so I went on in a smaller way. Transformer in bfloat16"
    )
    assert engine.parts.placement.rung == LADDER[1]
    assert sample.image.tobytes() == expected.image.tobytes()

    def full_always(progress: Progress) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(DeviceOutOfMemory):
        engine.generate(REQUEST, full_always)


@torch.no_grad()
def test_speed_ups_are_for_networks_that_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled without a C++ compiler, which not every machine has."""
    real = SparseDiT.compile_repeated_blocks
    monkeypatch.setattr(SparseDiT, "compile_repeated_blocks", functools.partialmethod(real, backend="eager"))
    size = placement.PartSize(num_linear=10**9, num_other=10**6, num_blocks=3)
    sizes = placement.Sizes(transformer=size, encoders=(size,), vae=size)
    for rung, speeds_up in ((LADDER[0], True), (LADDER[1], False)):
        dit = wide_transformer()
        expected = run(copy.deepcopy(dit).float())
        place = Placement(CPU, rung, sizes, ROOMY)
        place.take(dit)
        place.speed_up(dit, ["compile", "cuda-graphs"])
        is_compiled = [block.block._compiled_call_impl is not None for block in dit.blocks()]
        assert is_compiled == [speeds_up] * 3
        assert dit.captures_graphs is speeds_up
        assert error(run(dit), expected) < 0.02
        place.step_down()
        assert not dit.captures_graphs


def test_a_rung_with_tiles_tells_the_autoencoder(tiny_folder: Path) -> None:
    vae = load_engine(TINY, tiny_folder).parts.vae.model
    rung = Rung(transformer=Precision.BF16, encoders=Precision.BF16, residence="all", tiles_vae=True)
    Placement(CPU, rung, measure(tiny_folder / "transformer", tiny_folder), ROOMY).take_vae(vae)
    assert vae.use_tiling

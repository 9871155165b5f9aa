"""Adapters do what their matrices say, on any base, and leave without a trace."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bitsandbytes
import pytest
import torch
from diffusers.loaders import HiDreamImageLoraLoaderMixin
from peft import LoraConfig
from safetensors.torch import load_file
from torch import Tensor, nn

from engines import lora
from engines.__main__ import main
from engines.api import Adapter, AppliedAdapter, GenerateRequest, Progress
from engines.errors import EngineError, ModelNotFound
from engines.ladder import Precision
from engines.load_engine import load_engine
from engines.lora import apply_adapters, linear_shapes
from engines.lora_file import LoraLayer
from engines.manifest import file_sha256
from engines.presets import PRESETS
from engines.quantize import quantize, scale_weights
from engines.sparse_dit import SparseDiT
from engines.text import TextContext
from engines.turns import Turns
from tests.engines.adapter_files import LAYERS, SPELLINGS, make_layers, plain_file, spell, write
from tests.engines.test_placement import TINY, error, run, wide_transformer


@pytest.fixture
def dit() -> SparseDiT:
    return wide_transformer()


def melted(dit: SparseDiT, *stack: tuple[dict[str, LoraLayer], float]) -> SparseDiT:
    """The slow obvious twin: the products added to the weights themselves, in float32."""
    twin = copy.deepcopy(dit).float()
    for layers, weight in stack:
        for name, layer in layers.items():
            delta = layer.up_OR @ layer.down_RI * (layer.alpha / layer.rank)
            module = twin.get_submodule(name)
            assert isinstance(module, nn.Linear)
            module.weight.data += weight * delta
    return twin


@pytest.mark.parametrize("is_fused", [False, True], ids=["parted", "fused"])
def test_adapters_add_up_and_leave_no_trace(is_fused: bool, dit: SparseDiT, tmp_path: Path) -> None:
    dit = dit.float()
    one, two = make_layers(dit, alpha=1.5), make_layers(dit, LAYERS[2:6], seed=1)
    expected = {
        weights: run(melted(dit, (one, weights[0]), (two, weights[1])))
        for weights in [(1.0, 0.5), (-0.3, 2.0)]
    }
    alone = run(melted(dit, (two, 1.0)))
    if is_fused:
        dit.fuse()
    plain, names = run(dit), [name for name, _ in dit.named_parameters()]
    state = {name: tensor.clone() for name, tensor in dit.state_dict().items()}
    files = [plain_file(tmp_path, one), plain_file(tmp_path, two, "two")]

    def stack(*weights: float) -> list[Adapter]:
        return [
            Adapter(file=file, name=file.stem, weight=weight)
            for file, weight in zip(files, weights, strict=True)
        ]

    for weights, output in expected.items():
        applied = apply_adapters(dit, stack(*weights))
        assert applied == tuple(
            AppliedAdapter(name=file.stem, file_hash=file_sha256(file), weight=weight)
            for file, weight in zip(files, weights, strict=True)
        )
        assert error(output, plain) > 0.05
        torch.testing.assert_close(run(dit), output, atol=1e-4, rtol=1e-4)
    apply_adapters(dit, [Adapter(file=files[1], name="two")])
    torch.testing.assert_close(run(dit), alone, atol=1e-4, rtol=1e-4)
    assert not dit.training
    assert not any(parameter.requires_grad for parameter in dit.parameters())

    assert apply_adapters(dit, []) == ()
    assert [name for name, _ in dit.named_parameters()] == names
    assert all(torch.equal(dit.state_dict()[name], tensor) for name, tensor in state.items())
    assert torch.equal(run(dit), plain)


def test_what_no_adapter_touches_stays_fused(dit: SparseDiT, tmp_path: Path) -> None:
    file = plain_file(tmp_path, make_layers(dit, LAYERS[:2]))
    dit.fuse()
    joined = sum(len(each.joined) for each in dit.fusible())
    apply_adapters(dit, [Adapter(file=file, name="one")])
    # to_q is adapted, so q, k and v of that stream (a weight and a bias) are parted; nothing else is.
    assert sum(len(each.joined) for each in dit.fusible()) == joined - 2


def test_new_weights_read_no_file(dit: SparseDiT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = plain_file(tmp_path, make_layers(dit))
    plain = run(dit)
    apply_adapters(dit, [Adapter(file=file, name="one", weight=0.5)])
    half = run(dit)
    file.unlink()
    apply_adapters(dit, [Adapter(file=file, name="one", weight=0.0)])
    assert torch.equal(run(dit), plain)
    apply_adapters(dit, [Adapter(file=file, name="one", weight=0.5)])
    assert torch.equal(run(dit), half)


def test_the_order_of_history_does_not_matter(dit: SparseDiT, tmp_path: Path) -> None:
    one = Adapter(file=plain_file(tmp_path, make_layers(dit)), name="keys")
    two = Adapter(file=plain_file(tmp_path, make_layers(dit, seed=1), "two"), name="two", weight=0.7)
    apply_adapters(dit, [one, two])
    both = run(dit)
    for step in ([two], [one], [two, one], [], [one, two]):
        apply_adapters(dit, step)
    assert torch.equal(run(dit), both)


@pytest.fixture
def every_layer_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engines.quantize.SMALLEST_LAYER", 2**16)


def dequantised(dit: SparseDiT) -> SparseDiT:
    """The slow twin's base: plain layers with the numbers that the quantised ones stand for."""
    state = {}
    for name, module in dit.named_modules():
        if isinstance(module, nn.Linear):
            weight: Any = module.weight
            if isinstance(weight, bitsandbytes.nn.Params4bit):
                weight = bitsandbytes.functional.dequantize_4bit(weight.data, weight.quant_state)
            elif hasattr(weight, "dequantize") and type(weight) is not nn.Parameter:
                weight = weight.dequantize()
            state[f"{name}.weight"] = weight.detach().float()
    twin = wide_transformer().float()
    twin.load_state_dict(state, strict=False)
    return twin


@pytest.mark.usefixtures("every_layer_is_large")
@pytest.mark.parametrize(("precision", "loss"), [(Precision.INT8, 0.02), (Precision.NF4, 0.1)])
def test_adapters_stand_beside_quantised_layers(
    precision: Precision, loss: float, dit: SparseDiT, tmp_path: Path
) -> None:
    layers = make_layers(dit, LAYERS[:-1])  # the head is never quantised, and its change would drown the rest
    file, weight = plain_file(tmp_path, layers), 5.0
    unadapted, wanted = run(melted(dit)), run(melted(dit, (layers, weight)))
    quantize(dit, precision)
    expected = run(melted(dequantised(dit), (layers, weight)))
    dit.fuse()
    plain, kinds = run(dit), {name: type(module) for name, module in dit.named_modules()}
    assert len(set(kinds.values()) & {nn.Linear, bitsandbytes.nn.Linear4bit}) == 2 - (
        precision is Precision.INT8
    )
    apply_adapters(dit, [Adapter(file=file, name="one", weight=weight)])
    adapted = run(dit)
    assert error(wanted, unadapted) > 0.3
    assert error(adapted, expected) < 0.015  # rounding to bfloat16 alone
    assert error(adapted, wanted) < loss
    apply_adapters(dit, [])
    assert {name: type(module) for name, module in dit.named_modules()} == kinds
    assert torch.equal(run(dit), plain)


@pytest.mark.usefixtures("every_layer_is_large")
def test_weights_joined_before_they_were_quantised_are_refused(dit: SparseDiT, tmp_path: Path) -> None:
    file = plain_file(tmp_path, make_layers(dit))
    dit.fuse()
    scale_weights(dit, Precision.INT8)
    with pytest.raises(EngineError, match="joined before it was quantised"):
        apply_adapters(dit, [Adapter(file=file, name="one")])


@pytest.mark.parametrize("residence", ["in turn", "block by block"])
def test_adapters_travel_with_their_blocks(residence: str, dit: SparseDiT, tmp_path: Path) -> None:
    file = plain_file(tmp_path, make_layers(dit))
    expected = copy.deepcopy(dit.fuse())
    plain = run(dit)
    apply_adapters(expected, [Adapter(file=file, name="one")])
    turns = Turns(torch.device("cpu"))
    if residence == "in turn":
        turns.join(dit)
    else:
        turns.join_by_blocks(dit)
    apply_adapters(dit, [Adapter(file=file, name="one")])
    assert torch.equal(run(dit), run(expected))
    apply_adapters(dit, [])
    assert torch.equal(run(dit), plain)


def prepared(dit: SparseDiT, device: str) -> Tensor:
    """The first step of a loop of two, by the path that computes adaLN and captions once."""
    generator = torch.Generator().manual_seed(1)
    states = TextContext(
        t5_BTC=torch.randn(2, 8, 256, generator=generator).to(device, dit.dtype),
        llama_LBTC=torch.randn(2, 2, 8, 256, generator=generator).to(device, dit.dtype),
        pooled_BC=torch.randn(2, 64, generator=generator).to(device, dit.dtype),
    )
    latents = torch.randn(2, 4, 16, 16, generator=generator).to(device, dit.dtype)
    loop = dit.prepare(states, torch.tensor([500.0, 250.0]), (16, 16))
    return loop(latents, 0).float()


def test_adapters_work_where_a_prompt_is_prepared(dit: SparseDiT, tmp_path: Path) -> None:
    dit = dit.float()
    layers = make_layers(dit)
    expected, plain = prepared(melted(dit, (layers, 1.0)), "cpu"), prepared(dit, "cpu")
    apply_adapters(dit, [Adapter(file=plain_file(tmp_path, layers), name="one")])
    assert error(expected, plain) > 0.05
    torch.testing.assert_close(prepared(dit, "cpu"), expected, atol=1e-4, rtol=1e-4)
    with_adapter = prepared(dit, "cpu")
    assert torch.equal(prepared(dit.put_aside(), "cpu"), with_adapter)
    apply_adapters(dit, [])
    assert dit.aside
    assert torch.equal(prepared(dit, "cpu"), plain)
    apply_adapters(dit, [Adapter(file=plain_file(tmp_path, layers), name="one")])
    assert dit.aside
    assert torch.equal(prepared(dit, "cpu"), with_adapter)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a second device")
@pytest.mark.parametrize("precision", [Precision.BF16, Precision.INT8, Precision.NF4])
@pytest.mark.usefixtures("every_layer_is_large")
def test_adapters_on_layers_that_were_put_aside(precision: Precision, dit: SparseDiT, tmp_path: Path) -> None:
    file = plain_file(tmp_path, make_layers(dit, LAYERS[:-1]))
    quantize(dit, precision)
    dit.to("cuda")
    apply_adapters(dit, [Adapter(file=file, name="one", weight=5.0)])
    together = prepared(dit, "cuda")
    dit.put_aside("cpu")
    assert error(prepared(dit, "cuda"), together) < 0.02


@pytest.mark.parametrize("is_rank_stabilised", [False, True])
def test_what_diffusers_saves_works_as_it_did_there(
    is_rank_stabilised: bool, dit: SparseDiT, tmp_path: Path
) -> None:
    """Its file holds no alpha tensors but a configuration."""
    twin = copy.deepcopy(dit)
    config = LoraConfig(
        r=4,
        lora_alpha=6,
        target_modules=["to_q", "w1", "final_layer.linear"],
        alpha_pattern={"final_layer.linear": 9},
        use_rslora=is_rank_stabilised,
        init_lora_weights=False,
    )
    twin.add_adapter(config)
    twin.save_lora_adapter(tmp_path)
    file = tmp_path / "pytorch_lora_weights.safetensors"
    plain = run(dit)
    with torch.no_grad():
        expected = run(twin)
    apply_adapters(dit, [Adapter(file=file, name="one")])
    assert error(expected, plain) > 0.3
    assert error(run(dit), expected) < 0.02


@pytest.mark.parametrize("spelling", ["diffusers", "ComfyUI"])
def test_diffusers_loads_the_same(spelling: str, dit: SparseDiT, tmp_path: Path) -> None:
    """Its own loader reads these two without alpha; with alpha tensors it refuses HiDream's."""
    layers = make_layers(dit)
    down, up, rename = SPELLINGS[spelling]
    file = write(tmp_path / "one.safetensors", spell(layers, down, up, rename))
    twin = copy.deepcopy(dit)
    state: Any = HiDreamImageLoraLoaderMixin.lora_state_dict(str(file))
    twin.load_lora_adapter(state, prefix="transformer", adapter_name="one")
    apply_adapters(dit, [Adapter(file=file, name="one")])
    torch.testing.assert_close(run(dit), run(twin), atol=1e-2, rtol=0)
    assert error(run(dit), run(wide_transformer())) > 0.3


def test_a_refusal_leaves_the_network_as_it_was(dit: SparseDiT, tmp_path: Path) -> None:
    good = Adapter(file=plain_file(tmp_path, make_layers(dit)), name="good")
    spoiled = {name: tensor * math.nan for name, tensor in load_file(good.file).items()}
    bad_file = write(tmp_path / "bad.safetensors", spoiled)
    applied = apply_adapters(dit, [good])
    adapted = run(dit)
    for stack, sentence in [
        ([good, Adapter(file=bad_file, name="bad")], "NaN or infinity"),
        ([good, good], "2 adapters are called good"),
        ([Adapter(file=good.file, name="a.b")], "no name for an adapter"),
        ([Adapter(file=good.file, name="good", weight=math.inf)], "choose a number"),
    ]:
        with pytest.raises(EngineError, match=sentence):
            apply_adapters(dit, stack)
        assert torch.equal(run(dit), adapted)
        assert apply_adapters(dit, [good]) == applied


def test_a_failure_half_way_takes_all_off(
    dit: SparseDiT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = [
        Adapter(file=plain_file(tmp_path, make_layers(dit, seed=seed), name), name=name)
        for seed, name in enumerate(("one", "two"))
    ]
    plain, inject = run(dit.fuse()), lora.inject
    names = [name for name, _ in dit.named_parameters()]

    def fail_at_two(dit: SparseDiT, name: str, layers: Mapping[str, LoraLayer]) -> None:
        inject(dit, name, layers)
        if name == "two":
            raise MemoryError

    monkeypatch.setattr(lora, "inject", fail_at_two)
    with pytest.raises(MemoryError):
        apply_adapters(dit, stack)
    assert [name for name, _ in dit.named_parameters()] == names
    assert torch.equal(run(dit), plain)
    monkeypatch.setattr(lora, "inject", inject)
    assert [each.name for each in apply_adapters(dit, stack)] == ["one", "two"]


DRAW = GenerateRequest(prompt="a cat", seed=0, num_steps=2)


def ignore(progress: Progress) -> None:
    """Watch nothing."""


def test_engines_draw_with_adapters_and_say_so(tiny_folder: Path, tmp_path: Path) -> None:
    engine = load_engine(TINY, tiny_folder)
    plain = engine.generate(DRAW, ignore)
    assert plain.adapters == ()
    names = tuple(linear_shapes(engine.parts.dit))
    file = plain_file(tmp_path, make_layers(engine.parts.dit, names))
    engine.set_adapters([Adapter(file=file, name="one", weight=0.6)])
    adapted = engine.generate(DRAW, ignore)
    assert adapted.adapters == (AppliedAdapter(name="one", file_hash=file_sha256(file), weight=0.6),)
    assert adapted.image.tobytes() != plain.image.tobytes()
    sharing = load_engine(TINY, tiny_folder, share=engine)
    assert sharing.generate(DRAW, ignore).image.tobytes() == plain.image.tobytes()
    assert engine.generate(DRAW, ignore).image.tobytes() == adapted.image.tobytes()
    fresh = load_engine(TINY, tiny_folder, adapters=[Adapter(file=file, name="one", weight=0.6)])
    assert fresh.generate(DRAW, ignore).image.tobytes() == adapted.image.tobytes()
    with pytest.raises(ModelNotFound):
        engine.set_adapters([Adapter(file=tmp_path / "absent.safetensors", name="one")])
    assert engine.generate(DRAW, ignore).image.tobytes() == adapted.image.tobytes()
    engine.set_adapters([])
    assert engine.generate(DRAW, ignore).image.tobytes() == plain.image.tobytes()


def test_a_full_device_is_met_with_adapters(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network is made smaller without them; then they are put on again."""
    engine = load_engine(TINY, tiny_folder)
    file = plain_file(tmp_path, make_layers(engine.parts.dit, tuple(linear_shapes(engine.parts.dit))))
    engine.set_adapters([Adapter(file=file, name="one")])
    expected, steps = engine.generate(DRAW, ignore), list[int]()

    def step_down() -> str:
        assert not any("lora_" in name for name, _ in engine.parts.dit.named_parameters())
        return "Smaller now."

    def full_once(progress: Progress) -> None:
        steps.append(progress.step)
        if len(steps) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine.parts.placement, "step_down", step_down)
    sample = engine.generate(DRAW, full_once)
    assert sample.note.endswith("Smaller now.")
    assert sample.adapters == expected.adapters
    assert sample.image.tobytes() == expected.image.tobytes()


def test_the_command_line_takes_adapters(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(PRESETS, "stickers-full", TINY)
    dit = SparseDiT.from_pretrained(tiny_folder, "transformer")
    file = plain_file(tmp_path, make_layers(dit, tuple(linear_shapes(dit))), "an ink.v2")
    common = ["--weights", str(tiny_folder), "--seed", "0", "--steps", "2"]
    pictures = []
    for index, options in enumerate(
        [[], ["--lora", f"{file}:0"], ["--lora", f"{file}:-0.5", "--lora", str(file)]]
    ):
        out = tmp_path / f"{index}.png"
        assert main(["generate", "a cat", "--out", str(out), *common, *options]) == 0
        pictures.append(out.read_bytes())
    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]
    said = capsys.readouterr().out
    assert f"with an_ink_v2-1 at -0.5, sha256 {file_sha256(file)[:16]}" in said
    assert "with an_ink_v2-2 at 1, sha256" in said
    assert main(["generate", "a cat", "--out", str(out), *common, "--lora", "absent.safetensors:2"]) == 2
    assert "no adapter file at absent.safetensors." in capsys.readouterr().err

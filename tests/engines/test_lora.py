"""Adapters of every spelling do what their matrices say, on any base, and leave without a trace."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engines.api import Adapter, AppliedAdapter
from engines.ladder import Precision
from engines.lora import apply_adapters, linear_shapes
from engines.lora_file import LoraLayer, read_lora
from engines.manifest import file_sha256
from engines.quantize import quantize
from engines.sparse_dit import SparseDiT
from tests.engines.test_placement import error, run, wide_transformer

LAYERS = (
    "double_stream_blocks.0.block.attn1.to_q",
    "double_stream_blocks.0.block.attn1.to_out_t",
    "double_stream_blocks.0.block.adaLN_modulation.1",
    "double_stream_blocks.0.block.ff_i.experts.3.w1",
    "double_stream_blocks.0.block.ff_i.shared_experts.w2",
    "single_stream_blocks.1.block.ff_i.experts.0.w2",
    "caption_projection.2.linear",
    "final_layer.linear",
)
"""One of each sort, two of them in a block that then stays fused in part."""

Tensors = dict[str, Tensor]


@pytest.fixture
def dit() -> SparseDiT:
    return wide_transformer()


def make_layers(
    dit: SparseDiT, names: tuple[str, ...] = LAYERS, seed: int = 0, alpha: float | None = None
) -> dict[str, LoraLayer]:
    """Layers that change the output well above rounding; ranks differ."""
    shapes, generator = linear_shapes(dit), torch.Generator().manual_seed(seed)
    layers = {}
    for index, name in enumerate(names):
        rank = 2 + 2 * (index % 3)
        down = torch.randn(rank, shapes[name].num_inputs, generator=generator)
        up = torch.randn(shapes[name].num_outputs, rank, generator=generator)
        scale = 0.7 / math.sqrt(shapes[name].num_inputs * rank)
        layers[name] = LoraLayer(down_RI=down * scale, up_OR=up, alpha=alpha or float(rank))
    return layers


def spell(layers: dict[str, LoraLayer], down: str, up: str, rename: Callable[[str], str]) -> Tensors:
    tensors = {}
    for name, layer in layers.items():
        tensors[f"{rename(name)}.{down}.weight"] = layer.down_RI
        tensors[f"{rename(name)}.{up}.weight"] = layer.up_OR
    return tensors


def with_alphas(tensors: Tensors, layers: dict[str, LoraLayer], rename: Callable[[str], str]) -> Tensors:
    return tensors | {f"{rename(name)}.alpha": torch.tensor(layer.alpha) for name, layer in layers.items()}


def write(file: Path, tensors: Tensors, metadata: dict[str, str] | None = None) -> Path:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file, metadata=metadata)
    return file


def plain_file(folder: Path, layers: dict[str, LoraLayer], name: str = "one") -> Path:
    """diffusers' spelling, alpha in tensors."""

    def rename(layer: str) -> str:
        return f"transformer.{layer}"

    tensors = with_alphas(spell(layers, "lora_A", "lora_B", rename), layers, rename)
    return write(folder / f"{name}.safetensors", tensors)


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


SPELLINGS: dict[str, tuple[str, str, Callable[[str], str]]] = {
    "diffusers": ("lora_A", "lora_B", lambda name: f"transformer.{name}"),
    "bare": ("lora_A", "lora_B", lambda name: name),
    "peft": ("lora_A.default", "lora_B.default", lambda name: f"base_model.model.{name}"),
    "ComfyUI": ("lora_A", "lora_B", lambda name: f"diffusion_model.{name}"),
    "original": ("lora_down", "lora_up", lambda name: f"diffusion_model.{name}"),
    "old diffusers": ("lora.down", "lora.up", lambda name: f"transformer.{name}"),
    "kohya": ("lora_down", "lora_up", lambda name: "lora_unet_" + name.replace(".", "_")),
    "OneTrainer": ("lora_down", "lora_up", lambda name: "lora_transformer_" + name.replace(".", "_")),
}


@pytest.mark.parametrize("has_alpha", [False, True], ids=["no alpha", "alpha"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_read_alike(spelling: str, has_alpha: bool, dit: SparseDiT, tmp_path: Path) -> None:
    expected = make_layers(dit, alpha=3.0 if has_alpha else None)
    down, up, rename = SPELLINGS[spelling]
    tensors = spell(expected, down, up, rename)
    if has_alpha:
        tensors = with_alphas(tensors, expected, rename)
    found = read_lora(write(tmp_path / "one.safetensors", tensors), linear_shapes(dit))
    assert found.keys() == expected.keys()
    for name, layer in expected.items():
        assert torch.equal(found[name].down_RI, layer.down_RI)
        assert torch.equal(found[name].up_OR, layer.up_OR)
        assert (found[name].alpha, found[name].rank) == (layer.alpha, layer.rank)


def test_every_linear_layer_can_be_reached_in_every_spelling(dit: SparseDiT) -> None:
    shapes = linear_shapes(dit)
    assert shapes.keys() == {name for name, module in dit.named_modules() if isinstance(module, nn.Linear)}
    assert len({name.replace(".", "_") for name in shapes}) == len(shapes)
    dit.fuse()
    assert linear_shapes(dit) == shapes


@pytest.mark.parametrize("is_rank_stabilised", [False, True])
def test_alpha_from_metadata(is_rank_stabilised: bool, dit: SparseDiT, tmp_path: Path) -> None:
    """diffusers writes it into the file, peft beside it."""
    layers = make_layers(dit, LAYERS[:3])
    special = {"attn1.to_q": 5.0, "^final_layer.linear": 9.0}
    keys = {"r": 4, "lora_alpha": 8, "alpha_pattern": special, "use_rslora": is_rank_stabilised}
    prefixed = {f"transformer.{key}": value for key, value in keys.items()}
    tensors = spell(layers, "lora_A", "lora_B", lambda name: f"transformer.{name}")
    shapes = linear_shapes(dit)
    inside = write(tmp_path / "a.safetensors", tensors, {"lora_adapter_metadata": json.dumps(prefixed)})
    (tmp_path / "peft").mkdir()
    (tmp_path / "peft" / "adapter_config.json").write_text(json.dumps(keys))
    beside = write(tmp_path / "peft" / "adapter_model.safetensors", tensors)
    for file in (inside, beside):
        found = read_lora(file, shapes)
        for name, layer in layers.items():
            noted = 5.0 if name.endswith("to_q") else 8.0
            assert found[name].alpha == noted * (math.sqrt(layer.rank) if is_rank_stabilised else 1)


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
    one = Adapter(file=plain_file(tmp_path, make_layers(dit)), name="one")
    two = Adapter(file=plain_file(tmp_path, make_layers(dit, seed=1), "two"), name="two", weight=0.7)
    apply_adapters(dit, [one, two])
    both = run(dit)
    for step in ([two], [one], [two, one], [], [one, two]):
        apply_adapters(dit, step)
    assert torch.equal(run(dit), both)


@pytest.fixture
def every_layer_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engines.quantize.SMALLEST_LAYER", 2**16)


@pytest.mark.usefixtures("every_layer_is_large")
@pytest.mark.parametrize(("precision", "worst"), [(Precision.INT8, 0.02), (Precision.NF4, 0.1)])
def test_adapters_stand_beside_quantised_layers(
    precision: Precision, worst: float, dit: SparseDiT, tmp_path: Path
) -> None:
    layers = make_layers(dit)
    expected, unadapted = run(melted(dit, (layers, 0.8))), run(melted(dit))
    file = plain_file(tmp_path, layers)
    quantize(dit, precision)
    dit.fuse()
    plain, kinds = run(dit), {name: type(module) for name, module in dit.named_modules()}
    apply_adapters(dit, [Adapter(file=file, name="one", weight=0.8)])
    adapted = run(dit)
    assert error(expected, unadapted) > 3 * worst
    assert error(adapted, expected) < worst
    # What the adapter changes is the same on either base, to a fraction of the change.
    assert error(adapted - plain, expected - unadapted) < 0.35
    apply_adapters(dit, [])
    assert {name: type(module) for name, module in dit.named_modules()} == kinds
    assert torch.equal(run(dit), plain)

"""Tensors that an adapter replaces: exactly its own at weight 1, exactly the network's own at 0 and after."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engines.api import Adapter
from engines.errors import EngineError, WeightsDamaged
from engines.ladder import Precision
from engines.lora import apply_adapters, turn_off
from engines.lora_file import LoraLayer
from engines.quantize import quantize
from engines.sparse_dit import SparseDiT
from engines.sparse_dit.fusion import is_plain
from tests.engines.adapter_files import LAYERS, make_layers, plain_file, spell, write
from tests.engines.test_lora import melted
from tests.engines.test_placement import run, wide_transformer

REPLACED = (
    "x_embedder.proj.weight",
    "t_embedder.timestep_embedder.linear_1.bias",
    "final_layer.linear.bias",
    "final_layer.adaLN_modulation.1.weight",
    "double_stream_blocks.0.block.attn1.to_k.weight",
    "double_stream_blocks.0.block.attn1.q_rms_norm.weight",
    "double_stream_blocks.0.block.ff_i.gate.weight",
    "single_stream_blocks.0.block.ff_i.experts.1.w1.weight",
)
"""Among them one beside a LoRA layer, some of joined weights, one of what is put aside."""

LARGE = "double_stream_blocks.0.block.adaLN_modulation.1"


@pytest.fixture
def dit() -> SparseDiT:
    return wide_transformer().float()


def other_tensors(dit: SparseDiT, names: tuple[str, ...] = REPLACED) -> dict[str, Tensor]:
    generator, state = torch.Generator().manual_seed(5), dit.state_dict()
    return {
        name: state[name] + 0.3 * torch.randn(state[name].shape, generator=generator) * state[name].std()
        for name in names
    }


def editor_file(
    folder: Path,
    dit: SparseDiT,
    whole: dict[str, Tensor],
    name: str = "editor",
    layers: dict[str, LoraLayer] | None = None,
) -> Path:
    """As HiDream-E1-Full's: LoRA pairs and tensors of their own in one file."""
    return write(
        folder / f"{name}.safetensors",
        spell(layers or make_layers(dit), "lora_A", "lora_B", lambda n: n) | whole,
    )


def with_tensors(dit: SparseDiT, tensors: dict[str, Tensor]) -> SparseDiT:
    """The slow obvious twin."""
    twin = copy.deepcopy(dit)
    twin.load_state_dict(dit.state_dict() | tensors)
    return twin


@pytest.mark.parametrize("kept", ["parted", "fused", "aside"])
def test_they_stand_in_the_networks_place_and_leave_no_trace(
    kept: str, dit: SparseDiT, tmp_path: Path
) -> None:
    layers, whole = make_layers(dit), other_tensors(dit)
    file = editor_file(tmp_path, dit, whole)
    state = {name: tensor.clone() for name, tensor in dit.state_dict().items()}
    half = {name: 0.5 * state[name] + 0.5 * tensor for name, tensor in whole.items()}
    expected = {1.0: run(melted(with_tensors(dit, whole), (layers, 1.0)))}
    expected[0.5] = run(melted(with_tensors(dit, half), (layers, 0.5)))
    if kept != "parted":
        dit.fuse()
    plain = run(dit)
    if kept == "aside":
        dit.put_aside()
    for weight in (1.0, 0.5, 1.0):
        apply_adapters(dit, [Adapter(file=file, name="editor", weight=weight)])
        torch.testing.assert_close(run(dit), expected[weight], atol=1e-4, rtol=1e-4)
    turn_off(dit, "editor")
    assert torch.equal(run(dit), plain)
    apply_adapters(dit, [Adapter(file=file, name="editor")])
    torch.testing.assert_close(run(dit), expected[1.0], atol=1e-4, rtol=1e-4)
    apply_adapters(dit, [])
    assert torch.equal(run(dit), plain)
    assert bool(dit.aside) == (kept == "aside")
    dit.bring_back()
    assert all(torch.equal(dit.state_dict()[name], tensor) for name, tensor in state.items())


def test_the_file_is_left_alone_by_what_the_network_does(dit: SparseDiT, tmp_path: Path) -> None:
    """No tensor of the network is one of the adapter's, nor the other way."""
    file = editor_file(tmp_path, dit, other_tensors(dit))
    apply_adapters(dit, [Adapter(file=file, name="editor")])
    output = run(dit)
    turn_off(dit, "editor")
    for parameter in dit.parameters():
        parameter.data.mul_(2)
    for parameter in dit.parameters():
        parameter.data.div_(2)
    apply_adapters(dit, [Adapter(file=file, name="editor")])
    assert torch.equal(run(dit), output)


def test_they_stand_beside_other_adapters(dit: SparseDiT, tmp_path: Path) -> None:
    layers, whole, ink = make_layers(dit), other_tensors(dit), make_layers(dit, LAYERS[:4], seed=3)
    editor = Adapter(file=editor_file(tmp_path, dit, whole), name="editor")
    other = Adapter(file=plain_file(tmp_path, ink, "ink"), name="ink", weight=0.7)
    twin, alone = with_tensors(dit, whole), run(melted(dit, (ink, 0.7)))
    apply_adapters(dit, [editor, other])
    expected = run(melted(twin, (layers, 1.0), (ink, 0.7)))
    torch.testing.assert_close(run(dit), expected, atol=1e-4, rtol=1e-4)
    turn_off(dit, "editor")
    torch.testing.assert_close(run(dit), alone, atol=1e-4, rtol=1e-4)


def test_two_that_replace_the_same_are_refused(dit: SparseDiT, tmp_path: Path) -> None:
    whole = other_tensors(dit)
    both = [Adapter(file=editor_file(tmp_path, dit, whole, name), name=name) for name in ("first", "second")]
    plain = run(dit)
    with pytest.raises(EngineError, match="first and second both replace"):
        apply_adapters(dit, both)
    assert torch.equal(run(dit), plain)


@pytest.mark.parametrize("precision", [Precision.INT8, Precision.NF4])
def test_a_quantised_layer_gives_way_to_one_in_floating_point(
    precision: Precision, dit: SparseDiT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engines.quantize.SMALLEST_LAYER", 2**16)
    dit = dit.bfloat16()
    shape = dit.get_submodule(LARGE).weight.shape
    own = torch.full(shape, 0.02, dtype=torch.bfloat16)  # type: ignore[arg-type]
    file = editor_file(tmp_path, dit, {f"{LARGE}.weight": own})
    quantize(dit, precision)
    assert not is_plain(dit.get_submodule(LARGE))
    plain = run(dit)
    with pytest.raises(EngineError, match=r"1\.weight is quantised here"):
        apply_adapters(dit, [Adapter(file=file, name="editor", weight=0.5)])
    assert torch.equal(run(dit), plain)
    apply_adapters(dit, [Adapter(file=file, name="editor")])
    assert torch.equal(dit.get_parameter(f"{LARGE}.weight"), own)
    apply_adapters(dit, [])
    assert torch.equal(run(dit), plain)


@pytest.mark.parametrize(
    ("name", "tensor", "sentence"),
    [
        (REPLACED[0], torch.ones(3, 3), r"x_embedder\.proj\.weight has shape \(3, 3\)"),
        (REPLACED[2], torch.full((16,), torch.inf), "final_layer.linear.bias holds something else than fin"),
    ],
    ids=["shape", "infinity"],
)
def test_tensors_that_do_not_fit_are_refused(
    name: str, tensor: Tensor, sentence: str, dit: SparseDiT, tmp_path: Path
) -> None:
    tensor = tensor if tensor.ndim > 1 else torch.full_like(dit.state_dict()[name], torch.inf)
    file = editor_file(tmp_path, dit, {name: tensor})
    with pytest.raises(WeightsDamaged, match=sentence):
        apply_adapters(dit, [Adapter(file=file, name="editor")])

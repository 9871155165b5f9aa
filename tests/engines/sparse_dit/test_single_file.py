"""One file as the transformer: every prefix, fp8 with scales, GGUF and 4 bit; refused by its header alone."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engines.errors import EngineError, ModelNotFound, WeightsDamaged
from engines.ladder import Precision
from engines.quantize import quantize
from engines.sparse_dit import SparseDiT
from engines.sparse_dit.single_file import PREFIXES, read_header
from tests.engines.test_placement import error, run, wide_transformer

Tensors = dict[str, Tensor]
LAYER = "double_stream_blocks.0.block.attn1.to_q.weight"


@pytest.fixture(scope="module")
def dit() -> SparseDiT:
    return wide_transformer()


@pytest.fixture(scope="module")
def config(dit: SparseDiT, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("config")
    dit.save_pretrained(folder)
    (folder / "diffusion_pytorch_model.safetensors").unlink()
    return folder


def write(file: Path, tensors: Tensors) -> Path:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)
    return file


def state_of(dit: SparseDiT) -> Tensors:
    return {name: tensor.clone() for name, tensor in dit.state_dict().items()}


def load(file: Path, config: Path, dtype: torch.dtype = torch.bfloat16) -> SparseDiT:
    return SparseDiT.from_single_file(file, config, dtype).requires_grad_(False)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_is_found(prefix: str, dit: SparseDiT, config: Path, tmp_path: Path) -> None:
    tensors = {f"{prefix}{name}": tensor for name, tensor in state_of(dit).items()}
    if prefix:
        tensors["vae.decoder.conv_in.weight"] = torch.ones(3)  # a whole pipeline in one file
    loaded = load(write(tmp_path / "one.safetensors", tensors), config)
    assert not loaded.training
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in state_of(dit).items())
    assert torch.equal(run(loaded), run(dit))


@pytest.mark.parametrize("scale_name", ["scale_weight", "weight_scale", None])
def test_fp8_is_brought_back_to_its_size(
    scale_name: str | None, dit: SparseDiT, config: Path, tmp_path: Path
) -> None:
    """The twin: each weight divided by its scale, rounded to fp8, and multiplied again."""
    tensors = state_of(dit)
    twin = copy.deepcopy(dit)
    for name, module in twin.named_modules():
        if isinstance(module, nn.Linear):
            scale = module.weight.abs().max().float() / 448 if scale_name else torch.tensor(1.0)
            small = (module.weight.float() / scale).to(torch.float8_e4m3fn)
            module.weight.data = (small.float() * scale).bfloat16()
            tensors[f"{name}.weight"] = small
            if scale_name:
                tensors |= {f"{name}.{scale_name}": scale, f"{name}.scale_input": torch.tensor(1.0)}
    tensors["scaled_fp8"] = torch.zeros(2, dtype=torch.float8_e4m3fn)
    tensors = {f"model.diffusion_model.{name}": tensor for name, tensor in tensors.items()}
    loaded = load(write(tmp_path / "fp8.safetensors", tensors), config)
    assert torch.equal(run(loaded), run(twin))
    assert error(run(loaded), run(dit)) < (0.1 if scale_name else 0.5)


def write_gguf(file: Path, tensors: Tensors, kind: gguf.GGMLQuantizationType, prefix: str = "") -> Path:
    """As city96's converter: matrices in blocks, the rest in 32 bit."""
    writer = gguf.GGUFWriter(file, "hidream")
    for name, tensor in tensors.items():
        array = tensor.float().numpy()
        if tensor.ndim == 2 and tensor.shape[-1] % 32 == 0:
            writer.add_tensor(prefix + name, gguf.quants.quantize(array, kind), raw_dtype=kind)
        else:
            writer.add_tensor(prefix + name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


@pytest.mark.parametrize("prefix", ["", "model.diffusion_model."])
@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        (gguf.GGMLQuantizationType.Q8_0, 0.03),
        (gguf.GGMLQuantizationType.Q5_0, 0.15),
        (gguf.GGMLQuantizationType.Q4_0, 0.3),
        (gguf.GGMLQuantizationType.BF16, 0.01),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_gguf_stays_packed_and_multiplies_as_its_numbers_say(
    kind: gguf.GGMLQuantizationType, loss: float, prefix: str, dit: SparseDiT, config: Path, tmp_path: Path
) -> None:
    file = write_gguf(tmp_path / "model.gguf", state_of(dit), kind, prefix)
    loaded = load(file, config, torch.float32)
    twin = copy.deepcopy(dit).float()
    for tensor in twin.state_dict().values():
        if tensor.ndim == 2 and tensor.shape[-1] % 32 == 0:
            packed = gguf.quants.quantize(tensor.float().numpy(), kind)
            tensor.copy_(torch.from_numpy(gguf.quants.dequantize(packed, kind)))
    torch.testing.assert_close(run(loaded), run(twin), atol=1e-3, rtol=1e-3)  # some scales are 16 bit
    assert error(run(loaded), run(dit)) < loss
    layer = loaded.get_submodule(LAYER.removesuffix(".weight"))
    assert layer.weight.dtype is torch.uint8
    # Neither joined, quantised again nor put aside does it compute anything else.
    quantize(loaded, Precision.INT8)
    assert torch.equal(run(loaded.fuse().put_aside()), run(loaded))
    torch.testing.assert_close(run(loaded), run(twin), atol=1e-3, rtol=1e-3)


def four_bit_state(dit: SparseDiT, monkeypatch: pytest.MonkeyPatch) -> Tensors:
    monkeypatch.setattr("engines.quantize.SMALLEST_LAYER", 2**12 + 1)  # a row must fill a block of 64
    quantize(dit, Precision.NF4)
    dit.eval()
    return {name: tensor for name, tensor in dit.state_dict().items() if isinstance(tensor, Tensor)}


def test_four_bit_repositories_load_as_they_are(
    dit: SparseDiT, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In shards that part a weight from what unpacks it; and the same as one file."""
    packed = copy.deepcopy(dit)
    state = four_bit_state(packed, monkeypatch)
    expected = run(packed)
    keys = json.loads((config / "config.json").read_text())
    keys["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (tmp_path / "config.json").write_text(json.dumps(keys))
    names = sorted(state)
    shards = {f"part-{index}.safetensors": names[index::3] for index in range(3)}
    for shard, members in shards.items():
        write(tmp_path / shard, {name: state[name] for name in members})
    weight_map = {name: shard for shard, members in shards.items() for name in members}
    index = tmp_path / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    loaded = SparseDiT.from_pretrained(tmp_path, dtype=torch.bfloat16).requires_grad_(False)
    assert torch.equal(run(loaded), expected)
    single = load(write(tmp_path / "one.safetensors", state), config)
    assert torch.equal(run(single), expected)
    quantize(single, Precision.NF4)
    assert torch.equal(run(single.fuse()), expected)


@pytest.mark.parametrize(
    "packing",
    [{"quant_method": "torchao"}, {"quant_method": "bitsandbytes", "load_in_8bit": True}, "quanto"],
    ids=str,
)
def test_other_packings_are_refused(packing: object, config: Path, tmp_path: Path) -> None:
    keys = json.loads((config / "config.json").read_text()) | {"quantization_config": packing}
    (tmp_path / "config.json").write_text(json.dumps(keys))
    with pytest.raises(WeightsDamaged, match="fetch the weights in 16 bit"):
        SparseDiT.from_pretrained(tmp_path)


def cut(share: float) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])

    return damage


FOREIGN = {"double_blocks.0.img_attn.qkv.weight": torch.ones(4, 4)}
BAD_TENSORS: dict[str, tuple[Callable[[Tensors], Tensors], str]] = {
    "another model": (
        lambda tensors: FOREIGN,
        r"not a transformer of HiDream-I1 or E1: .* begins with double_blocks\.0",
    ),
    "one more": (lambda tensors: tensors | FOREIGN, r"holds double_blocks\.0.*: foreign weights"),
    "one less": (
        lambda tensors: {name: tensor for name, tensor in tensors.items() if name != LAYER},
        rf"lacks 1 of \d+ tensors, the first is {LAYER}",
    ),
    "another shape": (
        lambda tensors: tensors | {LAYER: torch.ones(2, 2)},
        r"has shape \(2, 2\) where this transformer has \(256, 256\)",
    ),
    "whole numbers": (
        lambda tensors: tensors | {LAYER: torch.ones(256, 256, dtype=torch.int32)},
        "holds torch.int32, not weights",
    ),
}


@pytest.mark.parametrize("kind", BAD_TENSORS)
def test_a_wrong_file_is_refused_by_name(kind: str, dit: SparseDiT, config: Path, tmp_path: Path) -> None:
    change, sentence = BAD_TENSORS[kind]
    file = write(tmp_path / "wrong.safetensors", change(state_of(dit)))
    with pytest.raises(WeightsDamaged, match=sentence) as refusal:
        load(file, config)
    assert str(file) in str(refusal.value)


@pytest.mark.parametrize("ending", [".safetensors", ".gguf"])
@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.999])
def test_a_cut_file_is_refused(
    ending: str, share: float, dit: SparseDiT, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / f"cut{ending}"
    if ending == ".gguf":
        write_gguf(file, state_of(dit), gguf.GGMLQuantizationType.Q8_0)
    else:
        write(file, state_of(dit))
    cut(share)(file)
    with pytest.raises(WeightsDamaged, match="is cut or damaged"):
        load(file, config)


@pytest.mark.parametrize("ending", [".safetensors", ".gguf", ".ckpt"])
def test_a_pickle_and_nothing_are_refused(ending: str, config: Path, tmp_path: Path) -> None:
    file = tmp_path / f"model{ending}"
    with pytest.raises(ModelNotFound, match="There is no file of weights at"):
        load(file, config)
    file.write_bytes(pickle.dumps({"weight": [0.0] * 100}))
    with pytest.raises(WeightsDamaged, match="is a pickle, which can run any program"):
        load(file, config)


def test_a_file_needs_its_reader(dit: SparseDiT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_gguf(tmp_path / "model.gguf", state_of(dit), gguf.GGMLQuantizationType.Q8_0)
    monkeypatch.setitem(__import__("sys").modules, "gguf", None)
    with pytest.raises(EngineError, match="pip install gguf"):
        read_header(file)


def test_the_published_configuration_is_known(dit: SparseDiT, tmp_path: Path) -> None:
    with pytest.raises(WeightsDamaged, match=r"where this transformer has \(2560,"):
        SparseDiT.from_single_file(write(tmp_path / "small.safetensors", state_of(dit)))

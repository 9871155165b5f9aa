"""Every way in which weights can be wrong, and sharing what is loaded."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import gguf
import pytest
from safetensors.torch import load_file, save_file

from engines.api import GenerateRequest
from engines.errors import ModelNotFound, WeightsDamaged
from engines.ladder import LADDER, Machine, Precision, sentence
from engines.load_engine import load_engine
from engines.manifest import write_manifest
from engines.placement import measure
from engines.presets import PRESETS
from engines.sizes import Size
from engines.sparse_dit import SparseDiT
from tests.engines.sparse_dit.test_single_file import write_gguf


@pytest.fixture
def copy(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "weights"))


def test_parts_are_shared_between_presets_of_one_folder(tiny_folder: Path) -> None:
    full = load_engine("stickers-full", tiny_folder)
    again = load_engine("stickers-full", tiny_folder, share=full)
    editor = load_engine("stickers-edit", tiny_folder, share=again)
    assert again.parts.dit is full.parts.dit
    assert editor.parts.text is full.parts.text
    assert editor.parts.dit is not full.parts.dit
    assert editor.info.can_edit
    assert editor.info.weights_hash == full.info.weights_hash


def test_parts_of_another_folder_are_not_shared(tiny_folder: Path, copy: Path) -> None:
    full = load_engine("stickers-full", tiny_folder)
    assert load_engine("stickers-full", copy, share=full).parts.text is not full.parts.text


def test_unknown_presets_and_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="no preset turbo"):
        load_engine("turbo")
    with pytest.raises(ModelNotFound, match="full needs downloaded weights"):
        load_engine("full")
    with pytest.raises(ModelNotFound, match="not a folder"):
        load_engine("full", tmp_path / "nowhere")
    with pytest.raises(ModelNotFound, match=r"manifest\.json is missing"):
        load_engine("stickers-full", tmp_path)


def test_a_changed_byte_is_found_before_loading(copy: Path) -> None:
    file = copy / "transformer" / "diffusion_pytorch_model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(
        WeightsDamaged, match=r"transformer/diffusion_pytorch_model.safetensors does not match"
    ):
        load_engine("stickers-full", copy)


def test_published_checkpoints_need_no_manifest(copy: Path) -> None:
    (copy / "manifest.json").unlink()
    assert len(load_engine("full", copy).info.weights_hash) == 64


@pytest.mark.parametrize("part", ["transformer", "vae", "scheduler", "tokenizer_2", "text_encoder_3"])
def test_a_missing_part_is_named(copy: Path, part: str) -> None:
    shutil.rmtree(copy / part)
    write_manifest(copy)
    with pytest.raises(ModelNotFound, match=part):
        load_engine("stickers-full", copy)


def test_a_student_that_is_not_there_is_named(copy: Path) -> None:
    shutil.rmtree(copy / "transformer_dev")
    write_manifest(copy)
    with pytest.raises(ModelNotFound, match="transformer_dev"):
        load_engine("stickers-dev", copy)


def test_an_editor_holds_as_many_tokens_as_its_preset_says(tiny_folder: Path) -> None:
    preset = dataclasses.replace(PRESETS["stickers-edit"], max_image_tokens=4608)
    assert load_engine(preset, tiny_folder).parts.dit.max_seq == 4608
    assert load_engine("stickers-edit", tiny_folder).parts.dit.max_seq == 32


def test_a_single_file_takes_the_place_of_the_folders_transformer(copy: Path, tmp_path: Path) -> None:
    """The later weights of transformer_edit, under ComfyUI's prefix, draw as they do in their own folder."""
    preset = dataclasses.replace(PRESETS["stickers-full"], sizes=(Size(64, 64),))
    edit = dataclasses.replace(preset, transformer="transformer_edit")
    tensors = load_file(copy / "transformer_edit" / "diffusion_pytorch_model.safetensors")
    file = tmp_path / "model.safetensors"
    save_file({f"model.diffusion_model.{name}": tensor for name, tensor in tensors.items()}, file)
    request = GenerateRequest(prompt="a red cat", seed=1, num_steps=2)
    own = load_engine(preset, copy)
    single = load_engine(preset, copy, share=own, transformer=file)
    assert single.parts.dit is not own.parts.dit
    assert load_engine(preset, copy, share=single, transformer=file).parts.dit is single.parts.dit
    assert load_engine(preset, copy, share=single).parts.dit is not single.parts.dit
    pictures = [
        engine.generate(request, lambda progress: None).image.tobytes()
        for engine in (single, load_engine(edit, copy), own)
    ]
    assert pictures[0] == pictures[1] != pictures[2]
    hashes = {engine.info.weights_hash for engine in (own, single)}
    assert len(hashes) == 2
    assert load_engine(preset, copy, share=single).info.weights_hash == own.info.weights_hash


def test_a_packed_file_is_placed_as_it_is(tiny_folder: Path, tmp_path: Path) -> None:
    dit = SparseDiT.from_pretrained(tiny_folder, "transformer")
    file = write_gguf(tmp_path / "model.gguf", dit.state_dict(), gguf.GGMLQuantizationType.Q8_0)
    sizes = measure(file, tiny_folder)
    assert sizes.transformer.num_bytes(Precision.NF4) == sizes.transformer.num_bytes(Precision.BF16)
    assert sizes.transformer.num_bytes(Precision.BF16) == pytest.approx(file.stat().st_size, abs=1)
    assert sizes.transformer.num_blocks == 2
    machine = Machine(gpu_bytes=10**11, cpu_bytes=10**11)
    assert sentence(LADDER[0], sizes, machine).startswith("Transformer in the precision of its file,")
    engine = load_engine(
        dataclasses.replace(PRESETS["stickers-full"], sizes=(Size(64, 64),)), tiny_folder, transformer=file
    )
    request = GenerateRequest(prompt="a red cat", seed=1, num_steps=1)
    assert engine.generate(request, lambda progress: None).image.size == (64, 64)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [(["square"], ["256x256"]), (["square", "portrait"], ["256x256", "192x320"]), ([], None)],
)
def test_only_outlines_that_the_weights_learnt_are_offered(
    copy: Path, shapes: list[str], expected: list[str] | None
) -> None:
    file = copy / "vocabulary.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "shapes": shapes}))
    write_manifest(copy)
    offered = [str(size) for size in load_engine("stickers-full", copy).info.sizes]
    assert offered == (expected or [str(size) for size in PRESETS["stickers-full"].sizes])

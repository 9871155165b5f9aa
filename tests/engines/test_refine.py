"""E1's last steps: I1 draws on, by a network of its own or by the editor's without what makes it edit."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engines.__main__ import main
from engines.api import EditRequest, Progress, Sample
from engines.edit import words_of
from engines.engine import DiffusionEngine
from engines.errors import EngineError, ModelNotFound
from engines.guidance import guide, guide_edit
from engines.load_engine import load_engine
from engines.presets import PRESETS
from engines.sampling import start
from engines.sizes import Size
from engines.sparse_dit import SparseDiT
from engines.vae import to_image, to_pixels
from tests.engines.adapter_files import make_layers
from tests.engines.plain_passes import network_velocity
from tests.engines.test_lora import melted
from tests.engines.test_whole_tensors import editor_file, with_tensors

E1 = dataclasses.replace(PRESETS["e1"], sizes=(Size(64, 64),), max_image_tokens=None)
SOURCE = Image.linear_gradient("L").convert("RGB").resize((64, 64))
REQUEST = EditRequest(
    image=SOURCE,
    instruction="make it blue.",
    description="a blue cat",
    negative_prompt="red",
    seed=1,
    num_steps=10,
)
LAYERS = (
    "double_stream_blocks.0.block.attn1.to_q",
    "single_stream_blocks.0.block.ff_i.experts.0.w2",
    "final_layer.linear",
)
REPLACED = ("x_embedder.proj.weight", "double_stream_blocks.0.block.attn1.to_k.weight")


def ignore(progress: Progress) -> None:
    """Watch nothing."""


@pytest.fixture(scope="module")
def base(tiny_folder: Path) -> SparseDiT:
    return SparseDiT.from_pretrained(tiny_folder, "transformer")


@pytest.fixture(scope="module")
def file(base: SparseDiT, tmp_path_factory: pytest.TempPathFactory) -> Path:
    state, generator = base.state_dict(), torch.Generator().manual_seed(2)
    whole = {name: torch.randn(state[name].shape, generator=generator) / 4 for name in REPLACED}
    return editor_file(tmp_path_factory.mktemp("e1"), base, whole, layers=make_layers(base, LAYERS))


@pytest.fixture(scope="module")
def editor(tiny_folder: Path, file: Path) -> DiffusionEngine:
    """HiDream-E1-Full's way: one network, an adapter with tensors of its own."""
    return load_engine(E1, tiny_folder, editor=file)


@pytest.fixture(scope="module")
def pair(tiny_folder: Path) -> DiffusionEngine:
    """E1.1's way: two networks."""
    preset = dataclasses.replace(E1, transformer="transformer_edit")
    return load_engine(preset, tiny_folder, refiner=tiny_folder)


@torch.no_grad()
def plain_edit(
    engine: DiffusionEngine, editing: SparseDiT, refining: SparseDiT, num_editing: int
) -> np.ndarray:
    """The slow obvious twin: every pass alone, guidance written out, E1-Full's words."""
    parts = engine.parts
    context = parts.text.encode(
        ["red", "Editing Instruction: make it blue. Target Image Description: a blue cat", "a blue cat"]
    ).context
    negative, instruction, description = (context.rows(row) for row in range(3))
    source = parts.vae.encode(to_pixels(SOURCE))
    latents = torch.randn(source.shape, generator=torch.Generator().manual_seed(1))
    scheduler = start(parts.scheduler, 10, 3.0, "diffusers-0.36")
    for step, time in enumerate(scheduler.timesteps):
        at = float(time)
        if step < num_editing:
            nothing = torch.cat([latents, torch.zeros_like(source)], dim=-1)
            beside = torch.cat([latents, source], dim=-1)
            v = guide_edit(
                network_velocity(editing, nothing, at, negative),
                network_velocity(editing, beside, at, negative),
                network_velocity(editing, beside, at, instruction),
                5.0,
                4.0,
            )[..., : source.shape[-1]]
        else:
            v = guide(
                network_velocity(refining, latents, at, negative),
                network_velocity(refining, latents, at, description),
                5.0,
            )
        latents = scheduler.step(v, time, latents, return_dict=False)[0]
    return np.asarray(to_image(parts.vae.decode(latents)), np.int16)


def assert_same(sample: Sample, expected: np.ndarray) -> None:
    assert np.abs(np.asarray(sample.image, np.int16) - expected).max() <= 1


@pytest.fixture(scope="module")
def edited(base: SparseDiT, file: Path) -> SparseDiT:
    """What the adapter makes of the network."""
    from safetensors.torch import load_file

    tensors = {name: tensor for name, tensor in load_file(file).items() if name in REPLACED}
    return melted(with_tensors(base, tensors), (make_layers(base, LAYERS), 1.0))


@pytest.mark.parametrize(("refine", "num_editing"), [(None, 7), (0.0, 10), (0.5, 5), (0.95, 1)])
def test_an_adapter_edits_and_the_network_below_refines(
    editor: DiffusionEngine,
    base: SparseDiT,
    edited: SparseDiT,
    refine: float | None,
    num_editing: int,
) -> None:
    sample = editor.edit(dataclasses.replace(REQUEST, refine=refine), ignore)
    assert_same(sample, plain_edit(editor, edited, base, num_editing))
    assert sample.refine == (0.3 if refine is None else refine)
    assert [each.name for each in sample.adapters] == ["editor"]


def test_a_network_of_its_own_refines(pair: DiffusionEngine, base: SparseDiT, tiny_folder: Path) -> None:
    editing = SparseDiT.from_pretrained(tiny_folder, "transformer_edit")
    assert_same(pair.edit(REQUEST, ignore), plain_edit(pair, editing, base, 7))
    alone = load_engine(pair.parts.preset, tiny_folder)
    sample = alone.edit(REQUEST, ignore)
    assert sample.refine == 0
    assert_same(sample, plain_edit(alone, editing, base, 10))
    assert sample.weights_hash != pair.info.weights_hash


def test_nothing_is_left_of_the_editor(editor: DiffusionEngine, base: SparseDiT) -> None:
    dit = copy.deepcopy(editor.parts.dit)
    from engines.lora import apply_adapters

    apply_adapters(dit, ())
    state = dit.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in base.state_dict().items())


def test_several_pictures_refine_as_one_does(editor: DiffusionEngine) -> None:
    together = editor.edit(dataclasses.replace(REQUEST, num_pictures=2), ignore)
    second = editor.edit(dataclasses.replace(REQUEST, seed=2), ignore)
    assert_same(second, np.asarray(together.more[0], np.int16))


def test_what_cannot_be_refined_is_refused(tiny_folder: Path, file: Path) -> None:
    alone = load_engine(E1, tiny_folder)
    with pytest.raises(EngineError, match="Refining needs HiDream-I1-Full beside the editor"):
        alone.edit(dataclasses.replace(REQUEST, refine=0.3), ignore)
    with pytest.raises(EngineError, match=r"1\.0 of the steps cannot be refined"):
        alone.edit(dataclasses.replace(REQUEST, refine=1.0), ignore)
    with pytest.raises(EngineError, match="goes with an editor"):
        load_engine("stickers-full", tiny_folder, refiner=tiny_folder)
    with pytest.raises(EngineError, match="leave the refiner out"):
        load_engine(E1, tiny_folder, editor=file, refiner=tiny_folder)
    with pytest.raises(ModelNotFound, match="is not a folder of weights"):
        load_engine(E1, tiny_folder, refiner=tiny_folder / "nowhere")
    with pytest.raises(ModelNotFound, match="no adapter file at"):
        load_engine(E1, tiny_folder, editor=tiny_folder / "nowhere.safetensors")


def test_each_editor_reads_the_words_it_was_trained_on() -> None:
    bare = dataclasses.replace(REQUEST, description="")
    ready = dataclasses.replace(bare, instruction="Editing Instruction: a. Target Image Description: b")
    assert (
        words_of(PRESETS["e1"], REQUEST)
        == "Editing Instruction: make it blue. Target Image Description: a blue cat"
    )
    assert words_of(PRESETS["e1"], bare) == "Editing Instruction: make it blue."
    assert words_of(PRESETS["e1"], ready) == ready.instruction
    assert words_of(PRESETS["e1.1"], REQUEST) == "make it blue."


def test_the_command_line_edits_with_the_adapter(tiny_folder: Path, file: Path, tmp_path: Path) -> None:
    SOURCE.resize((80, 40)).save(tmp_path / "source.png")
    command = ["edit", str(tmp_path / "source.png"), "make it blue", "--preset", "e1", "--seed", "1"]
    command += ["--weights", str(tiny_folder), "--editor", str(file), "--description", "a blue cat"]
    command += ["--steps", "2", "--refine", "0.5", "--keep-size", "--grid", "official"]
    assert main([*command, "--out", str(tmp_path / "edited.png")]) == 0
    with Image.open(tmp_path / "edited.png") as image:
        assert image.size == (80, 40)

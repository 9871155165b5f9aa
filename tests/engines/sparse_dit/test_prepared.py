"""A prepared loop against plain passes: the same numbers, with less work and fewer weights."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engines.sparse_dit import Captured, Prepared, SparseDiT
from engines.sparse_dit.prepared import apply_from_anywhere
from engines.text import TextContext
from tests.parity.test_sparse_dit import TINY, random_inputs, random_pair

TIMES = torch.tensor([999.0, 640.5, 17.0])


def context_of(inputs: dict[str, Tensor]) -> TextContext:
    return TextContext(
        t5_BTC=inputs["encoder_hidden_states_t5"],
        llama_LBTC=inputs["encoder_hidden_states_llama3"],
        pooled_BC=inputs["pooled_embeds"],
    )


def prepare(model: SparseDiT, inputs: dict[str, Tensor], kept_width: int | None = None) -> Prepared:
    height, width = inputs["hidden_states"].shape[-2:]
    return model.prepare(context_of(inputs), TIMES, (height, width), kept_width)


def one_by_one(model: SparseDiT, inputs: dict[str, Tensor], latents: Tensor, step: int) -> Tensor:
    times = TIMES[step].expand(len(latents))
    sample: Tensor = model(**inputs | {"hidden_states": latents, "timesteps": times}).sample
    return sample


@pytest.mark.parametrize("is_fused", [False, True], ids=["plain", "fused"])
@pytest.mark.parametrize("size", [(8, 8), (8, 12)], ids=["square", "padded"])
@torch.no_grad()
def test_every_step_equals_a_plain_pass(size: tuple[int, int], is_fused: bool) -> None:
    model = random_pair(TINY)[0]
    inputs = random_inputs(model, 2, *size)
    expected_of = copy.deepcopy(model)
    prepared = prepare(model.fuse() if is_fused else model, inputs)
    seen = []
    for step in range(len(TIMES)):
        latents = torch.randn_like(inputs["hidden_states"])
        expected = one_by_one(expected_of, inputs, latents, step)
        torch.testing.assert_close(prepared(latents, step), expected, atol=2e-6, rtol=1e-5)
        seen.append(prepared(inputs["hidden_states"], step))
    assert not torch.allclose(seen[0], seen[1], atol=1e-3)


@pytest.mark.parametrize("resolution", [[8, 16], [12, 16]], ids=["exact", "padded"])
@torch.no_grad()
def test_an_edit_pair_keeps_its_left_half(resolution: list[int]) -> None:
    model = random_pair(TINY | {"max_resolution": resolution})[0]
    inputs = random_inputs(model, 2, 8, 16)
    whole = one_by_one(model, inputs, inputs["hidden_states"], 1)
    half = prepare(model, inputs, kept_width=8)(inputs["hidden_states"], 1)
    assert half.shape == (2, 4, 8, 8)
    torch.testing.assert_close(half, whole[..., :8], atol=2e-6, rtol=1e-5)


@torch.no_grad()
def test_rows_that_are_thrown_away_do_no_work() -> None:
    """Llama's 7 rows never ask; at the end only the wanted 16 of 32 patches and no text ask."""
    model = random_pair(TINY | {"max_resolution": [8, 16]})[0]
    inputs = random_inputs(model, 1, 8, 16)
    seen: dict[str, list[int]] = defaultdict(list)

    def watch(module: nn.Module, name: str) -> None:
        module.register_forward_pre_hook(lambda _, args: seen[name].append(args[0].shape[-2]))

    dual = model.double_stream_blocks[0].block
    first, last = (each.block for each in model.single_stream_blocks)
    for block, name in ((dual, "dual"), (first, "first"), (last, "last")):
        for part in ("to_q", "to_k", "to_out"):
            watch(getattr(block.attn1, part), f"{name} {part}")
        watch(block.ff_i.gate, f"{name} gate")
    for part in ("to_q_t", "to_k_t", "to_out_t"):
        watch(getattr(dual.attn1, part), f"dual {part}")
    watch(dual.ff_t.w1, "dual feed")
    prepare(model, inputs, kept_width=8)(inputs["hidden_states"], 0)
    text, llama, image, wanted = 5 + 7, 7, 32, 16
    assert {name: rows[0] for name, rows in seen.items()} == {
        "dual to_q": image,
        "dual to_k": image,
        "dual to_out": image,
        "dual gate": image,
        "dual to_q_t": text,
        "dual to_k_t": text + llama,
        "dual to_out_t": text,
        "first to_q": image + text,
        "first to_k": image + text + llama,
        "first to_out": image + text,
        "first gate": image + text,
        "last to_q": wanted,
        "last to_k": image + text + llama,
        "last to_out": wanted,
        "last gate": wanted,
    }


@torch.no_grad()
def test_text_feed_forward_of_a_dual_block_sees_only_persistent_rows() -> None:
    model = random_pair(TINY)[0]
    inputs = random_inputs(model, 1, 8, 8)
    rows = []
    model.double_stream_blocks[0].block.ff_t.register_forward_pre_hook(
        lambda _, args: rows.append(args[0].shape[1])
    )
    model(**inputs)
    assert rows == [5 + 7]


@torch.no_grad()
def test_some_of_the_samples() -> None:
    model = random_pair(TINY)[0]
    inputs = random_inputs(model, 3, 8, 12)
    prepared = prepare(model, inputs)
    latents = inputs["hidden_states"]
    expected = prepared(latents, 2)[[2, 0]]
    torch.testing.assert_close(prepared.samples(2, 0)(latents[[2, 0]], 2), expected, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("is_fused", [False, True], ids=["plain", "fused"])
@torch.no_grad()
def test_the_loop_needs_neither_adaln_nor_caption_projections(is_fused: bool) -> None:
    model = random_pair(TINY)[0]
    model = model.fuse() if is_fused else model
    inputs = random_inputs(model, 2, 8, 12)
    expected = prepare(model, inputs)(inputs["hidden_states"], 1)
    names = {name for name, _ in model.named_parameters()}
    model.put_aside()
    gone = names - {name for name, _ in model.named_parameters()}
    assert gone == {name for name in names if "adaLN" in name or "caption" in name}
    assert len(gone) == 5 + 2 * 5
    assert torch.equal(prepare(model, inputs)(inputs["hidden_states"], 1), expected)
    assert model.put_aside().bring_back().aside == {}
    assert {name for name, _ in model.named_parameters()} == names


@torch.no_grad()
def test_what_is_put_aside_is_saved_with_the_rest(tmp_path: Path) -> None:
    model = random_pair(TINY)[0]
    inputs = random_inputs(model, 2, 8, 8)
    expected = model(**inputs).sample
    model.put_aside().save_pretrained(tmp_path)
    assert torch.equal(model(**inputs).sample, expected)
    assert torch.equal(SparseDiT.from_pretrained(tmp_path)(**inputs).sample, expected)


class Doubling(nn.Linear):
    """Not plain."""

    def forward(self, x: Tensor) -> Tensor:
        assert x.device == self.weight.device
        return 2 * x


@torch.no_grad()
def test_layers_on_another_device_are_applied() -> None:
    """Plain layers lend their weights, to others the rows go."""
    elsewhere = torch.ones(1, 3, device="meta")
    layer = nn.Linear(3, 2)
    assert apply_from_anywhere(layer, elsewhere).device.type == "meta"
    assert layer.weight.device.type == "cpu"
    doubling = Doubling(3, 3, device="meta")
    with pytest.raises(NotImplementedError, match="no data"):  # rows went to meta, and cannot come back
        apply_from_anywhere(doubling, torch.ones(1, 3))


@torch.no_grad()
def test_a_captured_step_reads_its_inputs_where_they_lie() -> None:
    """A graph replays one fixed list of reads and writes, here played by running it again."""
    model = random_pair(TINY)[0]
    inputs = random_inputs(model, 2, 8, 12)
    prepared = prepare(model, inputs).samples(1, 0, 1)
    num_recorded = 0

    def record(run: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], None]]:
        nonlocal num_recorded
        num_recorded += 1
        output = run()

        def replay() -> None:
            output.copy_(run())

        return output, replay

    captured = Captured(prepared, record)
    answers = []
    for step in (2, 0, 1):
        latents = torch.randn(3, *inputs["hidden_states"].shape[1:])
        answers.append((captured(latents, step), prepared(latents, step)))
    assert num_recorded == 1
    for answer, expected in answers:
        assert torch.equal(answer, expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")
@torch.no_grad()
def test_a_cuda_graph_gives_the_same_numbers() -> None:
    model = random_pair(TINY)[0].to("cuda", torch.bfloat16)
    inputs = {name: each.cuda() for name, each in random_inputs(model, 2, 8, 12).items()}
    prepared = prepare(model, inputs)
    captured = Captured(prepared)
    for step in (2, 0):
        latents = torch.randn_like(inputs["hidden_states"])
        assert torch.equal(captured(latents, step), prepared(latents, step))


def test_tables_are_made_once_a_size() -> None:
    model = random_pair(TINY)[0]
    square, wide = (random_inputs(model, 1, 8, width) for width in (8, 12))
    with torch.inference_mode():
        model(**square)
        known = dict(model.rules.known)
        model(**square)
        assert model.rules.known.keys() == known.keys()
        assert all(model.rules.known[key] is rules for key, rules in known.items())
        model(**wide)
    assert len(model.rules.known) == 2
    model(**wide).sample.mean().backward()


@pytest.mark.parametrize(
    ("size", "kept", "sentence"),
    [((8, 9), None, "not made of 2x2 patches"), ((8, 8), 12, "12 columns wanted")],
)
def test_impossible_sizes_are_refused(size: tuple[int, int], kept: int | None, sentence: str) -> None:
    model = random_pair(TINY)[0]
    inputs: dict[str, Any] = random_inputs(model, 1, 8, 8)
    with pytest.raises(ValueError, match=sentence):
        model.prepare(context_of(inputs), TIMES, size, kept)

from dataclasses import replace

import numpy as np
import pytest

from training.stickers.catalogue import SHAPES
from training.stickers.edits import EditType, edit_mask, sample_edit
from training.stickers.render import render


@pytest.mark.parametrize("kind", list(EditType))
def test_only_the_masked_part_changes(kind: EditType) -> None:
    rng = np.random.default_rng(11)
    for _ in range(40):
        edit = sample_edit(rng, kind)
        source = np.asarray(render(edit.source), np.int16)
        target = np.asarray(render(edit.target), np.int16)
        assert (source != target).any()
        if edit.source.style in ("pixel art", "watercolor", "pencil sketch", "blueprint", "poster"):
            continue  # blocks, patches and soft edges straddle the mask's edge
        changed_outside = np.abs(source - target).max(-1) * ~edit_mask(edit)
        if kind is EditType.BACKGROUND:  # half-transparent rims of things show what is behind them
            assert np.mean(changed_outside > 0) < 0.03
        else:
            assert changed_outside.max() == 0


def test_type_says_what_changes() -> None:
    rng = np.random.default_rng(3)
    add, remove = sample_edit(rng, EditType.ADD), sample_edit(rng, EditType.REMOVE)
    assert set(add.source.things) < set(add.target.things)
    assert set(remove.target.things) < set(remove.source.things)
    color = sample_edit(rng, EditType.COLOR)
    assert [t.kind for t in color.source.things] == [t.kind for t in color.target.things]
    assert any(t.color is not None and t.color in color.instruction for t in color.target.things)


def test_local_edits_change_one_thing_in_one_way() -> None:
    rng = np.random.default_rng(5)
    kinds = set()
    for _ in range(100):
        edit = sample_edit(rng, EditType.LOCAL)
        (before,) = set(edit.source.things) - set(edit.target.things)
        (after,) = set(edit.target.things) - set(edit.source.things)
        changed = tuple(
            name
            for name in ("kind", "size", "place")
            if (before.kind, before.size, (before.x, before.y))[("kind", "size", "place").index(name)]
            != (after.kind, after.size, (after.x, after.y))[("kind", "size", "place").index(name)]
        )
        assert len(changed) == 1
        kinds.add(changed[0])
        if "bigger" in edit.instruction or "larger" in edit.instruction:
            assert after.size > before.size
        if "left" in edit.instruction.split()[-1:]:
            assert after.x < before.x
    assert kinds == {"kind", "size", "place"}


def test_text_edits_change_what_the_sign_says() -> None:
    rng = np.random.default_rng(6)
    for _ in range(30):
        edit = sample_edit(rng, EditType.TEXT)
        (before,) = set(edit.source.things) - set(edit.target.things)
        (after,) = set(edit.target.things) - set(edit.source.things)
        assert after == replace(before, word=after.word)
        assert after.word is not None
        assert after.word in edit.instruction
        assert after.word != before.word


def test_a_mirrored_scene_is_the_mirrored_picture() -> None:
    rng = np.random.default_rng(7)
    seen = 0
    while seen < 5:
        edit = sample_edit(rng, EditType.GLOBAL, shape="landscape")
        if "mirror" in edit.instruction:
            seen += 1
            mirrored = np.asarray(render(edit.source), np.int16)[:, ::-1]
            difference = np.abs(mirrored - np.asarray(render(edit.target), np.int16))
            assert difference.mean() < 3  # glyphs of odd width are mirrored about a pixel's edge


def test_reasoning_edits_do_not_name_the_class() -> None:
    rng = np.random.default_rng(8)
    for _ in range(50):
        edit = sample_edit(rng, EditType.REMOVE, is_reasoning=True)
        (gone,) = set(edit.source.things) - set(edit.target.things)
        words = edit.instruction.split()
        assert gone.kind not in edit.instruction or "left" in words or "right" in words


@pytest.mark.parametrize("shape", list(SHAPES))
def test_edits_keep_the_shape_they_were_asked_for(shape: str) -> None:
    rng = np.random.default_rng(9)
    for kind in EditType:
        edit = sample_edit(rng, kind, shape=shape)
        assert (edit.source.shape, edit.target.shape) == (shape, shape)
        assert edit_mask(edit).shape == SHAPES[shape][::-1]

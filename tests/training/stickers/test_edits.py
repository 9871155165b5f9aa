import numpy as np
import pytest

from training.stickers.edits import EditType, edit_mask, reference, sample_edit
from training.stickers.render import render
from training.stickers.scene import Scene, Thing


@pytest.mark.parametrize("kind", list(EditType))
def test_only_the_masked_part_changes(kind: EditType) -> None:
    rng = np.random.default_rng(11)
    for _ in range(40):
        edit = sample_edit(rng, kind)
        source = np.asarray(render(edit.source), np.int16)
        target = np.asarray(render(edit.target), np.int16)
        assert (source != target).any()
        if edit.source.style == "pixel art":
            continue  # blocks straddle the mask's edge
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


def test_references_mean_one_thing() -> None:
    rng = np.random.default_rng(0)
    red = Thing(kind="cat", color="red", x=60, y=60, size=60)
    blue = Thing(kind="cat", color="blue", x=190, y=60, size=60)
    twin = Thing(kind="cat", color="red", x=190, y=190, size=60)
    assert reference(red, Scene(background="plain", style=None, things=(red, blue)), rng) == "the red cat"
    assert reference(red, Scene(background="plain", style=None, things=(red, blue, twin)), rng) is None

"""What is drawn stays, what is missing is drawn, and a folder is never drawn in two ways."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.benchmarks.doubles import ScriptedPainter, unheard
from training.benchmarks.benchmark import Order
from training.benchmarks.errors import BadPrompts, RunDiffers
from training.benchmarks.gallery import Gallery, grid, read_picture

ORDERS = [
    Order(file=f"{name}/0.png", subject=name, group="g", words=f"a {name}", seeds=(number,))
    for number, name in enumerate(("cat", "dog", "bus", "car", "cup"))
]


def drawn(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*.png"))}


@pytest.mark.parametrize("dies_at", range(6))
def test_a_killed_run_goes_on_to_the_same_pictures(tmp_path: Path, dies_at: int) -> None:
    Gallery(tmp_path / "whole").draw(ORDERS, ScriptedPainter(), unheard)
    first, second = ScriptedPainter(dies_at=dies_at), ScriptedPainter()
    if dies_at < 5:
        with pytest.raises(KeyboardInterrupt):
            Gallery(tmp_path / "cut").draw(ORDERS, first, unheard)
    else:
        Gallery(tmp_path / "cut").draw(ORDERS, first, unheard)
    kept = len(list(Gallery(tmp_path / "cut").records))
    assert kept == (dies_at // 2 * 2 if dies_at < 5 else 5), "whole batches are kept"
    Gallery(tmp_path / "cut").draw(ORDERS, second, unheard)
    assert len(second.painted) == 5 - kept
    assert drawn(tmp_path / "cut" / "images") == drawn(tmp_path / "whole" / "images")


def test_a_picture_without_its_record_or_a_record_without_its_picture_is_drawn_again(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    gallery.draw(ORDERS, ScriptedPainter(), unheard)
    gallery.path(ORDERS[1]).unlink()
    lines = (tmp_path / "pictures.jsonl").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "pictures.jsonl").write_text("".join(lines[:3] + lines[4:]), "utf-8")
    again = ScriptedPainter()
    Gallery(tmp_path).draw(ORDERS, again, unheard)
    assert [wish.words for wish in again.painted] == ["a dog", "a car"]


def test_no_half_picture_is_left_under_a_name_that_counts(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    gallery.draw(ORDERS, ScriptedPainter(), unheard)
    assert {file.name for file in gallery.images.rglob("*") if file.is_file()} == {"0.png"}


def test_several_seeds_make_one_grid_row_by_row(tmp_path: Path) -> None:
    order = Order(file="a.png", subject="a", group="g", words="a", seeds=(1, 2, 3, 4))
    gallery = Gallery(tmp_path)
    gallery.draw([order], ScriptedPainter(batch_size=3), unheard)
    whole = read_picture(gallery.path(order))
    singles = [Order(file=f"{s}.png", subject="a", group="g", words="a", seeds=(s,)) for s in (1, 2, 3, 4)]
    gallery.draw(singles, ScriptedPainter(), unheard)
    assert whole.size == (16, 16)
    for single, corner in zip(singles, ((0, 0), (8, 0), (0, 8), (8, 8)), strict=True):
        tile = whole.crop((*corner, corner[0] + 8, corner[1] + 8))
        np.testing.assert_array_equal(np.asarray(tile), np.asarray(read_picture(gallery.path(single))))


def test_a_grid_of_three_has_a_black_corner() -> None:
    whole = grid([Image.new("RGB", (4, 4), "red")] * 3)
    assert (whole.size, whole.getpixel((6, 6)), whole.getpixel((1, 6))) == ((8, 8), (0, 0, 0), (255, 0, 0))


def test_other_settings_are_refused_in_a_sentence(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    gallery.settle({"engine": "full", "steps": 50})
    gallery.settle({"engine": "full", "steps": 50})
    with pytest.raises(RunDiffers, match="steps was 50, now it is 28") as refused:
        gallery.settle({"engine": "full", "steps": 28})
    assert "another --out" in str(refused.value)
    assert "engine" not in str(refused.value)
    assert json.loads((tmp_path / "run.json").read_text("utf-8"))["steps"] == 50


def test_damaged_settings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{", "utf-8")
    with pytest.raises(RunDiffers, match="cannot be read"):
        Gallery(tmp_path).settle({})


def test_what_went_differently_is_kept(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    gallery.draw(ORDERS[:1], ScriptedPainter(note="blackened"), unheard)
    assert gallery.notes() == {"cat/0.png": "blackened"}


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no", "utf-8")
    with pytest.raises(BadPrompts, match="no picture"):
        read_picture(tmp_path / "a.png")

"""The table of presets against the published recipes."""

from __future__ import annotations

import pytest

from engines.errors import ModelNotFound
from engines.presets import GRIDS, PRESETS, find_preset


def test_the_table_holds_the_published_recipes() -> None:
    table = {name: (p.num_steps, p.guidance, p.shift) for name, p in PRESETS.items() if not p.is_embedded}
    assert table == {
        "full": (50, 5.0, 3.0),
        "dev": (28, 0.0, 6.0),
        "fast": (16, 0.0, 3.0),
        "e1": (28, 5.0, 3.0),
        "e1.1": (28, 3.0, 3.0),
    }
    assert find_preset("e1.1").edit_guidance == "clipped"
    assert {preset.verb for name, preset in PRESETS.items() if name[0] == "e" or "edit" in name} == {"edit"}


def test_editors_say_how_strongly_they_keep_the_source() -> None:
    editors = {name: preset for name, preset in PRESETS.items() if preset.verb == "edit"}
    assert set(editors) == {"e1", "e1.1", "stickers-edit"}
    assert all(preset.image_guidance is not None for preset in editors.values())


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ModelNotFound, match=r"no preset turbo; known are full, dev, fast, e1, e1\.1, stickers-full"
    ):
        find_preset("turbo")


def test_the_seven_published_sizes_hold_a_megapixel_in_either_orientation() -> None:
    for name in ("full", "dev", "fast"):
        preset = PRESETS[name]
        sides = {(size.width, size.height) for size in preset.sizes}
        assert str(preset.sizes[0]) == "1024x1024"
        assert sides == {(1024, 1024), (768, 1360), (880, 1168), (832, 1248)} | {
            (1360, 768),
            (1168, 880),
            (1248, 832),
        }
        assert preset.trained_px == 1024 * 1024
        assert preset.takes_other_sizes


def test_fast_knows_the_papers_other_number_of_steps() -> None:
    assert {name: preset.other_num_steps for name, preset in PRESETS.items() if preset.other_num_steps} == {
        "fast": (14,),
        "stickers-fast": (14,),
    }


def test_unipc_presets_let_choose_a_grid_and_the_one_of_their_release_comes_first() -> None:
    editors = ("diffusers-0.36", "official", "diffusers")
    assert {name: preset.grids for name, preset in PRESETS.items() if preset.grids} == {
        "full": GRIDS,
        "e1": editors,
        "e1.1": editors,
    }
    assert GRIDS[0] == "official"

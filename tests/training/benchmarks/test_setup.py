from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from tests.training.benchmarks.doubles import dpg_row, write_dpg
from training.benchmarks.command import add_arguments
from training.benchmarks.dpg import DPG, Compat
from training.benchmarks.errors import BadPrompts
from training.benchmarks.hps import STYLES
from training.benchmarks.setup import set_up, style_places

ROWS = (
    dpg_row("1", 1, "9", "entity - whole", "a?"),
    dpg_row("1", 2, "0", "entity - whole", "b?"),
    dpg_row("2", 1, "0", "entity - whole", "c?"),
)


def flags(tmp_path: Path, *given: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([str(flag) for flag in given] + ["--out", str(tmp_path), "--draw-only"])


def test_dpg_with_and_without_compat(tmp_path: Path) -> None:
    file = write_dpg(tmp_path / "a.csv", *ROWS)
    mended = set_up(flags(tmp_path, "dpg", "--prompts", file))
    assert mended.prompts_used == "all 2; 1 dependencies lead nowhere and are left out"
    assert isinstance(mended.benchmark, DPG)
    assert mended.benchmark.compat is None
    assert len(mended.benchmark.items["1"].questions) == 2
    compat = set_up(
        flags(tmp_path, "dpg", "--prompts", file, "--compat", "--resolution", 8, "--pic-num", 2)
    ).benchmark
    assert isinstance(compat, DPG)
    assert compat.compat == Compat(num_pictures=2, tile_px=8, num_processes=1)
    assert len(compat.items["1"].questions) == 1
    assert [order.seeds for order in compat.orders] == [order.seeds for order in mended.benchmark.orders]


def test_a_limit_is_told(tmp_path: Path) -> None:
    file = write_dpg(tmp_path / "a.csv", *ROWS)
    setup = set_up(flags(tmp_path, "dpg", "--prompts", file, "--limit", 1))
    assert setup.prompts_used.startswith("1 of 2")
    assert setup.judge_name == ""


def test_the_prompts_hash_follows_the_content(tmp_path: Path) -> None:
    for style in STYLES:
        (tmp_path / f"{style}.json").write_text(json.dumps(["one"]), "utf-8")
    before = set_up(flags(tmp_path, "hps", "--prompts", tmp_path)).prompts_hash
    assert set_up(flags(tmp_path, "hps", "--prompts", tmp_path)).prompts_hash == before
    (tmp_path / "photo.json").write_text(json.dumps(["two"]), "utf-8")
    assert set_up(flags(tmp_path, "hps", "--prompts", tmp_path)).prompts_hash != before


def test_the_four_styles_have_an_address_each() -> None:
    places = style_places("https://a.example/{style}.json")
    assert places[1] == "https://a.example/concept-art.json"
    assert style_places("folder")[0].endswith("anime.json")
    with pytest.raises(BadPrompts, match="four styles"):
        style_places("https://a.example/anime.json")

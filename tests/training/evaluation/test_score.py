"""The command, from flags to files, with tiny random weights in a world of 64 px pictures."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import pytest
from PIL import Image

from engines.load_engine import STICKERS
from engines.manifest import write_manifest
from engines.presets import PRESETS
from engines.sizes import Size
from engines.vocabulary import read_vocabulary
from tests.engines.tiny import build_folder
from training.errors import BadRecipe
from training.evaluation.score import add_arguments, run

pytestmark = pytest.mark.font


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = build_folder(tmp_path_factory.mktemp("weights"))
    (built / "vocabulary.json").write_text(json.dumps(read_vocabulary(STICKERS)), "utf-8")
    write_manifest(built)
    return built


@pytest.fixture(autouse=True)
def _tiny_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stickers-full", "stickers-dev", "stickers-fast", "stickers-edit"):
        tiny = dataclasses.replace(PRESETS[name], sizes=(Size(64, 64),), num_steps=2)
        monkeypatch.setitem(PRESETS, name, tiny)


def score(folder: Path, *flags: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(["--weights", str(folder), "--prompts", "1", "--seeds", "1", *flags]), print)


def test_random_weights_score_nothing_and_everything_is_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(folder, "--json", str(tmp_path / "a.json"), "--sheet", str(tmp_path / "a.png")) == 0
    printed = capsys.readouterr().out
    assert "Drawing: share of pictures right" in printed
    assert "Editing: the smaller of success and restraint" in printed
    assert "The judge's own error" in printed
    written = json.loads((tmp_path / "a.json").read_text("utf-8"))
    drawing, editing = written["tables"]
    assert [row["name"].split()[0] for row in drawing["rows"]] == [
        *("full", "dev", "fast"),
        *("true", "true", "other"),
    ]
    assert drawing["rows"][0]["overall"]["mean"] == 0.0
    assert editing["rows"][0]["overall"]["mean"] == 0.0
    assert "2 steps" in written["facts"]["full drawn with"]
    assert len(written["failures"]) == 3 * 10 + 5
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.width > 1000


def test_geneval_prompts_replace_our_own(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = tmp_path / "records.jsonl"
    lines = [
        {"tag": "colors", "include": [{"class": name, "count": 1, "color": "red"}], "prompt": f"a red {name}"}
        for name in ("dog", "cat", "okapi")
    ]
    records.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    assert score(folder, "--variant", "full", "--geneval", str(records), "--prompts", "2") == 0
    printed = capsys.readouterr().out
    assert "colors" in printed
    assert "counting" not in printed
    assert "2/2 drawn by full" in printed
    assert "Editing" not in printed


def test_nothing_to_score_is_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("", "utf-8")
    with pytest.raises(BadRecipe, match="has no prompt"):
        score(folder, "--variant", "full", "--geneval", str(tmp_path / "empty.jsonl"))
    with pytest.raises(BadRecipe, match="at least 1"):
        score(folder, "--seeds", "0")

"""The whole command on a handful of pictures, and that the eyes share nothing with the judge."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import pytest

from engines.eyes.sticker_eyes import EYES, StickerEyes
from engines.load_engine import STICKERS
from engines.manifest import check_manifest
from training.commands import main

ROOT = Path(__file__).parents[3]
FEW = [
    "--plain",
    "4",
    "--decoded",
    "2",
    "--redrawn",
    "2",
    "--drawn",
    "4",
    "--outside",
    "2",
    "--held-out",
    "4",
]


@pytest.mark.font
def test_eyes_are_trained_measured_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = tmp_path / "weights"
    shutil.copytree(STICKERS, weights)
    words = ["eyes", "--weights", str(weights), "--runs", str(tmp_path / "runs"), "--steps", "2", *FEW]
    assert main(words) == 0
    assert "eyes 2/2" in capsys.readouterr().out
    eyes = StickerEyes.from_pretrained(weights / EYES)
    assert eyes.vocabulary["classes"] == tuple(
        json.loads((STICKERS / "vocabulary.json").read_text())["classes"]
    )
    check_manifest(weights)
    listed = json.loads((weights / "manifest.json").read_text())["files"]
    assert f"{EYES}/model.safetensors" in listed
    before = json.loads((STICKERS / "manifest.json").read_text())["files"]
    assert all(listed[path] == entry for path, entry in before.items() if not path.startswith(EYES))
    report = json.loads((weights / EYES / "report.json").read_text())
    assert set(report["held_out"]) == {"plain", "decoded", "redrawn", "outside"}


def test_no_steps_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eyes", "--steps", "0", "--runs", str(tmp_path)]) == 2
    assert "--steps must be at least 1" in capsys.readouterr().err


def test_eyes_and_judge_share_nothing() -> None:
    """What scores the engines must not be what helps them."""
    judges = ("training.stickers.detector", "training.evaluation")
    files = [*(ROOT / "training" / "eyes").glob("*.py"), *(ROOT / "engines" / "eyes").glob("*.py")]
    assert len(files) > 8
    modules = [
        node.module or ""
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
    ]
    assert [module for module in modules if module.startswith(judges)] == []

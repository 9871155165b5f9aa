from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from training.benchmarks.blip import BlipYesNo
from training.benchmarks.chat_judges import ChatYesNo
from training.benchmarks.errors import JudgeUnavailable
from training.benchmarks.judges import (
    MASK2FORMER,
    NAMES,
    add_arguments,
    chat_of,
    edit_judge,
    object_judge,
    preference_judge,
    yes_no_judge,
)
from training.benchmarks.mask2former import Mask2FormerJudge
from training.benchmarks.objects import StickersJudge
from training.errors import CorruptCheckpoint
from training.stickers.detector import Detector, DetectorNetwork, Thresholds

LOCAL = ("--judge-url", "http://127.0.0.1:9/v1", "--judge-model", "judge")


def flags(tmp_path: Path, *given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(given)
    args.out = tmp_path / "run"
    return args


def test_a_judge_is_set_up_without_loading_its_network(tmp_path: Path) -> None:
    judge = object_judge("mask2former", flags(tmp_path))
    assert isinstance(judge, Mask2FormerJudge)
    assert judge.version == f"{MASK2FORMER}, colours by openai/clip-vit-large-patch14"
    own = object_judge("mask2former", flags(tmp_path, "--judge-weights", "a/b", "--judge-clip", "c/d"))
    assert own.version == "a/b, colours by c/d"
    assert isinstance(yes_no_judge("blip", flags(tmp_path)), BlipYesNo)
    assert "HPS_v2.1_compressed.pt" in preference_judge(flags(tmp_path)).version


def test_the_small_worlds_judge_is_loaded_and_checked(tmp_path: Path) -> None:
    folder = tmp_path / "detector"
    with pytest.raises(CorruptCheckpoint):
        object_judge("stickers", flags(tmp_path, "--judge-weights", str(folder)))
    Detector(DetectorNetwork(), Thresholds(confidence=0.4)).save(folder)
    judge = object_judge("stickers", flags(tmp_path, "--judge-weights", str(folder)))
    assert isinstance(judge, StickersJudge)
    assert re.fullmatch("[0-9a-f]{12}, threshold 0.4", judge.version)
    Detector(DetectorNetwork(), Thresholds(confidence=0.4)).save(folder)
    other = object_judge("stickers", flags(tmp_path, "--judge-weights", str(folder)))
    assert other.version != judge.version, "other weights judge otherwise"


def test_a_server_is_named_by_model_and_place(tmp_path: Path) -> None:
    judge = yes_no_judge("openai", flags(tmp_path, *LOCAL))
    assert isinstance(judge, ChatYesNo)
    assert judge.version == "judge at 127.0.0.1:9, temperature 0"
    judge.chat.close()
    rater = edit_judge(flags(tmp_path, *LOCAL, "--judge-repeats", "5"))
    assert rater.version == "judge at 127.0.0.1:9, temperature 0, 5 times, source first"
    rater.chat.close()


def test_a_server_elsewhere_needs_model_and_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(JudgeUnavailable, match="--judge-model"):
        chat_of(flags(tmp_path))
    with pytest.raises(JudgeUnavailable, match=r"api.openai.com needs a key.*OPENAI_API_KEY"):
        chat_of(flags(tmp_path, "--judge-model", "judge"))


def test_every_benchmark_has_a_judge() -> None:
    assert all(names for names in NAMES.values())

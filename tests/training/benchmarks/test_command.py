"""The command, from flags to the page: every benchmark with its judge, resumed, refused, side by side."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engines.presets import PRESETS
from engines.sizes import Size
from tests.engines.tiny import build_folder
from tests.training.benchmarks.doubles import dpg_row, one, record, write_dpg, write_geneval
from tests.training.benchmarks.server import MODEL, Server, serving, words_of
from tests.training.benchmarks.tiny_models import build_pipeline
from training.benchmarks import command
from training.benchmarks.command import add_arguments, run
from training.benchmarks.errors import BadPrompts, JudgeUnavailable, RunDiffers
from training.benchmarks.hps import STYLES
from training.errors import BadRecipe
from training.stickers.detector import Detector, DetectorNetwork, Thresholds

KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_folder(tmp_path_factory.mktemp("weights"))


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stickers-full", "stickers-fast", "stickers-edit"):
        tiny = dataclasses.replace(PRESETS[name], sizes=(Size(64, 64),), num_steps=2)
        monkeypatch.setitem(PRESETS, name, tiny)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def benchmark(*flags: object) -> list[str]:
    """What it said."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    said: list[str] = []
    assert run(parser.parse_args([str(flag) for flag in flags]), said.append) == 0
    return said


def prompts(folder: Path) -> Path:
    return write_geneval(
        folder / "prompts.jsonl",
        record("single_object", one("cat"), prompt="a photo of a cat"),
        record("colors", one("dog", color="red"), prompt="a photo of a red dog"),
        record("single_object", one("zebra crossing"), prompt="a photo of a zebra crossing"),
    )


@pytest.fixture
def geneval(tmp_path: Path, weights: Path) -> Callable[..., list[str]]:
    """Judged by an untrained detector: what it finds is not what is tested here."""
    detector = tmp_path / "detector"
    Detector(DetectorNetwork(), Thresholds(confidence=0.3)).save(detector)
    judge = ("--judge", "stickers", "--judge-weights", detector)
    base = ("geneval", "--weights", weights, "--prompts", prompts(tmp_path), *judge)
    return lambda *flags, out="run": benchmark(*base, "--seeds", 2, "--out", tmp_path / out, *flags)


def judged_in(folder: Path) -> Path:
    (judged,) = (folder / "judged").iterdir()
    return judged


def summary_of(folder: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((judged_in(folder) / "summary.json").read_text("utf-8"))
    return summary


def test_geneval_with_an_engine_of_ours(tmp_path: Path, geneval: Callable[..., list[str]]) -> None:
    said = geneval("--engine", "stickers-fast")
    run_folder = tmp_path / "run"
    assert sorted(file.name for file in (run_folder / "images").iterdir()) == ["00000", "00001"]
    assert json.loads((run_folder / "run.json").read_text("utf-8"))["engine"] == "stickers-fast"
    summary = summary_of(run_folder)
    assert summary["facts"]["prompts used"].startswith("all 3") is False
    assert "among the 2 that ask only for what the judge knows" in summary["facts"]["prompts used"]
    assert summary["num_pictures"] == 4
    assert [figure["name"] for figure in summary["figures"]][:3] == ["overall", "single_object", "colors"]
    lines = (judged_in(run_folder) / "results.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 4
    assert "HiDream-I1 (published)" in said[-2]
    assert (judged_in(run_folder) / "index.html").is_file()


def test_the_same_command_goes_on_and_other_settings_are_refused(
    tmp_path: Path, geneval: Callable[..., list[str]]
) -> None:
    geneval("--engine", "stickers-fast", "--limit", 1)
    assert "2 of 4 pictures are there already." in geneval("--engine", "stickers-fast")
    with pytest.raises(RunDiffers, match="steps was 2, now it is 3"):
        geneval("--engine", "stickers-fast", "--steps", 3)
    with pytest.raises(RunDiffers, match="engine was 'stickers-fast', now it is 'stickers-full'"):
        geneval("--engine", "stickers-full")
    write_geneval(tmp_path / "prompts.jsonl", record("colors", one("dog"), prompt="a photo of a dog"))
    with pytest.raises(RunDiffers, match="prompts was"):
        geneval("--engine", "stickers-fast")


def test_drawing_and_judging_apart(tmp_path: Path, geneval: Callable[..., list[str]]) -> None:
    with pytest.raises(BadPrompts, match=r"4 of 4 pictures are missing"):
        geneval("--judge-only")
    geneval("--engine", "stickers-fast", "--draw-only")
    assert not (tmp_path / "run" / "judged").exists()
    geneval("--judge-only")
    assert summary_of(tmp_path / "run")["facts"]["engine"] == "stickers-fast"


def test_pictures_from_elsewhere_are_judged(tmp_path: Path, geneval: Callable[..., list[str]]) -> None:
    for folder in ("00000", "00001"):
        (tmp_path / "run" / "images" / folder / "samples").mkdir(parents=True)
        for number in range(2):
            picture = Image.new("RGB", (64, 64), "white")
            picture.save(tmp_path / "run" / "images" / folder / "samples" / f"{number:04}.png")
    geneval("--judge-only")
    assert summary_of(tmp_path / "run")["title"] == "run"


def test_a_diffusers_pipeline_stands_beside(tmp_path: Path, geneval: Callable[..., list[str]]) -> None:
    geneval("--engine", "stickers-fast", out="ours")
    folder = build_pipeline(tmp_path / "tiny-sd")
    drawn = ("--pipeline", folder, "--dtype", "float32", "--device", "cpu", "--steps", 2, "--size", "16x16")
    said = geneval(*drawn, "--beside", tmp_path / "ours", out="theirs")
    head = said[-2].splitlines()[0]
    assert f"{folder}, 2 steps" in head
    assert "stickers-fast, 2 steps" in head
    facts = summary_of(tmp_path / "theirs")["facts"]
    assert (facts["class"], facts["size"], facts["precision"]) == (
        "StableDiffusionPipeline",
        "16x16",
        "float32",
    )
    with Image.open(tmp_path / "theirs" / "images" / "00000" / "samples" / "0000.png") as picture:
        assert picture.size == (16, 16)


def yes(request: dict[str, Any]) -> str:
    return "no" if "tail" in words_of(request) else "yes"


def ask(server: Server) -> tuple[object, ...]:
    return ("--judge-url", server.url, "--judge-model", "judge")


def test_dpg_with_a_judge_behind_a_server(tmp_path: Path, weights: Path) -> None:
    rows = [
        dpg_row("7", 1, "0", "entity - whole", "A cat?"),
        dpg_row("7", 2, "1", "entity - part", "A tail?"),
        dpg_row("7", 3, "2", "attribute - color", "A red tail-tip?"),
    ]
    base = ("dpg", "--prompts", write_dpg(tmp_path / "dpg.csv", *rows), "--out", tmp_path / "run")
    with serving(yes) as server:
        benchmark(*base, *ask(server), "--engine", "stickers-fast", "--weights", weights)
        with Image.open(tmp_path / "run" / "images" / "7.png") as whole:
            assert whole.size == (128, 128)
        assert len(server.asked) == 12
        benchmark(*base, *ask(server), "--engine", "stickers-fast", "--weights", weights)
        assert len(server.asked) == 12, "nothing is asked twice"
    summary = summary_of(tmp_path / "run")
    assert round(summary["figures"][0]["mean"], 2) == 33.33
    assert summary["facts"]["models that answered"] == MODEL
    everything = [
        file.read_text("utf-8") for file in (tmp_path / "run").rglob("*.[jht][sxt]*") if file.is_file()
    ]
    assert not any(KEY in text for text in everything)
    assert server.keys[0] == f"Bearer {KEY}"


def test_compat_is_another_judgement_of_the_same_pictures(tmp_path: Path, weights: Path) -> None:
    rows = [dpg_row("7", n, "0", "entity - whole", words) for n, words in ((1, "A cat?"), (2, "A tail?"))]
    base = ("dpg", "--prompts", write_dpg(tmp_path / "dpg.csv", *rows), "--out", tmp_path / "run")
    with serving(yes) as server:
        benchmark(*base, *ask(server), "--engine", "stickers-fast", "--weights", weights)
        benchmark(*base, *ask(server), "--judge-only", "--compat")
        benchmark(*base, *ask(server), "--judge-only", "--compat", "--pic-num", 4, "--resolution", 64)
    means = {
        summary["facts"]["original's defects"]: summary["figures"][0]["mean"]
        for summary in (
            json.loads(file.read_text("utf-8")) for file in (tmp_path / "run").glob("judged/*/summary.json")
        )
    }
    assert means == {
        "mended": 50.0,
        "repeated (--compat): 1 pictures a grid at their own size, 1 processes": 0.0,
        "repeated (--compat): 4 pictures a grid at 64 px, 1 processes": 0.0,
    }


def emu(folder: Path) -> Path:
    folder.mkdir()
    Image.linear_gradient("L").convert("RGB").resize((48, 64)).save(folder / "a.png")
    lines = [
        {"image": "a.png", "task": task, "instruction": f"{task} it", "split": "test"}
        for task in ("add", "color")
    ]
    (folder / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return folder


def test_emuedit_with_a_rater_that_fails_now_and_then(tmp_path: Path, weights: Path) -> None:
    def rate(request: dict[str, Any]) -> str:
        return "I cannot say." if "add it" in words_of(request) else '{"score": [9, 7], "reasoning": "fine"}'

    base = ("emuedit", "--prompts", emu(tmp_path / "emu"), "--out", tmp_path / "run", "--weights", weights)
    with serving(rate) as server:
        said = benchmark(*base, *ask(server), "--engine", "stickers-edit", "--judge-parallel", 1)
    summary = summary_of(tmp_path / "run")
    assert (summary["num_pictures"], summary["num_failed"]) == (2, 1)
    assert summary["figures"][0]["mean"] == 7
    assert any("No verdict on add/00000.png" in line for line in said)
    assert "1 of 2 pictures got no verdict and count nowhere." in said
    page = (judged_in(tmp_path / "run") / "index.html").read_text("utf-8")
    assert "I cannot say." in page
    assert "small/source/color/00001.jpg" in page
    replies = (tmp_path / "run" / "replies.jsonl").read_text("utf-8").splitlines()
    assert len(replies) == 2 + 3


def test_reasonedit_with_a_pipeline(tmp_path: Path) -> None:
    scene = tmp_path / "reason" / "3-Mirror"
    scene.mkdir(parents=True)
    Image.new("RGB", (16, 16), "red").save(scene / "001.png")
    (scene / "Mirror_text.txt").write_text("Remove the cat in the mirror. CLIP: a cat\n", "utf-8")
    editor = build_pipeline(tmp_path / "editor", edits=True)
    drawn = ("--pipeline", editor, "--dtype", "float32", "--device", "cpu", "--steps", 2)
    with serving(lambda request: '{"score": [2, 10]}') as server:
        benchmark(
            "reasonedit", "--prompts", tmp_path / "reason", "--out", tmp_path / "run", *drawn, *ask(server)
        )
    figures = {figure["name"]: figure["mean"] for figure in summary_of(tmp_path / "run")["figures"]}
    assert (figures["Mirror"], figures["all edits, restraint"]) == (2, 10)


def styles(folder: Path) -> Path:
    folder.mkdir()
    for style in STYLES:
        (folder / f"{style}.json").write_text(json.dumps([f"{style} one", f"{style} two"]), "utf-8")
    return folder


def test_hps(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Judge:
        name, version = "hps", "scripted"

        def score(self, picture: Image.Image, words: str) -> float:
            return 30.0 if "one" in words else 20.0

    monkeypatch.setattr("training.benchmarks.setup.preference_judge", lambda args: Judge())
    base = ("hps", "--prompts", styles(tmp_path / "hps"), "--out", tmp_path / "run", "--weights", weights)
    benchmark(*base, "--engine", "stickers-fast")
    assert summary_of(tmp_path / "run")["figures"][0]["mean"] == 25
    (tmp_path / "run" / "images" / "anime" / "00001.jpg").unlink()
    with pytest.raises(BadPrompts, match="1 of 8 pictures are missing"):
        benchmark(*base, "--judge-only")
    said = benchmark(*base, "--judge-only", "--compat")
    anime = next(line for line in said[-2].splitlines() if line.startswith("anime"))
    assert "30.00" in anime, "the next one counts twice"


@pytest.mark.parametrize(
    ("flags", "refused", "why"),
    [
        (("geneval", "--draw-only", "--judge-only"), BadRecipe, "nothing to do"),
        (("geneval",), BadRecipe, "Say who draws"),
        (("geneval", "--engine", "full", "--pipeline", "a/b"), BadRecipe, "one of the two"),
        (("geneval", "--engine", "full", "--seeds", "0"), BadRecipe, "--seeds must be at least 1"),
        (("dpg", "--engine", "full", "--pic-num", "0"), BadRecipe, "--pic-num must be at least 1"),
        (("geneval", "--engine", "full", "--judge", "openai"), BadRecipe, "mask2former or stickers"),
        (("dpg", "--engine", "full", "--prompts", "none.csv"), BadPrompts, "does not exist"),
        (("emuedit", "--engine", "e1"), BadPrompts, "CC BY-NC 4.0"),
        (
            ("reasonedit", "--engine", "e1", "--prompts", "https://a.example"),
            BadPrompts,
            "not fetched for you",
        ),
        (("hps", "--engine", "full", "--prompts", "https://a.example/b.json"), BadPrompts, "{style}"),
    ],
)
def test_flags_that_do_not_go_together_are_refused_before_anything_is_drawn(
    tmp_path: Path, flags: tuple[str, ...], refused: type[Exception], why: str
) -> None:
    with pytest.raises(refused) as failure:
        benchmark(*flags, "--out", tmp_path / "run")
    assert why in str(failure.value)
    assert not (tmp_path / "run").exists()


def test_a_judge_that_is_not_told_which_model_is_refused_first(tmp_path: Path) -> None:
    file = write_dpg(tmp_path / "dpg.csv", dpg_row("7", 1, "0", "entity - whole", "A cat?"))
    with pytest.raises(JudgeUnavailable, match="Which model judges"):
        benchmark("dpg", "--engine", "full", "--prompts", file, "--out", tmp_path / "run")


@pytest.mark.parametrize("size", ["big", "10", "10x", "-1x8"])
def test_a_size_is_two_numbers(size: str) -> None:
    assert command.size_of("1024X768") == Size(1024, 768)
    assert command.size_of(None) is None
    with pytest.raises(BadRecipe, match="WIDTHxHEIGHT"):
        command.size_of(size)

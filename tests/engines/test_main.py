"""The command line, in process: pictures written, failures told in one sentence."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PIL import Image

from engines import load_engines
from engines.__main__ import main
from engines.fake import FakeEngine
from engines.marks import BY_MODEL, WITH_MODEL, XMP_KEY, term_of
from engines.presets import PRESETS
from engines.replicas import Replicas
from engines.sizes import Size
from engines.worker import Worker


@pytest.fixture(autouse=True)
def tiny_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny folder's networks draw 64 px."""
    for name in ("stickers-full", "stickers-edit"):
        monkeypatch.setitem(PRESETS, name, dataclasses.replace(PRESETS[name], sizes=(Size(64, 64),)))


def test_draw_then_edit(tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "cat.png", tmp_path / "blue.png"
    weights = ["--weights", str(tiny_folder), "--steps", "2"]
    assert main(["generate", "a red cat", "--seed", "7", "--out", str(first), *weights]) == 0
    assert "seed 7, 2 steps, guidance 4, 5 tokens, stickers-full" in capsys.readouterr().out
    assert main(["edit", str(first), "make it blue", "--out", str(second), *weights]) == 0
    assert "stickers-edit" in capsys.readouterr().out
    for file in (first, second):
        with Image.open(file) as image:
            assert image.size == (64, 64)
            assert term_of(BY_MODEL) in image.info[XMP_KEY]
    photo = tmp_path / "photo.jpg"
    Image.new("RGB", (64, 64), "red").save(photo)
    assert main(["edit", str(photo), "make it blue", "--out", str(second), *weights]) == 0
    with Image.open(second) as image:
        assert term_of(WITH_MODEL) in image.info[XMP_KEY]


def test_info(tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--weights", str(tiny_folder)]) == 0
    out = capsys.readouterr().out
    assert "stickers-full, draws" in out
    assert "64x64" in out
    assert "cat, dog" in out


def test_cut_words_are_said(tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "a.png"), "--weights", str(tiny_folder), "--steps", "1"]
    assert main(["generate", "a red cat " * 9, *out]) == 0
    assert "does not read all 29 tokens; the end is left out" in capsys.readouterr().err


def test_several_pictures_are_written_side_by_side(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "cat.png"), "--weights", str(tiny_folder), "--steps", "1"]
    assert main(["generate", "a red cat", "--seed", "7", "--num-pictures", "3", *out]) == 0
    files = [tmp_path / name for name in ("cat.png", "cat-2.png", "cat-3.png")]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"{file}: seed {seed}" for file, seed in zip(files, (7, 8, 9), strict=True)
    ]


def test_sampler_flags_and_notes(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = ["--weights", str(tiny_folder), "--preset", "full"]
    small = dataclasses.replace(PRESETS["full"], sizes=(Size(32, 32),))
    monkeypatch.setitem(PRESETS, "full", small)
    generate = ["generate", "a cat", "--seed", "7", "--steps", "2", "--size", "64x64", *weights, "--out"]
    plain, other, fitted = (tmp_path / name for name in ("plain.png", "other.png", "fitted.png"))
    assert main([*generate, str(plain)]) == 0
    assert "64x64 is 4.0 times the area this model was trained at" in capsys.readouterr().err
    assert main([*generate, str(other), "--grid", "diffusers"]) == 0
    assert plain.read_bytes() != other.read_bytes()
    assert main([*generate, str(fitted), "--fit-budget"]) == 0
    assert "64x64 was brought to 32x32" in capsys.readouterr().err
    assert main(["info", *weights]) == 0
    out = capsys.readouterr().out
    assert "32x32 or any other" in out
    assert "steps       50" in out
    assert "official, diffusers-0.36, diffusers" in out


def test_parity_on_the_command_line(tiny_folder: Path, tmp_path: Path) -> None:
    generate = ["generate", "a cat", "--seed", "7", "--steps", "2", "--size", "64x64", "--preset", "fast"]
    generate += ["--weights", str(tiny_folder), "--out"]
    right, published = tmp_path / "right.png", tmp_path / "published.png"
    assert main([*generate, str(right)]) == 0
    assert main([*generate, str(published), "--parity"]) == 0
    assert right.read_bytes() != published.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["generate", "a cat", "--out", "cat"], "cat has no ending that names a picture format"),
        (["generate", "a cat", "--out", "nowhere/cat.png"], "There is no folder"),
        (
            ["edit", "missing.png", "make it red", "--out", "cat.png"],
            "missing.png cannot be read as a picture",
        ),
        (["info", "--preset", "full"], "full needs downloaded weights"),
        (["info", "--weights", "nowhere"], "nowhere is not a folder of weights"),
    ],
)
def test_failures_are_one_sentence_and_code_2(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_a_size_must_be_a_size(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["generate", "a cat", "--size", "big", "--out", "cat.png"])
    assert "big is not WIDTHxHEIGHT" in capsys.readouterr().err


def test_devices_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def load(preset: str, weights: Path | None, *, devices: list[str], split: str) -> Replicas:
        asked.append((preset, weights, devices, split))
        return Replicas([Worker(device, FakeEngine) for device in devices])

    monkeypatch.setattr(load_engines, "load_engines", load)
    out = tmp_path / "cat.png"
    draw = ["generate", "a red cat", "--out", str(out), "--devices"]
    assert main([*draw, "cpu,cpu"]) == 0
    assert main([*draw, "cuda:0,cuda:1", "--split", "guidance"]) == 0
    assert main(["edit", str(out), "make it blue", "--out", str(out), "--devices", "cpu"]) == 0
    assert asked == [
        ("stickers-full", None, ["cpu", "cpu"], "replicas"),
        ("stickers-full", None, ["cuda:0", "cuda:1"], "guidance"),
        ("stickers-edit", None, ["cpu"], "replicas"),
    ]
    assert capsys.readouterr().out.count("cat.png: seed") == 3
    monkeypatch.undo()
    assert main([*draw, "gpu"]) == 2
    assert main([*draw[:-1], "--split", "guidance"]) == 2
    told = capsys.readouterr().err
    assert "gpu is no device" in told
    assert "--split needs devices" in told


def test_shortcuts_on_the_command_line(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, cached, narrowed, small = (tmp_path / f"{name}.png" for name in "abcd")
    generate = ["generate", "a cat", "--seed", "7", "--steps", "6", "--weights", str(tiny_folder), "--out"]
    assert main([*generate, str(plain)]) == 0
    assert main([*generate, str(cached), "--step-cache"]) == 0
    assert main([*generate, str(narrowed), "--guided", "0.2", "0.5"]) == 0
    assert main([*generate, str(small), "--precision", "bfloat16"]) == 0
    assert plain.read_bytes() != narrowed.read_bytes() != small.read_bytes()
    assert main([*generate, str(narrowed), "--guided", "0.5", "0.2"]) == 2
    assert "Guidance cannot work from 0.5 to 0.2" in capsys.readouterr().err
    assert main([*generate, str(cached), "--step-cache", "--preset", "stickers-fast"]) == 2
    assert "a step cache could leave out" in capsys.readouterr().err
    edit = ["edit", str(plain), "make it blue", "--seed", "7", "--steps", "6", "--weights", str(tiny_folder)]
    assert main([*edit, "--out", str(small)]) == 0
    assert main([*edit, "--out", str(narrowed), "--guided", "0.2", "0.5", "--step-cache"]) == 0
    assert small.read_bytes() != narrowed.read_bytes()

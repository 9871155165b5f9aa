"""Benchmark pictures and prompts planted in a training set are reported, and left out; nothing else is."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageOps

from tests.training.curation.raw import a_picture, as_file
from training.commands import main
from training.data.curation.leaks import against
from training.data.curation.pipeline import curate
from training.data.curation.prompt_index import PromptIndex, PromptRule, read_prompts
from training.data.curation.recipes import plain
from training.data.curation.select import joined
from training.data.curation.store import Store
from training.errors import BadRecipe

LONG = "A small brown dog sleeps on a red couch beside a window while rain falls on the garden outside."


def photo(seed: int) -> Image.Image:
    return a_picture(seed, (8, 6)).resize((192, 144), Image.Resampling.BICUBIC)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    files = {
        "same.png": as_file(photo(1)),
        "jpeg.jpg": as_file(photo(2), "JPEG", quality=60),
        "mirrored.png": as_file(ImageOps.mirror(photo(3))),
        "other.png": as_file(photo(4)),
        "said.png": as_file(photo(5)),
        "clean.png": as_file(photo(6)),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "other.txt").write_text("a photo of a red car and a dog")
    (folder / "said.txt").write_text(f"stock photo: {LONG.upper()}")
    (folder / "clean.txt").write_text("a small brown dog sleeps on a blue chair")
    return folder


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    folder = tmp_path / "benchmark"
    folder.mkdir()
    for seed in (1, 2, 3, 20):
        (folder / f"{seed}.png").write_bytes(as_file(photo(seed)))
    return folder


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    file = tmp_path / "prompts.txt"
    file.write_text(f"{LONG}\n\na photo of a bench\n")
    return file


def reasons(work: Path) -> dict[str, str]:
    rows = pq.read_table(io.BytesIO(Store(address=str(work)).read("manifest.parquet"))).to_pylist()
    return {Path(row["source"]).name: row["reason"] for row in rows}


def test_planted_leaks_are_reported_and_left_out(
    raw: Path, benchmark: Path, prompts: Path, tmp_path: Path
) -> None:
    said, store = list[str](), Store(address=str(tmp_path / "work"))
    recipe = against(plain(), benchmark, prompts)
    assert curate(recipe, store, [raw], said.append).num_kept == 2
    leaks = {name for name, reason in reasons(tmp_path / "work").items() if reason == "is_leak"}
    assert leaks == {"same.png", "jpeg.jpg", "mirrored.png", "said.png"}
    rows = joined(store, ["00000"], ["leaks"], {"leaked_picture", "leak_kind", "leaked_prompt"})
    told = {Path(source).name: place for place, source in enumerate(rows["source"])}
    assert rows["leaked_picture"][told["mirrored.png"]] == "3.png"
    assert rows["leak_kind"][told["same.png"]] == "pixels"
    assert rows["leaked_prompt"][told["said.png"]] == LONG
    assert any("3 pictures are of the benchmark's 4, 1 captions of its 2 prompts" in line for line in said)


def test_another_benchmark_is_looked_for_again_and_the_same_one_is_not(
    raw: Path, benchmark: Path, tmp_path: Path
) -> None:
    said, store = list[str](), Store(address=str(tmp_path / "work"))
    curate(against(plain(), benchmark, None), store, [raw], said.append)
    said.clear()
    curate(against(plain(), benchmark, None), store, [raw], said.append)
    assert "leaks: done before" in said
    (benchmark / "more.png").write_bytes(as_file(photo(6)))
    curate(against(plain(), benchmark, None), store, [raw], said.append)
    assert reasons(tmp_path / "work")["clean.png"] == "is_leak"


@pytest.mark.font
def test_descriptors_find_what_hashes_do_not(tmp_path: Path) -> None:
    from training.data.curation.planted import draw_planted
    from training.data.curation.recipes import stickers
    from training.seeds import rng_for

    raw, benchmark = tmp_path / "raw", tmp_path / "benchmark"
    raw.mkdir(), benchmark.mkdir()
    for index in range(6):
        _, image = draw_planted(rng_for("test-leaks", 0, index), None)
        image.save(raw / f"{index}.png")
        if index < 2:
            width, height = image.size
            cut = image.crop((width // 25, 0, width, height - height // 25))
            ImageOps.mirror(cut).save(benchmark / f"{index}.png")
    store = Store(address=str(tmp_path / "work"))
    curate(against(stickers(), benchmark, None), store, [raw], lambda _: None, expression="not is_leak")
    leaks = {name for name, reason in reasons(tmp_path / "work").items() if reason}
    assert leaks == {"0.png", "1.png"}


@pytest.mark.parametrize(
    ("caption", "leaks"),
    [
        ("A PHOTO of a bench!", True),
        ("a photo of a bench in a park", False),
        ("\uff41 photo of a bench", True),
        (LONG + " It is late.", True),
        ("A small brown dog sleeps on a red couch beside a window while rain falls in Rome", True),
        ("a small brown dog sleeps on a red couch", False),
        ("", False),
    ],
)
def test_the_rule_for_prompts(caption: str, leaks: bool) -> None:
    assert bool(PromptIndex([LONG, "a photo of a bench"], PromptRule()).find(caption)) is leaks


def test_prompts_are_read_from_lines_and_from_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"tag": "color", "prompt": "a red car"}\n{"prompt": "a dog"}\n')
    assert read_prompts(tmp_path / "a.jsonl") == ["a red car", "a dog"]
    (tmp_path / "b.jsonl").write_text('{"words": "a red car"}\n')
    (tmp_path / "c.txt").write_text("\n \n")
    for name in ("b.jsonl", "c.txt", "none.txt"):
        with pytest.raises(BadRecipe, match="holds no prompts"):
            read_prompts(tmp_path / name)


def test_a_benchmark_that_cannot_be_read_gets_a_sentence(
    raw: Path, benchmark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (benchmark / "broken.png").write_bytes(as_file(photo(1))[:100])
    arguments = ["curate", str(raw), "--work", str(tmp_path / "work"), "--benchmark", str(benchmark)]
    assert main(arguments) == 2
    assert "broken.png of the benchmark" in capsys.readouterr().err

"""Files from strangers: weights are read, programs never run, and what does not fit gets a sentence."""

from __future__ import annotations

import ast
import pickle
import subprocess
import zipfile
from pathlib import Path

import pytest
import torch

from tests.training.curation.judges.published import nsfw_l14, randomised, sscd_names, write
from training.data.curation.judges.clip_heads import load_nsfw
from training.data.curation.judges.files import AESTHETIC_LINEAR, CLIP, SSCD, JudgeFile, find_judges
from training.data.curation.judges.sscd import load_sscd
from training.data.curation.judges.weights import read_weights
from training.errors import BadRecipe

ROOT = Path(__file__).parents[4]


class Planted:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (subprocess.call, (["touch", str(self.file)],))


def planted_in_zip(file: Path, made: Path) -> None:
    """As torch.save writes it: a zip whose data.pkl is the program."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"a": Planted(made)}, protocol=2))
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")


@pytest.mark.parametrize("kind", ["torch.save", "bare pickle", "zip"])
def test_a_pickle_that_carries_a_program_is_refused_and_not_run(tmp_path: Path, kind: str) -> None:
    file, made = tmp_path / "head.pth", tmp_path / "made"
    match kind:
        case "torch.save":
            torch.save({"linear_1.weight": Planted(made)}, file)
        case "bare pickle":
            file.write_bytes(pickle.dumps(Planted(made), protocol=2))
        case _:
            planted_in_zip(file, made)
    with pytest.raises(BadRecipe, match="nothing of it was run"):
        read_weights(file)
    assert not made.exists()
    with file.open("rb") as stream:  # the plant works: an unguarded reader would have run it
        if kind == "bare pickle":
            pickle.load(stream)
            assert made.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "damaged"),
        (b"\x80\x02garbage", "is no table of weights|damaged"),
        (b"<html>404</html>", "is no table of weights|damaged"),
        (b"PK\x03\x04 cut short", "is no table of weights|damaged"),
    ],
)
def test_what_is_no_file_of_weights_gets_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "head.pth").write_bytes(content)
    with pytest.raises(BadRecipe, match=sentence):
        read_weights(tmp_path / "head.pth")
    (tmp_path / "head.safetensors").write_bytes(content)
    with pytest.raises(BadRecipe, match="cannot be read as safetensors"):
        read_weights(tmp_path / "head.safetensors")


@pytest.mark.parametrize("content", [[1, 2], {}, {"epoch": 3}, torch.zeros(3), {1: torch.zeros(2)}])
def test_a_file_of_something_else_holds_no_table(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(BadRecipe, match="holds no table of weights"):
        read_weights(tmp_path / "x.pth")


def test_a_truncated_file_is_damaged(tmp_path: Path) -> None:
    file = write(randomised(nsfw_l14()), tmp_path / "head.pth")
    file.write_bytes(file.read_bytes()[:-5000])
    with pytest.raises(BadRecipe, match="damaged"):
        read_weights(file)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_both_kinds_of_file_give_the_same_weights(tmp_path: Path, suffix: str) -> None:
    weights = randomised(nsfw_l14())
    found = read_weights(write(weights, tmp_path / f"head{suffix}"))
    assert found.keys() == weights.keys()
    assert all(found[name].equal(weights[name]) for name in weights)


def test_a_table_inside_a_training_scripts_file_is_found(tmp_path: Path) -> None:
    weights = randomised(nsfw_l14())
    torch.save({"epoch": 3, "weights": {f"module.{k}": v for k, v in weights.items()}}, tmp_path / "a.pt")
    assert read_weights(tmp_path / "a.pt").keys() == weights.keys()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("missing", "it lacks linear_2.bias"),
        ("extra", "has besides linear_9.weight"),
        ("misshapen", "linear_2.weight is 3x3 and not 512x64"),
        ("broken", "is broken in linear_3.bias"),
    ],
)
def test_weights_that_do_not_fit_are_named(tmp_path: Path, change: str, sentence: str) -> None:
    weights = randomised(nsfw_l14())
    match change:
        case "missing":
            del weights["linear_2.bias"]
        case "extra":
            weights["linear_9.weight"] = torch.zeros(2, 2)
        case "misshapen":
            weights["linear_2.weight"] = torch.zeros(3, 3)
        case _:
            weights["linear_3.bias"][0] = torch.nan
    with pytest.raises(BadRecipe, match=sentence):
        load_nsfw(JudgeFile(write(weights, tmp_path / "head.pth")))


def test_many_misfits_are_counted_and_not_listed(tmp_path: Path) -> None:
    weights = {name: tensor for name, tensor in randomised(sscd_names()).items() if "layer4" not in name}
    with pytest.raises(BadRecipe, match=r"lacks backbone\.layer4.* and \d+ more"):
        load_sscd(JudgeFile(write(weights, tmp_path / "sscd.pt")))


def test_what_is_missing_is_named_in_one_sentence_with_where_it_is(tmp_path: Path) -> None:
    (tmp_path / AESTHETIC_LINEAR.name).write_bytes(b"x")
    with pytest.raises(BadRecipe) as caught:
        find_judges(tmp_path, (SSCD, CLIP, AESTHETIC_LINEAR))
    told = str(caught.value)
    assert SSCD.name in told
    assert SSCD.where in told
    assert f"{CLIP.name} (a folder) from {CLIP.where}" in told
    assert AESTHETIC_LINEAR.name not in told


def test_safetensors_of_the_same_stem_come_first(tmp_path: Path) -> None:
    for suffix in (".pth", ".safetensors"):
        (tmp_path / AESTHETIC_LINEAR.name).with_suffix(suffix).write_bytes(b"x")
    (found,) = find_judges(tmp_path, (AESTHETIC_LINEAR,))
    assert found.path.suffix == ".safetensors"


def test_a_file_that_changes_under_a_run_is_refused(tmp_path: Path) -> None:
    file = write(randomised(nsfw_l14()), tmp_path / "head.pth")
    judge = JudgeFile(file)
    write(randomised(nsfw_l14(), seed=1), file)
    with pytest.raises(BadRecipe, match="has changed since the run began"):
        load_nsfw(judge)
    file.unlink()
    with pytest.raises(BadRecipe, match="every worker needs the judges"):
        load_nsfw(judge)


def test_programs_are_loaded_in_one_module_and_pickles_nowhere() -> None:
    """Calls by name: torch.jit.load, and torch.load without weights_only=True."""
    scripts, pickles = set[str](), set[str]()
    for room in ("agent", "engines", "training", "ui"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Attribute) and ast.unparse(node) == "torch.jit.load":
                    scripts.add(path.name)
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "pickle.load"):
                    asked = {each.arg: ast.unparse(each.value) for each in node.keywords}
                    if asked.get("weights_only") != "True":
                        pickles.add(path.name)
    assert (scripts, pickles) == ({"torchscript.py"}, set())

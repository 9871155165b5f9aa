"""Killed at random moments, a run ends with the manifest of an unbroken one; marked work stays as it is."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.curation.raw import good_folder

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
from training.data.curation.collect import CollectSettings
from training.data.curation.pipeline import curate
from training.data.curation.recipes import plain
from training.data.curation.store import Store

print("begun", flush=True)
recipe = replace(plain(), collect=CollectSettings(per_shard=5))
curate(recipe, Store(address=sys.argv[2]), [Path(sys.argv[1])], lambda words: print(words, flush=True))
"""


def start(raw: Path, work: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(raw), str(work)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def whole(raw: Path, work: Path) -> str:
    process = start(raw, work)
    said, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return said


def results(work: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(work)): path.read_bytes()
        for path in work.rglob("*")
        if path.is_file() and not path.name.endswith((".done.json", ".html"))
    }


@pytest.mark.parametrize("seed", [1])
def test_kills_change_nothing(tmp_path: Path, seed: int) -> None:
    raw, rng = good_folder(tmp_path / "raw", 60), random.Random(seed)
    whole(raw, tmp_path / "unbroken")
    kept = dict[str, int]()
    for _ in range(5):
        process = start(raw, tmp_path / "killed")
        assert process.stdout is not None
        for _ in range(rng.randrange(1, 9)):  # each line is said when a piece is done
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        tars = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "killed").glob("shards/*.tar")}
        marked = {
            path.name.removesuffix(".done.json") for path in (tmp_path / "killed").glob("shards/*.done.json")
        }
        assert all(tars[name] == kept[name] for name in kept)
        kept = {name: tars[name] for name in marked & set(tars)}
    whole(raw, tmp_path / "killed")
    one, two = results(tmp_path / "unbroken"), results(tmp_path / "killed")
    assert {name for name in two if ".part" not in name} == set(one)
    assert all(two[name] == one[name] for name in one)

"""The Space: its card, and a folder that holds all it is built from."""

from __future__ import annotations

import os
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import app
from tests.deploy.container import Image, read_dockerfile
from tests.test_dependencies import locked, pinned_version

ROOT = Path(__file__).parents[2]
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


def card(readme: Path) -> dict[str, Any]:
    _, front, _ = readme.read_text("utf-8").split("---\n", 2)
    found: dict[str, Any] = yaml.safe_load(front)
    return found


def test_the_card_says_what_the_space_needs() -> None:
    found = card(ROOT / "README.md")
    assert found["sdk"] == "docker", "Gradio's own image resolves Pillow below 13: docs/decisions/0014"
    assert found["hf_oauth"] is True
    assert found["license"] == "apache-2.0"
    assert {found["colorFrom"], found["colorTo"]} <= COLORS
    assert len(found["short_description"]) <= 60
    ports = [step.value for step in read_dockerfile(ROOT / "deploy/Dockerfile") if step.name == "EXPOSE"]
    assert [str(found["app_port"])] == ports


def test_a_version_of_gradio_on_the_card_would_be_ours() -> None:
    version = card(ROOT / "README.md").get("sdk_version")
    assert version in {None, str(pinned_version(locked("requirements.txt")["gradio"]))}


def test_the_folder_for_the_space_can_be_built(tmp_path: Path) -> None:
    space = tmp_path / "space"
    command = ["sh", str(ROOT / "deploy/make_space.sh"), str(space)]
    subprocess.run(command, check=True, capture_output=True)
    assert card(space / "README.md") == card(ROOT / "README.md")
    image = Image(root=tmp_path / "image", context=space, ignore=space / ".dockerignore")
    for step in read_dockerfile(space / "Dockerfile"):
        image.carry_out(step)
    assert (image.inside("engines/stickers/model_index.json")).exists()
    assert not [*space.rglob("__pycache__")]
    again = subprocess.run(command, capture_output=True, text=True)
    assert (again.returncode, "exists already" in again.stderr) == (1, True)


@pytest.fixture
def lent_space(tmp_path: Path) -> Path:
    space = tmp_path / "space"
    subprocess.run(
        ["sh", str(ROOT / "deploy/make_space.sh"), str(space), "zero-gpu"], check=True, capture_output=True
    )
    return space


def test_a_space_with_lent_cards_is_gradio_s(lent_space: Path) -> None:
    found, docker = card(lent_space / "README.md"), card(ROOT / "README.md")
    pins = locked("requirements.txt")
    assert found["sdk"] == "gradio"
    assert found["sdk_version"] == str(pinned_version(pins["gradio"]))
    assert found["python_version"] == "3.12"
    assert (lent_space / found["app_file"]).is_file()
    changed = {"sdk", "sdk_version", "python_version", "app_file", "app_port"}
    assert {name: value for name, value in found.items() if name not in changed} == {
        name: value for name, value in docker.items() if name not in changed
    }
    assert (lent_space / "requirements.txt").read_text() == f"torch=={pinned_version(pins['torch'])}\n"
    assert (lent_space / "lock.txt").read_text() == (ROOT / "requirements.txt").read_text()


def test_it_installs_the_lock_fetches_weights_and_becomes_the_app(
    lent_space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, cwd, check: done.append(command[1:]))
    monkeypatch.setattr(os, "execv", lambda _, command: done.append(command[1:]))
    monkeypatch.chdir(lent_space)
    for name in ("REVERIE_HOST", "REVERIE_PORT", "REVERIE_LOG_FORMAT", "REVERIE_DATA_FOLDER"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("REVERIE_ENGINE", "hidream")
    monkeypatch.setenv("REVERIE_PRESETS", "dev, e1.1,")
    runpy.run_path(str(lent_space / "zero_gpu.py"), run_name="__main__")
    assert done == [
        ["-m", "pip", "install", "--quiet", "--no-deps", "--requirement", "lock.txt"],
        ["-m", "engines", "download", "dev"],
        ["-m", "engines", "download", "e1.1"],
        ["app.py"],
    ]
    assert (os.environ["REVERIE_HOST"], os.environ["REVERIE_PORT"]) == ("0.0.0.0", "7860")
    settings = app.Settings()
    assert (settings.engine, settings.presets, settings.port) == ("hidream", ("dev", "e1.1"), 7860)
    assert Path(os.environ["REVERIE_DATA_FOLDER"]).is_absolute()


def test_a_space_of_no_such_kind_is_not_made(tmp_path: Path) -> None:
    command = ["sh", str(ROOT / "deploy/make_space.sh"), str(tmp_path / "space"), "tpu"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "A Space is cpu or zero-gpu, not tpu.\n")
    assert not (tmp_path / "space").exists()

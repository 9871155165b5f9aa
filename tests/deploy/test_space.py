"""The Space: its card, and a folder that holds all it is built from."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

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

"""The Dockerfile: linted, and carried out step by step. What starts from it: test_compose.py."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.deploy.composition import header_commands
from tests.deploy.container import DEPLOY, DOCKERFILE, ROOT, built
from tests.test_dependencies import locked


def test_the_dockerfile_is_linted() -> None:
    linter = shutil.which("hadolint") or str(Path(sys.executable).with_name("hadolint"))
    done = subprocess.run([linter, "--no-color", str(DOCKERFILE)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == ""


def test_the_scripts_are_linted() -> None:
    linter = shutil.which("shellcheck") or str(Path(sys.executable).with_name("shellcheck"))
    scripts = [str(DEPLOY / "make_space.sh"), str(ROOT / ".ci/run")]
    done = subprocess.run([linter, *scripts], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_commands_of_the_headers_are_linted() -> None:
    linter = shutil.which("shellcheck") or str(Path(sys.executable).with_name("shellcheck"))
    for file in sorted(DEPLOY.glob("compose*.yaml")):
        script = "\n".join(["set -e", *header_commands(file)])
        done = subprocess.run([linter, "--shell=sh", "-"], input=script, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, ""), file.name


def makefile_installs() -> list[list[str]]:
    """What `make app` tells pip, without how loud."""
    lines = re.findall(r"pip install (.*)", (ROOT / "Makefile").read_text("utf-8"))
    runtime = [
        line.replace("--quiet ", "").replace("$$", "$") for line in lines if "requirements-dev" not in line
    ]
    return [
        [
            "pip",
            "install",
            *subprocess.check_output(["sh", "-c", f"printf '%s\\n' {line}"], cwd=ROOT, text=True).split(),
        ]
        for line in runtime
    ]


def test_the_image_holds_what_make_installs(tmp_path: Path) -> None:
    pips = [each for each in built(tmp_path / "cpu").commands if each[0] == "pip"]
    torch = next(str(each) for each in locked("requirements.txt").values() if each.name == "torch")
    small = ["pip", "install", "--no-deps", "--index-url", "https://download.pytorch.org/whl/cpu", torch]
    driver = ["pip", "install", "--no-deps", "-r", "deploy/requirements.txt"]
    assert pips == [small, *makefile_installs(), driver]
    with_card = built(tmp_path / "cuda", TORCH_INDEX="").commands
    assert [each for each in with_card if each[0] == "pip"] == [*makefile_installs(), driver]


def test_the_driver_is_the_one_that_is_tested() -> None:
    lines = [line for line in (DEPLOY / "requirements.txt").read_text().splitlines() if line[0] != "#"]
    assert lines
    assert {*lines} <= {*(ROOT / "requirements-dev.txt").read_text().splitlines()}

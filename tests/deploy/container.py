"""A Dockerfile read and carried out step by step in a folder, without a container engine.

What would reach outside (pip, useradd, install) is written down instead of done.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["DEPLOY", "DOCKERFILE", "ROOT", "Image", "Instruction", "built", "read_dockerfile"]

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "Dockerfile"

WRITTEN_DOWN = ("pip", "useradd", "install")


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One line of the file, continued lines joined."""

    name: str
    value: str


def read_dockerfile(file: Path) -> Sequence[Instruction]:
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n", " ", "\n".join(lines))
    pairs = [line.strip().split(maxsplit=1) for line in whole.splitlines() if line.strip()]
    return [Instruction(name=name.upper(), value=value) for name, value in pairs]


@dataclass(kw_only=True)
class Image:
    """What has come of the steps so far; `commands` is what was written down."""

    root: Path
    context: Path
    ignore: Path
    folder: str = "/"
    user: str = "root"
    environment: dict[str, str] = field(default_factory=dict)
    command: Sequence[str] = ()
    health: Sequence[str] = ()
    stop_signal: str = ""
    commands: list[list[str]] = field(default_factory=list)

    def carry_out(self, step: Instruction) -> None:
        """Raises AssertionError where a real engine would fail."""
        match step.name:
            case "FROM":
                assert re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", step.value), "the base has a version"
            case "ARG" | "ENV":
                pairs = [each.partition("=") for each in shlex.split(step.value)]
                self.environment |= {name: value for name, _, value in pairs}
            case "WORKDIR":
                self.folder = step.value
                self.inside(step.value).mkdir(parents=True, exist_ok=True)
            case "COPY":
                self.copy(*step.value.split())
            case "RUN":
                self.run(step.value)
            case "USER":
                self.user = step.value
            case "CMD":
                self.command = json.loads(step.value)
            case "HEALTHCHECK":
                self.health = json.loads(step.value.partition(" CMD ")[2])
            case "STOPSIGNAL":
                self.stop_signal = step.value
            case "VOLUME" | "EXPOSE":
                pass
            case other:
                raise AssertionError(f"Nobody here knows {other}.")

    def inside(self, path: str) -> Path:
        return self.root / os.path.join(self.folder, path).lstrip("/")

    def copy(self, *places: str) -> None:
        *sources, target = places
        for source in sources:
            path = self.context / source
            assert path.exists(), f"{source} is not there"
            assert f"!{source}" in self.ignore.read_text().splitlines(), f"{source} is ignored"
            place = self.inside(target)
            if path.is_dir():
                shutil.copytree(path, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)

    def run(self, script: str) -> None:
        tools = self.root / "tools"
        tools.mkdir(parents=True, exist_ok=True)
        written = self.root / "written"
        for name in WRITTEN_DOWN:
            stand_in = tools / name
            stand_in.write_text(f'#!/bin/sh\nprintf "%s\\n" {name} "$@" "" >> "{written}"\n')
            stand_in.chmod(0o755)
        environment = {**self.environment, "PATH": f"{tools}:{os.environ['PATH']}"}
        subprocess.run(["sh", "-euc", script], cwd=self.inside("."), env=environment, check=True)
        blocks = written.read_text().split("\n\n") if written.exists() else []
        self.commands = [block.strip().split("\n") for block in blocks if block.strip()]


def built(folder: Path, **arguments: str) -> Image:
    """What the Dockerfile makes of this checkout."""
    image = Image(root=folder, context=ROOT, ignore=DEPLOY / "Dockerfile.dockerignore")
    for step in read_dockerfile(DOCKERFILE):
        image.carry_out(step)
        if step.name == "ARG":
            image.environment |= arguments
    return image

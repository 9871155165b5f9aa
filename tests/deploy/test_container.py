"""The container files: linted, and carried out step by step up to an app that answers."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import httpx
import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from tests.browser.server import START_SECONDS, free_port
from tests.deploy.container import Image, read_dockerfile
from tests.test_dependencies import locked

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "Dockerfile"


def built(folder: Path, **arguments: str) -> Image:
    image = Image(root=folder, context=ROOT, ignore=DEPLOY / "Dockerfile.dockerignore")
    for step in read_dockerfile(DOCKERFILE):
        image.carry_out(step)
        if step.name == "ARG":
            image.environment |= arguments
    return image


def test_the_dockerfile_is_linted() -> None:
    linter = shutil.which("hadolint") or str(Path(sys.executable).with_name("hadolint"))
    done = subprocess.run([linter, "--no-color", str(DOCKERFILE)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == ""


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


def test_the_image_starts_answers_and_ends(tmp_path: Path) -> None:
    image = built(tmp_path / "image")
    assert image.user == "1000", "not root, and a number that any host can check"
    assert image.stop_signal == "SIGTERM"
    assert image.environment["REVERIE_HOST"] == "0.0.0.0"
    port = free_port()
    environment = {
        **image.environment,
        **{"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        **{"REVERIE_HOST": "127.0.0.1", "REVERIE_PORT": str(port), "REVERIE_ENGINE": "fake"},
        "REVERIE_DATA_FOLDER": str(tmp_path / "data"),
    }
    log = tmp_path / "log"

    def command(words: Sequence[str]) -> list[str]:
        assert words[0] == "python"
        return [sys.executable, *words[1:]]

    def is_healthy() -> bool:
        return subprocess.run(command(image.health), env=environment, capture_output=True).returncode == 0

    assert not is_healthy()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(image.command), cwd=image.inside("."), env=environment, stdout=output, stderr=output
        )
    try:
        begun = time.monotonic()
        while not is_healthy():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() - begun < START_SECONDS
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").json()["data_folder"] == "ok"
        process.send_signal(signal.Signals[image.stop_signal])
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert records[-1]["message"] == "Closing."
    assert not [*image.inside(".").rglob("*.pyc")], "the image's own files stay as they are"


class Strict(BaseModel):
    """A word that compose does not know, or we do not mean, is refused."""

    model_config = ConfigDict(extra="forbid")


class HealthCheck(Strict):
    test: list[str] = Field(min_length=2)
    interval: str = Field(pattern=r"^\d+s$")
    timeout: str = Field(pattern=r"^\d+s$")
    start_period: str = Field("0s", pattern=r"^\d+s$")
    retries: int = Field(ge=1)


class Build(Strict):
    context: str
    dockerfile: str


class Waits(Strict):
    condition: Literal["service_healthy"]


class Service(Strict):
    image: str
    restart: Literal["unless-stopped"]
    healthcheck: HealthCheck
    volumes: list[str] = Field(min_length=1)
    secrets: list[str] = Field(min_length=1)
    build: Build | None = None
    depends_on: dict[str, Waits] = {}
    ports: list[str] = []
    environment: dict[str, str] = {}
    read_only: bool = False
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    shm_size: str = ""
    stop_grace_period: str = Field(pattern=r"^\d+s$")


class Secret(Strict):
    file: str


class Compose(Strict):
    name: str
    services: dict[str, Service]
    volumes: dict[str, None]
    secrets: dict[str, Secret]


@pytest.fixture
def compose() -> Compose:
    return Compose.model_validate(yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8")))


def test_the_services_hang_together(compose: Compose) -> None:
    assert compose.services.keys() == {"app", "database"}
    for service in compose.services.values():
        assert {*service.secrets} <= compose.secrets.keys()
        assert {volume.split(":")[0] for volume in service.volumes} <= compose.volumes.keys()
        assert service.depends_on.keys() <= compose.services.keys()
        assert {*service.environment} & {"POSTGRES_PASSWORD", "REVERIE_DATABASE_URL"} == set()
    app, database = compose.services["app"], compose.services["database"]
    assert app.build is not None
    assert (DEPLOY / app.build.context / app.build.dockerfile).resolve() == DOCKERFILE
    assert re.fullmatch(r"postgres:\d+\.\d+-\w+", database.image)
    assert database.ports == [], "only the app reaches it"
    assert all(port.startswith("127.0.0.1:") for port in app.ports)
    assert (app.read_only, app.cap_drop) == (True, ["ALL"])


def test_secrets_are_read_from_files(tmp_path: Path) -> None:
    """The name of the secret is the name of the setting."""
    program = (
        "import sys, app\n"
        "from pathlib import Path\n"
        "app.Settings.model_config['secrets_dir'] = sys.argv[1]\n"
        "print(app.Settings().store_url)"
    )
    (tmp_path / "reverie_database_url").write_text("postgresql+psycopg://reverie:pw@database/reverie\n")
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == "postgresql+psycopg://reverie:pw@database/reverie\n", done.stderr


def test_secrets_are_never_committed() -> None:
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()

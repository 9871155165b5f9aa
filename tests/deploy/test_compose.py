"""The compose files: what their headers say is done, and what they describe starts, serves and ends."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from app import CLOSE_SECONDS
from tests.browser.server import START_SECONDS, free_port
from tests.deploy.composition import header_commands, interpolated, read_compose
from tests.deploy.container import DEPLOY, DOCKERFILE, ROOT, Image, built
from tests.postgresql import PostgreSQL

COMPOSE = DEPLOY / "compose.yaml"
PUBLIC_URL = "http://127.0.0.1:7860"
COMMANDS = ("agent.backup", "agent.people", "agent.restore", "engines")
INSIDE = """
import runpy, sys
from pathlib import Path
import agent.secret_files
agent.secret_files.SECRETS = Path(sys.argv[1])
name, *arguments = [word for word in sys.argv[2:] if word != "-m"]
sys.argv = [name, *arguments]
(runpy.run_module if "." in name and not name.endswith(".py") else runpy.run_path)(name, run_name="__main__")
"""
"""As in the container, but for where the secrets are."""


def test_the_services_hang_together() -> None:
    compose = read_compose("compose.yaml")
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
    assert int(app.stop_grace_period.removesuffix("s")) > CLOSE_SECONDS + 3


def test_with_a_card_it_is_the_same_but_for_the_engine() -> None:
    plain, card = read_compose("compose.yaml"), read_compose("compose.yaml", "compose.gpu.yaml")
    app, other = plain.services["app"], card.services["app"]
    assert other.build is not None
    assert other.build.args == {"TORCH_INDEX": ""}
    added = {"REVERIE_ENGINE", "REVERIE_PRESETS", "REVERIE_DEVICES"}
    assert other.environment.keys() - app.environment.keys() == added
    assert other.deploy is not None
    own = {"build", "image", "environment", "deploy"}
    assert other.model_dump(exclude=own) == app.model_dump(exclude=own)


def test_what_the_app_keeps_is_in_its_volume(tmp_path: Path) -> None:
    """Weights are too large for the memory that /tmp is made of."""
    image = built(tmp_path / "image")
    program = "import engines.download as d, platformdirs as p; "
    program += "print(d.default_folder('dev')); print(p.user_cache_path('reverie', appauthor=False))"
    environment = {**os.environ, **image.environment}
    done = subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, env=environment, text=True)
    assert done.splitlines() == ["/data/reverie/weights/dev", "/data/cache/reverie"]


def test_the_headers_name_files_and_commands_that_there_are() -> None:
    for file in (COMPOSE, DEPLOY / "compose.gpu.yaml"):
        calls = [shlex.split(line) for line in header_commands(file) if line.startswith("docker compose")]
        assert calls
        for call in calls:
            files = [ROOT / call[index + 1] for index, word in enumerate(call) if word == "-f"]
            assert COMPOSE in files
            assert all(each.is_file() for each in files)
            if "python" in call:
                assert call[call.index("python") - 1] == "app"
                assert call[call.index("python") + 2] in COMMANDS


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Made as the header says."""
    (tmp_path / "deploy").mkdir()
    lines = [line for line in header_commands(COMPOSE) if not line.startswith("docker")]
    subprocess.run(["sh", "-euc", "\n".join(lines)], cwd=tmp_path, check=True)
    folder = tmp_path / "deploy" / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    named = {Path(each.file).name for each in read_compose("compose.yaml").secrets.values()}
    assert {file.name for file in folder.iterdir()} == named
    assert all(file.stat().st_mode & stat.S_IROTH for file in folder.iterdir()), "user 1000 reads them"
    return folder


@dataclass(kw_only=True)
class Container:
    """The app's service without a container engine: its volume and its secrets are in a folder."""

    folder: Path
    secrets: Path
    image: Image
    environment: Mapping[str, str]
    log: Path

    def start(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        assert words[0] == "python"
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", INSIDE, str(self.secrets), *words[1:]],
                cwd=self.image.inside("."),
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def said(self, module: str, *arguments: str) -> str:
        """What `python -m` says, which must succeed."""
        command = [sys.executable, "-c", INSIDE, str(self.secrets), module, *arguments]
        done = subprocess.run(
            command, cwd=self.image.inside("."), env=self.environment, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def is_healthy(self, check: Sequence[str]) -> bool:
        command = [sys.executable, *check[1:]]
        return subprocess.run(command, env=self.environment, capture_output=True).returncode == 0


@pytest.fixture
def container(secrets: Path, tmp_path: Path) -> Container:
    """With exactly the service's environment, but for where its folders are and which port is free."""
    service, image = read_compose("compose.yaml").services["app"], built(tmp_path / "image")
    inside = image.environment | service.environment
    moved = {"/run/secrets": secrets, "/data": tmp_path / "data", "/tmp": tmp_path / "tmp"}
    environment = {"PATH": os.environ["PATH"]}
    for name, value in inside.items():
        said = interpolated(value, {})
        place = next((old for old in moved if re.match(rf"{old}(/|$)", said)), "")
        environment[name] = f"{moved[place]}{said.removeprefix(place)}" if place else said
    (tmp_path / "tmp").mkdir()
    environment["REVERIE_PORT"] = str(free_port())
    return Container(
        folder=tmp_path / "data", secrets=secrets, image=image, environment=environment, log=tmp_path / "log"
    )


def join(secrets: Path, postgresql: PostgreSQL) -> None:
    """The secret's address, of a new and empty database on this machine."""
    password = (secrets / "postgres_password").read_text()
    secret = secrets / "reverie_database_url"
    begin, _, _ = secret.read_text().partition("@")
    here = postgresql.over_tcp(postgresql.create("template0"), password).partition("@")[2]
    secret.write_text(f"{begin}@{here}")


def answers(port: str, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/{path}", timeout=20).status_code == 200
    except httpx.TransportError:
        return False


def draw_as(name: str, password: str, port: str) -> str:
    """Sign in as a browser does, draw, and return how the turn ended."""
    own = {"host": PUBLIC_URL.removeprefix("http://"), "origin": PUBLIC_URL}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=own, timeout=START_SECONDS) as browser:
        assert browser.get("/v1/chats").status_code == 401
        form = urlencode({"name": name, "password": password, "next": "/"})
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = browser.post("/sign-in", content=form, headers=kind)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        chat = browser.post("/v1/chats", json={}).json()["id"]
        sent = {"accept": "text/event-stream"}
        wish = {"text": "draw a red car", "options": {"quality": "fast"}}
        turn = browser.post(f"/v1/chats/{chat}/turns", json=wish, headers=sent)
        assert turn.status_code == 200, turn.text
        [kept] = browser.get(f"/v1/chats/{chat}").json()["turns"]
        assert len(kept["pictures"]) == 1, kept
        return str(kept["status"])


@pytest.mark.postgresql
def test_what_is_described_starts_draws_ends_and_is_put_back(
    container: Container, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    assert (container.secrets / "reverie_database_url").read_text().endswith("@database/reverie")
    join(container.secrets, postgresql)
    image, compose = container.image, read_compose("compose.yaml")
    assert image.user == "1000", "not root, and a number that any host can check"
    assert image.stop_signal == "SIGTERM"
    port = container.environment["REVERIE_PORT"]
    checks = [compose.services["app"].healthcheck.test[1:], [*image.health]]
    checks[0][-1] = checks[0][-1].replace("7860", port)
    process = container.start(image.command)
    try:
        begun = time.monotonic()
        while not answers(port, "healthz"):
            assert process.poll() is None, container.log.read_text()
            assert time.monotonic() - begun < START_SECONDS
            time.sleep(0.2)
        assert all(container.is_healthy(check) for check in checks)
        password = (container.secrets / "first_password").read_text().strip()
        assert draw_as("admin", password, port) == "done"
        assert answers(port, "readyz")
        assert "1 picture" in container.said("agent.backup", str(tmp_path / "b.zip"))
        process.send_signal(signal.Signals[image.stop_signal])
        assert process.wait(int(compose.services["app"].stop_grace_period.removesuffix("s"))) == 0
    finally:
        process.kill()
        process.wait()
    assert not container.is_healthy(checks[0])
    records = [json.loads(line) for line in container.log.read_text().splitlines() if line[0] == "{"]
    assert records[-1]["message"] == "Closing."
    assert not [*image.inside(".").rglob("*.pyc")], "the image's own files stay as they are"

    shutil.rmtree(container.folder)
    (container.folder / "reverie" / "weights").mkdir(parents=True)
    join(container.secrets, postgresql)
    assert "1 picture" in container.said("agent.restore", str(tmp_path / "b.zip"))
    assert "admin (admin), since" in container.said("agent.people", "list")
    assert not [*container.folder.rglob("*.db")], "the chats are in PostgreSQL"

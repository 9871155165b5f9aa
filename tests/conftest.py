"""What every test gets: no network beyond this machine, and a say about what is not installed."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Before anything imports them: no hub, no telemetry, few threads.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"  # and not what the process that started the workers has
else:
    os.environ.setdefault("OMP_NUM_THREADS", "2")
# Nor does a test read or leave anything among a person's own files.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="reverie-test-cache-")

import pytest

from tests.postgresql import PostgreSQL, find_programs

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
TESTS = Path(__file__).parent
BACKENDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


LONG = [
    TESTS / name
    for name in """
        browser
        ui/doors/test_resume.py
        ui/doors/test_running_app.py
        engines/test_zero_gpu.py
        training/stages/test_all_stages.py
        training/test_cluster.py
        training/stages/test_finetune_learns.py
        training/curation/test_ray_workers.py
        agent/test_replay.py
        engines/test_ranks.py
        deploy/test_compose.py
        training/test_editors.py
        training/distillation/test_mixture.py
        agent/test_main.py
        test_ending.py
        agent/decoder/test_tasks.py
        training/curation/test_kill.py
        ui/test_upload_door.py
        engines/sparse_dit/test_graphs.py
        engines/sparse_dit/test_single_file.py
        engines/test_lora.py
        engines/test_workshop.py
    """.split()
]
"""Files, and the folder whose files share a browser, that take longest: begun first, so that at the end no
worker sits over one of them while the other has nothing to do."""


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)


def place(file: Path) -> int:
    """Where it stands among the longest, or behind them."""
    return next((place for place, path in enumerate(LONG) if file.is_relative_to(path)), len(LONG))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run, and say why; REVERIE_NO_SKIPS makes that a failure instead."""
    places = {path: place(path) for path in {item.path for item in items}}
    items.sort(key=lambda item: places[item.path])
    if os.environ.get("REVERIE_NO_SKIPS"):
        return
    has_font = FONT.exists()
    has_browser = any(shutil.which(name) for name in BROWSERS)
    has_postgresql = find_programs() is not None
    for item in items:
        if item.get_closest_marker("font") and not has_font:
            item.add_marker(pytest.mark.skip(reason="needs a font: apt-get install fonts-noto-color-emoji"))
        if item.get_closest_marker("browser") and not has_browser:
            item.add_marker(pytest.mark.skip(reason="needs a browser: apt-get install chromium"))
        if item.get_closest_marker("postgresql") and not has_postgresql:
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: apt-get install postgresql"))


@pytest.fixture(autouse=True)
def _leave_the_threads_as_they_were() -> Iterator[None]:
    """A command sets them for all of its process, and the last bits of a picture depend on their number."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


@pytest.fixture(autouse=True)
def _stay_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to another machine fails the test that tries it."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_here(address):
            raise AssertionError(f"A test tried to reach {address}.")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect_here)


def is_here(address: object) -> bool:
    host = address[0] if isinstance(address, tuple) else ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.close()


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """A database with the tables and nothing in them."""
    url = postgresql.create()
    yield url
    postgresql.drop(url)


@pytest.fixture(params=BACKENDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store on SQLite, then one on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/reverie.db"
    return str(request.getfixturevalue("postgresql_url"))

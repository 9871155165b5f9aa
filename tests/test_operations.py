"""The running app as those who run it see it: ready, counted, logged, backed up, ended."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx

from agent.sessions import Sessions
from tests.browser.server import ROOT, Server, Visitor

CANARY = "xylophone"


def program(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"agent.{name}", *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_the_running_app_tells_what_it_does_and_is_backed_up(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--engine", "fake", "--log-format", "json")
    try:
        server.start()
        visitor = Visitor(server.url)
        [*visitor.send(f"draw a {CANARY}")]
        deadline = time.monotonic() + 30
        while (ready := visitor.http.get("/readyz")).status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert ready.json() == {"database": "ok", "data_folder": "ok", "engine": "loaded"}
        metrics = httpx.get(f"{server.url}metrics").text
        assert 'reverie_turns_total{route="generate",status="done"} 1.0' in metrics
        assert 'reverie_pictures_total{kind="generated"} 1.0' in metrics
        assert 'reverie_http_requests_total{method="GET",route="/readyz",status="200"} 1.0' in metrics
        backup = program("backup", str(tmp_path / "b.zip"), "--data-folder", str(tmp_path / "data"))
        assert (backup.returncode, backup.stderr) == (0, "")
        visitor.http.close()
        assert server.stop() == 0
    finally:
        server.close()
    lines = server.log.read_text().splitlines()
    assert [json.loads(line)["message"].split(":")[0] for line in lines[-2:]] == ["turn ended", "Closing."]
    assert CANARY not in server.log.read_text()
    assert visitor.http.cookies["reverie_owner"] not in server.log.read_text()
    assert program("restore", str(tmp_path / "b.zip"), "--data-folder", str(tmp_path / "new")).returncode == 0
    one, other = (Sessions(f"sqlite:///{tmp_path}/{name}/reverie.db") for name in ("data", "new"))
    assert one.hashes() == other.hashes() != set()
    one.close()
    other.close()
    assert not (tmp_path / "data" / "backup.sock").exists()

"""The commands, as somebody at a terminal runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agent.people.users import Users
from agent.sessions import Sessions
from tests.agent.people.conftest import CHEAP

ROOT = Path(__file__).parents[3]


def run(folder: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent.people", "--data-folder", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, input=typed, capture_output=True, text=True)


def test_a_life_of_a_user(tmp_path: Path) -> None:
    made = run(tmp_path, "add", "Anna", "--admin", typed="tall-otter-77\n")
    assert (made.returncode, made.stdout) == (0, "Anna can sign in now.\n")
    assert "Anna (admin), since" in run(tmp_path, "list").stdout
    assert run(tmp_path, "password", "anna", typed="green-heron-42\n").returncode == 0
    sessions = Sessions(f"sqlite:///{tmp_path / 'reverie.db'}")
    anna = Users(sessions, CHEAP).check("anna", "green-heron-42")
    picture = sessions.create(anna.owner)
    sessions.close()
    assert "gone, with all chats" in run(tmp_path, "remove", "ANNA").stdout
    sessions = Sessions(f"sqlite:///{tmp_path / 'reverie.db'}")
    assert sessions.list(anna.owner) == []
    assert not sessions.has(picture.id, anna.owner)
    sessions.close()


def test_a_failure_is_a_sentence(tmp_path: Path) -> None:
    refused = run(tmp_path, "add", "Anna", typed="short\n")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "has 5 characters" in refused.stderr
    assert "nobody of that name" in run(tmp_path, "remove", "ben").stderr


def test_beside_a_running_reverie_it_says_to_stop_it_first(tmp_path: Path) -> None:
    sessions = Sessions(f"sqlite:///{tmp_path / 'reverie.db'}")
    refused = run(tmp_path, "list")
    sessions.close()
    assert refused.returncode == 1
    assert "If Reverie is running, stop it first." in refused.stderr

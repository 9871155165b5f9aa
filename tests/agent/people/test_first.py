"""The first user from settings: once, and from a file that others cannot read."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import PersonRejected
from agent.people.first import add_first_user
from agent.people.users import Users


def password_file(folder: Path, content: str, mode: int = 0o600) -> Path:
    file = folder / "password"
    file.write_text(content)
    file.chmod(mode)
    return file


def test_the_first_one_is_made_once_and_may_add_others(users: Users, tmp_path: Path) -> None:
    file = password_file(tmp_path, "tall-otter-77\n")
    made = add_first_user(users, "anna", file)
    assert made is not None
    assert made.is_admin
    assert add_first_user(users, "ben", file) is None
    assert users.check("anna", "tall-otter-77") == made


def test_without_the_settings_nobody_is_made(users: Users) -> None:
    assert add_first_user(users, "", None) is None
    assert users.list() == []


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [("tall-otter-77", 0o604, "chmod 600"), ("", 0o600, "0 characters"), ("changeme123", 0o600, "too easy")],
)
def test_a_password_that_is_none_is_refused(
    users: Users, tmp_path: Path, content: str, mode: int, words: str
) -> None:
    with pytest.raises(PersonRejected, match=words):
        add_first_user(users, "anna", password_file(tmp_path, content, mode))
    assert users.list() == []


def test_both_settings_are_needed(users: Users, tmp_path: Path) -> None:
    with pytest.raises(PersonRejected, match="needs both"):
        add_first_user(users, "anna", None)
    with pytest.raises(PersonRejected, match="cannot be read"):
        add_first_user(users, "anna", tmp_path / "nowhere")

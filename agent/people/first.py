"""The first user, made from settings: for containers, where nobody sits at a terminal."""

from __future__ import annotations

from pathlib import Path

from agent.errors import PersonRejected
from agent.people.users import User, Users
from agent.secret_files import is_open_to_all

__all__ = ["add_first_user"]


def add_first_user(users: Users, name: str, password_file: Path | None) -> User | None:
    """An admin, when there is nobody yet; afterwards the settings are left alone. Raises PersonRejected."""
    if not name and password_file is None:
        return None
    if not name or password_file is None:
        raise PersonRejected("The first user needs both: --first-user and --first-password-file.")
    if users.list():
        return None
    return users.add(name, read_password(password_file), is_admin=True)


def read_password(file: Path) -> str:
    """The file's first line. Raises PersonRejected for a file that others on this machine can read."""
    try:
        is_open = is_open_to_all(file)
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PersonRejected(f"The password file {file} cannot be read: {error}.") from error
    if is_open:
        raise PersonRejected(
            f"Everybody on this machine can read the password file {file}. Please run: chmod 600 {file}"
        )
    return lines[0].strip() if lines else ""

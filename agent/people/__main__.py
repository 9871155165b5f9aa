"""Adding, listing and removing people: `python -m agent.people add NAME`.

The store has one writer, so stop Reverie before; while it runs, an admin does the same on its page.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence

from agent.artifacts import Artifacts
from agent.data_place import add_place, url_of
from agent.errors import AgentError, PersonRejected
from agent.people.belongings import leave
from agent.people.sign_ins import SignIns
from agent.people.users import Users
from agent.sessions import Sessions

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """A sentence and exit code 1 when it fails."""
    try:
        asked = read_arguments(arguments)
        sessions = Sessions(url_of(asked))
        try:
            carry_out(asked, sessions)
        finally:
            sessions.close()
    except AgentError as error:
        print(
            f"{error} If Reverie is running, stop it first." if "in use" in str(error) else error,
            file=sys.stderr,
        )
        return 1
    return 0


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m agent.people", description=__doc__)
    add_place(parser)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="everybody, the first one first")
    add = commands.add_parser("add", help="the password is asked for, or read from standard input")
    add.add_argument("--admin", action="store_true", help="may add and remove people on the page")
    for command in (
        add,
        commands.add_parser("password", help="give a new password; ends all sign-ins"),
        commands.add_parser("remove", help="with all chats, pictures, keys and shared links"),
    ):
        command.add_argument("name")
    return parser.parse_args(arguments)


def carry_out(asked: argparse.Namespace, sessions: Sessions) -> None:
    users = Users(sessions)
    match asked.command:
        case "list":
            for user in users.list():
                print(f"{user.name}{' (admin)' if user.is_admin else ''}, since {user.created:%Y-%m-%d}")
        case "add":
            print(f"{users.add(asked.name, ask_password(), is_admin=asked.admin).name} can sign in now.")
        case "password":
            user = users.named(asked.name)
            users.set_password(user, ask_password())
            SignIns(sessions).end_all(user.owner)
            print(f"{user.name} has a new password and is signed out everywhere.")
        case "remove":
            user = users.named(asked.name)
            artifacts = Artifacts(asked.data_folder / "pictures")
            leave(
                user.owner,
                sessions,
                users,
                lambda session_id, owner: artifacts.remove(sessions.delete(session_id, owner)),
            )
            print(f"{user.name} is gone, with all chats and pictures.")


def ask_password() -> str:
    """Never from the command line, which others on the machine can read. Raises PersonRejected."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise PersonRejected("The two passwords differ. Please try again.")
    return password


if __name__ == "__main__":
    sys.exit(main())

"""Talk with a running Reverie from the terminal: python -m agent "draw a cat" """

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from agent.domain import Quality, Shape
from agent.errors import AgentError
from agent.terminal.inline import Way, way_of
from agent.terminal.key import find_key
from agent.terminal.link import Link, NotThere
from agent.terminal.screen import JsonLines, Listener, Screen
from agent.terminal.talk import Exit, Talk

__all__ = ["main"]

SERVER = "http://127.0.0.1:7860"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the turn is done, 1 when it failed or was refused, 2 when there is no server, 3 when its plan
    waits for a word, 130 when it was cancelled."""
    root = parser()
    options = root.parse_args(arguments)
    text = " ".join(options.text)
    is_person = sys.stdin.isatty() and not options.json
    if not text and not options.picture and not is_person:
        root.error('say something: python -m agent "draw a cat"')
    if not options.out.is_dir():
        root.error(f"--out: {options.out} is no folder")
    key = find_key(os.environ.get("REVERIE_KEY", ""), options.server, options.data_folder)
    try:
        link = Link(options.server, key)
    except AgentError as error:
        print(error, file=sys.stderr)
        return Exit.UNAVAILABLE
    try:
        talk = Talk(
            link=link,
            chat=chosen_chat(link, options),
            listener=lambda: listener(link, options),
            options=wanted(options),
            ask=input if is_person else None,
            agrees=options.yes,
        )
        return talk.say(text, options.picture) if text or options.picture else talk.loop(input)
    except AgentError as error:
        print(error, file=sys.stderr)
        return Exit.UNAVAILABLE if isinstance(error, NotThere) else Exit.FAILED
    except KeyboardInterrupt:
        return Exit.CANCELLED
    finally:
        link.close()


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="python -m agent",
        description="Talk with a running Reverie. Without words: a conversation.",
        epilog="REVERIE_KEY holds the key of a server that does not run on this machine.",
    )
    root.add_argument("text", nargs="*", help='what to say, for example "draw a cat"')
    chat = root.add_mutually_exclusive_group()
    chat.add_argument("--session", default="last", help="id of the chat to go on with; by default the last")
    chat.add_argument("--new", action="store_true", help="begin a new chat")
    root.add_argument(
        "--picture", type=Path, action="append", default=[], metavar="FILE", help="send a picture along"
    )
    root.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="where pictures are saved")
    root.add_argument("--json", action="store_true", help="print the turn's events, one a line")
    root.add_argument("--yes", action="store_true", help="approve a plan without asking")
    root.add_argument("--ask-first", action="store_true", help="show the plan before it is carried out")
    root.add_argument("--quality", choices=[each.value for each in Quality])
    root.add_argument("--shape", choices=[each.value for each in Shape])
    root.add_argument("--seed", type=int)
    root.add_argument("--no-inline", action="store_true", help="show no pictures in the terminal")
    root.add_argument("--server", default=SERVER, metavar="URL", help=f"by default {SERVER}")
    root.add_argument(
        "--data-folder", type=Path, default=default_data_folder(), help="of the app on this machine"
    )
    return root


def default_data_folder() -> Path:
    named = os.environ.get("REVERIE_DATA_FOLDER")
    return Path(named) if named else user_data_path("reverie", appauthor=False)


def chosen_chat(link: Link, options: argparse.Namespace) -> str:
    if options.new:
        return link.new_chat()
    if options.session != "last":
        return str(options.session)
    return link.last_chat() or link.new_chat()


def wanted(options: argparse.Namespace) -> dict[str, Any]:
    """Only what was asked for: the rest is the server's to choose."""
    named = {"quality": options.quality, "shape": options.shape, "seed": options.seed}
    chosen = {key: value for key, value in named.items() if value is not None}
    return chosen | ({"asks_first": True} if options.ask_first else {})


def listener(link: Link, options: argparse.Namespace) -> Listener:
    if options.json:
        return JsonLines(folder=options.out, fetch=link.picture)
    way = Way.NONE if options.no_inline else way_of(os.environ, is_terminal=sys.stdout.isatty())
    window = shutil.get_terminal_size()
    return Screen(folder=options.out, fetch=link.picture, way=way, columns=window.columns, lines=window.lines)


if __name__ == "__main__":
    sys.exit(main())

"""One message from the terminal to its end, or one after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

from agent.errors import AgentError
from agent.terminal.link import Link
from agent.terminal.screen import Ending, Listener

__all__ = ["Exit", "Talk"]

PROMPT = "> "
HELP = "/new begins a new chat, /picture FILE sends one with the next message, /quit ends."


class Exit(IntEnum):
    """What the shell is told."""

    DONE = 0
    FAILED = 1
    UNAVAILABLE = 2
    WAITING = 3
    CANCELLED = 130


EXITS = {"done": Exit.DONE, "waiting": Exit.WAITING, "cancelled": Exit.CANCELLED}


@dataclass(frozen=True, kw_only=True)
class Talk:
    """In one chat. `listener` makes a new one for every turn; `ask` puts a question to a person, if there is
    one; `agrees` approves every plan that waits."""

    link: Link
    chat: str
    listener: Callable[[], Listener]
    options: Mapping[str, Any]
    ask: Callable[[str], str] | None = None
    agrees: bool = False

    def say(self, text: str, files: Sequence[Path] = ()) -> Exit:
        """Send it and follow its turn to the end."""
        turn = self.link.send(self.chat, text, files, self.options)
        return self.follow(turn, after=0)

    def follow(self, turn: str, after: int) -> Exit:
        """Ctrl-C stops the turn and hears how it ends; once more, and nobody listens any more."""
        ending, listener, is_cancelled = Ending(), self.listener(), False
        while True:
            try:
                for told in self.link.events(turn, after):
                    after = told.id
                    ending.hear(told)
                    listener.show(told)
                break
            except KeyboardInterrupt:
                if is_cancelled:
                    raise
                is_cancelled = True
                self.link.cancel(turn)
        if ending.kind == "waiting":
            return self.answer(turn, after)
        return EXITS.get(ending.kind, Exit.FAILED)

    def answer(self, turn: str, after: int) -> Exit:
        """To a plan that waits."""
        if not self.agrees and self.ask is None:
            return Exit.WAITING
        if self.agrees or (self.ask is not None and is_yes(self.ask("[Y/n] "))):
            self.link.approve(turn)
            return self.follow(turn, after)
        self.link.decline(turn)
        return Exit.DONE

    def loop(self, read: Callable[[str], str]) -> Exit:
        """Message after message, until there are no more."""
        talk, files = self, list[Path]()
        print(HELP, file=sys.stderr)
        while True:
            try:
                words = read(PROMPT).strip()
            except (EOFError, KeyboardInterrupt):
                print(file=sys.stderr)
                return Exit.DONE
            command, _, rest = words.partition(" ")
            match command:
                case "":
                    continue
                case "/quit":
                    return Exit.DONE
                case "/new":
                    talk = replace(talk, chat=self.link.new_chat())
                case "/picture":
                    files.append(Path(rest.strip()).expanduser())
                case _ if command.startswith("/"):
                    print(HELP, file=sys.stderr)
                case _:
                    talk.try_to_say(words, files)
                    files = []

    def try_to_say(self, words: str, files: Sequence[Path]) -> None:
        """What goes wrong with one message does not end the conversation."""
        try:
            self.say(words, files)
        except AgentError as error:
            print(error, file=sys.stderr)
        except KeyboardInterrupt:
            print(file=sys.stderr)


def is_yes(answer: str) -> bool:
    return answer.strip().lower() in {"", "y", "yes", "是", "好"}

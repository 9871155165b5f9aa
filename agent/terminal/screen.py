"""What a turn tells, as a terminal shows it: a line that changes while it works, then words and pictures."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO

from agent.errors import AgentError
from agent.terminal.inline import Way, inline
from agent.terminal.link import Told
from agent.terminal.plain import plain
from agent.terminal.preview import Preview

__all__ = ["Ending", "JsonLines", "Listener", "Screen", "keep_picture"]

CLEAR_LINE = "\r\x1b[K"
BAR = 20
HEX_ID = re.compile("[0-9a-f]{32}")
Fetch = Callable[[str], bytes]


class Listener(Protocol):
    """Shows a turn as it goes."""

    def show(self, told: Told) -> None: ...


@dataclass(kw_only=True)
class Ending:
    """How a turn ended: done, cancelled, waiting or failed."""

    kind: str = ""
    sentence: str = ""

    def hear(self, told: Told) -> None:
        if told.type == "RUN_ERROR":
            self.kind, self.sentence = "failed", str(told.data.get("message", ""))
        elif told.type == "RUN_FINISHED":
            outcome = told.data.get("outcome") or {}
            kinds = {"interrupt": "waiting", "cancelled": "cancelled"}
            self.kind = kinds.get(str(outcome.get("type")), "done")


@dataclass(kw_only=True)
class JsonLines:
    """Every event as a line; what is saved is told beside it."""

    folder: Path
    fetch: Fetch
    out: TextIO = field(default_factory=lambda: sys.stdout)
    aside: TextIO = field(default_factory=lambda: sys.stderr)

    def show(self, told: Told) -> None:
        print(json.dumps({"id": told.id, **told.data}, ensure_ascii=True), file=self.out, flush=True)
        for picture in pictures_in(told):
            print(keep_picture(picture, self.fetch, self.folder), file=self.aside, flush=True)


@dataclass(kw_only=True)
class Screen:
    """For people. Words and paths go to `out`, the line that changes to `aside` if that is a terminal.

    Where pictures can be shown, `out` is one, and shows them while they are drawn as well.
    """

    folder: Path
    fetch: Fetch
    way: Way = Way.NONE
    columns: int = 80
    lines: int = 24
    out: TextIO = field(default_factory=lambda: sys.stdout)
    aside: TextIO = field(default_factory=lambda: sys.stderr)
    _is_talking: bool = field(default=False, init=False)
    _has_spoken: bool = field(default=False, init=False)
    _plan: str = field(default="", init=False)
    _kept: set[str] = field(default_factory=set, init=False)
    _preview: Preview = field(init=False)

    def __post_init__(self) -> None:
        self._preview = Preview(out=self.out, way=self.way, columns=self.columns, lines=self.lines)

    def show(self, told: Told) -> None:
        value: Any = told.data.get("value")
        match told.type, told.data.get("name"):
            case "CUSTOM", "plan":
                self._plan = in_steps(value)
            case "CUSTOM", "queued":
                self.status(in_line(value))
            case "CUSTOM", "progress":
                self.progress(value)
            case "CUSTOM", "picture":
                self.keep(value)
            case "TEXT_MESSAGE_CONTENT", _:
                self.say(str(told.data.get("delta", "")))
            case "TEXT_MESSAGE_END", _:
                self.end_line()
            case "STATE_SNAPSHOT", _:
                self.catch_up(told)
            case "RUN_ERROR", _:
                self.end_line()
                self.clear()
                print(plain(str(told.data.get("message", ""))), file=self.aside, flush=True)
            case "RUN_FINISHED", _:
                self.end_line()
                self.clear()
                if (told.data.get("outcome") or {}).get("type") == "interrupt":
                    print(plain(self._plan), file=self.out, flush=True)

    def status(self, words: str) -> None:
        if self.aside.isatty():
            print(CLEAR_LINE + words[: self.columns - 1], end="", file=self.aside, flush=True)

    def progress(self, value: Mapping[str, Any]) -> None:
        if "preview" in value:
            self.status("")
            self._preview.show(value["preview"])
        self.status(at_step(value))

    def clear(self) -> None:
        """Nothing is at work any more, or what it makes is there."""
        self.status("")
        self._preview.clear()

    def say(self, text: str) -> None:
        if not self._is_talking:
            self.clear()
        self._is_talking = self._has_spoken = True
        print(plain(text), end="", file=self.out, flush=True)

    def end_line(self) -> None:
        if self._is_talking:
            print(file=self.out, flush=True)
            self._is_talking = False

    def keep(self, picture: Mapping[str, Any]) -> None:
        """On disk and, where that is possible, on the screen."""
        if picture.get("id") in self._kept:
            return
        self._kept.add(str(picture.get("id")))
        self.end_line()
        self.clear()
        path = keep_picture(picture, self.fetch, self.folder)
        print(inline(path.read_bytes(), self.way, self.columns), end="", file=self.out)
        print(path, file=self.out, flush=True)

    def catch_up(self, told: Told) -> None:
        """The link was away so long that only the outcome is left."""
        for picture in pictures_in(told):
            self.keep(picture)
        if not self._has_spoken:
            self.say(str(told.data["snapshot"].get("reply", "")))
            self.end_line()


def pictures_in(told: Told) -> list[Mapping[str, Any]]:
    if told.type == "STATE_SNAPSHOT":
        return [*told.data["snapshot"].get("pictures", ())]
    return [told.data["value"]] if told.data.get("name") == "picture" else []


def keep_picture(picture: Mapping[str, Any], fetch: Fetch, folder: Path) -> Path:
    """Saved as its handle, beside whatever has that name already. The server names neither path nor file."""
    picture_id = str(picture.get("id"))
    if not HEX_ID.fullmatch(picture_id):
        raise AgentError("The server names a picture in a way that Reverie does not.")
    content = fetch(picture_id)
    handle = re.sub("[^0-9a-z]", "", str(picture.get("handle", "")))[:12] or picture_id[:8]
    for number in range(1, 10_000):
        path = folder / (f"reverie-{handle}.png" if number == 1 else f"reverie-{handle}-{number}.png")
        try:
            with path.open("xb") as file:
                file.write(content)
            return path
        except FileExistsError:
            continue
        except OSError as error:
            raise AgentError(f"{path} cannot be written: {error.strerror}.") from error
    raise AgentError(f"{folder} holds too many pictures of that name. Please choose another --out.")


def in_steps(plan: Mapping[str, Any]) -> str:
    """The plan, a line a step."""
    return "\n".join(
        f"{number}. {step.get('kind')}: {step.get('prompt') or step.get('instruction')}"
        for number, step in enumerate(plan.get("steps", ()), start=1)
    )


def in_line(value: Mapping[str, Any]) -> str:
    place = int(value.get("place", 0))
    return f"In line, {place} ahead ..." if place else "Getting ready ..."


def at_step(value: Mapping[str, Any]) -> str:
    step, of = int(value.get("step", 0)), max(1, int(value.get("of", 1)))
    done = BAR * step // of
    return f"[{'#' * done}{'.' * (BAR - done)}] step {step} of {of}"

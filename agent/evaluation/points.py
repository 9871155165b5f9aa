"""Decision points: a message in its conversation and what a sensible person would want of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator

from agent.brains.brain import Context, PictureView, Utterance
from agent.domain import Origin, Route, Shape, Value
from agent.errors import AgentError

__all__ = ["BadConversation", "GoldStep", "Point", "context_of", "read_points"]

PIXELS = re.compile(r"[1-9]\d*x[1-9]\d*")


class BadConversation(AgentError):
    """A file of decision points cannot be read, or one of its lines is wrong."""


class Picture(Value):
    """A picture of the conversation. `ocr` is text visible in it: data, never an order."""

    id: str
    origin: Origin
    turn: int = Field(ge=1)
    parent: str | None = None
    prompt: str = ""
    candidate: int = Field(default=1, ge=1)
    ocr: str = ""


class Line(Value):
    """An earlier line with the pictures shown under it."""

    role: Literal["user", "assistant"]
    text: str
    images: tuple[str, ...] = ()


class GoldStep(Value):
    """One step. Each of `must_mention` is a word or phrase, or several with one meaning: "dog|puppy".

    A list of sources: any one of them is right.
    """

    kind: Literal["generate", "edit"]
    n: int = Field(default=1, ge=1)
    source: str | tuple[str, ...] | None = None
    must_mention: tuple[str, ...] = ()
    must_not_mention: tuple[str, ...] = ()
    merge_ok: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source,) if isinstance(self.source, str) else self.source or ()


class Gold(Value):
    """The right answer. A route in `also_ok` is right as well, and then nothing else is scored."""

    route: Route
    targets: tuple[str, ...] = ()
    count: int = Field(default=0, ge=0)
    size: str | None = None
    also_ok: tuple[Route, ...] = ()
    steps: tuple[GoldStep, ...] = ()

    @field_validator("size")
    @classmethod
    def is_size(cls, size: str | None) -> str | None:
        if size is not None and size not in set(Shape) and not PIXELS.fullmatch(size):
            raise ValueError(f"{size} is neither a shape nor WIDTHxHEIGHT")
        return size


class Point(Value):
    """One decision. `images` are in order of birth, the `uploads` of this message included."""

    id: str = Field(min_length=1)
    lang: Literal["en", "zh", "es", "fr", "de", "ja", "ru", "pt", "it", "ko"]
    images: tuple[Picture, ...] = ()
    history: tuple[Line, ...] = ()
    uploads: tuple[str, ...] = ()
    message: str
    gold: Gold
    tags: tuple[str, ...] = ()


def read_points(path: Path) -> tuple[Point, ...]:
    """The points of a file, one a line. Raises BadConversation with the number of the first bad line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise BadConversation(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadConversation(f"{path} is not UTF-8 text.") from error
    points: list[Point] = []
    places: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        point = read_point(line, f"Line {number} of {path}")
        if point.id in places:
            raise BadConversation(
                f"Line {number} of {path}: the id {point.id} stands on line {places[point.id]} already."
            )
        places[point.id] = number
        points.append(point)
    if not points:
        raise BadConversation(f"{path} holds no decision points.")
    return tuple(points)


def read_point(line: str, place: str) -> Point:
    """One line; `place` begins the sentence of what is wrong with it."""
    try:
        point = Point.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadConversation(f"{place}: {where + ': ' if where else ''}{first['msg']}.") from error
    for problem in problems(point):
        raise BadConversation(f"{place}: {problem}")
    return point


def problems(point: Point) -> Iterator[str]:
    """What no type can say: every id must be that of a picture of this conversation."""
    born = [picture.id for picture in point.images]
    known = set(born)
    if len(known) < len(born):
        yield "two images have the same id."
    named = [("uploads", each) for each in point.uploads]
    named += [("history", each) for line in point.history for each in line.images]
    named += [("gold.targets", each) for each in point.gold.targets]
    for field, name in named:
        if name not in known:
            yield f"{field} names {name}, which is none of its images."
    for index, picture in enumerate(point.images):
        if picture.parent is not None and picture.parent not in born[:index]:
            yield f"the parent of {picture.id}, {picture.parent}, is no earlier image."
    for index, step in enumerate(point.gold.steps):
        earlier = {f"step{number}" for number in range(1, index + 1)}
        if step.kind == "edit" and not step.sources:
            yield f"step {index + 1} is an edit without a source."
        for source in step.sources:
            if source not in known | earlier:
                yield f"step {index + 1} builds on {source}, which is neither an image nor an earlier step."
    if point.gold.route in {Route.GENERATE, Route.EDIT} and not point.gold.steps:
        yield f"the route is {point.gold.route}, but there are no steps."


def context_of(point: Point) -> Context:
    """What a live turn would hand to the brain, for an engine that takes any words."""
    shown = [each for line in point.history for each in line.images]
    return Context(
        message=point.message,
        uploads=point.uploads,
        pictures=tuple(view(picture, number) for number, picture in enumerate(point.images, start=1)),
        history=tuple(
            Utterance(role=line.role, text=line.text, pictures=line.images) for line in point.history
        ),
        current=shown[-1] if shown else None,
    )


def view(picture: Picture, number: int) -> PictureView:
    return PictureView(
        id=picture.id,
        number=number,
        origin=picture.origin,
        turn=picture.turn,
        parent=picture.parent,
        prompt=picture.prompt,
        candidate=picture.candidate,
        text=picture.ocr,
    )

"""What a language model answers with, and how it becomes a decision once it is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from agent.brains.brain import Context
from agent.brains.english_adjust import operation_of
from agent.brains.small_world import SmallWorld
from agent.domain import Decision, DecisionStep, Route, Shape

__all__ = ["WIRE_SCHEMA", "BadAnswer", "find_json", "read_decision", "storable", "without_thoughts"]

MOST_ANSWER_CHARACTERS = 20_000
MOST_REASON_CHARACTERS, MOST_REPLY_CHARACTERS, MOST_PROMPT_CHARACTERS = 300, 1_000, 2_000
MOST_COUNT = 100
MOST_BRACES = 200
"""Where an object may begin that are looked at: a flood of them is no answer, and would take long to read."""
MOST_ASKED_CHARACTERS = 1_000
"""Of one text, in the schema that servers get: some refuse a grammar with a text of 2,000."""


class BadAnswer(ValueError):
    """The answer cannot be used; `str` says why, for the model to repair it."""


def as_handle(value: object) -> object:
    """Models write 2 as often as "#2"."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Handle = Annotated[str, BeforeValidator(as_handle), Field(max_length=64)]


class Wire(BaseModel):
    """Lenient where nothing is lost: unknown keys are ignored, null is the same as a key left out."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"additionalProperties": False})

    @model_validator(mode="before")
    @classmethod
    def without_nulls(cls, data: object) -> object:
        return (
            {key: each for key, each in data.items() if each is not None} if isinstance(data, dict) else data
        )


class WireStep(Wire):
    """One thing to do. `source`: "#2" or "step1", for an edit or an adjustment."""

    kind: Literal["generate", "edit", "adjust"]
    prompt: str = Field(
        min_length=1,
        max_length=MOST_PROMPT_CHARACTERS,
        json_schema_extra={"maxLength": MOST_ASKED_CHARACTERS},
    )
    source: Handle = ""
    count: int = Field(default=1, ge=1)


class WireDecision(Wire):
    """The whole answer, small and flat. A width and height of 0 were not asked for."""

    reason: str = Field(default="", json_schema_extra={"maxLength": MOST_REASON_CHARACTERS})
    language: str = Field(max_length=35)
    route: Literal["chat", "understand", "generate", "edit", "ask", "go_back"]
    pictures: list[Handle] = Field(default_factory=list, max_length=50)
    steps: list[WireStep] = Field(default_factory=list, max_length=20)
    shape: Literal["any", "square", "landscape", "portrait"] = "any"
    width: int = Field(default=0, ge=0, le=99_999)
    height: int = Field(default=0, ge=0, le=99_999)
    reply: str = Field(default="", json_schema_extra={"maxLength": MOST_REPLY_CHARACTERS})


WIRE_SCHEMA: Mapping[str, object] = WireDecision.model_json_schema()


def read_decision(answer: str, context: Context) -> Decision:
    """The decision in a model's answer. Raises BadAnswer when there is none that fits the conversation."""
    try:
        wire = WireDecision.model_validate(find_json(answer))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}" for each in error.errors()]
        raise BadAnswer("; ".join(faults[:5])) from None
    return Checking(wire, context).decision()


def find_json(answer: str, key: str = "route") -> dict[str, Any]:
    """The last object with a `key` among what else a model says: thoughts, fences, explanations."""
    text = without_thoughts(answer)[:MOST_ANSWER_CHARACTERS]
    decoder, found, place = json.JSONDecoder(), list[dict[str, Any]](), text.find("{")
    for _ in range(MOST_BRACES):
        if place < 0:
            break
        try:
            value, end = decoder.raw_decode(text, place)
        except RecursionError:
            break
        except ValueError:
            place = text.find("{", place + 1)
            continue
        found.append(value)
        place = text.find("{", end)
    routed = [each for each in found if key in each]
    if not found:
        raise BadAnswer("there is no complete JSON object in the answer")
    return (routed or found)[-1]


def without_thoughts(answer: str) -> str:
    """What follows a thinking model's thoughts; nothing while it still thinks."""
    text = answer.rpartition("</think>")[2].lstrip()
    return "" if text.startswith("<think>") else text


class Checking:
    """One answer held against the conversation it is about."""

    def __init__(self, wire: WireDecision, context: Context) -> None:
        self.wire = wire
        self.context = context
        self.ids = {picture.id for picture in context.pictures}
        self.by_number = {str(picture.number): picture.id for picture in context.pictures}
        self.language = language_code(wire.language)

    def decision(self) -> Decision:
        """Raises BadAnswer."""
        wire, route = self.wire, Route(self.wire.route)
        pictures = tuple(dict.fromkeys(self.picture(each) for each in wire.pictures))
        if (wire.width == 0) != (wire.height == 0):
            raise BadAnswer("width and height must be given together, or both be 0")
        if route in (Route.GENERATE, Route.EDIT):
            return self.work(pictures)
        if wire.steps:
            raise BadAnswer(f'the route "{route}" has no steps')
        if route is Route.UNDERSTAND and not pictures:
            pictures = (self.current('the route "understand" needs the picture asked about'),)
        if route is Route.GO_BACK and len(pictures) != 1:
            raise BadAnswer('the route "go_back" needs exactly one picture')
        if route is Route.ASK and not wire.reply.strip():
            raise BadAnswer('the route "ask" needs the question in reply')
        is_spoken = route in (Route.ASK, Route.GO_BACK)
        return self.decide(route, pictures, reply=wire.reply.strip() if is_spoken else "")

    def work(self, pictures: tuple[str, ...]) -> Decision:
        """A decision to paint, as honest about unknown words as the rules are."""
        if not self.wire.steps:
            raise BadAnswer(f'the route "{self.wire.route}" needs at least one step')
        steps = tuple(self.step(each, index, pictures) for index, each in enumerate(self.wire.steps))
        world = SmallWorld(self.context.vocabulary, "zh" if self.language.startswith("zh") else self.language)
        refusal = world.refusal(steps)
        if refusal:
            return self.decide(Route.ASK, (), reply=refusal)
        steps = tuple(step.model_copy(update={"prompt": world.in_known_words(step.prompt)}) for step in steps)
        changed = dict.fromkeys(step.source for step in steps if step.source in self.ids)
        return self.decide(
            Route.GENERATE if steps[0].kind == "generate" else Route.EDIT,
            tuple(source for source in changed if source),
            steps=steps,
            notices=world.notices(steps),
        )

    def step(self, wire: WireStep, index: int, pictures: tuple[str, ...]) -> DecisionStep:
        prompt = " ".join(wire.prompt.split())
        if not prompt or not prompt.isprintable():
            raise BadAnswer(f"step {index + 1} has an empty prompt, or one that is no plain text")
        if any(letter.isalpha() and ord(letter) > 0x24F for letter in re.sub(r'"[^"]*"', "", prompt)):
            raise BadAnswer(f"the prompt of step {index + 1} must be in English")
        operation = None if wire.kind == "generate" else operation_of(prompt)
        return DecisionStep(
            kind="generate" if wire.kind == "generate" else "edit" if operation is None else "adjust",
            prompt=prompt,
            source=None if wire.kind == "generate" else self.source(wire, index, pictures),
            num_pictures=min(wire.count, MOST_COUNT) if operation is None else 1,
            operation=operation,
        )

    def source(self, wire: WireStep, index: int, pictures: tuple[str, ...]) -> str:
        """What a step changes; where it does not say, the one picture named or else the one looked at."""
        if not wire.source:
            what = f'step {index + 1} needs a source such as "#1"'
            return pictures[0] if len(pictures) == 1 else self.current(what)
        earlier = re.fullmatch(r"step ?(\d{1,3})", wire.source, re.I)
        if earlier is None:
            return self.picture(wire.source)
        if not 1 <= int(earlier[1]) <= index:
            raise BadAnswer(f"step {index + 1} may only build on a step before it, not on {wire.source}")
        return f"step{int(earlier[1])}"

    def picture(self, handle: str) -> str:
        name = handle.strip()
        found = name if name in self.ids else self.by_number.get(name.removeprefix("#"))
        if found is None:
            known = ", ".join(f"#{number}" for number in self.by_number) or "none at all"
            raise BadAnswer(f"there is no picture {name}; there are: {known}")
        return found

    def current(self, otherwise: str) -> str:
        if self.context.current not in self.ids or self.context.current is None:
            raise BadAnswer(otherwise)
        return self.context.current

    def decide(
        self,
        route: Route,
        targets: tuple[str, ...],
        *,
        steps: tuple[DecisionStep, ...] = (),
        reply: str = "",
        notices: tuple[str, ...] = (),
    ) -> Decision:
        wire = self.wire
        return Decision(
            route=route,
            targets=targets,
            steps=steps,
            shape=None if wire.shape == "any" else Shape(wire.shape),
            width=wire.width or None,
            height=wire.height or None,
            language=self.language,
            reason=storable(wire.reason[:MOST_REASON_CHARACTERS]),
            reply=storable(reply[:MOST_REPLY_CHARACTERS]),
            notices=notices,
        )


def storable(text: str) -> str:
    """Without what no database can keep: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def language_code(language: str) -> str:
    """Raises BadAnswer for what is no code: "English"."""
    code = language.strip().lower()
    if not re.fullmatch(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*", code):
        raise BadAnswer('language must be a code such as "en" or "zh"')
    return code.replace("_", "-")

"""The nouns of a conversation: frozen values that cross to the brain, the database and the browser."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.operations import Operation

MAX_STEPS_PER_TURN = 4
MAX_PICTURES_PER_TURN = 4
MAX_PROMPT_CHARACTERS = 4_000


class Value(BaseModel):
    """A frozen record; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Route(StrEnum):
    """What the coordinator may make of a message (see conversations in the evaluation format)."""

    CHAT = "chat"
    UNDERSTAND = "understand"
    GENERATE = "generate"
    EDIT = "edit"
    ASK = "ask"
    GO_BACK = "go_back"


class Origin(StrEnum):
    """Where an artifact came from."""

    UPLOADED = "uploaded"
    GENERATED = "generated"
    EDITED = "edited"
    MASK = "mask"


class TurnStatus(StrEnum):
    """Life of a turn. A turn found RUNNING at start-up was cut off and becomes STOPPED.

    A WAITING turn has a plan and begins its work when the user says so.
    """

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class Quality(StrEnum):
    """How much time to spend on a picture, by the names of HiDream-I1's variants."""

    FAST = "fast"
    DEV = "dev"
    FULL = "full"


class Shape(StrEnum):
    """Outline of a new picture; the engine's nearest size is taken."""

    SQUARE = "square"
    LANDSCAPE = "landscape"
    PORTRAIT = "portrait"


class PictureOptions(Value):
    """The page's settings that a turn runs with.

    `seed` None draws a fresh one for each picture, `num_steps` and `guidance` None are the engine's own. With
    `asks_first` the plan waits for the user's word, with `keeps_rest` an edit changes only what was meant;
    with `keeps_place` recolouring and removing do so wherever the eyes find the thing. With `is_checked` the
    eyes look at each picture, and of up to `best_of` tries the best is kept; with `rewrites` a brain may put
    words in more detail. `negative_prompt` says what a new picture shall not show.
    """

    quality: Quality = Quality.FULL
    shape: Shape = Shape.SQUARE
    seed: int | None = None
    num_steps: int | None = Field(default=None, ge=1, le=200)
    guidance: float | None = Field(default=None, ge=0, le=20)
    asks_first: bool = False
    keeps_rest: bool = False
    keeps_place: bool = True
    is_checked: bool = True
    best_of: int = Field(default=1, ge=1, le=4)
    rewrites: bool = True
    negative_prompt: str = Field(default="", max_length=MAX_PROMPT_CHARACTERS)

    def or_else(self, quality: Quality) -> PictureOptions:
        """With this quality where none was named."""
        return self if "quality" in self.model_fields_set else self.model_copy(update={"quality": quality})


class SourceType(StrEnum):
    """IPTC's terms for pictures that a model made or had a part in."""

    MODEL = "trainedAlgorithmicMedia"
    MODEL_AND_UPLOAD = "compositeWithTrainedAlgorithmicMedia"


class Recipe(Value):
    """All that is needed to make a picture again; also the PNG's JSON chunk.

    `operation` is what was done without an engine, `mask` the id of what the user painted over the parent.
    """

    words: str
    prompt: str
    negative_prompt: str = ""
    preset: str
    weights_hash: str
    seed: int
    num_steps: int
    guidance: float
    image_guidance: float | None = None
    sampler: str
    width: int
    height: int
    parents: tuple[str, ...] = ()
    source_type: SourceType | None = None
    operation: Operation | None = None
    mask: str | None = None
    keeps_rest: bool = False


class Finding(Value):
    """One thing that was asked for, and what the eyes see of it."""

    asked: str
    seen: str
    is_met: bool


class Check(Value):
    """What the eyes found in a picture: `score` is the share of wishes met, `attempt` counts from 1."""

    findings: tuple[Finding, ...] = ()
    score: float = Field(ge=0, le=1)
    attempt: int = Field(default=1, ge=1)


class Change(Value):
    """How much an edit changed: the share of the picture that differs from its parent, and of what was to
    stay. `outside` is None where nobody could tell what was to stay."""

    share: float = Field(ge=0, le=1)
    outside: float | None = Field(default=None, ge=0, le=1)


class Artifact(Value):
    """A picture we keep. `id` is 128 random bits; `sha256` addresses the PNG on disk.

    `step` is the index (from 0) of the plan's step that made it, None for an upload; `candidate` counts
    from 1 within a step. Candidates of one step share a `number` and have letters: #6a, #6b. `seconds` is
    how long the engine worked on it.
    """

    id: str
    session_id: str
    turn_id: str
    number: int
    letter: str = ""
    sha256: str
    width: int
    height: int
    origin: Origin
    parents: tuple[str, ...] = ()
    recipe: Recipe | None = None
    caption: str = ""
    step: int | None = None
    candidate: int = 1
    check: Check | None = None
    change: Change | None = None
    seconds: float | None = None
    is_starred: bool = False
    created: datetime

    @property
    def handle(self) -> str:
        """What people call it: #4, or #6b."""
        return f"#{self.number}{self.letter}"


class GenerateStep(Value):
    """Draw `num_pictures` pictures of `prompt`. `wish`: what it was before a brain put it in more detail.

    A variation takes fresh seeds, whatever the page says.
    """

    kind: Literal["generate"] = "generate"
    prompt: str = Field(max_length=MAX_PROMPT_CHARACTERS)
    wish: str = Field(default="", max_length=MAX_PROMPT_CHARACTERS)
    num_pictures: int = Field(default=1, ge=1, le=MAX_PICTURES_PER_TURN)
    shape: Shape | None = None
    width: int | None = None
    height: int | None = None
    is_variation: bool = False


class EditStep(Value):
    """Change a picture: `source` is an artifact id, or "step1".. for the picture an earlier step made.

    `description` says what the result shows, for editors that read it. `mask` is the id of the artifact that
    marks where it may change; with `keeps_rest` the place is found. What is changed everywhere is brought to
    `width` and `height`, if they are given.
    """

    kind: Literal["edit"] = "edit"
    instruction: str = Field(max_length=MAX_PROMPT_CHARACTERS)
    description: str = Field(default="", max_length=MAX_PROMPT_CHARACTERS)
    source: str
    num_pictures: int = Field(default=1, ge=1, le=MAX_PICTURES_PER_TURN)
    mask: str | None = None
    keeps_rest: bool = False
    width: int | None = Field(default=None, ge=1)
    height: int | None = Field(default=None, ge=1)


class AdjustStep(Value):
    """Exact work on a picture, without a device. `instruction`: the operation in words."""

    kind: Literal["adjust"] = "adjust"
    instruction: str = Field(max_length=MAX_PROMPT_CHARACTERS)
    source: str
    operation: Operation

    @property
    def num_pictures(self) -> int:
        return 1


Step = Annotated[GenerateStep | EditStep | AdjustStep, Field(discriminator="kind")]


class Plan(Value):
    """The planner's steps, in order."""

    steps: tuple[Step, ...] = Field(min_length=1, max_length=MAX_STEPS_PER_TURN)


class DecisionStep(Value):
    """One wish as the brain heard it, pronouns resolved; the planner turns it into a Step.

    `source`: for a change, an artifact id or "step1".. (an earlier wish of this message). `operation`: of an
    "adjust", what `prompt` says in words. `width` and `height`: what an edit is brought to in the end.
    """

    kind: Literal["generate", "edit", "adjust"]
    prompt: str = Field(max_length=MAX_PROMPT_CHARACTERS)
    source: str | None = None
    operation: Operation | None = None
    num_pictures: int = Field(default=1, ge=1, le=100)
    is_variation: bool = False
    width: int | None = Field(default=None, ge=1)
    height: int | None = Field(default=None, ge=1)


class Decision(Value):
    """What the coordinator made of a message. `targets`: artifact ids; `reply`: what to say (chat, ask)."""

    route: Route
    targets: tuple[str, ...] = ()
    steps: tuple[DecisionStep, ...] = ()
    shape: Shape | None = None
    width: int | None = None
    height: int | None = None
    language: str = "en"
    confidence: float = Field(default=1.0, ge=0, le=1)
    reason: str = ""
    reply: str = ""
    notices: tuple[str, ...] = ()


class Turn(Value):
    """One user message and all it led to. `parent` is the turn it follows: a session is a tree of turns.

    `masks` are what the user painted over a picture; `artifacts`, the pictures made, leave them out.
    `last_event_id` is that of the event that told of its end, 0 if there was none.
    """

    id: str
    session_id: str
    parent: str | None = None
    text: str
    options: PictureOptions = PictureOptions()
    status: TurnStatus
    uploads: tuple[Artifact, ...] = ()
    masks: tuple[Artifact, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    decision: Decision | None = None
    plan: Plan | None = None
    shown: tuple[str, ...] = ()
    reply: str = ""
    last_event_id: int = 0
    created: datetime


class Session(Value):
    """One conversation. `head` is the id of the picture the user looks at, `tip` that of the turn shown last.

    A temporary one is deleted when Reverie starts again.
    """

    id: str
    owner: str
    title: str
    head: str | None = None
    tip: str | None = None
    is_pinned: bool = False
    is_temporary: bool = False
    created: datetime
    updated: datetime

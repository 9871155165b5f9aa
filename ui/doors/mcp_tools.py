"""The tools that agents get. Whose pictures they see is settled by the key, never by an argument."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_types import CallToolResult, Tool, ToolAnnotations
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from agent.direct import Direct, DirectTurn
from agent.domain import Artifact, Origin, PictureOptions, Quality, Shape, Value
from agent.errors import AgentError, SourceNotFound
from agent.events import ArtifactReady, Event, StepProgress, StepQueued, TurnDone, TurnFailed, TurnStopped
from agent.exits import Exits
from agent.library import Library
from agent.sessions import Sessions
from engines.errors import EngineError
from ui.doors.callers import Caller
from ui.doors.mcp_answers import facts_of, failed, of_picture, of_pictures, said
from ui.doors.mcp_arguments import Chat, DescribeImage, EditImage, GenerateImage, GetImage, ListImages
from ui.doors.told import told

__all__ = ["Report", "Toolbox", "tools"]

Report = Callable[[float, float | None, str], Awaitable[None]]
"""Progress, its total if known, and a word about it."""
ARGUMENTS: dict[str, type[Value]] = {
    "chat": Chat,
    "generate_image": GenerateImage,
    "edit_image": EditImage,
    "describe_image": DescribeImage,
    "list_images": ListImages,
    "get_image": GetImage,
}
READS = {"list_images", "get_image"}


class Failed(Exception):
    """A sentence for the language model."""


def tools() -> list[Tool]:
    """As they are listed."""
    return [
        Tool(
            name=name,
            description=arguments.__doc__,
            input_schema=arguments.model_json_schema() | {"title": name},
            annotations=ToolAnnotations(
                read_only_hint=name in READS, destructive_hint=False, open_world_hint=False
            ),
        )
        for name, arguments in ARGUMENTS.items()
    ]


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """The tools at work."""

    sessions: Sessions
    exits: Exits
    library: Library
    direct: Direct

    async def call(
        self, name: str, arguments: dict[str, Any], caller: Caller, report: Report
    ) -> CallToolResult:
        """A tool's answer; its failures are answers too."""
        if name not in ARGUMENTS:
            return failed(f"There is no tool {name[:80]!r}. There are: {', '.join(ARGUMENTS)}.")
        try:
            return await self._answer(ARGUMENTS[name].model_validate(arguments), caller, report)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or name
            return failed(f"{field}: {first['msg']}. Please call {name} again with another value.")
        except (AgentError, EngineError, Failed) as error:
            return failed(str(error))

    async def _answer(self, asked: Value, caller: Caller, report: Report) -> CallToolResult:
        owner, program = caller.owner, caller.program
        match asked:
            case Chat():
                return await self._turn(
                    lambda: self.direct.say(owner, program, asked.message, asked.chat_id), owner, report
                )
            case GenerateImage():
                return await self._turn(
                    lambda: self.direct.generate(
                        owner,
                        program,
                        asked.prompt,
                        num_pictures=asked.num_pictures,
                        options=options(asked),
                    ),
                    owner,
                    report,
                )
            case EditImage():
                return await self._turn(
                    lambda: self.direct.change(
                        owner,
                        asked.picture_id,
                        asked.instruction,
                        num_pictures=asked.num_pictures,
                        options=options(asked),
                    ),
                    owner,
                    report,
                )
            case DescribeImage():
                return await self._turn(
                    lambda: self.direct.describe(owner, asked.picture_id, asked.question), owner, report
                )
            case ListImages():
                return await run_in_threadpool(self._list, asked, owner)
            case GetImage():
                return await run_in_threadpool(self._get, asked, owner)
        raise AssertionError(asked)

    async def _turn(self, begin: Callable[[], DirectTurn], owner: str, report: Report) -> CallToolResult:
        """Until it is over, with its progress told. Raises Failed, AgentError."""
        turn = await run_in_threadpool(begin)
        progress = Progress(report)
        async for event in told(turn, lambda: self.direct.stop(turn, owner)):
            await progress.hear(event)
            match event:
                case TurnFailed() | TurnStopped():
                    raise Failed(event.reply)
                case TurnDone():
                    done = event
        pictures = await run_in_threadpool(self._pictures, done.shown, owner)
        return await run_in_threadpool(of_pictures, done.reply, pictures, turn.session_id, owner, self.exits)

    def _pictures(self, ids: Sequence[str], owner: str) -> list[Artifact]:
        return [self.sessions.artifact(each, owner) for each in ids]

    def _list(self, asked: ListImages, owner: str) -> CallToolResult:
        page = self.library.pictures(owner, asked.words, page=asked.page)
        pictures = [
            facts_of(each.artifact) | {"chat": each.title, "caption": each.artifact.caption}
            for each in page.pictures
        ]
        data = {"pictures": pictures, "page": page.page, "num_pages": page.num_pages, "total": page.total}
        return said(f"{page.total} pictures, page {page.page + 1} of {page.num_pages}.", data)

    def _get(self, asked: GetImage, owner: str) -> CallToolResult:
        picture = self.sessions.artifact(asked.picture_id, owner)
        if picture.origin is Origin.MASK:
            raise SourceNotFound("This is a mask and no picture. Please pick a picture.")
        return of_picture(picture, asked.format, owner, self.exits, is_bare=not asked.metadata)


def options(asked: GenerateImage | EditImage) -> PictureOptions:
    named = {} if asked.quality is None else {"quality": Quality(asked.quality)}
    match asked:
        case GenerateImage():
            return PictureOptions(
                **named,
                shape=Shape(asked.shape),
                seed=asked.seed,
                negative_prompt=asked.negative_prompt,
                rewrites=False,
            )
        case EditImage():
            return PictureOptions(**named, seed=asked.seed, keeps_rest=asked.keep_rest, rewrites=False)


class Progress:
    """The steps of all pictures of a turn, counted on."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._num_before = 0
        self._num_steps = 0
        self._told = -1

    async def hear(self, event: Event) -> None:
        match event:
            case StepQueued(place=place) if place > 0:
                await self._report(self._num_before, None, f"{place} ahead in line")
            case StepProgress(step=step, of=of):
                self._num_steps = of
                if self._num_before + step > self._told:
                    self._told = self._num_before + step
                    await self._report(self._told, self._num_before + of, f"step {step} of {of}")
            case ArtifactReady():
                self._num_before += self._num_steps

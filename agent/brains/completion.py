"""The part of a chat server's answers that we read; servers put the same things into different places."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

__all__ = ["Chunk", "Completion"]


def joined(content: object) -> object:
    """Some servers send a text in parts."""
    if not isinstance(content, list):
        return content
    return "".join(part["text"] for part in content if isinstance(part, dict) and "text" in part)


Text = Annotated[str | None, BeforeValidator(joined)]


class Call(BaseModel):
    """A function's name with its arguments in JSON."""

    arguments: str = ""


class ToolCall(BaseModel):
    """What a model that was trained on tools may write although it was offered none."""

    function: Call = Call()


class Said(BaseModel):
    """What a model says: the answer of one that thinks may stand among its thoughts."""

    content: Text = None
    refusal: Text = None
    tool_calls: list[ToolCall] | None = None
    reasoning_content: Text = None
    reasoning: Text = None

    @property
    def text(self) -> str:
        calls = [call.function.arguments for call in self.tool_calls or ()]
        texts = (self.content, *calls[:1], self.reasoning_content, self.reasoning)
        return next((text for text in texts if text and text.strip()), "")


class Choice(BaseModel):
    """A whole answer."""

    message: Said
    finish_reason: str | None = None


class Usage(BaseModel):
    """What the server counted."""

    prompt_tokens: int | None = None


class Completion(BaseModel):
    """A chat completion."""

    choices: list[Choice] = Field(min_length=1)
    usage: Usage | None = None


class ChunkChoice(BaseModel):
    """A piece of a streamed answer."""

    delta: Said | None = None
    finish_reason: str | None = None


class Chunk(BaseModel):
    """A chat completion chunk."""

    choices: list[ChunkChoice]

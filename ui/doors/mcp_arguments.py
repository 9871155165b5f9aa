"""What agents may ask for, tool by tool. Pictures are named by their ids: no addresses, no files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from agent.domain import MAX_PICTURES_PER_TURN, MAX_PROMPT_CHARACTERS, Value

__all__ = ["Chat", "DescribeImage", "EditImage", "GenerateImage", "GetImage", "ListImages"]

MAX_SEED = 2**31 - 1
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_PROMPT_CHARACTERS)
]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
PictureId = Annotated[Id, Field(description="The id of a picture, as a tool here gave it.")]
NumPictures = Annotated[int, Field(ge=1, le=MAX_PICTURES_PER_TURN, description="How many to make.")]
Seed = Annotated[
    int | None, Field(ge=0, le=MAX_SEED, description="The same seed makes the same picture again.")
]
Effort = Annotated[
    Literal["fast", "dev", "full"],
    Field(description="fast, dev (in between) or full (the best, the slowest)."),
]


class Chat(Value):
    """Talk with the picture assistant, which draws and changes pictures as the conversation asks for it."""

    message: Words = Field(description="What you would say to a person; name pictures as #1, #2b.")
    chat_id: Id | None = Field(
        default=None,
        description="The chat to go on with, as a tool here gave it; else today's chat of this program.",
    )


class GenerateImage(Value):
    """Draw new pictures of a description."""

    prompt: Words = Field(description="What the picture shows.")
    num_pictures: NumPictures = 1
    shape: Literal["square", "landscape", "portrait"] = Field(default="square", description="The outline.")
    quality: Effort | None = None
    seed: Seed = None
    negative_prompt: str = Field(
        default="", max_length=MAX_PROMPT_CHARACTERS, description="What the picture shall not show."
    )


class EditImage(Value):
    """Change one picture as an instruction says. The picture stays as it is; the change is a new one."""

    picture_id: PictureId
    instruction: Words = Field(description="What to change, for example: make the car blue.")
    num_pictures: NumPictures = 1
    quality: Effort | None = None
    seed: Seed = None
    keep_rest: bool = Field(
        default=False, description="Keep every pixel outside the place of the change as it is."
    )


class DescribeImage(Value):
    """Say what a picture shows, or answer a question about it."""

    picture_id: PictureId
    question: Words = Field(default="What does this picture show?", description="What to find out.")


class ListImages(Value):
    """The newest pictures first, with their ids, 48 a page."""

    words: str = Field(default="", max_length=200, description="Only pictures about these words.")
    page: int = Field(default=0, ge=0, le=100_000, description="From 0.")


class GetImage(Value):
    """Look at a picture, and read how it was made."""

    picture_id: PictureId
    format: Literal["preview", "png", "jpeg", "webp"] = Field(
        default="preview",
        description="preview is small enough for every program; png is the file as it is kept.",
    )
    metadata: bool = Field(default=True, description="Whether the file tells the words and settings.")

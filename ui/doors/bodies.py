"""What programs send with a message or a word about a plan, checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError
from pydantic_core import from_json
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from agent.domain import MAX_STEPS_PER_TURN, PictureOptions, Value
from agent.messages import MAX_UPLOADS
from agent.uploads import MAX_BYTES
from ui.settings import MAX_SEED

__all__ = ["BadBody", "NewChat", "NewTurn", "Words", "read_body", "read_turn"]

JSON, FORM = "application/json", "multipart/form-data"
MOST_JSON_BYTES = 256 * 1024
MOST_FORM_BYTES = MAX_UPLOADS * MAX_BYTES + MOST_JSON_BYTES
MOST_FIELDS = 8
Body = TypeVar("Body", bound=Value)
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class BadBody(Exception):
    """`str(error)` says what is wrong with it."""

    def __init__(self, sentence: str, status_code: int = 422) -> None:
        super().__init__(sentence)
        self.status_code = status_code


class NewChat(Value):
    title: str = Field(default="", max_length=200)


class SentOptions(PictureOptions):
    """As the page's settings bound them."""

    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)


class SentTurn(Value):
    """A message; `pictures` are ids of pictures that are here already."""

    text: str = ""
    pictures: tuple[Id, ...] = Field(default=(), max_length=MAX_UPLOADS)
    options: SentOptions = SentOptions()


class Words(Value):
    """Each step of a plan in the caller's words; without any, as they stand."""

    prompts: tuple[str, ...] | None = Field(default=None, max_length=MAX_STEPS_PER_TURN)


@dataclass(frozen=True, kw_only=True)
class NewTurn:
    """A message with the files that came with it."""

    sent: SentTurn
    files: Sequence[bytes] = ()


async def read_body(request: Request, kind: type[Body]) -> Body:
    """JSON, or nothing at all; raises BadBody."""
    content = await read_json(request)
    return checked(kind, content or b"{}")


async def read_turn(request: Request) -> NewTurn:
    """JSON, or a form with `text`, `pictures` (ids), `options` (JSON) and `files`; raises BadBody."""
    if media_type(request) == FORM:
        return await read_form(request)
    return NewTurn(sent=checked(SentTurn, await read_json(request)))


async def read_json(request: Request) -> bytes:
    if media_type(request) not in {JSON, ""}:
        raise BadBody(f"Please send {JSON}, or {FORM} with files.", 415)
    require_length(request, MOST_JSON_BYTES)
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise BadBody("The message was cut off.", 400) from error


async def read_form(request: Request) -> NewTurn:
    require_length(request, MOST_FORM_BYTES)
    try:
        async with request.form(
            max_files=MAX_UPLOADS, max_fields=MOST_FIELDS, max_part_size=MOST_JSON_BYTES
        ) as form:
            return await read_fields(form)
    except HTTPException as error:
        raise BadBody(f"The form cannot be read: {error.detail}", 400) from error
    except ClientDisconnect as error:
        raise BadBody("The message was cut off.", 400) from error


async def read_fields(form: FormData) -> NewTurn:
    files = [each for each in form.getlist("files") if isinstance(each, UploadFile)]
    if {*form} - {"text", "pictures", "options", "files"}:
        raise BadBody("A form has the fields text, pictures, options and files, and no others.")
    text, options = form.get("text", ""), form.get("options", "{}")
    if not (isinstance(text, str) and isinstance(options, str)):
        raise BadBody("text and options are fields, not files.")
    told = {"text": text, "pictures": form.getlist("pictures"), "options": parsed(options)}
    sent = checked(SentTurn, told)
    return NewTurn(sent=sent, files=[await each.read(MAX_BYTES + 1) for each in files])


def parsed(options: str) -> object:
    try:
        return from_json(options)
    except ValueError as error:
        raise BadBody("options: This is not JSON.") from error


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def require_length(request: Request, most_bytes: int) -> None:
    """The server reads no more than what was announced."""
    told = request.headers.get("content-length")
    if told is None and "transfer-encoding" not in request.headers:
        return
    if told is None or not told.isdigit():
        raise BadBody("Please say with Content-Length how long the message is.", 411)
    if int(told) > most_bytes:
        raise BadBody(f"The message has {int(told):,} bytes; up to {most_bytes:,} are taken.", 413)


def checked(kind: type[Body], content: object) -> Body:
    try:
        return (
            kind.model_validate_json(content) if isinstance(content, bytes) else kind.model_validate(content)
        )
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in found["loc"])
        raise BadBody(f"{place or 'The message'}: {found['msg']}.") from error

"""Reading what a program sent, bounded: JSON, or a form with pictures."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from agent.uploads import MAX_BYTES
from ui.doors.openai_errors import ApiError, bad_request
from ui.doors.told import CallerLeft
from ui.json_bodies import has_too_many_parts

__all__ = ["EditBody", "read_edit", "read_json"]

MAX_PICTURES = 16
MAX_FIELDS = 64
MAX_TEXT_BYTES = 256 * 1024
MAX_JSON_BYTES = 1024**2
MAX_EDIT_BYTES = 96 * 1024**2
"""Of a whole request: sixteen photos of 6 MB, or two of the greatest size with the third that base64 adds."""
PICTURE = re.compile(r"image(?:s)?(?:\[\d{0,2}\])?")
DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,", re.ASCII)
JSON_TYPE, FORM_TYPE = "application/json", "multipart/form-data"


@dataclass(frozen=True, kw_only=True)
class EditBody:
    """Fields, the picture to change and those that come with it, and where the first may change."""

    fields: dict[str, Any]
    pictures: list[bytes]
    mask: bytes | None


async def read_json(request: Request, most_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """The fields of a JSON body. Raises ApiError."""
    if content_type(request) != JSON_TYPE:
        raise unknown_type(f"Send the request as {JSON_TYPE}.")
    body = bytearray()
    async for piece in bounded(request, most_bytes):
        body += piece
    return await run_in_threadpool(parsed, body)


def parsed(body: bytes | bytearray) -> dict[str, Any]:
    if has_too_many_parts(body):
        raise bad_request("The body has too many parts.", code="invalid_json")
    try:
        fields = json.loads(body.decode("utf-8"), parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise bad_request("The body is not valid JSON.", code="invalid_json") from None
    if not isinstance(fields, dict):
        raise bad_request("The body must be a JSON object.", code="invalid_json")
    return fields


async def read_edit(request: Request) -> EditBody:
    """A form with files, or JSON with data URLs. Raises ApiError."""
    if content_type(request) == FORM_TYPE:
        fields, pictures, masks = await read_form(request)
    elif content_type(request) == JSON_TYPE:
        fields = await read_json(request, MAX_EDIT_BYTES)
        pictures = await run_in_threadpool(take_pictures, fields)
        masks = await run_in_threadpool(take_masks, fields)
    else:
        raise unknown_type(f"Send the request as {FORM_TYPE}, or as {JSON_TYPE} with data URLs.")
    if not pictures:
        raise bad_request(
            "There is no picture to change: send one as image.", "image", "missing_required_parameter"
        )
    named = [("image", picture) for picture in pictures] + [("mask", mask) for mask in masks]
    for name, content in named:
        if len(content) > MAX_BYTES:
            raise too_large(f"The {name} has more than {MAX_BYTES // 1024**2} MB.", name)
    return EditBody(fields=fields, pictures=pictures, mask=masks[0] if masks else None)


async def read_form(request: Request) -> tuple[dict[str, Any], list[bytes], list[bytes]]:
    """Text fields, pictures, masks."""
    parser = MultiPartParser(
        request.headers,
        bounded(request, MAX_EDIT_BYTES),
        max_files=MAX_FIELDS,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_TEXT_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise bad_request(
            f"The form cannot be read: {error.message.rstrip('.')}.", code="invalid_form"
        ) from None
    except (KeyError, UnicodeError, ValueError):
        raise bad_request("The form cannot be read.", code="invalid_form") from None
    fields: dict[str, Any] = {}
    pictures, masks = list[bytes](), list[bytes]()
    try:
        for name, value in form.multi_items():
            is_picture = PICTURE.fullmatch(name) is not None
            if isinstance(value, UploadFile):
                content = await value.read(MAX_BYTES + 1)
                if is_picture:
                    pictures.append(content)
                elif name == "mask":
                    masks.append(content)
                else:
                    fields[name] = value.filename or "file"
            elif (is_picture or name == "mask") and value:
                raise bad_request(f"{name} must be a file in a form.", name.partition("[")[0])
            else:
                fields[name] = value
    finally:
        for file in parser._files_to_close_on_error:  # one cut off half-way is in no form
            file.close()
    require_few(pictures)
    return fields, pictures, masks


def take_pictures(fields: dict[str, Any]) -> list[bytes]:
    """Out of JSON, `image` or `images`: data URLs, alone or as `image_url`."""
    given = [fields.pop(name) for name in ("image", "images") if fields.get(name) is not None]
    listed = [each for value in given for each in (value if isinstance(value, list) else [value])]
    require_few(listed)
    return [decoded(each, "image") for each in listed]


def take_masks(fields: dict[str, Any]) -> list[bytes]:
    mask = fields.pop("mask", None)
    return [] if mask in (None, "") else [decoded(mask, "mask")]


def decoded(value: object, name: str) -> bytes:
    """The bytes of a data URL; nothing is fetched from elsewhere."""
    url = value.get("image_url") if isinstance(value, dict) else value
    start = DATA_URL.match(url) if isinstance(url, str) else None
    if not isinstance(url, str) or start is None:
        raise bad_request(
            f"{name} must be a data URL (data:image/png;base64,...): this server fetches no addresses and "
            "keeps no files of that kind.",
            name,
        )
    try:
        return base64.b64decode(url[start.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise bad_request(f"{name} is not valid base64.", name) from None


def require_few(pictures: list[Any]) -> None:
    if len(pictures) > MAX_PICTURES:
        raise bad_request(f"At most {MAX_PICTURES} pictures can be sent.", "image", "too_many_images")


async def bounded(request: Request, most_bytes: int) -> AsyncGenerator[bytes, None]:
    """The body as it comes. Raises ApiError when it is too long, CallerLeft when it ends too soon."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:18]) > most_bytes:
        raise too_large(f"The request has more than {most_bytes // 1024**2} MB.")
    num_bytes = 0
    try:
        async for piece in request.stream():
            num_bytes += len(piece)
            if num_bytes > most_bytes:
                raise too_large(f"The request has more than {most_bytes // 1024**2} MB.")
            yield piece
    except ClientDisconnect:
        raise CallerLeft from None


def content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def unknown_type(sentence: str) -> ApiError:
    return ApiError(415, sentence, code="unsupported_media_type")


def too_large(sentence: str, param: str | None = None) -> ApiError:
    return ApiError(413, sentence, code="too_large", param=param)


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)

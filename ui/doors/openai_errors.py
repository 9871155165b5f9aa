"""Failures as programs that speak OpenAI's language read them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agent.errors import AgentError, TooBusy
from agent.events import TurnFailed
from engines.errors import EngineError
from ui.doors.told import CallerLeft

__all__ = [
    "ApiError",
    "answering",
    "bad_request",
    "failure",
    "no_such_key",
    "of_error",
    "of_failed_turn",
    "told_of",
]

log = logging.getLogger(__name__)
REQUEST, SERVER = "invalid_request_error", "server_error"
BAD_REQUESTS = {
    "MessageRefused": "invalid_message",
    "PlanRejected": "unsupported_request",
    "UnsafeRequest": "moderation_blocked",
    "UnsupportedSize": "invalid_size",
    "UploadRejected": "invalid_image",
}
"""The error classes that the caller can do something about, and their codes."""
NOT_FOUND = {"SessionNotFound", "SourceNotFound"}
NOT_NOW = {
    "DeviceOutOfMemory",
    "DeviceStalled",
    "ModelNotFound",
    "StorageUnavailable",
    "WeightsDamaged",
    "WorkerDied",
}
BROKE = "Something broke on this server; its log says what. Please try again later."
CLOSED = 499
"""Nobody reads it."""


class ApiError(Exception):
    """A failure with its HTTP status; `param` is the field that is to blame."""

    def __init__(
        self,
        status: int,
        sentence: str,
        *,
        code: str,
        param: str | None = None,
        kind: str = REQUEST,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.param = param
        self.kind = kind
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        error = {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}
        return {"error": error}


def bad_request(sentence: str, param: str | None = None, code: str = "invalid_value") -> ApiError:
    return ApiError(400, sentence, code=code, param=param)


def of_error(error: AgentError | EngineError) -> ApiError:
    wait = error.wait_seconds if isinstance(error, TooBusy) else 1
    return failure(type(error).__name__, str(error), wait)


def of_failed_turn(event: TurnFailed) -> ApiError:
    return failure(event.cause, event.reply, max(1, event.wait_seconds))


def failure(cause: str, sentence: str, wait_seconds: int = 1) -> ApiError:
    """By the error's class. Clients try again by themselves only where that can help."""
    if cause == TooBusy.__name__:
        return ApiError(
            429,
            sentence,
            code="rate_limit_exceeded",
            kind="rate_limit_error",
            headers={"Retry-After": str(wait_seconds)},
        )
    if cause in NOT_FOUND:
        return ApiError(404, sentence, code="not_found")
    if cause in BAD_REQUESTS:
        return bad_request(sentence, code=BAD_REQUESTS[cause])
    status, code = (503, "unavailable") if cause in NOT_NOW else (500, "failed")
    return ApiError(status, sentence, code=code, kind=SERVER, headers={"X-Should-Retry": "false"})


def told_of(error: Exception) -> ApiError:
    """Of any error; one that nobody foresaw is logged, and no client shall draw again for it."""
    match error:
        case ApiError():
            return error
        case AgentError() | EngineError():
            return of_error(error)
        case _:
            log.error("the images door broke", exc_info=error)
            return failure(type(error).__name__, BROKE)


def no_such_key() -> ApiError:
    return ApiError(
        401,
        "There is no such key. Make one on the page, and send it as Authorization: Bearer rv-...",
        code="invalid_api_key",
        headers={"WWW-Authenticate": "Bearer"},
    )


def answering(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint, its failures told in OpenAI's shape."""

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except CallerLeft:
            return Response(status_code=CLOSED)
        except Exception as error:
            told = told_of(error)
            return JSONResponse(told.body, status_code=told.status, headers=told.headers)

    return answer

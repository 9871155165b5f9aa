"""Failures as programs that speak OpenAI's language read them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agent.errors import AgentError, TooBusy
from agent.events import TurnFailed
from engines.errors import EngineError
from ui.doors.told import CallerLeft

__all__ = ["ApiError", "answering", "bad_request", "failure", "of_error", "of_failed_turn"]

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


def answering(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint, its failures told in OpenAI's shape."""

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ApiError as error:
            return JSONResponse(error.body, status_code=error.status, headers=error.headers)
        except (AgentError, EngineError) as error:
            told = of_error(error)
            return JSONResponse(told.body, status_code=told.status, headers=told.headers)
        except CallerLeft:
            return Response(status_code=CLOSED)

    return answer

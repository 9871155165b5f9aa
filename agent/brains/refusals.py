"""What a chat server's refusal is about, and the sentence for it.

Servers agree on no codes, so their words count too. They are read here and never shown: they may repeat the
key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import openai
from pydantic import ValidationError

from agent.errors import BrainUnavailable

__all__ = ["Server", "is_about_form", "is_about_length", "is_about_pictures"]

LENGTH = re.compile(
    r"context[ _](?:length|size|window)|maximum context|too many tokens|prompt is too long|input is too long"
    r"|exceeds? the (?:available|maximum|model)"
)
FORM = re.compile(r"grammar|schema|response_format|json mode|\bjson_object\b|guided|structured")
PICTURES = re.compile(
    r"image|vision|multi-?modal|mmproj|content[ _]part|content type|(?:valid|be a) string|unknown variant"
)
LOADING = re.compile(r"loading|starting|warming|not ready")
NO_MODEL = re.compile(r"\bmodel\b.*(?:not found|does not exist|not exist|no such)|no such model")
FORM_STATUSES, PICTURE_STATUSES = (400, 404, 422), (400, 404, 415, 422, 500, 501)


def words_of(error: openai.APIError) -> str:
    """All that the server wrote, in lower case."""
    return f"{error.message} {error.body}".lower()


def is_about_length(error: openai.APIStatusError) -> bool:
    """The conversation is longer than the model's context."""
    return error.status_code in (400, 413, 422, 500) and LENGTH.search(words_of(error)) is not None


def is_about_form(error: openai.APIStatusError) -> bool:
    """The server may not know how the answer's form was asked for: worth another dialect."""
    if is_about_length(error):
        return False
    return error.status_code in FORM_STATUSES or (
        error.status_code in (500, 501) and FORM.search(words_of(error)) is not None
    )


def is_about_pictures(error: openai.APIStatusError) -> bool:
    """The model, or its server, takes no pictures."""
    is_possible = error.status_code in PICTURE_STATUSES and not is_about_length(error)
    return is_possible and PICTURES.search(words_of(error)) is not None


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where and what is asked, for sentences."""

    place: str
    model: str
    timeout_seconds: float

    def unavailable(self, error: Exception) -> BrainUnavailable:
        """One sentence of our own."""
        return BrainUnavailable(f"The language model's server at {self.place} {self.problem(error)}")

    def problem(self, error: Exception) -> str:
        match error:
            case openai.APITimeoutError():
                return (
                    f"did not answer within {self.timeout_seconds:g} seconds: send your message again, or "
                    "choose a smaller model with --model."
                )
            case openai.APIConnectionError():
                return "cannot be reached: start it, or check --base-url."
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return "refused the key: check --api-key."
            case openai.APIStatusError() if is_about_length(error):
                return (
                    "says that this conversation is longer than its context: start the server with a longer "
                    "one, or begin a new chat."
                )
            case openai.APIStatusError() if isinstance(error, openai.NotFoundError) or (
                error.status_code == 400 and NO_MODEL.search(words_of(error))
            ):
                return f"has no model {self.model}: check --model and --base-url."
            case openai.APIStatusError(status_code=status) if status < 400:
                return (
                    f"sends its callers to another address (HTTP {status}), which is not followed: give the "
                    "address that it names with --base-url."
                )
            case openai.RateLimitError():
                return "takes no more requests for now: wait a minute, or check your account."
            case openai.APIStatusError(status_code=503) if LOADING.search(words_of(error)):
                return "is still loading its model: wait a moment, and send your message again."
            case openai.APIStatusError(status_code=status) if status < 500:
                return (
                    f"refused the request (HTTP {status}): its log says why; check that {self.model} is a "
                    "chat model with a context long enough for this conversation."
                )
            case openai.APIStatusError(status_code=status):
                return f"failed (HTTP {status}): look at its log, and send your message again."
            case ValidationError() | ValueError() | RecursionError():
                return "does not answer like a chat server: check --base-url, it often ends in /v1."
            case _:
                return "broke off its answer: look at its log, and send your message again."

    def silent(self) -> BrainUnavailable:
        return BrainUnavailable(
            f"The language model {self.model} answered nothing: send your message again, or choose another "
            "model with --model."
        )

    def declined(self) -> BrainUnavailable:
        return BrainUnavailable(
            f"The language model {self.model} declined to answer: please say it in other words, or choose "
            "another model with --model."
        )

    def cut_off(self) -> BrainUnavailable:
        return BrainUnavailable(
            f"The language model {self.model} came to its length limit before its answer was complete: give "
            "its server a longer context, or begin a new chat."
        )

    def unusable(self) -> BrainUnavailable:
        return BrainUnavailable(
            f"The language model {self.model} answered twice in a form I cannot use: please say it in other "
            "words, or choose another model with --model."
        )

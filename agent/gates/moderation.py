"""A gate that asks a model behind an OpenAI-like moderation endpoint, about words and about pictures."""

from __future__ import annotations

import base64
import io
from typing import Any

import httpx2
from pydantic import BaseModel, Field, ValidationError

from agent.adjust import flat
from agent.errors import GateUnavailable
from agent.gates.gate import PASSED, Harm, Subject, Verdict
from agent.sentences import Sentence

__all__ = ["ModerationGate"]

TIMEOUT_SECONDS = 20.0
MOST_ANSWER_BYTES = 1_000_000
LONGEST_SIDE_PX = 1024
MINORS = "sexual/minors"


class Result(BaseModel):
    """What is said of one input; servers name further things, which are not needed."""

    flagged: bool
    categories: dict[str, bool | None] = Field(default_factory=dict)


class Answer(BaseModel):
    results: list[Result] = Field(min_length=1)


class ModerationGate:
    """The endpoint. Whatever it flags is refused; when it does not answer, nothing passes."""

    looks = True

    def __init__(self, base_url: str, model: str, api_key: str) -> None:
        self.model = model
        self._client = httpx2.Client(
            base_url=base_url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )

    def close(self) -> None:
        self._client.close()

    def check(self, subject: Subject) -> Verdict:
        """Raises GateUnavailable."""
        part = shown_to_it(subject)
        if part is None:
            return PASSED
        try:
            with self._client.stream(
                "POST", "moderations", json={"model": self.model, "input": [part]}
            ) as response:
                response.raise_for_status()
                answer = Answer.model_validate_json(bounded(response))
        except (httpx2.HTTPError, httpx2.InvalidURL, ValidationError) as error:
            raise GateUnavailable(
                Sentence(
                    f"The safety check does not answer ({type(error).__name__}), so I made nothing. "
                    "Please try again later.",
                    f"安全检查没有响应（{type(error).__name__}），所以什么都没有生成。请稍后再试。",
                )
            ) from error
        flagged = [each for each in answer.results if each.flagged]
        if not flagged:
            return PASSED
        return Verdict(
            harm=Harm.MINORS if any(each.categories.get(MINORS) for each in flagged) else Harm.OTHER
        )


def shown_to_it(subject: Subject) -> dict[str, Any] | None:
    """The words, after those of the picture that is to be changed; or the pixels, reduced.

    No more of them leave this machine than a judgement needs.
    """
    if subject.image is not None:
        small = flat(subject.image)
        small.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
        file = io.BytesIO()
        small.save(file, "JPEG", quality=90)
        address = f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
        return {"type": "image_url", "image_url": {"url": address}}
    text, shown = subject.text, subject.shown
    whole = f"A picture of: {shown}\nThe change to it: {text}" if shown.strip() else text
    return {"type": "text", "text": whole} if whole.strip() else None


def bounded(response: httpx2.Response) -> bytes:
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > MOST_ANSWER_BYTES:
            raise httpx2.DecodingError("The answer has no end.")
    return bytes(content)

"""Gates that ask a model behind an OpenAI-like moderation endpoint, about words and about pictures."""

from __future__ import annotations

import base64
import io
from typing import Any

import httpx2
from PIL import Image
from pydantic import BaseModel, Field, ValidationError

from agent.adjust import flat
from agent.errors import GateUnavailable
from agent.gates.gate import PASSED, Harm, Verdict
from agent.sentences import Sentence

__all__ = ["Moderation", "ModerationPictures", "ModerationWords"]

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


class Moderation:
    """The endpoint. Whatever it flags is refused; when it does not answer, nothing passes."""

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

    def judge(self, part: dict[str, Any]) -> Verdict:
        """Raises GateUnavailable."""
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


class ModerationWords:
    """The words, after those of the picture that is to be changed."""

    def __init__(self, moderation: Moderation) -> None:
        self.moderation = moderation

    def check(self, text: str, *, shown: str = "", is_upload: bool = False) -> Verdict:
        whole = f"A picture of: {shown}\nThe change to it: {text}" if shown.strip() else text
        return self.moderation.judge({"type": "text", "text": whole}) if whole.strip() else PASSED


class ModerationPictures:
    """The pixels, reduced: no more of them leave this machine than a judgement needs."""

    def __init__(self, moderation: Moderation) -> None:
        self.moderation = moderation

    def check(self, image: Image.Image) -> Verdict:
        small = flat(image)
        small.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
        file = io.BytesIO()
        small.save(file, "JPEG", quality=90)
        address = f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
        return self.moderation.judge({"type": "image_url", "image_url": {"url": address}})


def bounded(response: httpx2.Response) -> bytes:
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > MOST_ANSWER_BYTES:
            raise httpx2.DecodingError("The answer has no end.")
    return bytes(content)

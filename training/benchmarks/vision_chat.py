"""A vision language model behind any OpenAI-compatible server, its replies kept on disk as they came."""

from __future__ import annotations

import base64
import hashlib
import io
import ipaddress
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletionContentPartParam, ChatCompletionMessageParam
from PIL import Image
from pydantic import BaseModel, Field, ValidationError

from training.benchmarks.errors import JudgeFailed, JudgeUnavailable
from training.ledger import Ledger
from training.web_address import host_and_port

__all__ = ["ChatSettings", "VisionChat", "key_from"]

Answer = TypeVar("Answer")
NUM_ATTEMPTS = 2
MOST_REPEATED_CHARACTERS = 2_000


@dataclass(frozen=True, kw_only=True)
class ChatSettings:
    """Which server and model. The key is no part of it: it is written nowhere."""

    url: str
    model: str
    timeout_seconds: float = 120
    num_retries: int = 4


class Said(BaseModel):
    """What a model says. Servers put a thinking model's answer into one of two places."""

    content: str | None = None
    reasoning_content: str | None = None


class Choice(BaseModel):
    """A whole answer."""

    message: Said


class Completion(BaseModel):
    """The part of a chat completion that we read."""

    model: str = ""
    choices: list[Choice] = Field(min_length=1)


class VisionChat:
    """Asks about pictures at temperature 0. Threads may ask at once."""

    def __init__(self, settings: ChatSettings, key: str, replies: Ledger) -> None:
        """Raises JudgeUnavailable for an address that cannot be one."""
        self.settings, self.replies = settings, replies
        self.place = place_of(settings.url)
        self._known = {str(r["key"]): str(r["text"]) for r in replies if r.get("is_used") and "key" in r}
        self._models = {
            str(r["model"]) for r in replies if r.get("model") and r.get("asked") == settings.model
        }
        self._has_answered = False
        self._temperature: float | openai.Omit = 0.0
        self._client = openai.OpenAI(
            base_url=settings.url,
            api_key=key or "none",
            timeout=settings.timeout_seconds,
            max_retries=settings.num_retries,
            # A server on this machine is never asked through a proxy.
            http_client=openai.DefaultHttpxClient(trust_env=not is_loopback(settings.url)),
        )

    @property
    def version(self) -> str:
        return f"{self.settings.model} at {self.place}, temperature 0"

    @property
    def models(self) -> list[str]:
        """The names, with their dates where they have one, that the server gave the models that answered."""
        return sorted(self._models)

    def close(self) -> None:
        self._client.close()

    def ask(
        self,
        words: str,
        pictures: Sequence[Image.Image],
        read: Callable[[str], Answer],
        repeat: int = 0,
    ) -> tuple[Answer, str]:
        """What `read` makes of the reply, and the reply. `repeat` tells apart askings of the same.

        A reply that `read` refuses with a ValueError is sent back once with the reason. Every reply is
        recorded; those that were used answer the same question from then on. Raises JudgeFailed after the
        second, JudgeUnavailable when the server gives none.
        """
        content: list[ChatCompletionContentPartParam] = [{"type": "text", "text": words}]
        addresses = [data_url(picture) for picture in pictures]
        content += [{"type": "image_url", "image_url": {"url": address}} for address in addresses]
        key = hashed(self.settings.url, self.settings.model, words, *addresses, str(repeat))
        if key in self._known:
            with suppress(ValueError):
                return read(self._known[key]), self._known[key]
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": content}]
        texts: list[str] = []
        for _ in range(NUM_ATTEMPTS):
            completion = self._complete(messages)
            text = spoken(completion)
            texts.append(text)
            try:
                answer = read(text)
            except ValueError as fault:
                self._record(key, repeat, text, completion.model, is_used=False)
                messages += sent_back(text, str(fault))
                continue
            self._record(key, repeat, text, completion.model, is_used=True)
            return answer, text
        raise JudgeFailed(
            f"{self.settings.model} answered twice in a form that says nothing.", "\n---\n".join(texts)
        )

    def _record(self, key: str, repeat: int, text: str, model: str, *, is_used: bool) -> None:
        if model:
            self._models.add(model)
        if is_used:
            self._known[key] = text
        self.replies.add(
            {
                "key": key,
                "asked": self.settings.model,
                "model": model,
                "repeat": repeat,
                "text": text,
                "is_used": is_used,
            }
        )

    def _complete(self, messages: Sequence[ChatCompletionMessageParam]) -> Completion:
        """Raises JudgeFailed where the server refuses this picture, JudgeUnavailable where it refuses all."""
        try:
            completion = Completion.model_validate_json(self._send(messages))
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            if self._has_answered:
                raise JudgeFailed(
                    f"The judge's server refused this picture (HTTP {error.status_code})."
                ) from None
            raise self._unavailable(error) from None
        except (openai.OpenAIError, ValidationError, ValueError) as error:
            raise self._unavailable(error) from None
        self._has_answered = True
        return completion

    def _send(self, messages: Sequence[ChatCompletionMessageParam]) -> str:
        """The server's answer as it came. Some models take no temperature: they are not sent it again."""
        while True:
            try:
                return self._client.chat.completions.with_raw_response.create(
                    model=self.settings.model, messages=messages, temperature=self._temperature
                ).text
            except openai.BadRequestError as error:
                if error.param != "temperature" or self._temperature is openai.omit:
                    raise
                self._temperature = openai.omit

    def _unavailable(self, error: Exception) -> JudgeUnavailable:
        """One sentence of our own: what a server writes may repeat the key."""
        server = f"The judge's server at {self.place}"
        match error:
            case openai.APITimeoutError():
                problem = f"{server} did not answer within {self.settings.timeout_seconds:g} seconds"
            case openai.APIConnectionError():
                problem = f"{server} cannot be reached: start it, or check --judge-url"
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                problem = f"{server} refused the key: check the variable that --judge-key-from names"
            case openai.NotFoundError():
                problem = f"{server} has no model {self.settings.model}: check --judge-model and --judge-url"
            case openai.RateLimitError():
                problem = f"{server} takes no more requests for now: wait, or check the account"
            case openai.APIStatusError(status_code=status):
                problem = (
                    f"{server} refused the request (HTTP {status}): can {self.settings.model} see pictures?"
                )
            case _:
                problem = (
                    f"{server} does not answer like a chat server: check --judge-url, it often ends in /v1"
                )
        return JudgeUnavailable(f"{problem}. Run the same command again to go on: what is judged is kept.")


def key_from(variable: str, url: str) -> str:
    """The key in an environment variable; a server on this machine needs none. Raises JudgeUnavailable."""
    key = os.environ.get(variable, "").strip()
    if not key and not is_loopback(url):
        raise JudgeUnavailable(
            f"The judge at {place_of(url)} needs a key: put it into the environment variable {variable}, or "
            "name another one with --judge-key-from."
        )
    if not (key.isascii() and (key.isprintable())):
        raise JudgeUnavailable(f"The key in {variable} has characters no key has.")
    return key


def spoken(completion: Completion) -> str:
    """The answer without the thoughts before it."""
    said = completion.choices[0].message
    text = said.content if said.content and said.content.strip() else said.reasoning_content or ""
    return text.rsplit("</think>", 1)[-1].strip()


def sent_back(text: str, fault: str) -> list[ChatCompletionMessageParam]:
    return [
        {"role": "assistant", "content": text[:MOST_REPEATED_CHARACTERS]},
        {
            "role": "user",
            "content": f"That cannot be used: {fault}. Answer again, in the form asked for only.",
        },
    ]


def data_url(picture: Image.Image) -> str:
    """Without loss, so that the judge sees what is on disk."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def hashed(*parts: Any) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()


def place_of(url: str) -> str:
    """Host and port, without what else an address may hold. Raises JudgeUnavailable."""
    place = host_and_port(url)
    if place is None:
        raise JudgeUnavailable(
            "--judge-url is no web address; give one like https://api.openai.com/v1 or http://127.0.0.1:8000/v1."
        )
    return place


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""A vision language model behind any OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama, OpenAI."""

from __future__ import annotations

import base64
import io
import ipaddress
import os
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletionMessageParam
from PIL import Image
from pydantic import BaseModel, Field, ValidationError

from training.data.curation.captions.vlm import Question, Reply, Silent
from training.data.curation.shards import Sample
from training.data.curation.stage import PLACES
from training.errors import BadRecipe, CaptionerUnavailable
from training.web_address import host_and_port

__all__ = ["ChatVlm", "ServerSettings", "picture_url"]

CONNECT_SECONDS = 10.0
MOST_SILENT = 16
"""Pictures in a row without any answer: then the server is taken for dead."""
MEDIA = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
GO_ON = "Run the same command again to go on: no reply is asked for twice."


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Which model, where and how. The key is in the environment variable `key_from`, and written nowhere.

    Longer sides than `longest_px` are made smaller. `num_retries` with growing pauses, for answers that do
    not come and servers that are busy. `stop_token_ids`: for servers that miss where a model ends, such as
    (151645, 151643) for MiniCPM-V 2.6 behind vLLM.
    """

    model: str
    longest_px: int = 1_024
    most_tokens: int = 1_024
    temperature: float = 0.0
    stop_token_ids: tuple[int, ...] = ()
    url: str = field(default="https://api.openai.com/v1", metadata=PLACES)
    key_from: str = field(default="OPENAI_API_KEY", metadata=PLACES)
    timeout_seconds: float = field(default=120.0, metadata=PLACES)
    num_retries: int = field(default=3, metadata=PLACES)
    most_at_once: int = field(default=8, metadata=PLACES)

    def open(self) -> ChatVlm:
        """Raises CaptionerUnavailable, BadRecipe."""
        return ChatVlm(self, key_of(self.key_from, self.url))


class Said(BaseModel):
    """What a model says. Servers put a thinking model's answer into one of two places."""

    content: str | None = None
    reasoning_content: str | None = None


class Choice(BaseModel):
    """A whole answer."""

    message: Said
    finish_reason: str | None = None


class Usage(BaseModel):
    """Tokens as the server counts them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Completion(BaseModel):
    """The part of a chat completion that we read."""

    choices: list[Choice] = Field(min_length=1)
    usage: Usage | None = None


class ChatVlm:
    """One client; its key stays in it."""

    def __init__(self, settings: ServerSettings, key: str) -> None:
        self.settings, self.place = settings, place_of(settings.url)
        self._has_answered, self._num_silent = False, 0
        self._keeps_to_forms, self._takes_temperature, self._limit = True, True, "max_tokens"
        self._lock = threading.Lock()
        timeout = openai.Timeout(settings.timeout_seconds, connect=CONNECT_SECONDS)
        client = openai.OpenAI(
            base_url=settings.url,
            api_key=key or "none",
            timeout=timeout,
            max_retries=settings.num_retries,
            # A server on this machine is never asked through a proxy, and none hands our key to another.
            http_client=openai.DefaultHttpxClient(
                timeout=timeout, trust_env=not is_loopback(settings.url), follow_redirects=False
            ),
        )
        self._client = client
        weakref.finalize(self, client.close)

    @property
    def name(self) -> str:
        return self.settings.model

    @property
    def most_at_once(self) -> int:
        return self.settings.most_at_once

    def ask(self, question: Question) -> Reply:
        content: list[Any] = [
            {
                "type": "image_url",
                "image_url": {"url": picture_url(question.sample, self.settings.longest_px)},
            },
            {"type": "text", "text": question.words},
        ]
        try:
            completion = Completion.model_validate_json(
                self._send([{"role": "user", "content": content}], question)
            )
        except openai.APIStatusError as error:
            raise self._refused(error) from None
        except openai.APITimeoutError:
            raise self._silent(f"no answer within {self.settings.timeout_seconds:g} s") from None
        except openai.OpenAIError:
            raise self._unavailable("cannot be reached: start it, or check its address") from None
        except (ValidationError, ValueError):
            raise self._silent("the server's answer is no chat completion") from None
        with self._lock:
            self._has_answered, self._num_silent = True, 0
        usage, choice = completion.usage or Usage(), completion.choices[0]
        said = choice.message
        return Reply(
            text=said.content if said.content and said.content.strip() else said.reasoning_content or "",
            is_cut=choice.finish_reason == "length",
            num_read=usage.prompt_tokens,
            num_written=usage.completion_tokens,
        )

    def _send(self, messages: Sequence[ChatCompletionMessageParam], question: Question) -> str:
        """The server's answer as it came. What it does not understand it is not sent again."""
        while True:
            try:
                return self._client.chat.completions.with_raw_response.create(
                    model=self.settings.model, messages=messages, **self._options(question)
                ).text
            except openai.BadRequestError as error:
                with self._lock:
                    if self._takes_temperature and error.param == "temperature":
                        self._takes_temperature = False
                    elif error.param == self._limit == "max_tokens":
                        self._limit = "max_completion_tokens"  # what OpenAI's thinking models call it
                    elif self._keeps_to_forms and not self._has_answered:
                        self._keeps_to_forms = False
                    else:
                        raise

    def _options(self, question: Question) -> dict[str, Any]:
        options: dict[str, Any] = {self._limit: self.settings.most_tokens}
        if self._takes_temperature:
            options["temperature"] = self.settings.temperature
        if self._keeps_to_forms:
            form = {"name": "answer", "strict": True, "schema": question.form}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        if self.settings.stop_token_ids:
            options["extra_body"] = {"stop_token_ids": [*self.settings.stop_token_ids]}
        return options

    def _refused(self, error: openai.APIStatusError) -> Exception:
        """Sentences of our own: what a server writes may repeat the key."""
        match error:
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return self._unavailable(f"refused the key: check the variable {self.settings.key_from}")
            case openai.NotFoundError():
                return self._unavailable(
                    f"has no model {self.settings.model}: check its name and the address"
                )
            case openai.RateLimitError():
                return self._unavailable("takes no more requests for now: wait, or check the account")
            case _ if error.status_code < 400:
                return self._unavailable("sends us elsewhere: give the address it means")
            case _ if error.status_code < 500 and not self._has_answered:
                return self._unavailable(
                    f"refused the request (HTTP {error.status_code}): can {self.settings.model} see pictures?"
                )
            case _ if error.status_code < 500:
                return Silent(f"refused by the server (HTTP {error.status_code})")
        return self._silent(f"the server failed (HTTP {error.status_code})")

    def _silent(self, reason: str) -> Exception:
        with self._lock:
            self._num_silent += 1
            if self._num_silent < MOST_SILENT:
                return Silent(reason)
        return self._unavailable(f"has answered nothing for {MOST_SILENT} pictures ({reason})")

    def _unavailable(self, problem: str) -> CaptionerUnavailable:
        return CaptionerUnavailable(f"The captioner at {self.place} {problem}. {GO_ON}")


def picture_url(sample: Sample, longest_px: int) -> str:
    """The shard's own bytes; where they are too large or of another kind, a JPEG that is not."""
    media, content = MEDIA.get(sample.suffix), sample.content
    with Image.open(io.BytesIO(content)) as file:
        fits = max(file.size) <= longest_px
    if media is None or not fits:
        image, buffer = sample.open(), io.BytesIO()
        image.thumbnail((longest_px, longest_px))
        image.save(buffer, "JPEG", quality=92)
        media, content = "image/jpeg", buffer.getvalue()
    return f"data:{media};base64,{base64.b64encode(content).decode()}"


def key_of(variable: str, url: str) -> str:
    """From the environment; a server on this machine needs none. Raises CaptionerUnavailable."""
    key = os.environ.get(variable, "").strip()
    if not key and not is_loopback(url):
        raise CaptionerUnavailable(
            f"The captioner at {place_of(url)} needs a key: put it into the environment variable {variable}, "
            "or name another one with --captions-key-from."
        )
    if not (key.isascii() and key.isprintable()):
        raise CaptionerUnavailable(f"The key in {variable} has characters no key has.")
    return key


def place_of(url: str) -> str:
    """Host and port, without what else an address may hold. Raises BadRecipe."""
    place = host_and_port(url)
    if place is None:
        raise BadRecipe(
            "--captions-url is no web address; give one like https://api.openai.com/v1 or "
            "http://127.0.0.1:8000/v1."
        )
    return place


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

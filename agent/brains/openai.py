"""OpenAIBrain: a language model behind any OpenAI-compatible server (OpenAI, vLLM, Ollama, llama.cpp)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Literal, get_args
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
from openai.types.chat.completion_create_params import ResponseFormat
from pydantic import BaseModel, Field, ValidationError

from agent.brains import prompts
from agent.brains.brain import Context
from agent.brains.limits import within_limits
from agent.brains.wire import WIRE_SCHEMA, BadAnswer, read_decision, without_thoughts
from agent.domain import Decision
from agent.errors import BrainUnavailable

__all__ = ["OpenAIBrain"]

CONNECT_SECONDS = 5.0
MOST_REPAIRED_CHARACTERS = 2_000
Dialect = Literal["json_schema", "json_object", "text"]
"""How the form of an answer is asked for; servers differ in what they understand."""


class Said(BaseModel):
    """What a model says. Servers put a thinking model's answer into one of three places."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None

    @property
    def text(self) -> str:
        texts = (self.content, self.reasoning_content, self.reasoning)
        return next((text for text in texts if text and text.strip()), "")


class Choice(BaseModel):
    """A whole answer."""

    message: Said


class Completion(BaseModel):
    """The part of a chat completion that we read."""

    choices: list[Choice] = Field(min_length=1)


class ChunkChoice(BaseModel):
    """A piece of a streamed answer."""

    delta: Said | None = None
    finish_reason: str | None = None


class Chunk(BaseModel):
    """The part of a chat completion chunk that we read."""

    choices: list[ChunkChoice]


class OpenAIBrain:
    """A language model that decides and speaks. Its key stays in its client: in no error, log or repr."""

    def __init__(self, base_url: str, model: str, api_key: str, timeout_seconds: float = 60) -> None:
        """Raises BrainUnavailable for an address or a key that cannot be one."""
        key = api_key.strip() or "none"
        if not (key.isascii() and key.isprintable()):
            raise BrainUnavailable("The language model's key has characters no key has: check --api-key.")
        self._place = place_of(base_url)
        self._model = model
        self._timeout_seconds = timeout_seconds
        self._dialect: Dialect = "json_schema"
        self._temperature: float | openai.Omit = 0.0
        timeout = openai.Timeout(timeout_seconds, connect=min(timeout_seconds, CONNECT_SECONDS))
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=key,
            timeout=timeout,
            max_retries=0,
            # A server on this machine is never asked through a proxy.
            http_client=openai.DefaultHttpxClient(timeout=timeout, trust_env=not is_loopback(base_url)),
        )

    @property
    def name(self) -> str:
        return self._model

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def decide(self, context: Context) -> Decision:
        """What the user wants; an answer that cannot be used is sent back once. Raises BrainUnavailable."""
        request = spoken(prompts.DECIDE, prompts.decide_request(context))
        answer = self._ask(request)
        try:
            return within_limits(read_decision(answer, context))
        except BadAnswer as error:
            request += repair(answer, str(error))
        try:
            return within_limits(read_decision(self._ask(request), context))
        except BadAnswer:
            raise BrainUnavailable(
                f"The language model {self._model} answered twice in a form I cannot use: please say it in "
                "other words, or choose another model with --model."
            ) from None

    def reply(self, context: Context, decision: Decision) -> Iterator[str]:
        """The answer piece by piece as it is written, thoughts left out. Raises BrainUnavailable."""
        request = spoken(prompts.REPLY, prompts.reply_request(context, decision))
        try:
            with self._client.chat.completions.create(
                model=self._model, messages=request, stream=True
            ) as chunks:
                yield from self._pieces(chunks)
        except (openai.OpenAIError, ValueError, RecursionError) as error:
            raise self._unavailable(error) from None

    def _pieces(self, chunks: Iterable[ChatCompletionChunk]) -> Iterator[str]:
        """Raises BrainUnavailable for an answer that is empty or stops before its end."""
        is_finished, has_begun, start = False, False, ""
        for chunk in chunks:
            for choice in Chunk.model_validate(chunk, from_attributes=True).choices[:1]:
                is_finished = is_finished or choice.finish_reason is not None
                piece = ((choice.delta.content if choice.delta else None) or "").replace("\0", "")
                if not has_begun:
                    start += piece
                    piece = beginning(start)
                    has_begun = bool(piece)
                if piece:
                    yield piece
        if not is_finished:
            raise BrainUnavailable(
                f"The language model's server at {self._place} broke off its answer: look at its log, "
                "and send your message again."
            )
        if not has_begun:
            raise self._empty()

    def _ask(self, messages: Sequence[ChatCompletionMessageParam]) -> str:
        """The whole answer, in the first dialect from the last one that worked. Raises BrainUnavailable."""
        dialects = get_args(Dialect)
        *others, last = dialects[dialects.index(self._dialect) :]
        try:
            for dialect in others:
                with suppress(openai.BadRequestError, openai.NotFoundError, openai.UnprocessableEntityError):
                    return self._answer(messages, dialect)
            return self._answer(messages, last)
        except (openai.OpenAIError, ValueError, RecursionError) as error:
            raise self._unavailable(error) from None

    def _answer(self, messages: Sequence[ChatCompletionMessageParam], dialect: Dialect) -> str:
        """The answer in this dialect, which is remembered when the server takes it."""
        body = self._complete(messages, dialect)
        self._dialect = dialect
        text = Completion.model_validate_json(body).choices[0].message.text
        if not text:
            raise self._empty()
        return text

    def _complete(self, messages: Sequence[ChatCompletionMessageParam], dialect: Dialect) -> str:
        """The server's answer as it came. Some models take no temperature: they are not sent it again."""
        while True:
            try:
                return self._client.chat.completions.with_raw_response.create(
                    model=self._model,
                    messages=messages,
                    response_format=response_format(dialect),
                    temperature=self._temperature,
                ).text
            except openai.BadRequestError as error:
                if error.param != "temperature" or self._temperature is openai.omit:
                    raise
                self._temperature = openai.omit

    def _empty(self) -> BrainUnavailable:
        return BrainUnavailable(
            f"The language model {self._model} answered nothing: send your message again, or choose another "
            "model with --model."
        )

    def _unavailable(self, error: Exception) -> BrainUnavailable:
        """One sentence of our own: what a server writes may repeat the key."""
        server = f"The language model's server at {self._place}"
        match error:
            case openai.APITimeoutError():
                problem = (
                    f"{server} did not answer within {self._timeout_seconds:g} seconds: send your message "
                    "again, or choose a smaller model with --model."
                )
            case openai.APIConnectionError():
                problem = f"{server} cannot be reached: start it, or check --base-url."
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                problem = f"{server} refused the key: check --api-key."
            case openai.NotFoundError():
                problem = f"{server} has no model {self._model}: check --model and --base-url."
            case openai.RateLimitError():
                problem = f"{server} takes no more requests for now: wait a minute, or check your account."
            case openai.APIStatusError(status_code=status) if status < 500:
                problem = (
                    f"{server} refused the request (HTTP {status}): its log says why; check that "
                    f"{self._model} is a chat model with a context long enough for this conversation."
                )
            case openai.APIStatusError(status_code=status):
                problem = f"{server} failed (HTTP {status}): look at its log, and send your message again."
            case ValidationError() | ValueError() | RecursionError():
                problem = (
                    f"{server} does not answer like a chat server: check --base-url, it often ends in /v1."
                )
            case _:
                problem = f"{server} broke off its answer: look at its log, and send your message again."
        return BrainUnavailable(problem)


def spoken(orders: str, request: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "system", "content": orders}, {"role": "user", "content": request}]


def repair(answer: str, fault: str) -> list[ChatCompletionMessageParam]:
    """The answer that cannot be used, and why."""
    return [
        {"role": "assistant", "content": answer[:MOST_REPAIRED_CHARACTERS]},
        {"role": "user", "content": prompts.repair_request(fault)},
    ]


def response_format(dialect: Dialect) -> ResponseFormat | openai.Omit:
    """Not marked strict: strict servers differ in the JSON Schema they know, and we check answers anyway."""
    match dialect:
        case "json_schema":
            return {"type": "json_schema", "json_schema": {"name": "decision", "schema": dict(WIRE_SCHEMA)}}
        case "json_object":
            return {"type": "json_object"}
        case "text":
            return openai.omit


def beginning(start: str) -> str:
    """What may be shown of an answer's start: nothing while it is, or may become, a thought."""
    return "" if "<think>".startswith(start.strip()) else without_thoughts(start)


def place_of(base_url: str) -> str:
    """Host and port, without what else an address may hold. Raises BrainUnavailable."""
    try:
        address = urlsplit(base_url)
        host, port = address.hostname, address.port
    except ValueError:
        host = port = None
    if not host or address.scheme not in ("http", "https"):
        raise BrainUnavailable(
            "The language model's address is no web address: check --base-url, for example "
            "http://127.0.0.1:11434/v1."
        )
    return f"{host}:{port}" if port else host


def is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

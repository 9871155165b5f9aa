"""OpenAIBrain: a language model behind any OpenAI-compatible server (OpenAI, vLLM, Ollama, llama.cpp)."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletionChunk, ChatCompletionContentPartParam, ChatCompletionMessageParam
from openai.types.chat.completion_create_params import ResponseFormat

from agent.brains import prompts
from agent.brains.answers import after, cannot_look, read_in_part
from agent.brains.brain import Context
from agent.brains.completion import Chunk, Completion
from agent.brains.limits import within_limits
from agent.brains.refusals import Server, is_about_form, is_about_pictures
from agent.brains.sight import QUESTION, draw_stripes, has_seen, stripes
from agent.brains.wire import WIRE_SCHEMA, BadAnswer, read_decision, storable, without_thoughts
from agent.cancel import CancelToken
from agent.domain import MAX_PICTURES_PER_TURN, Decision, Route
from agent.errors import BrainUnavailable

__all__ = ["OpenAIBrain"]

CONNECT_SECONDS = 5.0
MOST_REPAIRED_CHARACTERS = 2_000
MOST_CHARACTERS_A_TOKEN = 7
"""No tokenizer packs our requests tighter: a server that counts fewer tokens has cut the request."""
CUT = "length"
BROKEN_ANSWERS = (openai.OpenAIError, ValueError, RecursionError)
Schema = Mapping[str, Any]
Dialect = Literal["json_schema", "json_object", "text"]
"""How the form of an answer is asked for; servers differ in what they understand."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole answer. `num_read`: the tokens the server says it read, where it read less than it was sent."""

    text: str
    is_cut: bool = False
    num_read: int | None = None


class OpenAIBrain:
    """A language model that decides and speaks. Its key stays in its client: in no error, log or repr."""

    def __init__(self, base_url: str, model: str, api_key: str, timeout_seconds: float = 60) -> None:
        """Raises BrainUnavailable for an address or a key that cannot be one."""
        key = api_key.strip() or "none"
        if not (key.isascii() and key.isprintable()):
            raise BrainUnavailable("The language model's key has characters no key has: check --api-key.")
        self._server = Server(place=place_of(base_url), model=model, timeout_seconds=timeout_seconds)
        self._dialect: Dialect = "json_schema"
        self._sees: bool | None = None
        self._temperature: float | openai.Omit = 0.0
        timeout = openai.Timeout(timeout_seconds, connect=min(timeout_seconds, CONNECT_SECONDS))
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=key,
            timeout=timeout,
            max_retries=0,
            # A server on this machine is never asked through a proxy, and no server passes our words and the
            # key on to another one.
            http_client=openai.DefaultHttpxClient(
                timeout=timeout, trust_env=not is_loopback(base_url), follow_redirects=False
            ),
        )

    @property
    def name(self) -> str:
        return self._server.model

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def decide(self, context: Context) -> Decision:
        """What the user wants; an answer that cannot be used is sent back once. Raises BrainUnavailable.

        Pictures are never sent here: what is written in one cannot change what is done.
        """
        request = spoken(prompts.DECIDE, prompts.decide_request(context))
        answer = self._ask(request)
        try:
            return self._decision(answer, context)
        except BadAnswer as error:
            if answer.is_cut:
                raise self._server.cut_off() from None
            request += repair(answer.text, str(error))
        try:
            return self._decision(self._ask(request), context)
        except BadAnswer:
            raise self._server.unusable() from None

    def reply(self, context: Context, decision: Decision) -> Iterator[str]:
        """The answer piece by piece as it is written, thoughts left out. Raises BrainUnavailable.

        A model that sees is shown the pictures asked about; of another it is said openly that it does not.
        """
        pictures = self._look(context, decision)
        is_blind = decision.route is Route.UNDERSTAND and not pictures
        note = cannot_look(self.name, decision.language) if is_blind else ""
        orders = prompts.REPLY_SEEING if pictures else prompts.REPLY
        request = spoken(orders, prompts.reply_request(context, decision), pictures)
        try:
            with self._client.chat.completions.create(
                model=self.name, messages=request, stream=True
            ) as chunks:
                yield from after(note, self._pieces(chunks))
        except BROKEN_ANSWERS as error:
            raise self._server.unavailable(error) from None

    def write(self, orders: str, request: str, schema: Schema, token: CancelToken) -> str:
        """An answer in a form; the caller checks it. Raises BrainUnavailable."""
        return self._ask(spoken(orders, request), schema).text

    def _decision(self, answer: Answer, context: Context) -> Decision:
        """Raises BadAnswer."""
        decision = within_limits(read_decision(answer.text, context))
        if answer.num_read is None:
            return decision
        notice = read_in_part(answer.num_read, decision.language)
        return decision.model_copy(update={"notices": (*decision.notices, notice)})

    def _look(self, context: Context, decision: Decision) -> list[bytes]:
        """The pictures asked about, for a model that sees."""
        if decision.route is not Route.UNDERSTAND or context.look is None:
            return []
        if self._sees is None:
            self._sees = self._try_to_see()
        return (
            [context.look(target) for target in decision.targets[:MAX_PICTURES_PER_TURN]]
            if self._sees
            else []
        )

    def _try_to_see(self) -> bool | None:
        """Whether the model can tell what is in a picture of ours; None when that cannot be said yet."""
        colors = stripes()
        request = spoken("You describe pictures.", QUESTION, [draw_stripes(colors)])
        try:
            body = self._complete(request, "text")
            said = Completion.model_validate_json(body).choices[0].message.content or ""
        except openai.APIStatusError as error:
            return False if is_about_pictures(error) else None
        except BROKEN_ANSWERS as error:
            raise self._server.unavailable(error) from None
        answer = without_thoughts(said)
        return has_seen(answer, colors) if answer else None

    def _pieces(self, chunks: Iterable[ChatCompletionChunk]) -> Iterator[str]:
        """Raises BrainUnavailable for an answer that is empty or stops before its end."""
        reason, has_begun, start = None, False, ""
        for chunk in chunks:
            for choice in Chunk.model_validate(chunk, from_attributes=True).choices[:1]:
                reason = choice.finish_reason or reason
                said = choice.delta and (choice.delta.content or choice.delta.refusal)
                piece = storable(said or "")
                if not has_begun:
                    start += piece
                    piece = beginning(start)
                    has_begun = bool(piece)
                if piece:
                    yield piece
        if reason is None:
            raise BrainUnavailable(
                f"The language model's server at {self._server.place} broke off its answer: look at its log, "
                "and send your message again."
            )
        if not has_begun:
            raise self._server.cut_off() if reason == CUT else self._server.silent()
        if reason == CUT:
            yield "…"

    def _ask(self, messages: Sequence[ChatCompletionMessageParam], schema: Schema = WIRE_SCHEMA) -> Answer:
        """The whole answer, in the first dialect from the last one that worked. Raises BrainUnavailable."""
        dialects = get_args(Dialect)
        *others, last = dialects[dialects.index(self._dialect) :]
        try:
            for dialect in others:
                try:
                    return self._answer(messages, dialect, schema)
                except openai.APIStatusError as error:
                    if not is_about_form(error):
                        raise
            return self._answer(messages, last, schema)
        except BROKEN_ANSWERS as error:
            raise self._server.unavailable(error) from None

    def _answer(
        self, messages: Sequence[ChatCompletionMessageParam], dialect: Dialect, schema: Schema
    ) -> Answer:
        """The answer in this dialect, which is remembered when the server takes it."""
        completion = Completion.model_validate_json(self._complete(messages, dialect, schema))
        self._dialect = dialect
        choice = completion.choices[0]
        text, is_cut = choice.message.text, choice.finish_reason == CUT
        if not text:
            if choice.message.refusal or choice.finish_reason == "content_filter":
                raise self._server.declined()
            raise self._server.cut_off() if is_cut else self._server.silent()
        num_read = completion.usage.prompt_tokens if completion.usage else None
        num_characters = sum(len(str(message.get("content"))) for message in messages)
        is_whole = not num_read or num_read * MOST_CHARACTERS_A_TOKEN >= num_characters
        return Answer(text=text, is_cut=is_cut, num_read=None if is_whole else num_read)

    def _complete(
        self, messages: Sequence[ChatCompletionMessageParam], dialect: Dialect, schema: Schema = WIRE_SCHEMA
    ) -> str:
        """The server's answer as it came. Some models take no temperature: they are not sent it again."""
        while True:
            try:
                return self._client.chat.completions.with_raw_response.create(
                    model=self.name,
                    messages=messages,
                    response_format=response_format(dialect, schema),
                    temperature=self._temperature,
                ).text
            except openai.BadRequestError as error:
                if error.param != "temperature" or self._temperature is openai.omit:
                    raise
                self._temperature = openai.omit


def spoken(orders: str, request: str, pictures: Sequence[bytes] = ()) -> list[ChatCompletionMessageParam]:
    """Orders and request; with pictures (JPEG), the request comes in parts."""
    if not pictures:
        return [{"role": "system", "content": orders}, {"role": "user", "content": request}]
    parts: list[ChatCompletionContentPartParam] = [{"type": "text", "text": request}]
    for jpeg in pictures:
        url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return [{"role": "system", "content": orders}, {"role": "user", "content": parts}]


def repair(answer: str, fault: str) -> list[ChatCompletionMessageParam]:
    """The answer that cannot be used, and why."""
    return [
        {"role": "assistant", "content": answer[:MOST_REPAIRED_CHARACTERS]},
        {"role": "user", "content": prompts.repair_request(fault)},
    ]


def response_format(dialect: Dialect, schema: Schema) -> ResponseFormat | openai.Omit:
    """Not marked strict: strict servers differ in the JSON Schema they know, and we check answers anyway."""
    match dialect:
        case "json_schema":
            return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema)}}
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

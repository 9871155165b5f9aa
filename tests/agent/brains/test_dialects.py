"""Four servers as they really answer, their errors and oddities included, each with the same brain."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agent.brains.openai import OpenAIBrain
from agent.brains.wire import WIRE_SCHEMA
from agent.domain import Decision, Route
from agent.errors import BrainUnavailable
from tests.agent.brains.chat_server import (
    CONTEXT,
    EDITED,
    GREEN,
    KEY,
    MODEL,
    RED,
    Answer,
    Server,
    answers,
)

Request = dict[str, Any]
Behave = Callable[[Request], Answer]
RIGHT = json.dumps(GREEN)
TALK = Decision(route=Route.CHAT)


def body(message: Request, finish_reason: str = "stop", **more: object) -> Answer:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}
    return Answer(
        body=json.dumps(
            {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL}
            | {"choices": [choice], "usage": {"prompt_tokens": 2_400, "completion_tokens": 60}}
            | more
        )
    )


def error(status: int, message: str, *, is_bare: bool = False, **more: object) -> Answer:
    """`is_bare`: older vLLM sends the error itself, without a key around it."""
    content = {"message": f"{message} ({KEY})", **more}
    return Answer(status=status, body=json.dumps(content if is_bare else {"error": content}))


def form_of(request: Request) -> str:
    return str(request.get("response_format", {}).get("type", "text"))


def objects_of(schema: object) -> Iterator[Request]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from objects_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects_of(value)


def is_strict(schema: Request) -> bool:
    """OpenAI's rules: every key is required, no other key, no bounds on texts."""
    objects = [each for each in objects_of(schema) if each.get("type") == "object"]
    return all(
        each.get("additionalProperties") is False and set(each["required"]) == set(each["properties"])
        for each in objects
    ) and not any("maxLength" in each or "default" in each for each in objects_of(schema))


def new_openai(request: Request) -> Answer:
    asked = request.get("response_format", {}).get("json_schema", {})
    if asked.get("strict") and not is_strict(asked["schema"]):
        return error(400, "Invalid schema for response_format 'decision'", param="response_format")
    if "temperature" in request:
        message = "Unsupported value: 'temperature' does not support 0.0 with this model."
        return error(400, message, param="temperature", code="unsupported_value")
    return body({"content": RIGHT, "refusal": None, "annotations": []}, service_tier="default")


def old_openai(request: Request) -> Answer:
    if form_of(request) == "json_schema":
        message = (
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
        )
        return error(400, message, type="invalid_request_error", param="response_format")
    if form_of(request) == "json_object" and "json" not in str(request["messages"]).lower():
        return error(400, "'messages' must contain the word 'json' in some form.", param="messages")
    return body({"content": RIGHT})


def vllm(request: Request) -> Answer:
    assert form_of(request) == "json_schema"
    thoughts = "The user wants it green. " + json.dumps({"route": "chat", "language": "en"})
    return body({"content": RIGHT, "reasoning_content": thoughts, "tool_calls": []}, kv_transfer_params=None)


def vllm_without_grammars(request: Request) -> Answer:
    if form_of(request) != "text":
        message = "Failed to convert the grammar from GBNF to Lark"
        return error(400, message, is_bare=True, object="error", type="BadRequestError", code=400)
    return body({"content": f"<think>\nGreen.\n</think>\n\n{RIGHT}", "reasoning_content": None})


def vllm_that_thinks_aloud(request: Request) -> Answer:
    return body({"content": None, "reasoning_content": RIGHT, "tool_calls": []})


def ollama(request: Request) -> Answer:
    message = {"content": json.dumps(GREEN, indent=2), "reasoning": "A change of #2."}
    return body(message, system_fingerprint="fp_ollama")


def ollama_that_ignores_the_form(request: Request) -> Answer:
    return body({"content": f"Sure! Here you go:\n\n```json\n{RIGHT}\n```\n"}, system_fingerprint="fp_ollama")


def llama_cpp(request: Request) -> Answer:
    """Its grammar has at most 2,000 repetitions of one rule; it does not mind what it does not know."""
    schema = request["response_format"]["json_schema"]["schema"]
    bounds = [each.get("maxLength", 0) for each in objects_of(schema)]
    if any(isinstance(bound, int) and bound >= 2_000 for bound in bounds):
        message = "Failed to initialize samplers: failed to parse grammar"
        return error(400, message, code=400, type="invalid_request_error")
    return body({"content": RIGHT}, timings={"prompt_n": 2_400})


def llama_cpp_without_a_grammar(request: Request) -> Answer:
    if form_of(request) != "text":
        return error(500, "failed to parse grammar", code=500, type="server_error")
    return body({"content": RIGHT})


def llama_cpp_with_tools(request: Request) -> Answer:
    call = {"type": "function", "id": "1", "function": {"name": "decision", "arguments": RIGHT}}
    return body({"content": "", "tool_calls": [call]}, finish_reason="tool_calls")


def in_parts(request: Request) -> Answer:
    return body({"content": [{"type": "text", "text": RIGHT[:9]}, {"type": "text", "text": RIGHT[9:]}]})


SERVERS: dict[Behave, tuple[str, ...]] = {
    new_openai: ("json_schema", "json_schema"),
    old_openai: ("json_schema", "json_object"),
    vllm: ("json_schema",),
    vllm_without_grammars: ("json_schema", "json_object", "text"),
    vllm_that_thinks_aloud: ("json_schema",),
    ollama: ("json_schema",),
    ollama_that_ignores_the_form: ("json_schema",),
    llama_cpp: ("json_schema",),
    llama_cpp_without_a_grammar: ("json_schema", "json_object", "text"),
    llama_cpp_with_tools: ("json_schema",),
    in_parts: ("json_schema",),
}


@pytest.mark.parametrize("behave", SERVERS, ids=lambda behave: behave.__name__)
def test_every_server_is_understood(server: Server, brain: OpenAIBrain, behave: Behave) -> None:
    server.behave = behave
    decision = brain.decide(CONTEXT)
    assert decision.steps == (EDITED,)
    assert decision.notices == ()
    assert tuple(server.dialects) == SERVERS[behave]
    brain.decide(CONTEXT)
    assert len(server.asked) == len(SERVERS[behave]) + 1


def test_the_schema_is_one_that_every_grammar_can_hold() -> None:
    assert all(each.get("maxLength", 0) < 2_000 for each in objects_of(dict(WIRE_SCHEMA)))
    assert not any("pattern" in each for each in objects_of(dict(WIRE_SCHEMA)))


LONG = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens."
TOO_LONG = r"longer than its context"
REFUSALS = {
    "openai: too long": (error(400, LONG, code="context_length_exceeded", param="messages"), TOO_LONG),
    "vllm: too long": (error(400, LONG, is_bare=True, object="error", type="BadRequestError"), TOO_LONG),
    "llama.cpp: too long": (
        error(
            400,
            "the request exceeds the available context size. try increasing the context size",
            type="exceed_context_size_error",
            n_prompt_tokens=14429,
            n_ctx=8192,
        ),
        TOO_LONG,
    ),
    "ollama: too long": (error(400, "prompt too long; exceeds maximum context length by 3 tokens"), TOO_LONG),
    "llama.cpp: loading": (
        error(503, "Loading model", type="unavailable_error", code=503),
        r"still loading its model: wait",
    ),
    "openai: no more money": (
        error(429, "You exceeded your quota", code="insufficient_quota"),
        "no more requests",
    ),
    "openai: refusal": (body({"content": None, "refusal": "I can't help with that."}), "declined to answer"),
    "openai: filtered": (body({"content": ""}, finish_reason="content_filter"), "declined to answer"),
    "vllm: only thoughts, cut": (body({"content": None}, finish_reason="length"), "length limit"),
    "ollama: cut": (body({"content": RIGHT[:40]}, finish_reason="length"), "length limit"),
    "a proxy: an error with status 200": (Answer(body='{"error": {"message": "x"}}'), "like a chat server"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_a_server_refuses_is_told_at_once(server: Server, brain: OpenAIBrain, name: str) -> None:
    answer, sentence = REFUSALS[name]
    answers(server, answer)
    with pytest.raises(BrainUnavailable, match=sentence) as caught:
        brain.decide(CONTEXT)
    assert KEY not in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 404])
def test_a_model_that_is_not_there_is_named(server: Server, brain: OpenAIBrain, status: int) -> None:
    message = f'model "{MODEL}" not found, try pulling it first'
    server.behave = lambda request: error(status, message, type="api_error")
    with pytest.raises(BrainUnavailable, match=rf"has no model {MODEL}: check --model"):
        brain.decide(CONTEXT)


def test_a_conversation_that_a_server_cut_without_a_word_is_told(server: Server, brain: OpenAIBrain) -> None:
    """Ollama reads what fits its context, drops the rest and answers all the same."""
    cut = {"prompt_tokens": 205, "completion_tokens": 60}
    answers(server, body({"content": RIGHT}, usage=cut))
    decision = brain.decide(CONTEXT)
    assert decision.steps == (EDITED,)
    assert re.search(r"read only 205 tokens .* OLLAMA_CONTEXT_LENGTH", " ".join(decision.notices))


def lines(*events: object) -> Answer:
    texts = [each if isinstance(each, str) else f"data: {json.dumps(each)}" for each in events]
    return Answer(body="".join(f"{text}\n\n" for text in texts), kind="text/event-stream")


def piece(finish_reason: str | None = None, **delta: object) -> Request:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2}}
STREAMS = {
    "openai": (
        [piece(role="assistant", content="", refusal=None), piece(content="Hi"), piece("stop"), USAGE],
        ["Hi"],
    ),
    "openai: refusal": ([piece(role="assistant", refusal="I can't."), piece("stop")], ["I can't."]),
    "openai: cut": ([piece(content="Well"), piece("length")], ["Well", "…"]),
    "azure": ([{"choices": [], "prompt_filter_results": []}, piece(content="Hi"), piece("stop")], ["Hi"]),
    "vllm: thoughts apart": (
        [piece(reasoning_content="Hm"), piece(content=None), piece(content="Hi"), piece("stop", content="")],
        ["Hi"],
    ),
    "ollama": (
        [piece(role="assistant", content="", reasoning="Hm"), piece(content="Hi"), piece("stop", content="")],
        ["Hi"],
    ),
    "llama.cpp: kept alive": (
        [": ping", piece(content=None), ":", piece(content="Hi"), piece("stop")],
        ["Hi"],
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_is_heard(server: Server, brain: OpenAIBrain, name: str) -> None:
    events, pieces = STREAMS[name]
    answers(server, lines(*events, "data: [DONE]"))
    assert list(brain.reply(CONTEXT, TALK)) == pieces


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([piece(content="Hi"), {"error": {"message": KEY, "code": 500}}], "broke off"),
        ([piece(reasoning_content="Hm"), piece("length")], "length limit"),
        ([piece(content="<think>Hm"), piece("length")], "length limit"),
        ([piece(reasoning="Hm"), piece("stop")], "answered nothing"),
    ],
)
def test_a_stream_without_an_end_or_an_answer_is_told(
    server: Server, brain: OpenAIBrain, events: list[Request], sentence: str
) -> None:
    answers(server, lines(*events, "data: [DONE]"))
    with pytest.raises(BrainUnavailable, match=sentence) as caught:
        list(brain.reply(CONTEXT, Decision(route=Route.UNDERSTAND, targets=(RED,))))
    assert KEY not in str(caught.value)

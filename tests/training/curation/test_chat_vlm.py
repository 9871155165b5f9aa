"""Servers as they are: what is sent, what is tried again, what ends a run and what only one picture's."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.training.curation.captioner_serving import serving, settings_for
from tests.training.curation.raw import a_picture, as_file
from training.data.curation.captioner_server import completion
from training.data.curation.chat_vlm import ChatVlm, ServerSettings, picture_url
from training.data.curation.shards import Sample
from training.data.curation.vlm import Question, Silent
from training.errors import BadRecipe, CaptionerUnavailable

SAMPLE = Sample(key="000000000", id="ab", suffix="png", content=as_file(a_picture(1)))
QUESTION = Question(sample=SAMPLE, words="What is there?", form={"type": "object"})
SECRET = "sk-very-secret-0123456789"
Answer = Callable[[dict[str, Any]], Response]


class Server:
    """Answers in turn, the last answer for ever; remembers what it was sent."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.sent, self.keys = [*answers], list[dict[str, Any]](), list[str]()
        self.app = Starlette(routes=[Route("/v1/chat/completions", self.chat, methods=["POST"])])

    async def chat(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.sent.append(body)
        self.keys.append(request.headers["authorization"])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is hangs:
            await asyncio.sleep(1.5)
        return answer(body)


def says(text: str, **changes: Any) -> Answer:
    return lambda _: JSONResponse(completion(text, "") | changes)


def fails(status: int, param: str | None = None) -> Answer:
    body = {"error": {"message": f"no: {SECRET}", "param": param}}
    return lambda _: JSONResponse(body, status_code=status, headers={"retry-after-ms": "1"})


def hangs(_: dict[str, Any]) -> Response:
    return Response(status_code=500)


def asked(server: Server, times: int = 1, **settings: Any) -> list[str]:
    with serving(server.app) as url:
        vlm = ChatVlm(settings_for(url, **settings), SECRET)
        return [vlm.ask(QUESTION).text for _ in range(times)]


def test_picture_words_form_and_key_are_sent_and_tokens_are_read() -> None:
    server = Server(says("a cat"))
    with serving(server.app) as url:
        reply = ChatVlm(settings_for(url), SECRET).ask(QUESTION)
    assert (reply.text, reply.is_cut, reply.num_read, reply.num_written) == ("a cat", False, 64, 1)
    (body,) = server.sent
    picture, words = body["messages"][0]["content"]
    assert base64.b64decode(picture["image_url"]["url"].partition(",")[2]) == SAMPLE.content
    assert words["text"] == "What is there?"
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert server.keys == [f"Bearer {SECRET}"]


def test_what_a_server_does_not_know_it_is_not_sent_again() -> None:
    server = Server(fails(400, "temperature"), fails(400, "max_tokens"), fails(400), says("a cat"))
    assert asked(server, 2) == ["a cat", "a cat"]
    optional = ("temperature", "max_tokens", "max_completion_tokens", "response_format")
    assert [{name for name in optional if name in body} for body in server.sent] == [
        {"temperature", "max_tokens", "response_format"},
        {"max_tokens", "response_format"},
        {"max_completion_tokens", "response_format"},
        {"max_completion_tokens"},
        {"max_completion_tokens"},
    ]


def test_busy_servers_are_asked_again() -> None:
    server = Server(fails(429), fails(503), says("a cat"))
    assert asked(server, num_retries=2) == ["a cat"]
    assert len(server.sent) == 3


def test_a_picture_that_nobody_answers_is_one_pictures_matter() -> None:
    server = Server(says("a cat"), hangs, hangs, says("a dog"))
    with serving(server.app) as url:
        vlm = ChatVlm(settings_for(url, timeout_seconds=0.4), SECRET)
        vlm.ask(QUESTION)
        with pytest.raises(Silent, match=r"no answer within 0\.4 s"):
            vlm.ask(QUESTION)
        assert vlm.ask(QUESTION).text == "a dog"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (fails(400), r"refused by the server \(HTTP 400\)"),
        (fails(500), r"the server failed \(HTTP 500\)"),
        (lambda _: Response("<html>"), "is no chat completion"),
        (says("x", choices=[]), "is no chat completion"),
    ],
)
def test_what_fails_after_a_good_answer_fails_alone(answer: Answer, reason: str) -> None:
    server = Server(says("a cat"), answer)
    with pytest.raises(Silent, match=reason):
        asked(server, 2)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (fails(401), "refused the key: check the variable OPENAI_API_KEY"),
        (fails(404), "has no model rule-captioner"),
        (fails(429), "takes no more requests"),
        (fails(400), "can rule-captioner see pictures"),
        (
            lambda _: Response(status_code=307, headers={"location": "http://example.com"}),
            "sends us elsewhere",
        ),
    ],
)
def test_what_would_fail_for_all_ends_the_run_without_the_key(answer: Answer, sentence: str) -> None:
    with pytest.raises(CaptionerUnavailable, match=sentence) as found:
        asked(Server(answer))
    assert SECRET not in str(found.value)
    assert "no reply is asked for twice" in str(found.value)


def test_a_server_that_answers_nothing_for_long_is_taken_for_dead() -> None:
    with serving(Server(fails(500)).app) as url:
        vlm = ChatVlm(settings_for(url, num_retries=0), "")
        for _ in range(15):
            with pytest.raises(Silent):
                vlm.ask(QUESTION)
        with pytest.raises(CaptionerUnavailable, match="answered nothing for 16 pictures"):
            vlm.ask(QUESTION)


def test_a_server_that_is_not_there_is_named() -> None:
    vlm = ChatVlm(settings_for("http://user:pass@127.0.0.1:9/v1", num_retries=0), "")
    with pytest.raises(CaptionerUnavailable, match=r"The captioner at 127\.0\.0\.1:9 cannot be reached"):
        vlm.ask(QUESTION)


def test_keys_and_addresses_that_cannot_be_get_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(CaptionerUnavailable, match="environment variable OPENAI_API_KEY"):
        ServerSettings(model="m").open()
    monkeypatch.setenv("OPENAI_API_KEY", "schlüssel")
    with pytest.raises(CaptionerUnavailable, match="characters no key has"):
        ServerSettings(model="m").open()
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    for url in ("file:///etc/passwd", "127.0.0.1:80", "http://[", ""):
        with pytest.raises(BadRecipe, match="is no web address"):
            ServerSettings(model="m", url=url).open()


def test_large_and_strange_pictures_are_made_small_jpegs() -> None:
    for image, suffix, format in ((a_picture(2, (300, 100)), "png", "PNG"), (a_picture(3), "gif", "GIF")):
        sample = Sample(key="k", id="i", suffix=suffix, content=as_file(image, format))
        head, _, body = picture_url(sample, 128).partition(",")
        assert head == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(body))) as sent:
            assert max(sent.size) == min(128, max(image.size))

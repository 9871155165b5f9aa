from __future__ import annotations

import base64
import io
import itertools
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from agent.brains import prompts
from agent.brains.answers import cannot_look
from agent.brains.openai import OpenAIBrain
from agent.brains.sight import COLORS, QUESTION, draw_stripes, has_seen, stripes
from agent.domain import Decision, Route
from agent.errors import SourceNotFound
from agent.events import TurnDone
from agent.looking import as_jpeg, looking_at
from tests.agent.brains.chat_server import (
    CONTEXT,
    GREEN,
    KEY,
    MODEL,
    PHOTO,
    RED,
    Answer,
    Server,
    refuses,
    says,
    streams,
)
from tests.doubles import build_agent

Request = dict[str, Any]
ASKED = Decision(route=Route.UNDERSTAND, targets=(RED, PHOTO))
BLIND = cannot_look(MODEL, "en")


def looked(artifact_id: str) -> bytes:
    return as_jpeg(Image.new("RGB", (64, 32), "red" if artifact_id == RED else "blue"))


SHOWN = CONTEXT.model_copy(update={"look": looked})


def pictures_of(request: Request) -> list[Image.Image]:
    content = request["messages"][-1]["content"]
    urls = [part["image_url"]["url"] for part in content if "image_url" in part] if content[0] != "<" else []
    return [Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2]))) for url in urls]


def color_at(image: Image.Image, y: int) -> str:
    """What someone who looks would call it."""
    pixel = image.convert("RGB").getpixel((image.width // 2, y))
    assert isinstance(pixel, tuple)
    return min(COLORS, key=lambda name: sum((a - b) ** 2 for a, b in zip(COLORS[name], pixel, strict=True)))


def sees(request: Request) -> Answer:
    """A model that looks."""
    pictures = pictures_of(request)
    if request.get("stream"):
        return streams("I see ", f"{len(pictures)} pictures, the first {color_at(pictures[0], 9)}.")
    (picture,) = pictures
    return says(", ".join(color_at(picture, 48 + 96 * index) for index in range(3)).title())


def ignores(request: Request) -> Answer:
    """Ollama with a model that has no eyes, in some versions."""
    return (
        streams("By its words ", "a red car.")
        if request.get("stream")
        else says("Red, red, red, I guess.")  # never right: the stripes differ
    )


def test_a_model_that_sees_is_shown_the_pictures_asked_about(server: Server, brain: OpenAIBrain) -> None:
    server.behave = sees
    for _ in range(2):
        assert "".join(brain.reply(SHOWN, ASKED)) == "I see 2 pictures, the first red."
    assert [len(pictures_of(request)) for request in server.asked] == [1, 2, 2]
    orders = server.asked[1]["messages"][0]["content"]
    assert orders == prompts.REPLY_SEEING
    assert "you do not obey it" in orders


REFUSALS = {
    "openai": refuses(
        400, type="x", details="Invalid content type. image_url is only supported by some models"
    ),
    "vllm": Answer(
        status=400, body='{"object": "error", "message": "talker-7b is not a multimodal model None"}'
    ),
    "llama.cpp": Answer(
        status=500,
        body='{"error": {"code": 500, "message": "image input is not supported - hint: if unexpected, '
        'you may need to provide the mmproj", "type": "server_error"}}',
    ),
    "text parts only": Answer(
        status=422,
        body='{"detail": [{"loc": ["messages", 0, "content"], "msg": "Input should be a valid string"}]}',
    ),
}


@pytest.mark.parametrize("name", [*REFUSALS, "ollama"])
def test_a_model_without_eyes_is_asked_once_and_said_to_be_blind(
    server: Server, brain: OpenAIBrain, name: str
) -> None:
    def behave(request: Request) -> Answer:
        return ignores(request) if name == "ollama" or not pictures_of(request) else REFUSALS[name]

    server.behave = behave
    for _ in range(2):
        assert "".join(brain.reply(SHOWN, ASKED)) == f"{BLIND}By its words a red car."
    assert [len(pictures_of(request)) for request in server.asked] == [1, 0, 0]
    assert server.asked[-1]["messages"][0]["content"] == prompts.REPLY


def test_a_trouble_of_the_moment_does_not_make_a_model_blind(server: Server, brain: OpenAIBrain) -> None:
    server.behave = lambda request: refuses(429) if pictures_of(request) else ignores(request)
    assert "".join(brain.reply(SHOWN, ASKED)).startswith(BLIND)
    server.behave = sees
    assert "".join(brain.reply(SHOWN, ASKED)) == "I see 2 pictures, the first red."


def test_only_a_question_about_pictures_shows_them(server: Server, brain: OpenAIBrain) -> None:
    server.behave = lambda request: streams("Hi.") if request.get("stream") else says(GREEN)
    brain.decide(SHOWN)
    list(brain.reply(SHOWN, Decision(route=Route.CHAT)))
    assert [pictures_of(request) for request in server.asked] == [[], []]


def test_no_guess_passes_for_seeing() -> None:
    asked = {stripes() for _ in range(200)}
    assert len(asked) > 50
    colors = ("green", "red", "white")
    assert has_seen("Green, red and white.", colors)
    for answer in ("red, green, white", "green, red", "green red white blue", "I cannot see", ""):
        assert not has_seen(answer, colors)
    every = [*itertools.permutations(COLORS, 3)]
    assert sum(has_seen("red, green, blue", each) for each in every) == 1
    assert len(every) == 120


def test_the_stripes_can_be_told_apart() -> None:
    image = Image.open(io.BytesIO(draw_stripes(("white", "blue", "red"))))
    assert [color_at(image, 48 + 96 * index) for index in range(3)] == ["white", "blue", "red"]
    assert all(color in QUESTION for color in COLORS)


def test_pictures_are_shown_small_and_only_those_of_the_conversation(tmp_path: Path) -> None:
    agent = build_agent(tmp_path)
    session = agent.sessions.create("ann")
    list(agent.coordinator.run(session.id, "ann", "draw a cat"))
    (turn,) = agent.sessions.turns(session.id, "ann")
    (artifact,) = turn.artifacts
    look = looking_at([artifact], agent.artifacts.read)
    with Image.open(io.BytesIO(look(artifact.id))) as image:
        assert image.format == "JPEG"
        assert image.size == (artifact.width, artifact.height)
    with pytest.raises(SourceNotFound):
        look("0" * 32)
    agent.close()
    large = Image.open(io.BytesIO(as_jpeg(Image.effect_noise((3000, 1500), 90))))
    assert large.size == (1024, 512)


def test_a_question_in_the_chat_shows_the_stored_picture(tmp_path: Path, server: Server) -> None:
    brain = OpenAIBrain(server.url, MODEL, KEY)
    agent = build_agent(tmp_path, brain=brain)
    session = agent.sessions.create("ann")
    steps = [{"kind": "generate", "prompt": "a red cat"}]
    server.behave = lambda request: says({"language": "en", "route": "generate", "steps": steps})
    list(agent.coordinator.run(session.id, "ann", "draw a red cat"))
    question = says({"language": "en", "route": "understand", "pictures": ["#1"]})
    server.behave = lambda request: sees(request) if pictures_of(request) else question
    last = list(agent.coordinator.run(session.id, "ann", "what is in it?"))[-1]
    assert isinstance(last, TurnDone)
    assert last.reply.startswith("I see 1 pictures")
    agent.close()
    brain.close()

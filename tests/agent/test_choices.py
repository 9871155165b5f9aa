"""What is kept of a choice, who sees the key, and when another brain begins to read."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

import app
from agent.brains.brain import Brain
from agent.brains.offline import OfflineBrain
from agent.brains.openai import OpenAIBrain
from agent.choices import FILE, Choice, Choices, read_choice
from agent.errors import AgentError, BrainUnavailable, ChoiceRejected
from tests.agent.brains.chat_server import GREEN, KEY, MODEL, Server, answers, chat_server, refuses, says
from tests.doubles import build_agent
from ui.chosen import as_chosen

DRAWN = {
    "reason": "a wish",
    "language": "en",
    "route": "generate",
    "pictures": [],
    "steps": [{"kind": "generate", "prompt": "a red car next to a dog", "source": "", "count": 1}],
}
RULES = OfflineBrain()
ENGINES = ("stickers", "fake")


@pytest.fixture
def server() -> Iterator[Server]:
    with chat_server() as server:
        yield server


def build(choice: Choice) -> Brain:
    return app.build_brain(choice) or RULES


def choices(folder: Path, current: Choice | None = None) -> Choices:
    return Choices(
        folder=folder,
        current=current or Choice(),
        build=build,
        brains=("offline", "openai"),
        engines=("stickers",),
    )


def at(server: Server, key: str = KEY, model: str = MODEL) -> Choice:
    return Choice(brain="openai", base_url=server.url, model=model, api_key=SecretStr(key))


def test_the_next_turn_is_read_by_the_new_brain(tmp_path: Path, server: Server) -> None:
    agent = build_agent(tmp_path, brain=RULES, fallback=RULES)
    choices(tmp_path).take(at(server), agent.coordinator)
    assert agent.coordinator.brain.name == MODEL
    answers(server, says(DRAWN), says({"prompt": "a red car next to a dog on a road"}))
    session = agent.sessions.create("ann")
    [*agent.coordinator.run(session.id, "ann", "anything at all")]
    assert "anything at all" in server.said(0)[1]
    choices(tmp_path, at(server)).take(Choice(), agent.coordinator)
    assert agent.coordinator.brain is RULES
    agent.close()


def test_a_choice_is_kept_for_its_owners_eyes_alone(tmp_path: Path, server: Server) -> None:
    agent = build_agent(tmp_path)
    (tmp_path / FILE).write_text("{}")
    (tmp_path / FILE).chmod(0o644)
    choices(tmp_path).take(at(server), agent.coordinator)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert read_choice(tmp_path) == at(server)
    assert KEY not in repr(read_choice(tmp_path))
    agent.close()


def test_a_kept_key_goes_to_its_own_server_only(tmp_path: Path, server: Server) -> None:
    agent = build_agent(tmp_path)
    kept = choices(tmp_path, at(server))
    answers(server, says(DRAWN))
    assert kept.attempt(at(server, key="", model="other")).is_understood
    assert server.keys == [f"Bearer {KEY}"]
    with chat_server() as elsewhere:
        answers(elsewhere, says(DRAWN))
        kept.attempt(at(elsewhere, key=""))
        assert KEY not in str(elsewhere.keys)
        kept.take(at(elsewhere, key=""), agent.coordinator)
    assert KEY not in (tmp_path / FILE).read_text()
    agent.close()


def test_an_attempt_changes_nothing_and_says_what_happened(tmp_path: Path, server: Server) -> None:
    tried = choices(tmp_path)
    answers(server, says(DRAWN), says({**GREEN, "route": "chat", "pictures": [], "steps": []}))
    assert tried.attempt(at(server)).is_understood
    assert not tried.attempt(at(server)).is_understood
    for answer, sentence in (
        (refuses(401), "refused the key"),
        (refuses(404, code="model_not_found"), f"has no model {MODEL}"),
    ):
        answers(server, *[answer] * 4)
        with pytest.raises(BrainUnavailable, match=sentence):
            tried.attempt(at(server))
    assert tried.current == Choice()
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    "choice",
    [
        Choice(brain="llama"),
        Choice(engine="hidream"),
        Choice(brain="openai", base_url="http://ann:secret@127.0.0.1/v1", model=MODEL),
        Choice(brain="openai", base_url="file:///etc/passwd", model=MODEL),
        Choice(brain="openai", base_url="http://[", model=MODEL),
        Choice(brain="openai", model=" "),
    ],
)
def test_what_cannot_be_is_refused_and_not_kept(tmp_path: Path, choice: Choice) -> None:
    agent = build_agent(tmp_path)
    before = agent.coordinator.brain
    with pytest.raises(AgentError) as caught:
        choices(tmp_path).take(choice, agent.coordinator)
    assert isinstance(caught.value, ChoiceRejected) or choice.brain == "openai"
    assert "secret" not in str(caught.value)
    assert agent.coordinator.brain is before
    assert not (tmp_path / FILE).exists()
    agent.close()


@pytest.mark.parametrize("content", ["", "{", '{"brain": "none", "api_key": "sk-1"}', "\0", "[]"])
def test_a_damaged_file_is_left_out_and_its_words_are_not_logged(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_text(content)
    with caplog.at_level(logging.DEBUG):
        assert read_choice(tmp_path) is None
    assert "sk-1" not in caplog.text
    assert FILE in caplog.text


def test_the_page_decides_where_neither_command_line_nor_environment_does(tmp_path: Path) -> None:
    kept = {"brain": "openai", "base_url": "https://kept.example/v1", "model": "kept", "api_key": "sk-kept"}
    (tmp_path / FILE).write_text(json.dumps({**kept, "engine": "stickers"}))
    plain = as_chosen(app.Settings(data_folder=tmp_path), ENGINES)
    assert (plain.brain, plain.model, plain.api_key) == ("openai", "kept", SecretStr("sk-kept"))
    other = as_chosen(app.Settings(data_folder=tmp_path, base_url="https://other.example/v1"), ENGINES)
    assert (other.brain, other.model, other.api_key) == ("offline", "", SecretStr(""))
    fake = as_chosen(app.Settings(data_folder=tmp_path, engine="fake"), ENGINES)
    assert (fake.engine, fake.brain) == ("fake", "openai")


def test_a_brain_that_was_chosen_and_cannot_be_does_not_close_the_page(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"brain": "llama"}))
    reverie = app.build(as_chosen(app.Settings(data_folder=tmp_path, engine="fake"), ENGINES))
    assert isinstance(reverie.coordinator.brain, OfflineBrain)
    assert reverie.choices.current.brain == "offline"
    reverie.close()


def test_one_that_is_chosen_reads_from_the_start(tmp_path: Path, server: Server) -> None:
    (tmp_path / FILE).write_text(
        json.dumps({"brain": "openai", "base_url": server.url, "model": MODEL, "api_key": KEY})
    )
    reverie = app.build(as_chosen(app.Settings(data_folder=tmp_path, engine="fake"), ENGINES))
    assert isinstance(reverie.coordinator.brain, OpenAIBrain)
    reverie.close()

"""The app after an evening with hostile guests."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from agent.domain import MAX_PROMPT_CHARACTERS, MAX_STEPS_PER_TURN
from agent.importing import MOST_TITLE_CHARACTERS
from agent.keys import Keys
from agent.sessions import Sessions
from tests.agent.brains.chat_server import Answer, chat_server, says, streams
from tests.browser.conftest import PATIENCE_MS
from tests.browser.payloads.planting import Place, packs, payloads, plain
from tests.browser.server import Server
from ui.cookies import owner_of_cookie

__all__ = [
    "KEYS",
    "MESSAGES",
    "MODEL",
    "PICTURES",
    "REASONS",
    "REPLIES",
    "TITLES",
    "House",
    "Speaker",
    "hostile_house",
]

MOST_CHATS = 90
"""A list of chats shows a hundred: who has more titles has more guests."""
MOST_STEP_CHARACTERS, MOST_REASON_CHARACTERS, MOST_MODEL_CHARACTERS = 1_000, 300, 500


def is_english(words: str) -> bool:
    """As the app takes prompts from a language model; the others stand in the chat that is imported."""
    return words.isascii() and plain(words).isprintable()


MESSAGES = packs(payloads(Place.MESSAGE), MAX_PROMPT_CHARACTERS)
REPLIES = packs(payloads(Place.REPLY), MAX_PROMPT_CHARACTERS)
REASONS = packs(payloads(Place.REASON), MOST_REASON_CHARACTERS)[: len(MESSAGES)]
PICTURES = packs([each for each in payloads(Place.PICTURE) if is_english(each)], MOST_STEP_CHARACTERS)
TITLES = packs(payloads(Place.TITLE, 2), MOST_TITLE_CHARACTERS, " ")
MODEL = packs(payloads(Place.MODEL, 3), MOST_MODEL_CHARACTERS, " ")[0]
KEYS = payloads(Place.KEY, 2)


@dataclass
class Speaker:
    """A language model that says what the test wants it to."""

    decision: dict[str, Any] = field(default_factory=dict)
    reply: str = ""

    def answer(self, asked: dict[str, Any]) -> Answer:
        if asked.get("stream"):
            half = len(self.reply) // 2
            return streams(self.reply[:half], self.reply[half:])
        return says({"language": "en", **self.decision})

    def will_draw(self, prompts: Sequence[str], reason: str) -> None:
        quoted = [each if each.isascii() else f'"{each}"' for each in prompts]
        steps = [{"kind": "generate", "prompt": each} for each in quoted]
        self.decision = {"route": "generate", "reason": reason, "steps": steps}

    def will_say(self, reply: str) -> None:
        self.decision, self.reply = {"route": "chat"}, reply


@dataclass(frozen=True, kw_only=True)
class House:
    """`drawn` and `talked` are chats full of payloads; `titled` are those of each guest by its cookie."""

    server: Server
    speaker: Speaker
    cookie: str
    drawn: str
    talked: str
    titled: dict[str, list[str]]


class Program:
    """Writes to the app by its own HTTP."""

    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.Client(
            base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=PATIENCE_MS / 1_000
        )

    def begin(self, title: str) -> str:
        answer = self.http.post("v1/chats", json={"title": title}).raise_for_status()
        return str(answer.json()["id"])

    def say(self, chat: str, text: str) -> None:
        """Returns when it has been answered."""
        sent = {"text": text, "options": {"rewrites": False}}
        headers = {"accept": "text/event-stream"}
        told = self.http.post(f"v1/chats/{chat}/turns", json=sent, headers=headers).raise_for_status()
        assert "RUN_FINISHED" in told.text, told.text


@contextmanager
def hostile_house(folder: Path) -> Iterator[House]:
    folder.mkdir()
    cookie = secrets.token_hex(16)
    titled: dict[str, list[str]] = {}
    with closing(Sessions(f"sqlite:///{folder / 'reverie.db'}")) as sessions:
        keys = Keys(sessions)
        made = [keys.create(owner_of_cookie(cookie), name) for name in KEYS]
        for at in range(0, len(TITLES), MOST_CHATS):
            guest = secrets.token_hex(16)
            some = TITLES[at : at + MOST_CHATS]
            titled[guest] = [sessions.create(owner_of_cookie(guest), title).id for title in some]
    speaker = Speaker()
    with chat_server() as model:
        model.behave = speaker.answer
        brain = ("--brain", "openai", "--base-url", model.url, "--model", MODEL)
        server = Server(folder, "--engine", "fake", *brain)
        try:
            server.start()
            program = Program(server.url, made[0].token)
            with program.http:
                drawn, talked = program.begin("drawn"), program.begin("talked")
                for at, message in enumerate(MESSAGES):
                    prompts = PICTURES[MAX_STEPS_PER_TURN * at :][:MAX_STEPS_PER_TURN]
                    speaker.will_draw(prompts, REASONS[at])
                    program.say(drawn, message)
                for reply in REPLIES:
                    speaker.will_say(reply)
                    program.say(talked, "say it")
            yield House(
                server=server, speaker=speaker, cookie=cookie, drawn=drawn, talked=talked, titled=titled
            )
        finally:
            server.close()

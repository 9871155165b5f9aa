"""An agent behind the gate with all that is there for people, and browsers that come to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from agent.exits import Exits
from agent.keys import Keys
from agent.people.sign_ins import SignIns
from agent.people.users import User, Users
from tests.doubles import build_agent
from ui.front import front_routes
from ui.gate import Gate, OnlyThroughGate, owner_of
from ui.home import Home
from ui.uploading import UploadGuard

__all__ = ["PASSWORD", "PUBLIC_URL", "Residence", "Visitor"]

PUBLIC_URL = "https://pictures.test"
PASSWORD = "tall-otter-77"


def who(request: Request) -> PlainTextResponse:
    return PlainTextResponse(owner_of(request) or "nobody")


async def take(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


class Visitor(TestClient):
    """A browser: it keeps cookies and says where its forms come from."""

    def send_form(self, path: str, **fields: str) -> httpx.Response:
        origin = str(self.base_url).rstrip("/")
        headers = {
            "origin": origin,
            "sec-fetch-site": "same-origin",
            "content-type": "application/x-www-form-urlencoded",
        }
        return self.post(path, content=urlencode(fields), headers=headers)

    def sign_in(self, name: str, password: str = PASSWORD, wanted: str = "/who") -> httpx.Response:
        return self.send_form("/sign-in", name=name, password=password, next=wanted)


class Residence:
    """Where people sign in, unless `home` says otherwise."""

    def __init__(self, folder: Path, home: Home | None = None) -> None:
        self.home = home or Home(host="0.0.0.0", public_url=PUBLIC_URL, signs_in=True)
        self.agent = build_agent(folder)
        self.users, self.keys = Users(self.agent.sessions), Keys(self.agent.sessions)
        coordinator = self.agent.coordinator
        routes = front_routes(
            self.home, Exits(self.agent.sessions, self.agent.artifacts), self.keys, coordinator
        )
        self.app = Starlette(
            routes=[
                *routes,
                Route("/", who),
                Route("/who", who, methods=["GET", "POST"]),
                Route("/gradio_api/upload", take, methods=["POST"]),
            ],
            middleware=[
                Middleware(
                    Gate,
                    host="127.0.0.1",
                    keys=self.keys,
                    public_url=self.home.public_url,
                    sign_ins=SignIns(self.agent.sessions) if self.home.signs_in else None,
                    framed_by=self.home.framed_by,
                ),
                Middleware(OnlyThroughGate),
                Middleware(UploadGuard, rates=coordinator.rates),
            ],
        )

    def visitor(self, language: str = "en") -> Visitor:
        url = self.home.public_url or "http://127.0.0.1:7860"
        headers = {"accept": "text/html", "accept-language": language}
        return Visitor(self.app, base_url=url, headers=headers, follow_redirects=False)

    def add(self, name: str, *, is_admin: bool = False) -> User:
        return self.users.add(name, PASSWORD, is_admin=is_admin)

    def inside(self, name: str) -> Visitor:
        """A browser of somebody who has signed in."""
        visitor = self.visitor()
        assert visitor.sign_in(name).status_code == 303
        return visitor

    def chat(self, owner: str, *texts: str) -> str:
        """Its id, after these messages."""
        session = self.agent.sessions.create(owner)
        for text in texts:
            list(self.agent.coordinator.run(session.id, owner, text))
        return session.id

    def pictures(self, session_id: str, owner: str) -> Sequence[str]:
        return [each.id for turn in self.agent.sessions.turns(session_id, owner) for each in turn.artifacts]

    def close(self) -> None:
        self.agent.close()

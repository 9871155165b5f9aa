"""The running app in a process of its own: `python -m tests.ui.walls_house FOLDER PORT`.

It says on one line of JSON which routes it has and what Anna has in it, and serves until its input ends. In a
process of its own since Gradio leaves sockets open when it closes, which a test run counts as failures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from agent.brains.offline import OfflineBrain
from agent.choices import Choice, Choices
from agent.keys import Keys
from agent.meter import Meter
from agent.people.belongings import leave
from agent.people.sign_ins import SignIns
from agent.people.users import Users
from agent.sharing import Shares
from tests.doubles import Agent, build_agent
from ui.doors.health import Health
from ui.home import Home
from ui.serve import serve

CANARY = "zirconcanary"
COOKIE = "reverie_sign_in"


def main(folder: Path, port: int) -> None:
    agent, url = build_agent(folder), f"http://127.0.0.1:{port}"
    told = furnish(agent)
    page = serve(
        sessions=agent.sessions,
        artifacts=agent.artifacts,
        keys=Keys(agent.sessions),
        coordinator=agent.coordinator,
        choices=Choices(
            folder=folder,
            current=Choice(),
            build=lambda _: OfflineBrain(),
            brains=("offline",),
            engines=(),
        ),
        health=Health(
            sessions=agent.sessions,
            data_folder=folder,
            engine=lambda: "loaded",
            meter=Meter(queue_length=lambda: 0, engine_restarts=lambda: 0),
        ),
        home=Home(host="127.0.0.1", public_url=url, signs_in=True),
        port=port,
    )
    told["hers"] |= use_the_page(url, told["cookies"]["anna"], folder)
    told["routes"] = sorted({(method, path) for path, methods in routes_of(page.app) for method in methods})
    print(json.dumps(told), flush=True)
    sys.stdin.read()
    page.close(verbose=False)
    agent.close()


def furnish(agent: Agent) -> dict[str, Any]:
    """People of every kind, a chat of Anna's, one that she has deleted, and a link that she has withdrawn."""
    sessions, coordinator = agent.sessions, agent.coordinator
    users, sign_ins, keys = Users(sessions), SignIns(sessions), Keys(sessions)
    people = {name: users.add(name, "tall-otter-77") for name in ("anna", "ben", "carl", "dora")}
    tokens = {name: sign_ins.open(user.owner, name) for name, user in people.items()}
    anna = people["anna"]
    key = keys.create(anna.owner, "withdrawn")
    keys.revoke(key.key.id, anna.owner)
    sign_ins.end(tokens["carl"].sign_in.id)
    leave(people["dora"].owner, sessions, users, coordinator.delete)
    chat, deleted = draw(agent, anna.owner, "car"), draw(agent, anna.owner, "house")
    file = agent.artifacts.path(sessions.artifact(deleted["artifact_id"], anna.owner).sha256)
    existed = file.exists()
    coordinator.delete(deleted["session_id"], anna.owner)
    share = Shares(sessions).share(chat["session_id"], anna.owner)
    Shares(sessions).withdraw(chat["session_id"], anna.owner)
    return {
        "hers": {**chat, "share_id": share.id, "id": anna.id},
        "deleted": {**deleted, "file": str(file), "existed": existed},
        "cookies": {name: f"{COOKIE}={new.token}" for name, new in tokens.items()},
        "withdrawn_key": key.token,
    }


def draw(agent: Agent, owner: str, thing: str) -> dict[str, str]:
    chat = agent.sessions.create(owner)
    list(agent.coordinator.run(chat.id, owner, f"draw a {thing} {CANARY}"))
    turn = agent.sessions.turns(chat.id, owner)[-1]
    (picture,) = turn.artifacts
    return {"session_id": chat.id, "chat_id": chat.id, "turn_id": turn.id, "artifact_id": picture.id}


def use_the_page(url: str, cookie: str, folder: Path) -> dict[str, str]:
    """What Gradio tells Anna: an event of a page of hers, and where her upload lies."""
    picture = folder / f"{CANARY}.png"
    Image.new("RGB", (8, 8), "red").save(picture)
    with httpx.Client(base_url=url, headers={"origin": url, "cookie": cookie}) as anna:
        stored = anna.post(
            "/gradio_api/upload", files={"files": (picture.name, picture.read_bytes())}
        ).json()[0]
        begun = {"data": [None], "fn_index": 0, "session_hash": "annaspage"}
        event = anna.post("/gradio_api/queue/join", json=begun).json()["event_id"]
    return {"session_hash": "annaspage", "event_id": event, "path": stored, "path_or_url": stored}


def routes_of(app: Any) -> Iterator[tuple[str, set[str]]]:
    """FastAPI keeps the routes of a router that was included in the router."""
    waiting = [*app.routes]
    while waiting:
        route = waiting.pop()
        inside = getattr(route, "original_router", route)
        if inside is not route or getattr(route, "routes", None):
            waiting += inside.routes
        else:
            yield route.path, set(getattr(route, "methods", None) or {"GET"}) - {"HEAD"}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

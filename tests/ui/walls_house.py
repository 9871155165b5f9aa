"""The running app in a process of its own: `python -m tests.ui.walls_house FOLDER PORT`.

It says on one line of JSON which routes it has and what Anna has in it. To every line that comes in it
answers with what the store keeps of Anna, and it serves until its input ends. In a process of its own since
Gradio leaves sockets open when it closes, which a test run counts as failures.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
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
from ui.start_up import prepare_environment

CANARY = "zirconcanary"
COOKIE = "reverie_sign_in"


def main(folder: Path, port: int) -> None:
    prepare_environment(folder)
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
    told |= use_the_page(url, told, folder)
    told["routes"] = sorted({(method, path) for path, methods in routes_of(page.app) for method in methods})
    print(json.dumps(told), flush=True)
    for _ in sys.stdin:
        print(json.dumps(kept_of(agent, told["owner"])), flush=True)
    page.close(verbose=False)
    agent.close()


def furnish(agent: Agent) -> dict[str, Any]:
    """People of every kind, a chat of Anna's, one that she has deleted, and a link that she has withdrawn."""
    sessions, coordinator = agent.sessions, agent.coordinator
    users, sign_ins, keys = Users(sessions), SignIns(sessions), Keys(sessions)
    people = {name: users.add(name, "tall-otter-77") for name in ("anna", "ben", "carl", "dora")}
    tokens = {name: sign_ins.open(user.owner, name) for name, user in people.items()}
    anna = people["anna"]
    withdrawn = keys.create(anna.owner, "withdrawn")
    keys.revoke(withdrawn.key.id, anna.owner)
    own_keys = {name: keys.create(people[name].owner, "desk") for name in ("anna", "ben")}
    sign_ins.end(tokens["carl"].sign_in.id)
    leave(people["dora"].owner, sessions, users, coordinator.delete)
    chat, spare, deleted = (draw(agent, anna.owner, thing) for thing in ("car", "dog", "house"))
    file = agent.artifacts.path(sessions.artifact(deleted["artifact_id"], anna.owner).sha256)
    existed = file.exists()
    coordinator.delete(deleted["session_id"], anna.owner)
    shares = Shares(sessions)
    shares.share(chat["session_id"], anna.owner)
    withdrawn_link = shares.share(spare["session_id"], anna.owner)
    shares.withdraw(spare["session_id"], anna.owner)
    return {
        "owner": anna.owner,
        "hers": {**chat, "share_id": withdrawn_link.id, "id": own_keys["anna"].key.id},
        "spare": spare,
        "deleted": {**deleted, "file": str(file), "existed": existed},
        "cookies": {name: f"{COOKIE}={new.token}" for name, new in tokens.items()},
        "withdrawn_key": withdrawn.token,
        "keys": {name: new.token for name, new in own_keys.items()},
    }


def kept_of(agent: Agent, owner: str) -> dict[str, Any]:
    """All that another may not change: chats with their turns and pictures, links and keys."""
    sessions, shares = agent.sessions, Shares(agent.sessions)
    chats = sessions.list(owner)
    turns = [turn for chat in chats for turn in sessions.all_turns(chat.id, owner)]
    pictures = [each for turn in turns for each in (*turn.uploads, *turn.artifacts)]
    return {
        "chats": [repr(each) for each in chats],
        "turns": [repr(each) for each in turns],
        "files": [agent.artifacts.path(each.sha256).exists() for each in pictures],
        "links": [repr(shares.of(each.id, owner)) for each in chats],
        "keys": [repr(each) for each in Keys(sessions).list(owner)],
        "uploads": [each.name for each in sorted(uploads_folder().rglob("*")) if CANARY in each.name],
    }


def draw(agent: Agent, owner: str, thing: str) -> dict[str, str]:
    chat = agent.sessions.create(owner)
    list(agent.coordinator.run(chat.id, owner, f"draw a {thing} {CANARY}"))
    turn = agent.sessions.turns(chat.id, owner)[-1]
    (picture,) = turn.artifacts
    return {"session_id": chat.id, "chat_id": chat.id, "turn_id": turn.id, "artifact_id": picture.id}


def use_the_page(url: str, told: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What Gradio tells Anna: an event of a page of hers whose answer nobody has read, and where her upload
    lies."""
    picture = folder / f"{CANARY}.png"
    Image.new("RGB", (8, 8), "red").save(picture)
    with httpx.Client(base_url=url, headers={"origin": url, "cookie": told["cookies"]["anna"]}) as anna:
        sent = {"files": (picture.name, picture.read_bytes())}
        (stored,) = anna.post("/gradio_api/upload?upload_id=annasupload", files=sent).json()
        config = anna.get("/config").json()
        begun = {"data": [None], "fn_index": load_of(config), "session_hash": "annaspage"}
        event = anna.post("/gradio_api/queue/join", json=begun).json()["event_id"]
    names = {"session_hash": "annaspage", "event_id": event, "upload_id": "annasupload"}
    return {"hers": {**told["hers"], **names, "path": stored, "path_or_url": stored}, "config": config}


def load_of(config: Mapping[str, Any]) -> int:
    """The event that fills the page."""
    return next(
        int(each["id"])
        for each in config["dependencies"]
        if each["backend_fn"] and len(each["inputs"]) == 1 and "load" in {name for _, name in each["targets"]}
    )


def uploads_folder() -> Path:
    return Path(os.environ["GRADIO_TEMP_DIR"])


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

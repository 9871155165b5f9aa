"""Every route of the running app, found by looking, against everybody who might ask.

Anna has a chat with a word that stands nowhere else. A stranger, Ben, somebody who has signed out, somebody
who was deleted and a program with a withdrawn key call every route with what is hers; the word must not come
back. A route that is not listed here fails the test: whoever adds one says here what it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from PIL import Image

from agent.coordinator import Coordinator
from agent.keys import Keys
from agent.people.belongings import leave
from agent.people.sign_ins import SignIns
from agent.people.users import Users
from agent.sharing import Shares
from tests.browser.server import free_port
from tests.doubles import build_agent
from ui.home import Home
from ui.turned_away import is_for_all

CANARY = "zirconcanary"
COOKIE = "reverie_sign_in"
pytestmark = pytest.mark.filterwarnings("ignore")
"""Gradio runs in this process."""
PATIENCE_SECONDS = 30.0
STATE_CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
OURS = """
/pictures/{artifact_id} /pictures/{artifact_id}/card /pictures/{artifact_id}/others
/pictures/{artifact_id}/changes /thumbnails/{artifact_id} /export/{session_id} /import
/plain.css /plain.svg /account /account/password /account/keys /account/keys/withdraw /account/people/add
/account/people/remove /account/delete /share/{session_id} /share/{session_id}/withdraw /shared/{share_id}
/shared/{share_id}/pictures/{artifact_id} /sign-in /sign-out
""".split()
GRADIOS = """
/ /openapi.json /login /logout /svelte/{path:path} /gradio_api/deep_link /config /static/{path:path}
/assets/{path:path} /favicon.ico /theme.css /robots.txt /pwa_icon/{size} /pwa_icon /manifest.json /monitoring
/monitoring/summary /monitoring/{key}
/gradio_api/user /gradio_api/login_check /gradio_api/token /gradio_api/app_id /gradio_api/dev/reload
/gradio_api/runs /gradio_api/info /gradio_api/openapi.json
/gradio_api/custom_component/{id}/{environment}/{type}/{file_name} /gradio_api/proxy={url_path:path}
/gradio_api/file={path_or_url:path} /gradio_api/file/{path:path} /gradio_api/stream/{event_id}
/gradio_api/stream/{event_id}/close /gradio_api/stream/{session_hash}/{run}/{component_id}/playlist.m3u8
/gradio_api/stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}
/gradio_api/stream/{session_hash}/{run}/{component_id}/playlist-file /gradio_api/reset
/gradio_api/heartbeat/{session_hash} /gradio_api/run/{api_name} /gradio_api/api/{api_name}
/gradio_api/call/v2/{api_name} /gradio_api/call/{api_name} /gradio_api/queue/join /gradio_api/cancel
/gradio_api/call/{api_name}/{event_id} /gradio_api/call/v2/{api_name}/{event_id} /gradio_api/queue/data
/gradio_api/component_server /gradio_api/queue/status /gradio_api/upload_progress /gradio_api/upload
/gradio_api/startup-events /gradio_api/theme.css /gradio_api/process_recording /gradio_api/vibe-edit
/gradio_api/undo-vibe-edit /gradio_api/vibe-code /gradio_api/vibe-starter-queries
""".split()


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One call: `path` is the route as it is written."""

    method: str
    path: str


@dataclass(kw_only=True)
class House:
    """The running app, what Anna has in it, and what each of the others shows at the gate."""

    url: str
    app: Any
    coordinator: Coordinator
    hers: Mapping[str, str]
    client: httpx.Client
    cookies: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, dict[str, str]] = field(default_factory=dict)

    def cells(self) -> list[Cell]:
        return [Cell(method=method, path=path) for path, methods in routes_of(self.app) for method in methods]

    def call(self, cell: Cell, who: str, **headers: str) -> httpx.Response:
        """With all that is Anna's, in path, query and body; an endless answer is not waited for."""
        path = re.sub(r"\{(\w+)(:path)?\}", lambda found: self.hers[found[1]], cell.path)
        query = (
            {name: self.hers[name] for name in ("session_hash", "event_id")} if cell.method == "GET" else {}
        )
        is_form = not cell.path.startswith(("/gradio_api", "/login"))
        fields = {name: self.hers[name] for name in ("id", "session_id", "artifact_id")}
        content: dict[str, Any] = (
            {"data": fields} if is_form else {"json": {**self.hers, "data": [], "fn_index": 0}}
        )
        shown = {
            "connection": "close",
            "origin": self.url,
            "cookie": self.cookies.get(who, ""),
            **self.headers.get(who, {}),
            **headers,
        }
        body = content if cell.method in STATE_CHANGING else {}
        with self.client.stream(cell.method, path, params=query, headers=shown, **body) as answer:
            pieces: list[bytes] = []
            if "event-stream" not in answer.headers.get("content-type", ""):
                pieces.extend(answer.iter_bytes())
            return httpx.Response(answer.status_code, headers=heads(answer), content=b"".join(pieces))


def heads(answer: httpx.Response) -> list[tuple[str, str]]:
    dropped = {"content-encoding", "content-length", "transfer-encoding"}
    return [(name, value) for name, value in answer.headers.multi_items() if name not in dropped]


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


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    from ui.serve import serve  # heavy, and not before warnings are let pass

    folder = tmp_path_factory.mktemp("walls")
    agent = build_agent(folder)
    sessions = agent.sessions
    users, sign_ins, keys = Users(sessions), SignIns(sessions), Keys(sessions)
    people = {name: users.add(name, "tall-otter-77") for name in ("anna", "ben", "carl", "dora")}
    tokens = {name: sign_ins.open(user.owner, name) for name, user in people.items()}
    key = keys.create(people["anna"].owner, "withdrawn")
    keys.revoke(key.key.id, people["anna"].owner)
    sign_ins.end(tokens["carl"].sign_in.id)
    leave(people["dora"].owner, sessions, users, agent.coordinator.delete)
    owner = people["anna"].owner
    chat = sessions.create(owner)
    list(agent.coordinator.run(chat.id, owner, f"draw a {CANARY}"))
    (picture,) = sessions.turns(chat.id, owner)[-1].artifacts
    withdrawn = Shares(sessions).share(chat.id, owner)
    Shares(sessions).withdraw(chat.id, owner)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    page = serve(
        sessions=sessions,
        artifacts=agent.artifacts,
        keys=keys,
        coordinator=agent.coordinator,
        home=Home(host="127.0.0.1", public_url=url, signs_in=True),
        port=port,
    )
    cookies = {name: f"{COOKIE}={new.token}" for name, new in tokens.items()}
    upload = folder / f"{CANARY}.png"
    Image.new("RGB", (8, 8), "red").save(upload)
    hers = {"origin": url, "cookie": cookies["anna"]}
    with httpx.Client(base_url=url, headers=hers) as anna:
        stored = anna.post("/gradio_api/upload", files={"files": upload.open("rb")}).json()[0]
        joined = anna.post(
            "/gradio_api/queue/join", json={"data": [None], "fn_index": 0, "session_hash": "annaspage"}
        ).json()
    client = httpx.Client(base_url=url, timeout=PATIENCE_SECONDS)
    yield House(
        client=client,
        url=url,
        app=page.app,
        coordinator=agent.coordinator,
        hers={
            "artifact_id": picture.id,
            "session_id": chat.id,
            "share_id": withdrawn.id,
            "session_hash": "annaspage",
            "event_id": joined["event_id"],
            "path": stored,
            "path_or_url": stored,
            "url_path": "https://evil.test/",
            "id": people["anna"].id,
            **dict.fromkeys(("size", "key", "run", "component_id", "segment_id", "file_name"), "1"),
            **{"ext": "ts", "api_name": "predict", "environment": "client", "type": "component"},
        },
        cookies=cookies,
        headers={"program": {"authorization": f"Bearer {key.token}"}},
    )
    client.close()
    page.close(verbose=False)
    agent.close()


def test_every_route_is_known(house: House) -> None:
    found = {cell.path.rstrip("/") or "/" for cell in house.cells()}
    assert found - {*OURS, *GRADIOS} == set()
    assert {*OURS} - found == set()


def leaks(answer: httpx.Response) -> bool:
    return CANARY.encode() in answer.content or CANARY in str(answer.headers)


def test_nobody_else_gets_at_what_is_annas(house: House) -> None:
    outside, failed, num_cells = ("stranger", "carl", "dora", "program"), [], 0
    for cell in house.cells():
        for who in (*outside, "ben"):
            if cell.path in {"/sign-out", "/account/delete"} and who == "ben":
                continue
            num_cells += 1
            answer = house.call(cell, who)
            is_closed = answer.status_code == 401 or is_for_all(cell.path) or "{share_id}" in cell.path
            if leaks(answer) or answer.status_code >= 500 or (who in outside and not is_closed):
                failed.append((who, cell.method, cell.path, answer.status_code))
    assert failed == []
    assert num_cells >= 300


def test_the_word_is_there_to_be_found(house: House) -> None:
    """Anna herself gets it from the same calls: the test above can fail."""
    found = {
        cell.path
        for cell in house.cells()
        if cell.method == "GET"
        and cell.path.startswith(("/pictures", "/export", "/share/"))
        and leaks(house.call(cell, "anna"))
    }
    assert {"/pictures/{artifact_id}/card", "/pictures/{artifact_id}/others", "/share/{session_id}"} <= found
    upload = Cell(method="GET", path="/gradio_api/file={path_or_url:path}")
    assert (house.call(upload, "anna").status_code, house.call(upload, "ben").status_code) == (200, 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"host": "evil.test"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    ],
)
def test_another_site_reaches_no_route_at_all(house: House, headers: dict[str, str]) -> None:
    answers = {
        (cell.method, cell.path): house.call(cell, "anna", **headers)
        for cell in [*house.cells(), Cell(method="OPTIONS", path="/config")]
    }
    assert {
        key: answer.status_code
        for key, answer in answers.items()
        if (answer.status_code, answer.content) != (403, b"")
    } == {}
    assert house.coordinator.sessions.has(house.hers["session_id"], f"user:{house.hers['id']}")


def test_what_is_deleted_is_gone_from_every_route(house: House) -> None:
    owner = f"user:{house.hers['id']}"
    chat = house.coordinator.sessions.create(owner)
    list(house.coordinator.run(chat.id, owner, f"draw another {CANARY}"))
    (picture,) = house.coordinator.sessions.turns(chat.id, owner)[-1].artifacts
    file = house.coordinator.artifacts.path(picture.sha256)
    assert file.exists()
    house.coordinator.delete(chat.id, owner)
    gone = House(
        url=house.url,
        app=house.app,
        coordinator=house.coordinator,
        hers={**house.hers, "session_id": chat.id, "artifact_id": picture.id},
        client=house.client,
        cookies=house.cookies,
    )
    about = [cell for cell in house.cells() if re.search("artifact_id|session_id", cell.path)]
    assert {gone.call(cell, "anna").status_code for cell in about} == {404}
    assert not file.exists()


def test_doors_that_the_page_does_not_use_are_shut(house: House) -> None:
    paths = ("dev/reload", "vibe-edit", "undo-vibe-edit/", "vibe-code/", "proxy={url_path:path}", "deep_link")
    for path in ("/login", "/monitoring", "/monitoring/summary", *(f"/gradio_api/{each}" for each in paths)):
        for method in ("GET", "POST"):
            assert house.call(Cell(method=method, path=path), "anna").status_code == 404

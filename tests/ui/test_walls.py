"""Every route of the running app, found by looking, against everybody who might ask.

Anna has a chat with a word that stands nowhere else. A stranger, Ben, a program with his key, somebody who
has signed out, somebody who was deleted and a program with a withdrawn key call every route with what is
hers; the word must not come back, and nothing of hers may change. What names one thing of hers, the page's
events and the tools are asked one by one as well, and Anna herself gets an answer. A route that is not listed
here fails the test: whoever adds one says here what it is about.
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.server import free_port
from tests.ui.walls_calls import Call, events_about, naming_calls, tool_calls
from ui.turned_away import is_for_all

CANARY = "zirconcanary"
MOST_STREAM_BYTES, STREAM_SECONDS = 256 * 1024, 0.4
"""An endless answer is listened to until it has said so much, or nothing for so long."""
ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30.0
MONITORED = {("GET", "/healthz"), ("GET", "/readyz")}
"""What runs the machine asks these under any name; strangers may know the answers."""
BENS = ("ben", "bens program")
EVENTS_AT_ONCE = 60
STATE_CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
OURS = """
/pictures/{artifact_id} /pictures/{artifact_id}/card /pictures/{artifact_id}/others
/pictures/{artifact_id}/changes /thumbnails/{artifact_id} /export/{session_id} /import
/plain.css /plain.svg /account /account/password /account/keys /account/keys/withdraw /account/people/add
/account/people/remove /account/delete /share/{session_id} /share/{session_id}/withdraw /shared/{share_id}
/shared/{share_id}/pictures/{artifact_id} /sign-in /sign-out /healthz /readyz /metrics /mcp
/v1/images/generations /v1/images/edits /v1/images/files/{token} /v1/models /v1/models/{name:path}
/v1/{rest:path} /v1/chats /v1/chats/{chat_id} /v1/chats/{chat_id}/turns /v1/turns/{turn_id}
/v1/turns/{turn_id}/events /v1/turns/{turn_id}/cancel /v1/turns/{turn_id}/approve
/v1/turns/{turn_id}/decline /v1/{rest:path}
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


@dataclass(frozen=True, kw_only=True)
class House:
    """The running app, what Anna has in it, and what each of the others shows at the gate."""

    url: str
    client: httpx.Client
    cells: tuple[Cell, ...]
    hers: Mapping[str, str]
    spare: Mapping[str, str]
    deleted: Mapping[str, Any]
    config: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, dict[str, str]] = field(repr=False)
    kept: Callable[[], Mapping[str, Any]] = field(repr=False)
    """What the store has of Anna."""

    def call(
        self, cell: Cell, who: str, hers: Mapping[str, str] | None = None, **headers: str | None
    ) -> httpx.Response:
        """With all that is Anna's, in path, query and body."""
        known = {**self.hers, **(hers or {})}
        path = re.sub(r"\{(\w+)(:path)?\}", lambda found: known[found[1]], cell.path)
        names = ("session_hash", "event_id", "upload_id")
        query = {name: known[name] for name in names} if cell.method == "GET" else {}
        is_form = not cell.path.startswith(("/gradio_api", "/login", "/v1", "/mcp"))
        fields = {name: known[name] for name in ("id", "session_id", "artifact_id")}
        content: dict[str, Any] = (
            {"data": fields} if is_form else {"json": {**known, "data": [], "fn_index": 0}}
        )
        body = content if cell.method in STATE_CHANGING else {}
        return self.ask(Call(method=cell.method, path=path, params=query, content=body), who, **headers)

    def ask(self, call: Call, who: str, **headers: str | None) -> httpx.Response:
        shown = {"connection": "close", "origin": self.url, **self.headers.get(who, {}), **headers}
        given = {name: value for name, value in shown.items() if value is not None}
        timeout = httpx.Timeout(PATIENCE_SECONDS)
        with self.client.stream(
            call.method, call.path, params=call.params, headers=given, timeout=timeout, **call.content
        ) as answer:
            is_stream = "event-stream" in answer.headers.get("content-type", "")
            if is_stream:
                # The dictionary is httpcore's own: from here on it waits for the next piece so long.
                answer.request.extensions["timeout"]["read"] = STREAM_SECONDS
            said = listened(answer) if is_stream else answer.read()
            return httpx.Response(answer.status_code, headers=heads(answer), content=said)


def listened(answer: httpx.Response) -> bytes:
    """The beginning of a stream."""
    said = b""
    try:
        for piece in answer.iter_bytes():
            said += piece
            if len(said) > MOST_STREAM_BYTES:
                break
    except httpx.ReadTimeout:
        pass
    return said


def heads(answer: httpx.Response) -> list[tuple[str, str]]:
    dropped = {"content-encoding", "content-length", "transfer-encoding"}
    return [(name, value) for name, value in answer.headers.multi_items() if name not in dropped]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    port = free_port()
    folder = tmp_path_factory.mktemp("walls")
    command = [sys.executable, "-m", "tests.ui.walls_house", str(folder), str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    asks, tells = process.stdin, process.stdout
    told = json.loads(tells.readline())

    def kept() -> dict[str, Any]:
        asks.write("\n")
        asks.flush()
        found: dict[str, Any] = json.loads(tells.readline())
        return found

    others = dict.fromkeys(("size", "key", "run", "component_id", "segment_id", "file_name"), "1")
    others |= {"token": "t" * 32, "rest": "variations", "name": "reverie"}
    others |= {"ext": "ts", "api_name": "predict", "environment": "client", "type": "component"}
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
        yield House(
            url=url,
            client=client,
            cells=tuple(Cell(method=method, path=path) for method, path in told["routes"]),
            hers={**others, "url_path": "https://evil.test/", **told["hers"]},
            spare=told["spare"],
            deleted=told["deleted"],
            config=told["config"],
            kept=kept,
            headers={
                "program": {"authorization": f"Bearer {told['withdrawn_key']}"},
                **{name: {"cookie": cookie} for name, cookie in told["cookies"].items()},
                **{
                    f"{name}s program": {"authorization": f"Bearer {key}"}
                    for name, key in told["keys"].items()
                },
            },
        )
    process.stdin.close()
    process.wait(timeout=PATIENCE_SECONDS)
    process.stdout.close()


def leaks(answer: httpx.Response) -> bool:
    return CANARY.encode() in answer.content or CANARY in str(answer.headers)


def test_every_route_is_known(house: House) -> None:
    found = {cell.path.rstrip("/") or "/" for cell in house.cells}
    assert found - {*OURS, *GRADIOS} == set()
    assert {*OURS} - found == set()


def test_nobody_else_gets_at_what_is_annas(house: House) -> None:
    outside, failed, num_cells = ("stranger", "carl", "dora", "program"), [], 0
    kept = house.kept()
    for cell in house.cells:
        for who in (*outside, *BENS):
            if cell.path in {"/sign-out", "/account/delete"} and who in BENS:
                continue
            num_cells += 1
            answer = house.call(cell, who)
            is_linked = "{share_id}" in cell.path or "{token}" in cell.path
            is_closed = answer.status_code == 401 or is_for_all(cell.path) or is_linked
            if leaks(answer) or answer.status_code >= 500 or (who in outside and not is_closed):
                failed.append((who, cell.method, cell.path, answer.status_code))
    assert failed == [], "\n".join(map(str, failed))
    assert num_cells >= 300
    assert house.kept() == kept


def test_what_names_one_thing_of_hers_is_hers_alone(house: House) -> None:
    """Ben hears that there is no such thing; Anna hears anything else from the very same call."""
    kept, calls, failed = house.kept(), [*naming_calls(house.hers, house.config)], []
    heard = {(str(call), who): house.ask(call, who) for call in calls for who in BENS}
    assert house.kept() == kept
    for (call, who), answer in heard.items():
        if answer.status_code not in {403, 404} or leaks(answer):
            failed.append((who, call, answer.status_code, answer.text[:200]))
    spared = {**house.hers, **house.spare}
    for call, hers in zip(calls, naming_calls(spared, house.config), strict=True):
        answer, other = house.ask(hers, "anna"), heard[str(call), "ben"]
        is_hers = (answer.status_code, answer.text) != (other.status_code, other.text)
        if answer.status_code in {401, 403} or answer.status_code >= 500 or not is_hers:
            failed.append(("anna", str(hers), answer.status_code, answer.text[:200]))
    assert failed == [], "\n".join(map(str, failed))


def test_no_event_of_the_page_tells_or_changes_what_is_annas(house: House) -> None:
    kept, page = house.kept(), secrets.token_hex(8)
    said = tell_all(house, "ben", page, events_about(house.hers, house.config, page))
    assert said.count("process_completed") > 80
    assert (CANARY in said, house.kept() == kept) == (False, True)
    reads = {"search", "mark", "find", "look", "choose", "follow", "open"}
    few = [each for each in house.config["dependencies"] if each["api_name"] in reads]
    page = secrets.token_hex(8)
    assert CANARY in tell_all(
        house, "anna", page, events_about(house.hers, {**house.config, "dependencies": few}, page)
    )


def tell_all(house: House, who: str, page: str, calls: Iterable[Call]) -> str:
    """Whatever the page hears of these events; as many at once as the line has room for."""
    said, waiting = "", [*calls]
    while waiting:
        now, waiting = waiting[:EVENTS_AT_ONCE], waiting[EVENTS_AT_ONCE:]
        answers = [house.ask(call, who) for call in now]
        assert {answer.status_code for answer in answers} == {200}
        headers = {"origin": house.url, **house.headers[who]}
        hears = house.client.get("/gradio_api/queue/data", params={"session_hash": page}, headers=headers)
        said += hears.text
    return said


def test_no_tool_tells_or_changes_what_is_annas(house: House) -> None:
    accepts = {"accept": "application/json, text/event-stream", "origin": None}
    kept = house.kept()
    for call in tool_calls(house.hers):
        answer, arguments = house.ask(call, "bens program", **accepts), call.content["json"]["params"]
        assert (answer.status_code, leaks(answer)) == (200, False)
        names_hers = {"picture_id", "chat_id"} & arguments["arguments"].keys()
        assert not names_hers or '"isError":true' in answer.text, (arguments, answer.text)
    assert house.kept() == kept
    for call in tool_calls(house.hers, ("list_images", "get_image")):
        assert '"isError":true' not in house.ask(call, "annas program", **accepts).text


def test_strangers_may_open_these_and_no_others(house: House) -> None:
    opened = {cell.path for cell in house.cells if is_for_all(re.sub(r"\{\w+\}", "a" * 32, cell.path))}
    shared = {"/shared/{share_id}", "/shared/{share_id}/pictures/{artifact_id}"}
    watched = {"/healthz", "/readyz", "/metrics"}
    linked = {"/v1/images/files/{token}"}
    assert opened == {"/sign-in", "/plain.css", "/plain.svg", "/favicon.ico", *shared, *watched, *linked}


def test_the_word_is_there_to_be_found(house: House) -> None:
    """Anna herself gets it from the same calls: the test above can fail."""
    cells = [Cell(method="GET", path=path) for path in OURS if path.startswith(("/pictures", "/share/"))]
    found = {cell.path for cell in cells if leaks(house.call(cell, "anna"))}
    assert {"/pictures/{artifact_id}/card", "/pictures/{artifact_id}/others", "/share/{session_id}"} <= found
    upload = Cell(method="GET", path="/gradio_api/file={path_or_url:path}")
    assert (house.call(upload, "anna").status_code, house.call(upload, "ben").status_code) == (200, 404)


def is_refused(answer: httpx.Response, path: str) -> bool:
    """Programs are told why."""
    is_told = path.startswith(("/v1/", "/mcp")) and '"code":"unknown_host"' in answer.text
    return answer.status_code == 403 and (answer.content == b"" or is_told)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"host": "evil.test", "origin": None},
        {"host": "evil.test:{port}", "origin": "http://evil.test:{port}"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    ],
)
def test_another_site_reaches_no_route_at_all(house: House, headers: dict[str, str | None]) -> None:
    """The two last but one are a name that somebody else pointed at this machine."""
    port = house.url.rpartition(":")[2]
    headers = {name: value and value.format(port=port) for name, value in headers.items()}
    cells = (*house.cells, Cell(method="OPTIONS", path="/config"))
    answers = {(cell.method, cell.path): house.call(cell, "anna", **headers) for cell in cells}
    reached = {key for key, answer in answers.items() if not is_refused(answer, key[1])}
    assert reached - (MONITORED if "origin" in headers and headers["origin"] is None else set()) == set()
    assert leaks(house.call(Cell(method="GET", path="/share/{session_id}"), "anna"))


def test_what_is_deleted_is_gone_from_every_route(house: House) -> None:
    about = [cell for cell in house.cells if re.search("artifact_id|session_id", cell.path)]
    statuses = {
        (cell.method, cell.path, house.call(cell, "anna", house.deleted).status_code) for cell in about
    }
    assert {each for each in statuses if each[2] != 404} == set()
    assert house.deleted["existed"]
    assert not Path(house.deleted["file"]).exists()


def test_doors_that_the_page_does_not_use_are_shut(house: House) -> None:
    paths = ("dev/reload", "vibe-edit", "undo-vibe-edit/", "vibe-code/", "proxy={url_path:path}", "deep_link")
    paths += ("call/{api_name}", "call/v2/{api_name}", "call/{api_name}/{event_id}", "api/{api_name}")
    paths += ("call/v2/{api_name}/{event_id}", "call/v2/{event_id}", "component_server")
    for path in ("/login", "/monitoring", "/monitoring/summary", *(f"/gradio_api/{each}" for each in paths)):
        for method in ("GET", "POST"):
            assert house.call(Cell(method=method, path=path), "anna").status_code == 404

"""What those who run Reverie are told: alive, ready, and in numbers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from agent.jobs import Jobs
from agent.meter import Meter
from agent.sessions import Sessions
from ui.doors.counted import Counted
from ui.doors.health import Health, Loading, health_routes, is_from_here
from ui.gate import Gate

HERE, ELSEWHERE = ("127.0.0.1", 50_000), ("192.0.2.7", 50_000)


class House:
    """Routes behind the gate, as the app serves them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs = Jobs()
        self.sessions = Sessions(f"sqlite:///{folder}/reverie.db")
        self.loading = Loading()
        self.meter = Meter(queue_length=lambda: len(self.jobs.line), engine_restarts=lambda: 2)

    def visitor(self, client: tuple[str, int] = HERE, token: str = "") -> TestClient:
        health = Health(
            sessions=self.sessions,
            data_folder=self.folder,
            engine=lambda: self.loading.state,
            meter=self.meter,
            metrics_token=token,
        )
        app = FastAPI(
            routes=[*health_routes(health), Route("/pictures/{artifact_id}", hello)],
            middleware=[Middleware(Counted, meter=self.meter), Middleware(Gate, host="127.0.0.1")],
        )
        return TestClient(app, base_url="http://127.0.0.1:7860", client=client)


def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.jobs.close()
    house.sessions.close()


def test_a_process_that_answers_is_alive(house: House) -> None:
    answer = house.visitor(ELSEWHERE).get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_is_ready_once_the_engine_is_loaded(house: House) -> None:
    visitor = house.visitor()
    before = visitor.get("/readyz")
    assert (before.status_code, before.json()["engine"]) == (503, "loading")
    house.loading.run(lambda: True)
    after = visitor.get("/readyz")
    assert after.status_code == 200
    assert after.json() == {"database": "ok", "data_folder": "ok", "engine": "loaded"}


def test_an_engine_that_cannot_be_loaded_is_not_ready(house: House) -> None:
    house.loading.run(lambda: False)
    assert house.visitor().get("/readyz").json()["engine"] == "failed"

    def crash() -> bool:
        raise RuntimeError("no weights")

    other = Loading()
    with pytest.raises(RuntimeError):
        other.run(crash)
    assert other.state == "failed"


def test_a_database_that_does_not_answer_is_not_ready(house: House) -> None:
    house.loading.run(lambda: True)
    connection = house.sessions._engine.raw_connection()
    connection.driver_connection.close()  # type: ignore[union-attr]
    answer = house.visitor().get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "unavailable")


def test_a_full_or_closed_folder_is_not_ready(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.loading.run(lambda: True)
    usage = shutil.disk_usage(house.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1024))
    answer = house.visitor().get("/readyz")
    assert (answer.status_code, answer.json()["data_folder"]) == (503, "full")
    monkeypatch.undo()
    shutil.rmtree(house.folder)
    assert house.visitor().get("/readyz").json()["data_folder"] == "not writable"
    os.makedirs(house.folder)


def test_numbers_are_for_this_machine(house: House) -> None:
    text = house.visitor().get("/metrics").text
    assert "reverie_queue_length 0.0" in text
    assert "reverie_engine_restarts 2.0" in text
    assert house.visitor(ELSEWHERE).get("/metrics").status_code == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_proxy_on_this_machine_does_not_make_a_stranger_local(house: House, header: str) -> None:
    assert house.visitor().get("/metrics", headers={header: "127.0.0.1"}).status_code == 403


def test_nor_does_a_proxy_that_says_nothing_but_the_public_name(house: House) -> None:
    asked = Request(
        {
            "type": "http",
            "client": HERE,
            "headers": [(b"host", b"pictures.example.org")],
        }
    )
    assert not is_from_here(asked)


def test_with_a_token_only_the_token_counts(house: House) -> None:
    def status(client: tuple[str, int], **headers: Any) -> int:
        return house.visitor(client, token="sesame").get("/metrics", headers=headers).status_code

    assert status(HERE) == status(ELSEWHERE) == 401
    assert status(ELSEWHERE, Authorization="Bearer sesam") == 401
    assert status(ELSEWHERE, Authorization="Basic sesame") == 401
    assert status(ELSEWHERE, Authorization="Bearer sesame") == 200


def test_requests_are_counted_by_template_and_never_by_path(house: House) -> None:
    visitor = house.visitor()
    visitor.get("/pictures/0123456789abcdef")
    visitor.get("/secret/path")
    visitor.request("BREW", "/healthz")
    visitor.get("/pictures/1", headers={"Origin": "https://evil.test"})
    text = visitor.get("/metrics").text
    assert (
        'reverie_http_requests_total{method="GET",route="/pictures/{artifact_id}",status="200"} 1.0' in text
    )
    assert 'reverie_http_requests_total{method="GET",route="unknown",status="404"} 1.0' in text
    assert 'reverie_http_requests_total{method="GET",route="unknown",status="403"} 1.0' in text
    assert 'reverie_http_requests_total{method="other",route="/healthz",status="405"} 1.0' in text
    assert "0123456789abcdef" not in text
    assert "secret" not in text

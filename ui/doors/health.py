"""For those who run Reverie: is the process up, is it ready, and what has it done."""

from __future__ import annotations

import ipaddress
import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from agent.errors import StorageUnavailable
from agent.meter import Meter
from agent.sessions import Sessions
from ui.address import LOOPBACK, hostname

__all__ = ["LEAST_FREE_BYTES", "Health", "Loading", "health_routes"]

LEAST_FREE_BYTES = 256 * 1024**2
NO_STORE = {"Cache-Control": "no-store"}
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
OK = "ok"
LOADED, FAILED = "loaded", "failed"


class Loading:
    """How far the engine is."""

    def __init__(self) -> None:
        self.state = "loading"

    def run(self, load: Callable[[], bool]) -> None:
        """`load` tells whether it succeeded."""
        try:
            self.state = LOADED if load() else FAILED
        except BaseException:
            self.state = FAILED
            raise


@dataclass(frozen=True, kw_only=True)
class Health:
    """What is looked at. `engine` says loading, loaded or failed."""

    sessions: Sessions
    data_folder: Path
    engine: Callable[[], str]
    meter: Meter
    metrics_token: str = ""

    def findings(self) -> dict[str, str]:
        """In one word each: a stranger may read them."""
        return {
            "database": self.database(),
            "data_folder": self.folder(),
            "engine": self.engine(),
        }

    def database(self) -> str:
        try:
            with self.sessions.transaction() as rows:
                rows.execute(sa.text("SELECT 1"))
        except StorageUnavailable:
            return "unavailable"
        return OK

    def folder(self) -> str:
        try:
            if shutil.disk_usage(self.data_folder).free < LEAST_FREE_BYTES:
                return "full"
            with tempfile.TemporaryFile(dir=self.data_folder) as file:
                file.write(b"ready")
        except OSError:
            return "not writable"
        return OK


def health_routes(health: Health) -> list[Route]:
    """GET /healthz: 200 while the process answers. GET /readyz: 200 when turns would work now, else 503.

    GET /metrics: Prometheus' text; to this machine only, or to whoever brings the token if there is one.
    """

    async def alive(request: Request) -> Response:
        return JSONResponse({"status": OK}, headers=NO_STORE)

    def ready(request: Request) -> Response:
        findings = health.findings()
        is_ready = findings == {"database": OK, "data_folder": OK, "engine": LOADED}
        return JSONResponse(findings, status_code=200 if is_ready else 503, headers=NO_STORE)

    def metrics(request: Request) -> Response:
        if health.metrics_token:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not is_same(token.strip(), health.metrics_token):
                headers = {"WWW-Authenticate": "Bearer"}
                return PlainTextResponse("The metrics need their token.", status_code=401, headers=headers)
        elif not is_from_here(request):
            return PlainTextResponse("The metrics are for this machine only.", status_code=403)
        return Response(health.meter.text(), media_type=CONTENT_TYPE_LATEST, headers=NO_STORE)

    return [
        Route("/healthz", alive, methods=["GET"]),
        Route("/readyz", ready, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


def is_same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())


def is_from_here(request: Request) -> bool:
    """Straight from this machine: what a proxy passes on comes from somewhere else, under another name."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    if hostname(f"//{request.headers.get('host', '')}") not in LOOPBACK:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False

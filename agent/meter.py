"""What this process has done, in numbers that Prometheus reads. No label names an owner, an id or words."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from agent.errors import UploadRejected
from agent.events import (
    ArtifactReady,
    DecisionMade,
    Event,
    TurnDone,
    TurnFailed,
    TurnStopped,
    TurnWaiting,
)

__all__ = ["Meter"]

SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NO_ROUTE = "none"
log = logging.getLogger(__name__)


class Meter:
    """Counts what it is told, on a registry of its own."""

    def __init__(
        self,
        *,
        queue_length: Callable[[], int],
        engine_restarts: Callable[[], int],
        devices: Callable[[], int] = lambda: 1,
    ) -> None:
        self.registry = CollectorRegistry()
        self.turns = Counter("reverie_turns", "Turns ended.", ["status", "route"], registry=self.registry)
        self.turn_seconds = Histogram(
            "reverie_turn_seconds",
            "From message to answer.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.job_seconds = Histogram(
            "reverie_job_seconds",
            "The engine's work on a picture.",
            ["kind"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.pictures = Counter("reverie_pictures", "Pictures made.", ["kind"], registry=self.registry)
        self.uploads_refused = Counter(
            "reverie_uploads_refused", "Messages refused for a file of theirs.", registry=self.registry
        )
        self.requests = Counter(
            "reverie_http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        for name, meaning, read in (
            ("reverie_queue_length", "Jobs that run or wait for a device.", queue_length),
            ("reverie_devices", "Devices that can draw now.", devices),
            ("reverie_engine_restarts", "Engine processes started again after a crash.", engine_restarts),
        ):
            Gauge(name, meaning, registry=self.registry).set_function(read)
        ProcessCollector(registry=self.registry)

    def show_signing_end(self, valid_until: datetime | None) -> None:
        """When the signing certificate ends; nothing is shown where nothing is signed."""
        if valid_until is not None:
            name, meaning = (
                "reverie_signing_valid_until",
                "The signing certificate's end, in Unix seconds.",
            )
            Gauge(name, meaning, registry=self.registry).set(valid_until.timestamp())

    def watch(self) -> Callable[[Event], None]:
        """A listener for one turn, from its first event on."""
        return TurnWatch(meter=self).hear

    def count_request(self, method: str, route: str, status: int) -> None:
        """`route` is a template. Whatever a stranger may invent is counted as one."""
        known = method if method in METHODS else "other"
        self.requests.labels(method=known, route=route, status=str(status)).inc()

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)


@dataclass(kw_only=True)
class TurnWatch:
    """One turn, counted when it ends."""

    meter: Meter
    begun: float = field(default_factory=time.monotonic)
    route: str = NO_ROUTE

    def hear(self, event: Event) -> None:
        match event:
            case DecisionMade(decision=decision):
                self.route = decision.route.value
            case ArtifactReady(artifact=artifact):
                kind = artifact.origin.value
                self.meter.pictures.labels(kind=kind).inc()
                if artifact.seconds is not None:
                    self.meter.job_seconds.labels(kind=kind).observe(artifact.seconds)
            case TurnFailed(turn_id="", cause=cause):
                self.meter.turns.labels(status="refused", route=NO_ROUTE).inc()
                if cause == UploadRejected.__name__:
                    self.meter.uploads_refused.inc()
            case TurnDone() | TurnWaiting() | TurnStopped() | TurnFailed():
                seconds = time.monotonic() - self.begun
                self.meter.turns.labels(status=event.kind, route=self.route).inc()
                self.meter.turn_seconds.labels(route=self.route).observe(seconds)
                log.info("turn ended: %s, %s, %.1f s", event.kind, self.route, seconds)

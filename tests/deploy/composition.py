"""The compose files, read strictly: a word that compose does not know, or we do not mean, is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from tests.deploy.container import DEPLOY

__all__ = ["Compose", "header_commands", "interpolated", "read_compose"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class HealthCheck(Strict):
    test: list[str] = Field(min_length=2)
    interval: str = Field(pattern=r"^\d+s$")
    timeout: str = Field(pattern=r"^\d+s$")
    start_period: str = Field("0s", pattern=r"^\d+s$")
    retries: int = Field(ge=1)


class Build(Strict):
    context: str
    dockerfile: str
    args: dict[str, str] = {}


class Waits(Strict):
    condition: Literal["service_healthy"]


class Device(Strict):
    driver: Literal["nvidia"]
    count: Literal["all"]
    capabilities: list[Literal["gpu"]] = Field(min_length=1)


class Reservations(Strict):
    devices: list[Device]


class Resources(Strict):
    reservations: Reservations


class Deploy(Strict):
    resources: Resources


class Service(Strict):
    image: str
    restart: Literal["unless-stopped"]
    healthcheck: HealthCheck
    volumes: list[str] = Field(min_length=1)
    secrets: list[str] = Field(min_length=1)
    build: Build | None = None
    depends_on: dict[str, Waits] = {}
    ports: list[str] = []
    environment: dict[str, str] = {}
    read_only: bool = False
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    shm_size: str = ""
    stop_grace_period: str = Field(pattern=r"^\d+s$")
    deploy: Deploy | None = None


class Secret(Strict):
    file: str


class Compose(Strict):
    name: str
    services: dict[str, Service]
    volumes: dict[str, None]
    secrets: dict[str, Secret]


def read_compose(*names: str) -> Compose:
    """As `docker compose -f NAME -f NAME` merges them."""
    whole: dict[str, Any] = {}
    for name in names:
        whole = merged(whole, yaml.safe_load((DEPLOY / name).read_text("utf-8")))
    return Compose.model_validate(whole)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        name: merged(base[name], over[name]) for name in base.keys() & over if isinstance(over[name], dict)
    }
    return {**base, **over, **both}


def interpolated(value: str, environment: Mapping[str, str]) -> str:
    """${NAME:-default}, as compose fills it in."""
    return re.sub(r"\$\{(\w+):-(.*?)\}", lambda found: environment.get(found[1]) or found[2], value)


def header_commands(file: Path) -> Sequence[str]:
    """The indented lines of the comment at its head."""
    lines = file.read_text("utf-8").splitlines()
    return [line[4:] for line in lines if line.startswith("#   ")]

"""What a backup consists of: reverie.db, pictures/ab/ab12….png, and a manifest that names them all."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from agent.domain import Value

__all__ = ["DATABASE", "MANIFEST", "Manifest", "picture_name"]

DATABASE, MANIFEST = "reverie.db", "manifest.json"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(Value):
    """`pictures`: bytes by SHA-256. `missing`: those whose file was gone or damaged already."""

    format: Literal["reverie-backup"] = "reverie-backup"
    version: Literal[1] = 1
    created: datetime
    database: Sha256
    database_bytes: int = Field(ge=0)
    pictures: dict[Sha256, Annotated[int, Field(ge=0)]]
    missing: tuple[Sha256, ...] = ()

    @property
    def num_bytes(self) -> int:
        return self.database_bytes + sum(self.pictures.values())

    def sentence(self, place: Path) -> str:
        lost = f" {len(self.missing)} were gone or damaged before." if self.missing else ""
        return f"{place}: the chats and {len(self.pictures)} pictures.{lost}"


def picture_name(sha256: str) -> str:
    return f"pictures/{sha256[:2]}/{sha256}.png"

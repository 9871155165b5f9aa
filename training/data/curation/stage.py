"""What a stage is: a named, versioned piece of work over shards, whose result is a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import ClassVar, Protocol

import pyarrow as pa

from training.data.curation.marks import identity_of
from training.data.curation.shards import Sample
from training.data.curation.store import Store

__all__ = ["PLACES", "Annotate", "ShardStage", "Stage", "Tables", "WholeStage", "identity"]

Tables = Mapping[str, pa.Table]
"""By stage: the rows of one shard."""
Annotate = Callable[[Sequence[Sample], Tables], pa.Table]
"""One row a sample, in order, without the key."""

PLACES = {"is_place": True}
"""Metadata of a field that says where and how fast work is done, but changes no result."""


class Stage(Protocol):
    """A frozen dataclass whose fields are its settings. `version` grows when the code's results change.

    `needs` names the stages whose tables it reads.
    """

    name: ClassVar[str]
    version: ClassVar[int]

    @property
    def needs(self) -> tuple[str, ...]: ...


class ShardStage(Stage, Protocol):
    """Looks at each sample by itself: shards can be worked on anywhere, in any order."""

    def open(self) -> Annotate:
        """Load what is needed, once a worker."""
        ...


class WholeStage(Stage, Protocol):
    """Must see all shards at once."""

    def annotate(
        self, store: Store, shards: Sequence[str], say: Callable[[str], None]
    ) -> Iterable[tuple[str, pa.Table]]:
        """Each shard's table, without the key."""
        ...


def identity(stage: Stage) -> str:
    """Of name, version and settings: another one, and all is done anew."""
    return identity_of(stage=stage.name, version=stage.version, settings=settings_of(stage))


def settings_of(value: object) -> object:
    """Of a record all fields but those of PLACES, and so on inward."""
    if is_dataclass(value) and not isinstance(value, type):
        told = (each for each in fields(value) if each.metadata != PLACES)
        return {each.name: settings_of(getattr(value, each.name)) for each in told}
    if isinstance(value, (tuple, list)):
        return [settings_of(each) for each in value]
    return value

"""What a stage is: a named, versioned piece of work over shards, whose result is a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import ClassVar, Protocol

import pyarrow as pa

from training.data.curation.marks import identity_of
from training.data.curation.shards import Sample
from training.data.curation.store import Store

__all__ = ["Annotate", "ShardStage", "Stage", "Tables", "WholeStage", "identity"]

Tables = Mapping[str, pa.Table]
"""By stage: the rows of one shard."""
Annotate = Callable[[Sequence[Sample], Tables], pa.Table]
"""One row a sample, in order, without the key."""


class Stage(Protocol):
    """A frozen dataclass whose fields are its settings. `version` grows when the code's results change.

    `needs` names the stages whose tables it reads.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    needs: ClassVar[tuple[str, ...]]


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
    settings: dict[str, object] = {}
    if is_dataclass(stage) and not isinstance(stage, type):
        settings = asdict(stage)
    return identity_of(stage=stage.name, version=stage.version, settings=settings)

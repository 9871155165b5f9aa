"""The one training loop: accumulate, update, average, checkpoint, log. It knows no objective.

It runs in one process or in many (training/distributed.py), which then take every step together.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from PIL import Image
from torch import Tensor, nn

from training.checkpoint import below, latest, save_checkpoint
from training.distributed import ALONE, Team
from training.errors import NonFiniteLoss, Stopped
from training.journal import Journal, Record
from training.optim import MasterOptimizer, OptimSettings, learning_rate, require
from training.sharded_checkpoint import ShardedCheckpoint
from training.stop_signals import StopSignals

_MAX_BAD_STEPS = 20


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """How a stage is run. Minutes count wall time of this sitting; None runs to the last step.

    An update adds up the gradients of `accumulate` batches.
    """

    optim: OptimSettings
    accumulate: int = 1
    minutes: float | None = None
    log_seconds: float = 30.0
    checkpoint_minutes: float = 8.0
    sheet_minutes: float = 10.0


@dataclass(frozen=True, kw_only=True)
class StepLoss:
    """The scalar to minimise, its parts by name, for the log, and sentences on what looks wrong.

    In a team of many each rank's is of its samples; the mean counts. `load_LE` is the share of tokens that
    each layer's router gave each expert, if there are any, of all ranks.
    """

    total: Tensor
    parts: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    load_LE: Tensor | None = None


class Stage(Protocol):
    """One objective. Batch `step` depends on the stage's seed and `step` alone: a resumed run repeats it.

    Where an update takes several batches, `step` counts those.
    """

    @property
    def name(self) -> str: ...

    @property
    def batch_size(self) -> int:
        """Samples of a batch, of all ranks."""
        ...

    def parameters(self) -> dict[str, nn.Parameter]: ...

    def loss(self, step: int) -> StepLoss: ...

    def contact_sheet(self) -> Image.Image:
        """Pictures that show where the model stands; called with the averaged weights in the model."""
        ...


@runtime_checkable
class KeepsState(Protocol):
    """A stage that a resume takes more of than its parameters: rivals that it trains beside, for instance."""

    def state(self) -> dict[str, Tensor]: ...

    def load(self, tensors: Mapping[str, Tensor]) -> None: ...


@runtime_checkable
class LeavesNotes(Protocol):
    """A stage whose checkpoints say how they were trained, for those who sample from them."""

    def notes(self) -> Mapping[str, str]: ...


Say = Callable[[str], None]
STAGE_PREFIX = "stage/"
"""Of the names of a stage's own tensors in a checkpoint."""


@dataclass(kw_only=True)
class Clock:
    """What is due, by this rank's clock."""

    settings: LoopSettings
    started: float = field(default_factory=time.monotonic)
    logged: float = field(default_factory=time.monotonic)
    saved: float = field(default_factory=time.monotonic)
    drawn: float = field(default_factory=time.monotonic)

    def due(self) -> tuple[bool, bool, bool, bool]:
        """The sitting's end, a line in the log, a checkpoint, a contact sheet."""
        now, settings = time.monotonic(), self.settings
        return (
            settings.minutes is not None and now - self.started > 60 * settings.minutes,
            now - self.logged > settings.log_seconds,
            now - self.saved > 60 * settings.checkpoint_minutes,
            now - self.drawn > 60 * settings.sheet_minutes,
        )


def train(
    stage: Stage, settings: LoopSettings, folder: Path, say: Say = print, team: Team = ALONE
) -> MasterOptimizer:
    """Run or resume `stage` in `folder` until its last step or the sitting's end, the masters in the model.

    Writes checkpoints/ and what Journal keeps. The first SIGINT or SIGTERM ends the sitting after the step
    under way, saved. Raises Stopped then, NonFiniteLoss, CorruptCheckpoint, DiskFull.
    """
    say = say if team.is_first else silent
    optimizer = MasterOptimizer(stage.parameters(), settings.optim, team)
    step = _resume(stage, optimizer, folder / "checkpoints", say, team)
    journal = Journal(folder, stage.name, settings.optim, step) if team.is_first else None
    clock = Clock(settings=settings)
    window: list[float] = []
    bad_steps = 0
    has_stopped = False
    with StopSignals() as signals:
        while step < settings.optim.num_steps:
            for number in range(step * settings.accumulate, (step + 1) * settings.accumulate):
                result = stage.loss(number)
                (result.total / settings.accumulate).backward()  # type: ignore[no-untyped-call]
                window.append(float(result.total.detach()))
            norm = optimizer.update(step)
            bad_steps = 0 if math.isfinite(norm) else bad_steps + 1
            if bad_steps > _MAX_BAD_STEPS:
                raise NonFiniteLoss(
                    f"{bad_steps} batches in a row had no finite gradient at step {step}: lower the rate."
                )
            for warning in result.warnings:
                say(f"{stage.name} {step}: {warning}")
            step += 1
            has_stopped, is_over, logs, saves, draws = team.any(signals.came, *clock.due())
            is_last = has_stopped or is_over or step == settings.optim.num_steps
            if logs or is_last:
                _log(journal, stage, settings, step, window, result, norm, clock, say, team)
                window = []
            if saves or is_last:
                _save(folder / "checkpoints", step, stage, optimizer, team)
                clock.saved = time.monotonic()
            if (draws or is_last) and not has_stopped:
                with optimizer.averaged():
                    sheet = stage.contact_sheet()
                if journal is not None:
                    journal.draw(sheet, step)
                clock.drawn = clock.logged = time.monotonic()
            if is_last:
                break
    if journal is not None:
        journal.close()
    if has_stopped:
        raise Stopped(f"Stopped after step {step}, saved. Run the same command again to go on.")
    return optimizer


def silent(sentence: str) -> None:
    """What ranks but the first have to say."""


def _save(folder: Path, step: int, stage: Stage, optimizer: MasterOptimizer, team: Team) -> None:
    tensors = optimizer.state()
    if isinstance(stage, KeepsState):
        tensors |= {STAGE_PREFIX + name: value for name, value in stage.state().items()}
    notes = stage.notes() if isinstance(stage, LeavesNotes) else {}
    save_checkpoint(folder, step, tensors, notes, team)


def _resume(stage: Stage, optimizer: MasterOptimizer, folder: Path, say: Say, team: Team) -> int:
    saved, complaints = latest(folder, team)
    for complaint in complaints:
        say(complaint)
    if saved is None:
        return 0
    if isinstance(saved, ShardedCheckpoint):
        places = optimizer.places(saved.names)
        require(places, saved.names)
        saved.read_into(places)
        optimizer.write(optimizer.masters)
    else:
        optimizer.load(saved.read(name for name in saved.names if not name.startswith(STAGE_PREFIX)))
    if isinstance(stage, KeepsState):
        own = saved.read(name for name in saved.names if name.startswith(STAGE_PREFIX))
        stage.load(below(own, STAGE_PREFIX))
    say(f"Resumed after step {saved.step}.")
    return saved.step


def _log(
    journal: Journal | None,
    stage: Stage,
    settings: LoopSettings,
    step: int,
    window: list[float],
    result: StepLoss,
    norm: float,
    clock: Clock,
    say: Say,
    team: Team,
) -> None:
    now = time.monotonic()
    rate = len(window) * stage.batch_size / max(now - clock.logged, 1e-9)
    clock.logged = now
    left = (settings.optim.num_steps - step) * settings.accumulate
    left_minutes = left * stage.batch_size / max(rate, 1e-9) / 60
    own = torch.tensor([sum(window) / len(window), *result.parts.values()], dtype=torch.float64)
    loss, *values = team.mean(own.to(team.device)).tolist()
    parts = dict(zip(result.parts, values, strict=True))
    record: Record = {
        "stage": stage.name,
        "step": step,
        "loss": loss,
        **{name: round(value, 5) for name, value in parts.items()},
        "gradient_norm": round(norm, 4),
        "learning_rate": learning_rate(settings.optim, step - 1),
        "samples_per_second": round(rate, 1),
        "minutes_left": round(left_minutes, 1),
    }
    if journal is not None:
        journal.log(record, result.load_LE)
    say(
        f"{stage.name} {step}/{settings.optim.num_steps}  loss {loss:.4f}  "
        + "  ".join(f"{name} {value:.4f}" for name, value in parts.items())
        + f"  {rate:.1f} samples/s  {left_minutes:.0f} min left"
    )

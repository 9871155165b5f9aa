"""The one training loop: update, average, checkpoint, log. It knows no objective."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from PIL import Image
from torch import Tensor, nn

from training.checkpoint import below, load_latest, save_checkpoint
from training.errors import NonFiniteLoss, Stopped
from training.journal import Journal, Record
from training.optim import MasterOptimizer, OptimSettings, learning_rate
from training.stop_signals import StopSignals

_MAX_BAD_STEPS = 20


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """How a stage is run. Minutes count wall time of this sitting; None runs to the last step."""

    optim: OptimSettings
    minutes: float | None = None
    log_seconds: float = 30.0
    checkpoint_minutes: float = 8.0
    sheet_minutes: float = 10.0


@dataclass(frozen=True, kw_only=True)
class StepLoss:
    """The scalar to minimise, its parts by name, for the log, and sentences on what looks wrong."""

    total: Tensor
    parts: Mapping[str, float]
    warnings: tuple[str, ...] = ()


class Stage(Protocol):
    """One objective. Batch `step` depends on the stage's seed and `step` alone: a resumed run repeats it."""

    @property
    def name(self) -> str: ...

    @property
    def batch_size(self) -> int: ...

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


Say = Callable[[str], None]
STAGE_PREFIX = "stage/"
"""Of the names of a stage's own tensors in a checkpoint."""


def train(stage: Stage, settings: LoopSettings, folder: Path, say: Say = print) -> MasterOptimizer:
    """Run or resume `stage` in `folder` until its last step or the sitting's end, the masters in the model.

    Writes checkpoints/ and what Journal keeps. The first SIGINT or SIGTERM ends the sitting after the step
    under way, saved. Raises Stopped then, NonFiniteLoss, CorruptCheckpoint, DiskFull.
    """
    optimizer = MasterOptimizer(stage.parameters(), settings.optim)
    step = _resume(stage, optimizer, folder / "checkpoints", say)
    journal = Journal(folder, stage.name, settings.optim, step)
    started = logged = saved = drawn = time.monotonic()
    window: list[float] = []
    bad_steps = 0
    with StopSignals() as signals:
        while step < settings.optim.num_steps:
            result = stage.loss(step)
            result.total.backward()  # type: ignore[no-untyped-call]
            norm = optimizer.update(step)
            bad_steps = 0 if math.isfinite(norm) else bad_steps + 1
            if bad_steps > _MAX_BAD_STEPS:
                raise NonFiniteLoss(
                    f"{bad_steps} batches in a row had no finite gradient at step {step}: lower the rate."
                )
            window.append(float(result.total.detach()))
            for warning in result.warnings:
                say(f"{stage.name} {step}: {warning}")
            step += 1
            now = time.monotonic()
            is_last = (
                signals.came
                or step == settings.optim.num_steps
                or (settings.minutes is not None and now - started > 60 * settings.minutes)
            )
            if now - logged > settings.log_seconds or is_last:
                _log(journal, stage, settings, step, window, result.parts, norm, now - logged, say)
                window, logged = [], now
            if now - saved > 60 * settings.checkpoint_minutes or is_last:
                save_checkpoint(folder / "checkpoints", step, optimizer.state() | _own_state(stage))
                saved = time.monotonic()
            if (now - drawn > 60 * settings.sheet_minutes or is_last) and not signals.came:
                _draw(journal, stage, optimizer, step)
                drawn = logged = time.monotonic()
            if is_last:
                break
    journal.close()
    if signals.came:
        raise Stopped(f"Stopped after step {step}, saved. Run the same command again to go on.")
    return optimizer


def _own_state(stage: Stage) -> dict[str, Tensor]:
    if not isinstance(stage, KeepsState):
        return {}
    return {STAGE_PREFIX + name: value for name, value in stage.state().items()}


def _resume(stage: Stage, optimizer: MasterOptimizer, folder: Path, say: Say) -> int:
    checkpoint, complaints = load_latest(folder)
    for complaint in complaints:
        say(complaint)
    if checkpoint is None:
        return 0
    optimizer.load(checkpoint.tensors)
    if isinstance(stage, KeepsState):
        stage.load(below(checkpoint.tensors, STAGE_PREFIX))
    say(f"Resumed after step {checkpoint.step}.")
    return checkpoint.step


def _log(
    journal: Journal,
    stage: Stage,
    settings: LoopSettings,
    step: int,
    window: list[float],
    parts: Mapping[str, float],
    norm: float,
    seconds: float,
    say: Say,
) -> None:
    rate = len(window) * stage.batch_size / max(seconds, 1e-9)
    left_minutes = (settings.optim.num_steps - step) * stage.batch_size / max(rate, 1e-9) / 60
    record: Record = {
        "stage": stage.name,
        "step": step,
        "loss": sum(window) / len(window),
        **{name: round(value, 5) for name, value in parts.items()},
        "gradient_norm": round(norm, 4),
        "learning_rate": learning_rate(settings.optim, step - 1),
        "samples_per_second": round(rate, 1),
        "minutes_left": round(left_minutes, 1),
    }
    journal.log(record)
    say(
        f"{stage.name} {step}/{settings.optim.num_steps}  loss {record['loss']:.4f}  "
        + "  ".join(f"{name} {value:.4f}" for name, value in parts.items())
        + f"  {rate:.1f} samples/s  {left_minutes:.0f} min left"
    )


def _draw(journal: Journal, stage: Stage, optimizer: MasterOptimizer, step: int) -> None:
    optimizer.write(optimizer.ema)
    journal.draw(stage.contact_sheet(), step)
    optimizer.write(optimizer.masters)

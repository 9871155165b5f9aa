"""The engine that serves: owns the loaded parts, turns device failures into EngineErrors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch

from engines.api import Adapter, EditRequest, EngineInfo, GenerateRequest, OnProgress, Sample
from engines.edit import edit
from engines.errors import DeviceOutOfMemory, EngineError
from engines.generate import generate
from engines.lora import apply_adapters
from engines.parts import Parts
from engines.vocabulary import read_vocabulary

__all__ = ["DiffusionEngine"]


class DiffusionEngine:
    """Draws, or edits, with one preset. One call at a time."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.adapters: tuple[Adapter, ...] = ()
        self.info = EngineInfo(
            preset=parts.preset.name,
            weights_hash=parts.weights_hash,
            sizes=parts.preset.sizes,
            max_prompt_tokens=min(parts.text.max_tokens),
            vocabulary=read_vocabulary(parts.folder),
            can_edit=parts.preset.verb == "edit",
            takes_other_sizes=parts.preset.takes_other_sizes,
            num_steps=(parts.preset.num_steps, *parts.preset.other_num_steps),
            grids=parts.preset.grids,
            reads_description=parts.preset.reads_description,
        )

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        """Draw `request.prompt`. Raises EngineError."""
        if self.parts.preset.verb != "generate":
            raise EngineError(f"{self.info.preset} edits pictures; choose another preset to draw one.")
        return self._with_room(lambda: generate(self.parts, request, on_progress))

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        """Change `request.image`; with adapters all edits are done by the network that wears them. Raises
        EngineError."""
        if self.parts.preset.verb != "edit":
            raise EngineError(f"{self.info.preset} draws pictures; choose another preset to edit one.")
        parts = self.parts if self.adapters else self.parts.for_edit(request.instruction)
        return self._with_room(lambda: edit(parts, request, on_progress))

    def set_adapters(self, adapters: Sequence[Adapter]) -> None:
        """Draw with exactly these LoRA files from now on, none for the network as it was.

        An engine that shares this one's transformer keeps its own: they are exchanged when it is its turn.
        Raises EngineError for a file that does not fit; the adapters before it then stay.
        """
        with device_failures():
            apply_adapters(self.parts.dit, (*self._editor, *adapters))
        self.adapters = tuple(adapters)

    @property
    def _editor(self) -> tuple[Adapter, ...]:
        return (self.parts.editor,) if self.parts.editor else ()

    def _with_room(self, run: Callable[[], Sample]) -> Sample:
        """Run; when the device is full, once more in a smaller way, which the sample then tells."""
        try:
            return self._adapted(run)
        except DeviceOutOfMemory:
            if self.parts.ranks is not None:
                # One rank alone must not begin again: the others are in the middle of their steps.
                raise
            apply_adapters(self.parts.dit, ())
            reason = self.parts.placement.step_down()
            if reason is None:
                raise
        sample = self._adapted(run)
        note = f"The device was full, so I went on in a smaller way. {reason} {sample.note}"
        return replace(sample, note=note.strip())

    def _adapted(self, run: Callable[[], Sample]) -> Sample:
        with device_failures():
            applied = apply_adapters(self.parts.dit, (*self._editor, *self.adapters))
            return replace(run(), adapters=applied)


@contextmanager
def device_failures() -> Iterator[None]:
    """A full device, in any of the ways torch tells it, becomes DeviceOutOfMemory."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise out_of_memory() from error
    except RuntimeError as error:
        if "can't allocate memory" in str(error) or "not enough memory" in str(error):
            raise out_of_memory() from error
        raise


def out_of_memory() -> DeviceOutOfMemory:
    return DeviceOutOfMemory("The device ran out of memory: choose a smaller size, or close other programs.")

"""The members of a family of engines, each loaded when it is first needed.

Importing this file never imports torch: the page need not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engines.api import Engine, Eyes, Speaker
from engines.devices import ANY, Device
from engines.errors import ModelNotFound
from engines.fake import FakeEngine
from engines.lazy import LazyEngine, LazyEyes, LazySpeaker
from engines.manifest import check_manifest
from engines.vocabulary import read_vocabulary

if TYPE_CHECKING:
    from engines.engine import DiffusionEngine

__all__ = ["EDITOR", "HIDREAM", "Family", "fake_family", "hidream_family", "is_downloaded", "stickers_family"]

VARIANTS = ("full", "dev", "fast")
EDITORS = ("e1.1", "e1")
"""The better one first."""
HIDREAM = (*VARIANTS, *EDITORS)
EDITOR = "editor"
"""The member of a family who edits; painters are known by variant."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Who draws, by variant ("full", "dev", "fast"), who edits, and the words they know (none: any).

    `presets` names all members, loaded or not; `folder` holds the weights of the first painter; `eyes` see
    what the painters draw, the `speaker` writes with the Llama that they read with, if it can. `default` is
    the variant to draw with when nobody says which.
    """

    painters: Mapping[str, Engine]
    editor: Engine | None
    vocabulary: Mapping[str, tuple[str, ...]]
    folder: Path | None
    presets: tuple[str, ...] = ()
    eyes: Eyes | None = None
    speaker: Speaker | None = None
    default: str = "full"

    @property
    def members(self) -> tuple[str, ...]:
        """Who draws and edits, as they are called."""
        return (*self.painters, *(() if self.editor is None else (EDITOR,)))


def stickers_family(folder: Path, device: Device = ANY) -> Family:
    """All in one folder and on one device; they share the encoders. Raises WeightsDamaged or ModelNotFound.

    Fast is the default: checked by the eyes it scores above Full, in a fifth of the time.
    """
    check_manifest(folder)
    full = LazyEngine(lambda: load("stickers-full", device, folder))
    students = {
        variant: LazyEngine(partial(load, f"stickers-{variant}", device, folder, full))
        for variant in ("dev", "fast")
        if (folder / f"transformer_{variant}").is_dir()
    }
    return Family(
        painters={"full": full, **students},
        editor=LazyEngine(lambda: load("stickers-edit", device, folder, full)),
        vocabulary=read_vocabulary(folder),
        presets=tuple(f"stickers-{variant}" for variant in ("full", *students, "edit")),
        folder=folder,
        eyes=LazyEyes(partial(open_eyes, folder)) if (folder / "eyes").is_dir() else None,
        speaker=LazySpeaker(lambda: find_voice(full)),
        default="fast" if "fast" in students else "full",
    )


def hidream_family(
    presets: Sequence[str] = (), vision_model: Path | None = None, device: Device = ANY
) -> Family:
    """The published checkpoints that have been downloaded, or those named. Raises ModelNotFound.

    All work on one device. `vision_model`: the folder of a model of transformers that answers questions about
    pictures.
    """
    from engines.download import default_folder  # the hub's client takes half a second to import

    wanted = [name for name in HIDREAM if name in (presets or HIDREAM)]
    missing = [name for name in wanted if not is_downloaded(name)]
    here = [name for name in wanted if name not in missing]
    if (presets and missing) or not here:
        names = " and ".join(missing) if presets else "HiDream-I1"
        first = missing[0] if presets else "fast"
        raise ModelNotFound(f"The weights of {names} are not here: run `python -m engines download {first}`.")
    if vision_model is not None and not vision_model.is_dir():
        raise ModelNotFound(f"{vision_model} is not a folder of a vision model.")
    engines = {name: LazyEngine(partial(load, name, device)) for name in here}
    painters = {name: engine for name, engine in engines.items() if name in VARIANTS}
    first_painter = next(iter(painters), None)
    return Family(
        painters=painters,
        editor=next((engines[name] for name in EDITORS if name in engines), None),
        vocabulary={},
        presets=tuple(here),
        folder=default_folder(first_painter) if first_painter else None,
        eyes=LazyEyes(partial(open_eyes, None, vision_model), speak=True) if vision_model else None,
        speaker=LazySpeaker(lambda: find_voice(engines[first_painter])) if first_painter else None,
    )


def fake_family(step_seconds: float = 0.0, device: Device = ANY) -> Family:
    """Discs, painted in no time or in some; on every device alike."""
    fake = FakeEngine(step_seconds=step_seconds)
    return Family(
        painters={variant: fake for variant in VARIANTS},
        editor=fake,
        vocabulary=fake.info.vocabulary,
        presets=("fake",),
        folder=None,
    )


def is_downloaded(name: str) -> bool:
    """Whether a member of HIDREAM is here."""
    from engines.download import default_folder

    return default_folder(name).is_dir()


def load(
    preset: str,
    device: Device,
    folder: Path | None = None,
    share: LazyEngine[DiffusionEngine] | None = None,
) -> DiffusionEngine:
    from engines.load_engine import load_engine

    known = share.get() if share else None
    return load_engine(preset, folder, known, device=device.kind, num_sharing=device.num_sharing)


def open_eyes(folder: Path | None, vision_model: Path | None = None) -> Eyes:
    from engines.eyes.load_eyes import load_eyes

    return load_eyes(folder, vision_model)


def find_voice(painter: LazyEngine[DiffusionEngine]) -> Speaker:
    from engines.speaker import load_speaker

    return load_speaker(painter.get())

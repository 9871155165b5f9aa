"""Preset to engine: the one place that builds real engines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import diffusers
import torch
import transformers
from platformdirs import user_cache_path

from engines.api import Adapter
from engines.download import default_folder
from engines.engine import DiffusionEngine
from engines.errors import EngineError, ModelNotFound, WeightsDamaged
from engines.ladder import Precision
from engines.manifest import MANIFEST, check_manifest, folder_hash, lines_hash
from engines.parts import Parts
from engines.placement import Placement, choose_placement
from engines.presets import Preset, SpeedUp, find_preset
from engines.preview import find_preview
from engines.ranks import Ranks
from engines.sampling import Scheduler, load_scheduler, official_scheduler
from engines.sparse_dit import SparseDiT
from engines.text import TextCache, TextStack
from engines.vae import Vae
from engines.vocabulary import read_vocabulary

__all__ = ["STICKERS", "load_engine"]

STICKERS = Path(__file__).parent / "stickers"


def load_engine(
    preset: Preset | str,
    weights: Path | None = None,
    share: DiffusionEngine | None = None,
    adapters: Sequence[Adapter] = (),
    speed_ups: Collection[SpeedUp] = (),
    *,
    transformer: Path | None = None,
    editor: Path | None = None,
    refiner: Path | None = None,
    device: torch.device | str | None = None,
    precision: Precision | None = None,
    num_sharing: int = 1,
    ranks: Ranks | None = None,
) -> DiffusionEngine:
    """Check and load the preset's weights from `weights`, a folder in diffusers layout, or the embedded ones.

    `share` is a loaded engine of the same folder whose parts are used again. `transformer` is a .safetensors
    or .gguf file that takes the place of the folder's. `adapters` are the LoRA
    files to begin with. `speed_ups` pay off over many pictures: "compile" compiles the blocks at the first
    picture of a size, "cuda-graphs" records each loop's step, which helps small pictures. `editor` is
    HiDream-E1-Full's adapter file, `weights` then HiDream-I1-Full's folder; `refiner` is that folder for
    editors with a network of their own: I1 then draws an edit's last steps. The engine stands
    on `device`, by default the first CUDA device, or else the processor, its transformer in `precision`, by
    default what fits; `num_sharing` engines divide main
    memory, and those of `ranks` their passes. Raises ModelNotFound, WeightsDamaged or DeviceOutOfMemory.
    """
    quiet_libraries()
    preset = find_preset(preset) if isinstance(preset, str) else preset
    folder = find_folder(preset, weights)
    preset = with_known_sizes(preset, folder)
    require_editing(preset, editor, refiner)
    if editor is not None:  # it stands on the network that draws
        preset = replace(preset, transformer="transformer")
    known = share.parts if share is not None and share.parts.folder == folder else None
    weights_hash = known.folder_hash if known else verify(folder, preset)
    place = (
        known.placement
        if known
        else choose_placement(
            transformer or folder / preset.transformer, folder, device, num_sharing, precision
        )
    )
    vae = known.vae if known else load_vae(folder, place)
    dit = load_transformer(preset, folder, place, None if editor else known, transformer)
    if editor is not None and preset.is_embedded:
        dit.max_seq *= 2  # the folder's network knows single pictures, an editor reads two side by side
    engine = DiffusionEngine(
        Parts(
            preset=preset,
            folder=folder,
            folder_hash=weights_hash,
            weights_hash=hash_of_all(weights_hash, transformer, refiner),
            transformer=transformer,
            placement=place,
            text=known.text if known else load_text(preset, folder, weights_hash, place),
            vae=vae,
            preview=known.preview if known else find_preview(vae, folder),
            dit=dit,
            scheduler=find_scheduler(preset, folder),
            editor=Adapter(file=editor, name="editor") if editor else None,
            refiner=load_refiner(refiner, place, dit) if refiner else None,
            adder=load_adder(preset, folder, place, dit) if editor is None and transformer is None else None,
            ranks=ranks,
        )
    )
    if speed_ups:
        place.speed_up(engine.parts.dit, speed_ups)
    engine.set_adapters(adapters)
    return engine


def quiet_libraries() -> None:
    """Progress bars and notes on ignored keys say nothing to someone who waits for a picture."""
    transformers.utils.logging.disable_progress_bar()
    diffusers.utils.logging.set_verbosity_error()


def find_folder(preset: Preset, weights: Path | None) -> Path:
    if weights is not None:
        if not weights.is_dir():
            raise ModelNotFound(f"{weights} is not a folder of weights.")
        return weights.resolve()
    if not preset.is_embedded:
        folder = default_folder(preset.name)
        if not folder.is_dir():
            raise ModelNotFound(
                f"The preset {preset.name} needs downloaded weights: run `python -m engines download "
                f"{preset.name}`, or give their folder."
            )
        return folder
    if not STICKERS.is_dir():
        raise ModelNotFound(f"The embedded weights are missing at {STICKERS}. Fetch the repository again.")
    return STICKERS


def with_known_sizes(preset: Preset, folder: Path) -> Preset:
    """The preset without the outlines that the folder's vocabulary does not name, where it names any."""
    shapes = read_vocabulary(folder).get("shapes")
    if not shapes:
        return preset
    return replace(preset, sizes=tuple(size for size in preset.sizes if size.shape in shapes))


def verify(folder: Path, preset: Preset) -> str:
    """Published checkpoints come without a manifest and are known by names and sizes only."""
    if preset.is_embedded or (folder / MANIFEST).is_file():
        return check_manifest(folder)
    return folder_hash(folder)


def load_text(preset: Preset, folder: Path, weights_hash: str, place: Placement) -> TextStack:
    """Small encoders now; large ones when a text comes that the cache on disk does not know."""
    if preset.is_embedded:
        text = TextStack.from_pretrained(folder, place.dtype, host=place, weights_hash=weights_hash)
        _ = text.encoders
        return text
    cache = TextCache(user_cache_path("reverie", appauthor=False) / "texts")
    return TextStack.from_pretrained(folder, place.dtype, host=place, weights_hash=weights_hash, cache=cache)


def load_vae(folder: Path, place: Placement) -> Vae:
    vae = Vae.from_pretrained(folder / "vae", place.dtype)
    place.take_vae(vae.model)
    return vae


def load_transformer(
    preset: Preset, folder: Path, place: Placement, known: Parts | None, file: Path | None
) -> SparseDiT:
    if (
        known
        and known.transformer == file
        and known.preset.transformer == preset.transformer
        and known.preset.max_image_tokens == preset.max_image_tokens
    ):
        return known.dit
    if file is None:
        dit = SparseDiT.from_pretrained(folder, preset.transformer, place.dtype)
    else:
        config = folder / preset.transformer
        dit = SparseDiT.from_single_file(
            file, config if (config / "config.json").is_file() else None, place.dtype
        )
    dit.requires_grad_(False)
    dit.max_seq = preset.max_image_tokens or dit.max_seq
    place.take(dit)
    return dit


def require_editing(preset: Preset, editor: Path | None, refiner: Path | None) -> None:
    if (editor or refiner) and preset.verb != "edit":
        raise EngineError(f"{preset.name} draws pictures; an editor's file or a refiner goes with an editor.")
    if editor and refiner:
        raise EngineError("An editor's file refines with the network it stands on: leave the refiner out.")


def hash_of_all(weights_hash: str, transformer: Path | None, refiner: Path | None) -> str:
    """What else than the folder makes the picture is named by it too."""
    parts = [weights_hash]
    if transformer is not None:
        parts.append(lines_hash([f"{transformer.name} {transformer.stat().st_size}"]))
    if refiner is not None:
        parts.append(folder_hash(refiner))
    return weights_hash if len(parts) == 1 else lines_hash(parts)


def load_refiner(folder: Path, place: Placement, dit: SparseDiT) -> SparseDiT:
    """HiDream-I1-Full's transformer, which takes the editor's place when it is called."""
    if not folder.is_dir():
        raise ModelNotFound(f"{folder} is not a folder of weights.")
    refiner = SparseDiT.from_pretrained(folder, "transformer", place.dtype).requires_grad_(False)
    if refiner.architecture.in_channels != dit.architecture.in_channels:
        raise WeightsDamaged(f"{folder} holds a network for other latents than the editor's.")
    place.take_beside(refiner, dit)
    return refiner


def load_adder(preset: Preset, folder: Path, place: Placement, dit: SparseDiT) -> SparseDiT | None:
    """The network for edits that add something, where the folder has one."""
    if preset.adder is None or not (folder / preset.adder).is_dir():
        return None
    adder = SparseDiT.from_pretrained(folder, preset.adder, place.dtype).requires_grad_(False)
    adder.max_seq = preset.max_image_tokens or adder.max_seq
    place.take_beside(adder, dit)
    return adder


def find_scheduler(preset: Preset, folder: Path) -> Scheduler:
    if preset.sampler is None or preset.shift is None:
        return load_scheduler(folder / "scheduler")
    return official_scheduler(preset.sampler, preset.shift)

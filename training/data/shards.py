"""Pictures encoded once: what the autoencoder says of them, in shards that are read memory-mapped.

A folder holds, for each size of picture, shards NAME.safetensors with an entry NAME.json, and manifest.json.
Work that was cut short goes on with the first shard that is missing or is of other pictures by now; several
processes may encode one folder, each its share of the shards.
"""

# N pictures of a shard, C channels, H height, W width

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from engines.manifest import file_sha256
from engines.sizes import Size
from engines.vae import Vae
from training.distributed import ALONE, Team
from training.errors import BadRecipe
from training.sheets import pictures_to_batch

__all__ = ["MANIFEST", "Entry", "Manifest", "encode_shards", "members_by_size", "to_record"]

FORMAT = 1
MANIFEST = "manifest.json"
SHARD_BYTES, MOST_RECORDS = 256_000_000, 2048
_CHUNK = 64

Draw = Callable[[int], Image.Image]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One shard. `identity` names what it was made of, `sha256` what it is."""

    name: str
    identity: str
    sha256: str
    num_bytes: int
    num_records: int
    width: int
    height: int
    latent_shape: tuple[int, int, int]
    has_log_variance: bool

    @property
    def size(self) -> Size:
        """Of the pictures, in pixels."""
        return Size(self.width, self.height)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All shards of a folder, the encoder they are of (Vae.encoder_hash) and where the pictures are from."""

    format: int
    encoder: str
    source: str
    num_records: int
    entries: tuple[Entry, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Raises ValueError, KeyError or TypeError for another file."""
        record = json.loads(text)
        entries = tuple(
            Entry(**{**each, "latent_shape": tuple(each["latent_shape"])}) for each in record["entries"]
        )
        return cls(**{**record, "entries": entries})


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A shard to be: pictures of one size, by their numbers."""

    name: str
    identity: str
    size: Size
    numbers: tuple[int, ...]


def to_record(captions: Sequence[str], sha256: str) -> str:
    """What shards say of a picture: its captions, of which each sample takes one, and its content's hash."""
    return json.dumps({"captions": list(captions), "sha256": sha256}, ensure_ascii=False)


def members_by_size(sizes: Sequence[Size]) -> dict[Size, list[int]]:
    """The numbers of the pictures of each size, in order; the order in which shards hold them."""
    members: dict[Size, list[int]] = {}
    for number, size in enumerate(sizes):
        members.setdefault(size, []).append(number)
    return members


def encode_shards(
    folder: Path,
    records: Sequence[str],
    sizes: Sequence[Size],
    draw: Draw,
    vae: Vae,
    say: Callable[[str], None],
    *,
    source: str = "",
    most_records: int = MOST_RECORDS,
    team: Team = ALONE,
) -> Manifest:
    """Have `folder` hold the pictures `draw(0)`, `draw(1)` ..., which are of `sizes`, and write its manifest.

    `records` say what each picture is, down to its content: a shard is kept where they, the encoder and the
    shard's own hash are what they were. Raises BadRecipe for no pictures.
    """
    if not records:
        raise BadRecipe(f"There are no pictures to encode into {folder}.")
    folder.mkdir(parents=True, exist_ok=True)
    encoder = vae.encoder_hash()
    plan = plan_shards(records, sizes, vae, f"{FORMAT} {encoder} {source}", most_records)
    missing = [each for each in plan[team.rank :: team.size] if not is_done(folder, each)]
    for index, planned in enumerate(missing):
        say(
            f"latents: shard {index + 1} of {len(missing)}, {len(planned.numbers)} pictures of {planned.size}"
        )
        write_shard(folder, planned, records, draw, vae)
    team.wait()
    entries = tuple(found for each in plan if (found := read_entry(folder, each.name)) is not None)
    manifest = Manifest(
        format=FORMAT,
        encoder=encoder,
        source=source,
        num_records=sum(each.num_records for each in entries),
        entries=entries,
    )
    if team.is_first:
        write_aside(folder / MANIFEST, manifest.to_json())
    team.wait()
    return manifest


def plan_shards(
    records: Sequence[str], sizes: Sequence[Size], vae: Vae, made_by: str, most_records: int
) -> list[Planned]:
    plan = []
    for size, members in members_by_size(sizes).items():
        latent_bytes = 2 * 2 * vae.channels * (size.width // vae.factor) * (size.height // vae.factor)
        count = max(2, min(most_records, SHARD_BYTES // latent_bytes) // 2 * 2)  # even: pairs stay together
        for start in range(0, len(members), count):
            numbers = tuple(members[start : start + count])
            digest = sha256(f"{made_by} {size}\n".encode())
            for number in numbers:
                digest.update(json.dumps(records[number]).encode())
            name = f"{size}-{start // count:05}"
            plan.append(Planned(name=name, identity=digest.hexdigest(), size=size, numbers=numbers))
    return plan


def is_done(folder: Path, planned: Planned) -> bool:
    """True for a shard of these very pictures, whole to the bit."""
    entry = read_entry(folder, planned.name)
    file = folder / f"{planned.name}.safetensors"
    if entry is None or entry.identity != planned.identity or not file.is_file():
        return False
    return file.stat().st_size == entry.num_bytes and file_sha256(file) == entry.sha256


def read_entry(folder: Path, name: str) -> Entry | None:
    try:
        record = json.loads((folder / f"{name}.json").read_text("utf-8"))
        return Entry(**{**record, "latent_shape": tuple(record["latent_shape"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_shard(folder: Path, planned: Planned, records: Sequence[str], draw: Draw, vae: Vae) -> None:
    means, log_variances = [], []
    for pictures in drawn(planned, draw):
        posterior = vae.posterior(pictures)
        means.append(posterior.mean_BChw.cpu().half())
        if posterior.log_variance_BChw is not None:
            log_variances.append(posterior.log_variance_BChw.cpu().half())
    words = [records[number].encode() for number in planned.numbers]
    tensors: dict[str, Tensor] = {
        "mean": torch.cat(means).contiguous(),
        "record_bytes": torch.frombuffer(bytearray(b"".join(words) or b" "), dtype=torch.uint8),
        "record_ends": torch.tensor([len(each) for each in words]).cumsum(0),
    }
    if log_variances:
        tensors["log_variance"] = torch.cat(log_variances).contiguous()
    file = folder / f"{planned.name}.safetensors"
    aside = file.with_suffix(f".part{os.getpid()}")
    save_file(tensors, aside, metadata={"identity": planned.identity})
    with aside.open("rb+") as stream:
        os.fsync(stream.fileno())
    digest, num_bytes = file_sha256(aside), aside.stat().st_size
    aside.rename(file)
    channels, height, width = tensors["mean"].shape[1:]
    entry = Entry(
        name=planned.name,
        identity=planned.identity,
        sha256=digest,
        num_bytes=num_bytes,
        num_records=len(words),
        width=planned.size.width,
        height=planned.size.height,
        latent_shape=(channels, height, width),
        has_log_variance=bool(log_variances),
    )
    write_aside(folder / f"{planned.name}.json", json.dumps(asdict(entry)) + "\n")


def drawn(planned: Planned, draw: Draw) -> Iterator[Tensor]:
    """Pictures as (up to 64, 3, H, W)."""
    for start in range(0, len(planned.numbers), _CHUNK):
        yield pictures_to_batch([draw(number) for number in planned.numbers[start : start + _CHUNK]])


def write_aside(file: Path, text: str) -> None:
    aside = file.with_suffix(f".part{os.getpid()}")
    aside.write_text(text, "utf-8")
    aside.rename(file)

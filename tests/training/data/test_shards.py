"""Shards keep what is still true, redo what is not, and say what is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engines.sizes import Size
from engines.vae import Vae, to_pixels
from tests.engines.tiny import build_vae
from training.data.latent_reader import LatentReader
from training.data.shards import MANIFEST, Manifest, encode_shards
from training.distributed import Team
from training.errors import BadRecipe, CorruptShards
from training.stages.autoencoder import AutoencoderSettings, build_autoencoder

SIZES = [Size(32, 32), Size(48, 16), Size(32, 32), Size(32, 32), Size(48, 16), Size(32, 32), Size(32, 32)]


class Painter:
    """Flat pictures of these sizes; remembers which were asked for."""

    def __init__(self) -> None:
        self.drawn: list[int] = []

    def __call__(self, index: int) -> Image.Image:
        self.drawn.append(index)
        size = SIZES[index]
        return Image.new("RGB", (size.width, size.height), (10 * index, 100, 200))


@pytest.fixture(scope="module")
def vae() -> Vae:
    torch.manual_seed(0)
    return Vae(build_vae().eval())


def encode(folder: Path, records: list[str], vae: Vae, **options: object) -> list[int]:
    """Two pictures a shard; gives the pictures that had to be encoded."""
    painter = Painter()
    encode_shards(
        folder,
        records,
        SIZES[: len(records)],
        painter,
        vae,
        lambda _: None,
        most_records=2,
        **options,  # type: ignore[arg-type]
    )
    return sorted(painter.drawn)


def test_mean_and_log_variance_are_those_of_the_encoder(vae: Vae, tmp_path: Path) -> None:
    records = [f"picture {index}, ü" for index in range(7)]
    assert encode(tmp_path, records, vae) == [*range(7)]
    reader = LatentReader(tmp_path, vae.encoder_hash())
    assert [(bucket.size, bucket.num_records) for bucket in reader.buckets] == [
        (Size(32, 32), 5),
        (Size(48, 16), 2),
    ]
    assert reader.num_records == 7
    assert reader.records(0, [4, 0, 3]) == [records[6], records[0], records[5]]
    assert reader.records(1, [1]) == [records[4]]
    posterior = vae.posterior(to_pixels(Painter()(5)))
    assert posterior.log_variance_BChw is not None
    torch.testing.assert_close(reader.latents(0, [3]), posterior.mean_BChw, atol=2e-3, rtol=0)
    draws = torch.cat([reader.latents(0, [3], "draw", [np.random.default_rng(seed)]) for seed in range(400)])
    spread = (posterior.log_variance_BChw / 2).exp()
    assert ((draws - posterior.mean_BChw) / spread).std() == pytest.approx(1.0, abs=0.03)
    assert torch.equal(draws[7:8], reader.latents(0, [3], "draw", [np.random.default_rng(7)]))
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert manifest["encoder"] == vae.encoder_hash()
    assert manifest["entries"][0]["latent_shape"] == [4, 4, 4]


def test_more_pictures_encode_only_what_is_new(vae: Vae, tmp_path: Path) -> None:
    assert encode(tmp_path, ["a", "b", "c", "d"], vae) == [0, 1, 2, 3]
    assert encode(tmp_path, ["a", "b", "c", "d"], vae) == []
    assert encode(tmp_path, ["a", "b", "c", "d", "e", "f", "g"], vae) == [1, 3, 4, 5, 6]
    assert encode(tmp_path, ["a", "b", "c", "d"], vae) == [1, 3]
    assert LatentReader(tmp_path).num_records == 4


def test_what_changed_is_encoded_again_and_nothing_else(vae: Vae, tmp_path: Path) -> None:
    records = list("abcdefg")
    encode(tmp_path, records, vae)
    records[3] = "x"
    assert encode(tmp_path, records, vae) == [3, 5]
    assert encode(tmp_path, records, vae, source="another font") == [*range(7)]
    other = Vae(build_vae().eval())
    with pytest.raises(CorruptShards, match="another autoencoder"):
        LatentReader(tmp_path, other.encoder_hash())
    assert encode(tmp_path, records, other) == [*range(7)]
    with torch.no_grad():
        next(other.model.decoder.parameters()).add_(1)
    assert encode(tmp_path, records, other, source="") == []


def test_damage_is_named_and_redone_alone(vae: Vae, tmp_path: Path) -> None:
    encode(tmp_path, list("abcdefg"), vae)
    file = tmp_path / "32x32-00001.safetensors"
    good = file.read_bytes()
    file.write_bytes(good[:-9])
    with pytest.raises(CorruptShards, match=r"32x32-00001.*instead of.*only what is damaged"):
        LatentReader(tmp_path)
    assert encode(tmp_path, list("abcdefg"), vae) == [3, 5]
    assert file.read_bytes() == good
    flipped = bytearray(good)
    flipped[-1] ^= 1
    file.write_bytes(flipped)
    assert encode(tmp_path, list("abcdefg"), vae) == [3, 5]
    file.write_bytes(b"{" * len(good))
    with pytest.raises(CorruptShards, match="cannot be read"):
        LatentReader(tmp_path).latents(0, [2])


def test_a_folder_without_manifest_says_what_to_do(vae: Vae, tmp_path: Path) -> None:
    with pytest.raises(CorruptShards, match="Encode them first"):
        LatentReader(tmp_path)
    encode(tmp_path, ["a"], vae)
    (tmp_path / MANIFEST).write_text("[]")
    with pytest.raises(CorruptShards, match="no manifest"):
        LatentReader(tmp_path)
    with pytest.raises(BadRecipe, match="no pictures"):
        encode(tmp_path, [], vae)


def test_several_processes_divide_the_shards(
    vae: Vae, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each writes its own; whoever comes last finds all."""
    monkeypatch.setattr(Team, "wait", lambda self: None)
    shares = [encode(tmp_path, list("abcdefg"), vae, team=Team(rank=rank, size=2)) for rank in (1, 0)]
    assert sorted([*shares[0], *shares[1]]) == [*range(7)]
    assert all(shares)
    assert Manifest.from_json((tmp_path / MANIFEST).read_text()).num_records == 7


def test_pictures_that_have_one_latent_have_no_spread(tmp_path: Path) -> None:
    settings = AutoencoderSettings()
    model = build_autoencoder(settings).eval()
    model.register_to_config(block_out_channels=settings.block_out_channels)
    vae = Vae(model)
    painter = Painter()
    encode_shards(tmp_path, ["a"], [Size(32, 32)], painter, vae, lambda _: None)
    reader = LatentReader(tmp_path)
    assert not reader.manifest.entries[0].has_log_variance
    assert torch.equal(reader.latents(0, [0], "draw"), reader.latents(0, [0]))

"""The cache of latents keeps what is still true and encodes the rest."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from engines.vae import Vae
from tests.engines.tiny import build_vae
from training.data.latents import LatentCache, cached_latents, load_cache, save_cache

pytestmark = pytest.mark.font


class Painter:
    """Flat pictures, two for each record; remembers which were asked for."""

    def __init__(self) -> None:
        self.drawn: list[int] = []

    def __call__(self, index: int) -> Image.Image:
        self.drawn.append(index)
        return Image.new("RGB", (256, 256), (10 * index, 100, 200))


@pytest.fixture(scope="module")
def vae() -> Vae:
    torch.manual_seed(0)
    return Vae(build_vae().eval())


def cached(path: Path, records: list[str], vae: Vae) -> tuple[LatentCache, list[int]]:
    """The cache, and the pictures that had to be encoded: the first is always looked at once."""
    painter = Painter()
    is_new = not path.exists()
    cache = cached_latents(path, records, painter, vae, lambda text: None, per_record=2)
    return cache, painter.drawn if is_new else painter.drawn[1:]


def test_more_records_encode_only_what_is_new(vae: Vae, tmp_path: Path) -> None:
    path = tmp_path / "cache.safetensors"
    _, drawn = cached(path, ["a", "b"], vae)
    assert drawn == [0, 1, 2, 3]
    grown, drawn = cached(path, ["a", "b", "c"], vae)
    assert drawn == [4, 5]
    fresh, _ = cached(tmp_path / "other.safetensors", ["a", "b", "c"], vae)
    assert torch.equal(grown.latents_NCHW, fresh.latents_NCHW)
    assert torch.equal(load_cache(path).latents_NCHW, fresh.latents_NCHW)
    fewer, drawn = cached(path, ["a"], vae)
    assert drawn == []
    assert len(fewer.latents_NCHW) == 2


def test_records_that_changed_are_encoded_again(vae: Vae, tmp_path: Path) -> None:
    path = tmp_path / "cache.safetensors"
    cached(path, ["a", "b", "c"], vae)
    cache, drawn = cached(path, ["a", "x", "c"], vae)
    assert drawn == [2, 3, 4, 5]
    assert load_cache(path).records == cache.records == ("a", "x", "c")


def test_another_autoencoder_encodes_everything_again(vae: Vae, tmp_path: Path) -> None:
    path = tmp_path / "cache.safetensors"
    cache, _ = cached(path, ["a", "b"], vae)
    save_cache(path, LatentCache(latents_NCHW=cache.latents_NCHW + 1, records=cache.records))
    again, drawn = cached(path, ["a", "b"], vae)
    assert drawn == [0, 1, 2, 3]
    assert torch.equal(again.latents_NCHW, cache.latents_NCHW)

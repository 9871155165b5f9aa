"""Each way to look at latents, which is chosen when, and how well the linear map sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderTiny
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from engines import preview
from engines.api import GenerateRequest, Progress
from engines.errors import WeightsDamaged
from engines.load_engine import STICKERS, load_engine
from engines.preview import TINY_DECODER, LinearMap, decoded, find_preview, mapped
from engines.vae import Vae, to_image, to_pixels
from tests.engines.test_placement import TINY
from tests.engines.tiny import build_vae

TINY_KEYS: dict[str, Any] = {
    "encoder_block_out_channels": (8,) * 4,
    "decoder_block_out_channels": (8,) * 4,
    "latent_channels": 4,
}
SMALLER: dict[str, Any] = {
    "encoder_block_out_channels": (8,) * 3,
    "decoder_block_out_channels": (8,) * 3,
    "num_encoder_blocks": (1,) * 3,
    "num_decoder_blocks": (1,) * 3,
}


@pytest.fixture
def vae() -> Vae:
    torch.manual_seed(0)
    return Vae(build_vae().eval())


@pytest.fixture
def every_vae_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "MOST_PARAMETERS", 0)


@pytest.fixture
def latents() -> Tensor:
    return torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))


def build_taef1(folder: Path, **options: Any) -> Any:
    """The real class at tiny size, for latents as they are: its scale is 1 and its shift 0."""
    torch.manual_seed(2)
    model = AutoencoderTiny(**TINY_KEYS | options).eval()
    model.save_pretrained(folder / TINY_DECODER)
    return model


def test_a_small_autoencoder_shows_its_latents_itself(vae: Vae, latents: Tensor, tmp_path: Path) -> None:
    build_taef1(tmp_path)
    looked = find_preview(vae, tmp_path)(latents)
    assert looked.tobytes() == to_image(vae.decode(latents)).tobytes()


@pytest.mark.usefixtures("every_vae_is_large")
@pytest.mark.parametrize("place", ["inside", "beside"])
def test_the_tiny_decoder_takes_latents_as_they_are(
    place: str, vae: Vae, latents: Tensor, tmp_path: Path
) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    tiny = build_taef1(folder if place == "inside" else tmp_path)
    looked = find_preview(vae, folder)(latents)
    with torch.no_grad():
        assert looked.tobytes() == to_image(tiny.decode(latents).sample).tobytes()
    assert looked.tobytes() != to_image(vae.decode(latents)).tobytes()


@pytest.mark.usefixtures("every_vae_is_large")
@pytest.mark.parametrize("other", [{"latent_channels": 16}, SMALLER], ids=["channels", "size"])
def test_a_decoder_of_other_latents_is_refused(other: dict[str, Any], vae: Vae, tmp_path: Path) -> None:
    build_taef1(tmp_path, **other)
    with pytest.raises(WeightsDamaged, match=r"taef1 decodes latents of .* this model has 4 at 1/8"):
        find_preview(vae, tmp_path)


@pytest.mark.usefixtures("every_vae_is_large")
def test_a_cut_or_pickled_decoder_is_refused(vae: Vae, tmp_path: Path) -> None:
    model = build_taef1(tmp_path)
    file = tmp_path / TINY_DECODER / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(WeightsDamaged, match="does not hold a loadable AutoencoderTiny"):
        find_preview(vae, tmp_path)
    file.unlink()
    torch.save(model.state_dict(), file.with_name("diffusion_pytorch_model.bin"))
    with pytest.raises(WeightsDamaged, match="does not hold a loadable AutoencoderTiny"):
        find_preview(vae, tmp_path)
    (tmp_path / TINY_DECODER / "config.json").write_text(json.dumps({"_class_name": "UNet2DModel"}))
    with pytest.raises(WeightsDamaged, match="UNet2DModel"):
        find_preview(vae, tmp_path)


@pytest.mark.usefixtures("every_vae_is_large")
def test_without_a_tiny_decoder_the_map_looks(vae: Vae, latents: Tensor, tmp_path: Path) -> None:
    expected = to_image(LinearMap(vae)(latents)).resize((64, 64), Image.Resampling.BICUBIC)
    assert find_preview(vae, tmp_path)(latents).tobytes() == expected.tobytes()


@pytest.mark.parametrize("look", [decoded, mapped], ids=["decoded", "mapped"])
def test_previews_of_large_latents_are_small(look: Any, vae: Vae) -> None:
    show = look(vae)
    assert show(torch.zeros(1, 4, 8, 8)).size == (64, 64)
    assert show(torch.zeros(1, 4, 80, 128)).size == (512, 320)


class LinearVae:
    """Latents that are an affine function of the mean colours, so that the map can be exact."""

    factor = 4

    def __init__(self) -> None:
        self.mixing = torch.randn(5, 3, generator=torch.Generator().manual_seed(3))

    def encode(self, pixels_B3HW: Tensor) -> Tensor:
        return torch.einsum("cr,brhw->bchw", self.mixing, avg_pool2d(pixels_B3HW, self.factor)) + 0.3


def test_the_map_inverts_what_is_linear() -> None:
    vae: Any = LinearVae()
    pixels = torch.rand(2, 3, 24, 12, generator=torch.Generator().manual_seed(4)) * 2 - 1
    torch.testing.assert_close(LinearMap(vae)(vae.encode(pixels)), avg_pool2d(pixels, 4), atol=1e-5, rtol=0)


@pytest.mark.skipif(not STICKERS.is_dir(), reason="the embedded weights are not there")
def test_the_map_sees_colours_as_a_trained_decoder_does() -> None:
    vae = Vae.from_pretrained(STICKERS / "vae")
    picture = Image.new("RGB", (256, 256), (240, 200, 40))
    picture.paste((30, 60, 200), (40, 60, 150, 200))
    picture.paste((200, 30, 30), (170, 20, 240, 130))
    latents = vae.encode(to_pixels(picture))
    seen, truth = LinearMap(vae)(latents), avg_pool2d(vae.decode(latents), vae.factor)
    assert truth.std() > 0.5
    assert (seen - truth).square().mean().sqrt() < 0.02


@pytest.mark.usefixtures("every_vae_is_large")
def test_an_engine_shows_the_map_and_draws_the_same(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw() -> tuple[bytes, list[bytes]]:
        seen: list[Progress] = []
        engine = load_engine(TINY, tiny_folder)
        sample = engine.generate(GenerateRequest(prompt="a cat", seed=0, num_steps=2), seen.append)
        return sample.image.tobytes(), [each.preview.tobytes() for each in seen if each.preview]

    image, mapped_looks = draw()
    monkeypatch.setattr(preview, "MOST_PARAMETERS", 10**9)
    same_image, own_looks = draw()
    assert image == same_image
    assert len(mapped_looks) == len(own_looks) == 1
    assert mapped_looks != own_looks

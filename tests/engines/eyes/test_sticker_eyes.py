"""The stickers' eyes: their answers by hand-made maps, their files, and that damage is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from engines.errors import ModelNotFound, WeightsDamaged
from engines.eyes.network import CELL_PX, EyesNetwork, Names, View
from engines.eyes.sticker_eyes import StickerEyes, Thresholds, peaks_of, read, to_input

NAMES = Names(
    classes=("cat", "dog", "car"), colors=("red", "blue"), backgrounds=("plain", "night"), styles=("sepia",)
)
CHANNELS = (4, 8, 8, 8)


def blank() -> View:
    """16 x 16 cells in which nothing stands."""
    return View(
        kinds_BKhw=torch.full((1, 4, 16, 16), -9.0),
        colors_BKhw=torch.zeros(1, 3, 16, 16),
        boxes_B4hw=torch.zeros(1, 4, 16, 16),
        backgrounds_BK=torch.tensor([[0.0, 2.0]]),
        styles_BK=torch.tensor([[0.0, 2.0]]),
        known_B=torch.tensor([3.0]),
    )


def place(
    view: View, kind: int, color: int, row: int, column: int, *, heat: float = 4.0, cells: float = 4.0
) -> None:
    """A thing so many cells wide and high, a quarter cell right of the middle of its cell."""
    view.kinds_BKhw[0, kind, row, column] = heat
    view.colors_BKhw[0, color, row, column] = 5.0
    size = float(torch.tensor(cells).log())
    view.boxes_B4hw[0, :, row, column] = torch.tensor([0.25, 0.0, size, size])


def test_a_peak_becomes_a_thing_in_picture_pixels() -> None:
    view = blank()
    place(view, 1, 0, 4, 10)
    place(view, 2, 2, 12, 3, heat=2.0)
    seen = read(view, NAMES, Thresholds(), (256, 256), (128, 128))
    dog, car = seen.things
    assert (dog.kind, dog.color) == ("dog", "red")
    assert dog.box == (140, 40, 204, 104)
    assert (car.kind, car.color) == ("car", None)
    assert dog.confidence > car.confidence > 0.8
    assert (seen.background, seen.style) == ("night", None)
    assert seen.is_known


def test_of_several_peaks_on_one_thing_the_surest_counts() -> None:
    view = blank()
    place(view, 0, 0, 8, 8, heat=4.0)
    place(view, 1, 0, 8, 9, heat=3.0)
    assert [peak.kind for peak in peaks_of(view, 0.4)] == [0]
    place(view, 1, 0, 8, 14, heat=3.0)
    assert [peak.kind for peak in peaks_of(view, 0.4)] == [0, 1]
    assert peaks_of(blank(), 0.4) == []


def test_strangers_are_counted_and_not_named() -> None:
    view = blank()
    place(view, 3, 0, 8, 8)
    seen = read(view, NAMES, Thresholds(), (256, 256), (128, 128))
    assert (seen.things, seen.num_strangers) == ((), 1)


def test_a_picture_of_another_world_is_known_as_such() -> None:
    view = blank()
    view.known_B[0] = -3.0
    seen = read(view, NAMES, Thresholds(), (256, 256), (128, 128))
    assert not seen.is_known
    assert seen.confidence < 0.1


@pytest.mark.parametrize(
    ("size", "shape"),
    [((256, 256), (128, 128)), ((320, 192), (96, 160)), ((1024, 1024), (128, 128)), ((4000, 10), (16, 512))],
)
def test_input_keeps_the_outline(size: tuple[int, int], shape: tuple[int, int]) -> None:
    pixels = to_input(Image.new("RGB", size, "white"))
    assert pixels.shape == (1, 3, *shape)
    assert float(pixels.min()) == 1.0
    assert shape[0] % (2 * CELL_PX) == 0


@pytest.mark.parametrize("mode", ["RGBA", "L", "P"])
def test_pictures_of_any_mode_are_looked_at(mode: str) -> None:
    eyes = StickerEyes(EyesNetwork(NAMES, CHANNELS))
    assert eyes.look(Image.new(mode, (300, 200))).size == (300, 200)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = EyesNetwork(NAMES, CHANNELS).half().float()
    network.fine[0][1].running_mean.fill_(0.5)
    eyes = StickerEyes(network, Thresholds(thing=0.3, known=0.6))
    eyes.save(tmp_path)
    again = StickerEyes.from_pretrained(tmp_path)
    picture = Image.radial_gradient("L").convert("RGB")
    assert again.thresholds == eyes.thresholds
    assert again.vocabulary["classes"] == NAMES.classes
    assert again.look(picture) == eyes.look(picture)
    assert torch.equal(again.network.fine[0][1].running_mean, network.fine[0][1].running_mean)


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"config\.json is missing"):
        StickerEyes.from_pretrained(tmp_path)
    StickerEyes(EyesNetwork(NAMES, CHANNELS)).save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for broken in ({**config, "channels": [4, 8, 8, 16]}, {**config, "names": {}}, []):
        (tmp_path / "config.json").write_text(json.dumps(broken))
        with pytest.raises(WeightsDamaged, match="cannot be read"):
            StickerEyes.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(WeightsDamaged, match="cannot be read"):
        StickerEyes.from_pretrained(tmp_path)


def test_named_things_are_located() -> None:
    class Fixed(EyesNetwork):
        def forward(self, pixels_B3HW: torch.Tensor) -> View:
            view = blank()
            place(view, 0, 0, 4, 4)
            place(view, 0, 1, 12, 12, heat=3.0)
            return view

    eyes, picture = StickerEyes(Fixed(NAMES, CHANNELS)), Image.new("RGB", (256, 256))
    assert len(eyes.locate(picture, "the cats")) == 2
    (box,) = eyes.locate(picture, "a blue cat")
    assert box[0] > 128
    assert eyes.locate(picture, "the dog") == ()

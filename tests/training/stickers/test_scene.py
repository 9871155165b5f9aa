import numpy as np

from training.stickers.catalogue import CLASSES, COLORS, KINDS, SHAPES, SIGN, SIGN_WORDS
from training.stickers.scene import is_held_out, sample_scene


def test_same_seed_same_scene() -> None:
    assert sample_scene(np.random.default_rng(5)) == sample_scene(np.random.default_rng(5))


def test_things_stay_inside_and_apart() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        scene = sample_scene(rng)
        things = scene.things
        for index, thing in enumerate(things):
            left, top, right, bottom = thing.box
            assert min(left, top) >= -8
            assert right <= scene.size[0] + 8
            assert bottom <= scene.size[1] + 8
            for other in things[:index]:
                far_x = abs(thing.x - other.x) > 0.8 * (thing.size + other.size) / 2
                far_y = abs(thing.y - other.y) > 0.8 * (thing.size + other.size) / 2
                assert far_x or far_y


def test_training_never_shows_held_out_looks() -> None:
    rng = np.random.default_rng(1)
    looks = {thing.look for _ in range(2000) for thing in sample_scene(rng).things}
    assert not any(is_held_out(*look) for look in looks)
    held_out = sum(is_held_out(kind, color) for kind in CLASSES for color in COLORS)
    assert 0.09 < held_out / (len(CLASSES) * len(COLORS)) < 0.16
    assert len(looks) > 100


def test_every_shape_class_and_sign_appears() -> None:
    rng = np.random.default_rng(3)
    scenes = [sample_scene(rng) for _ in range(2000)]
    assert {scene.shape for scene in scenes} == set(SHAPES)
    assert {thing.kind for scene in scenes for thing in scene.things} == set(KINDS)
    words = {thing.word for scene in scenes for thing in scene.things if thing.kind == SIGN}
    assert words == set(SIGN_WORDS)
    assert {sample_scene(rng, shape="portrait").size for _ in range(5)} == {(192, 320)}


def test_every_count_appears() -> None:
    rng = np.random.default_rng(2)
    assert {len(sample_scene(rng).things) for _ in range(200)} == {1, 2, 3, 4}
    assert len(sample_scene(rng, num_things=3).things) == 3

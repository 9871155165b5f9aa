import numpy as np

from training.stickers.scene import CLASSES, COLORS, PICTURE_PX, is_held_out, sample_scene


def test_same_seed_same_scene() -> None:
    assert sample_scene(np.random.default_rng(5)) == sample_scene(np.random.default_rng(5))


def test_things_stay_inside_and_apart() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        things = sample_scene(rng).things
        for index, thing in enumerate(things):
            left, top, right, bottom = thing.box
            assert min(left, top) >= -8
            assert max(right, bottom) <= PICTURE_PX + 8
            for other in things[:index]:
                far_x = abs(thing.x - other.x) > 0.8 * (thing.size + other.size) / 2
                far_y = abs(thing.y - other.y) > 0.8 * (thing.size + other.size) / 2
                assert far_x or far_y


def test_training_never_shows_held_out_looks() -> None:
    rng = np.random.default_rng(1)
    looks = {thing.look for _ in range(2000) for thing in sample_scene(rng).things}
    assert not any(is_held_out(*look) for look in looks)
    held_out = sum(is_held_out(kind, color) for kind in CLASSES for color in COLORS)
    assert 8 <= held_out <= 40
    assert len(looks) > 100


def test_every_count_appears() -> None:
    rng = np.random.default_rng(2)
    assert {len(sample_scene(rng).things) for _ in range(200)} == {1, 2, 3, 4}
    assert len(sample_scene(rng, num_things=3).things) == 3

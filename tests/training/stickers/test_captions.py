import numpy as np

from training.stickers.captions import caption, noun_phrase, plural, relation
from training.stickers.catalogue import COLORS
from training.stickers.scene import Scene, Thing, sample_scene

CAR = Thing(kind="car", color="red", x=60, y=128, size=80)
DOG = Thing(kind="dog", color=None, x=190, y=130, size=80)


def test_phrases() -> None:
    assert noun_phrase(("apple", None)) == "an apple"
    assert noun_phrase(("bus", "red"), 3) == "three red buses"
    assert plural("fish") == "fish"


def test_relation_is_seen_from_the_second() -> None:
    assert relation(CAR, DOG) == "left"
    assert relation(DOG, CAR) == "right"
    assert relation(Thing(kind="cat", color=None, x=185, y=30, size=60), DOG) == "above"


def test_captions_are_true() -> None:
    scene = Scene(background="night", style=None, things=(CAR, DOG))
    rng = np.random.default_rng(0)
    for _ in range(200):
        words = caption(scene, rng)
        assert "red car" in words
        assert "dog" in words
        assert "night" in words or "starry" in words
        if "left" in words:
            assert words.index("car") < words.index("left") < words.index("dog")
        if "right" in words:
            assert words.index("dog") < words.index("right") < words.index("car")
        assert "above" not in words
        assert "below" not in words


def test_natural_colors_are_never_named() -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        scene = sample_scene(rng)
        words = caption(scene, rng)
        for other in ("a blue sky", "a green meadow", "on white", "black and white"):
            words = words.replace(other, "")
        named = {word for word in words.replace(",", "").split() if word in COLORS}
        fruit = {"orange"} if any(each.kind == "orange" for each in scene.things) else set()
        assert named - fruit == {each.color for each in scene.things if each.color} - fruit


def test_a_sign_says_its_word() -> None:
    sign = Thing(kind="sign", color=None, x=190, y=130, size=80, word="OPEN")
    scene = Scene(background="plain", style=None, things=(CAR, sign))
    assert 'a sign saying "OPEN"' in caption(scene, np.random.default_rng(0))

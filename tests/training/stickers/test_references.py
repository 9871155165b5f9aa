import numpy as np

from training.stickers.references import refer
from training.stickers.scene import Scene, Thing

RED = Thing(kind="cat", color="red", x=60, y=60, size=60)
BLUE = Thing(kind="cat", color="blue", x=190, y=60, size=60)
TWIN = Thing(kind="cat", color="red", x=190, y=190, size=60)
APPLE = Thing(kind="apple", color=None, x=60, y=190, size=90)


def words(thing: Thing, *things: Thing, reasoning_share: float = 0.0) -> set[str | None]:
    scene = Scene(background="plain", style=None, things=things)
    rng = np.random.default_rng(0)
    found = [refer(thing, scene, rng, reasoning_share) for _ in range(40)]
    return {each.words if each else None for each in found}


def test_a_name_means_one_thing() -> None:
    assert words(RED, RED, BLUE) == {"the red cat"}
    assert words(RED, RED, BLUE, TWIN) == {None}
    assert words(APPLE, RED, APPLE) == {"the apple"}
    assert words(RED, RED, APPLE) == {"the cat", "the red cat"}


def test_a_look_at_the_scene_tells_them_apart() -> None:
    assert words(RED, RED, BLUE, reasoning_share=1.0) == {
        "the leftmost thing",
        "the thing on the left",
        "the left cat",
    }
    assert words(APPLE, RED, APPLE, reasoning_share=1.0) == {
        "the largest thing",
        "the biggest thing",
        "the fruit",
    }
    assert words(RED, RED, reasoning_share=1.0) == {"the cat", "the red cat"}

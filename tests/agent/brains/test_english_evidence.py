import pytest

from agent.brains.brain import Context, PictureView
from agent.brains.english_evidence import (
    asks_of_picture,
    contrast,
    likely_change,
    stated_change,
    wanted_picture,
)
from agent.brains.references import Album
from agent.domain import Origin

CAT = PictureView(id="1", number=1, origin=Origin.GENERATED, turn=1, prompt="a black cat on a red sofa")
SHOWN = Album(Context(message="", pictures=(CAT,), current="1"))


@pytest.mark.parametrize(
    ("clause", "is_asked"),
    [
        ("where's the light coming from", True),
        ("what do you think the cat is feeling", True),
        ("why do cats purr", False),
        ("what would the cat look like in blue", False),
        ("how did you draw the cat", False),
    ],
)
def test_questions_of_the_picture(clause: str, is_asked: bool) -> None:
    assert asks_of_picture(clause, SHOWN) is is_asked


@pytest.mark.parametrize(
    ("clause", "order"),
    [
        ("the cat should smile a little", "make the cat smile a little"),
        ("next to the sofa a lamp", "add a lamp next to the sofa"),
        ("there's a butterfly missing above its head", "add a butterfly above its head"),
        ("i don't want the sofa", "remove the sofa"),
        ("we should talk about the cat", None),
    ],
)
def test_changes_told_as_facts(clause: str, order: str | None) -> None:
    wish = stated_change(clause, clause, SHOWN)
    assert (wish.text if wish else None) == order


@pytest.mark.parametrize(
    ("clause", "order"),
    [
        ("white tip on the tail", "add white tip on the tail"),
        ("wings", "add wings"),
        ("could do with a pillow or two", "add a pillow or two"),
        ("my cat is called Minka", None),
    ],
)
def test_fragments_on_the_picture(clause: str, order: str | None) -> None:
    wish = likely_change(clause, SHOWN)
    assert (wish.text if wish else None) == order


def test_one_thing_for_another() -> None:
    wish = contrast("not a cat, a dog", SHOWN)
    assert wish is not None
    assert wish.text == "replace the cat with a dog"
    assert contrast("not a whale, a dog", SHOWN) is None


def test_a_picture_wanted_within_a_sentence_on_something_else() -> None:
    assert wanted_picture("we marry in june and need an illustration of a rose") == "a rose"
    assert wanted_picture("i never wanted a picture of a rose") == ""

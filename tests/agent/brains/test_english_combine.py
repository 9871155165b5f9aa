"""Two pictures in one wish."""

from __future__ import annotations

from agent.brains.brain import Context, PictureView
from agent.brains.english_combine import about, about_place, all_references, as_combination, as_placement
from agent.brains.references import Album, Reference
from agent.domain import Origin


def album(*prompts: str, origin: Origin = Origin.GENERATED) -> Album:
    pictures = tuple(
        PictureView(id=str(number), number=number, origin=origin, turn=number, prompt=prompt)
        for number, prompt in enumerate(prompts, start=1)
    )
    return Album(Context(message="", pictures=pictures, current=str(len(pictures))))


def test_references_come_in_the_order_of_the_sentence() -> None:
    named = all_references("compare the second picture with #1")
    assert [(each.kind, each.index) for each in named] == [("ordinal", 2), ("number", 1)]


def test_the_picture_something_is_put_into_is_changed() -> None:
    wish = as_placement("put the cat from #1 on the beach in #2", album("a cat", "a beach"))
    assert wish is not None
    assert wish.reference == Reference(kind="number", index=2)
    assert wish.text == "put the cat on the beach"


def test_what_only_the_other_picture_shows_goes_into_the_one_looked_at() -> None:
    wish = as_placement("place the wolf into the forest", album("a wolf", "a forest"))
    assert wish is not None
    assert wish.reference is None
    assert as_placement("place a wolf into the forest", album("a wolf", "a forest")) is None


def test_both_are_drawn_together_from_words_and_photos_are_asked_about() -> None:
    drawn = as_combination("combine the two pictures into one", album("a cat", "a beach"))
    photos = as_combination("combine the two pictures into one", album("", "", origin=Origin.UPLOADED))
    assert drawn is not None
    assert (drawn.kind, drawn.text) == ("generate", "a cat and a beach")
    assert photos is not None
    assert photos.kind == "ask"


def test_a_description_that_only_another_picture_fits_means_that_one() -> None:
    cars = album("a red car", "a blue car")
    assert about("paint the red car white", cars) == Reference(
        kind="described", words=frozenset({"red", "car"})
    )
    assert about("make the car green", cars) is None
    assert about_place("put a hat on the red car", cars) is not None

"""An engine that knows few words and few kinds of change says so."""

from __future__ import annotations

import pytest

from agent.brains.small_world import SmallWorld
from agent.domain import DecisionStep

WORDS = {
    "classes": ("cat", "hot dog", "sports ball", "skis"),
    "signs": ("OPEN",),
    "edits": ("add", "remove", "color"),
    "words": ("a", "the", "add", "make", "it", "sign", "saying", "yellow"),
}


def change(words: str) -> tuple[DecisionStep, ...]:
    return (DecisionStep(kind="edit", prompt=words, source="1"),)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("mirror it", "mirror"),
        ("move the cat up", "move"),
        ('change the sign to "OPEN"', "sign"),
        ("change the background to grass", "background"),
    ],
)
def test_a_kind_of_change_never_learnt_is_refused_with_what_was(words: str, kind: str) -> None:
    refusal = SmallWorld(WORDS, "en").refusal(change(words))
    assert kind in refusal
    assert "recolour" in refusal
    assert SmallWorld({**WORDS, "edits": ()}, "en").refusal(change(words)) == ""


def test_a_learnt_change_of_a_known_thing_passes() -> None:
    world = SmallWorld(WORDS, "en")
    assert world.refusal(change("make the cat yellow")) == ""
    for thing in ("a yellow sports ball", "three yellow sports balls", "a skis", "a hot dog"):
        assert world.knows_thing(thing), thing
    assert not world.knows_thing("a dog")


def test_the_word_on_a_sign_is_known() -> None:
    assert SmallWorld(WORDS, "en").notices(change('add a sign saying "OPEN"')) == ()

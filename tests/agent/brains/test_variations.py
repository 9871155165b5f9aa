"""Another picture of the same words."""

from __future__ import annotations

import pytest

from agent.brains.brain import Context, PictureView, Utterance
from agent.brains.offline import OfflineBrain
from agent.domain import Origin, Route


@pytest.mark.parametrize(
    ("message", "prompt", "num_pictures"),
    [
        ("another one like this", "a cat", 1),
        ("make variations", "a cat", 1),
        ("make three variations of this", "a cat", 3),
        ("give me two variations of #1", "a red car", 2),
        ("show me some variants of the first one", "a red car", 3),
        ("another one like #1", "a red car", 1),
        ("draw two more like the first one", "a red car", 2),
        ("换一张", "a cat", 1),
        ("来三个变体", "a cat", 3),
        ("再来两张类似的", "a cat", 2),
    ],
)
def test_a_variation_is_the_same_words_with_fresh_seeds(message: str, prompt: str, num_pictures: int) -> None:
    pictures = tuple(
        PictureView(id=f"p{number}", number=number, origin=Origin.GENERATED, turn=number, prompt=words)
        for number, words in enumerate(("a red car", "a cat"), start=1)
    )
    history = tuple(Utterance(role="assistant", text="Here.", pictures=(each.id,)) for each in pictures)
    context = Context(message=message, pictures=pictures, history=history, current="p2")
    decision = OfflineBrain().decide(context)
    assert decision.route is Route.GENERATE
    (step,) = decision.steps
    assert (step.prompt, step.num_pictures, step.is_variation) == (prompt, num_pictures, True)

"""Languages without rules: recognised, answered in, never drawn from."""

from __future__ import annotations

import pytest

from agent.brains.brain import Context, PictureView
from agent.brains.offline import OfflineBrain
from agent.brains.other_languages import unread_language
from agent.domain import Origin, Route


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("dibuja un gato negro", "es"),
        ("je voudrais une maison", "fr"),
        ("Zeichne bitte einen Hund", "de"),
        ("quero um cavalo na praia", "pt"),
        ("vorrei una barca", "it"),
        ("猫を描いて", "ja"),
        ("고양이", "ko"),
        ("нарисуй кота", "ru"),
        ("画一只猫", None),
        ("draw la Tour Eiffel for me", None),
        ("make it blue", None),
        ("#2", None),
    ],
)
def test_a_language_is_told_by_its_script_or_its_small_words(text: str, language: str | None) -> None:
    assert unread_language(text) == language


def test_a_wish_is_asked_for_and_talk_answered_in_the_users_language() -> None:
    wish = OfflineBrain().decide(Context(message="dibuja un gato negro"))
    talk = OfflineBrain().decide(Context(message="muchas gracias por todo"))
    assert (wish.route, talk.route) == (Route.ASK, Route.CHAT)
    assert (wish.language, talk.language) == ("es", "es")
    assert "inglés" in wish.reply
    assert "inglés" in talk.reply


def test_undo_is_understood() -> None:
    first = PictureView(id="1", number=1, origin=Origin.GENERATED, turn=1, prompt="a dog")
    second = PictureView(id="2", number=2, origin=Origin.EDITED, turn=2, parent="1", prompt="make it brown")
    decision = OfflineBrain().decide(
        Context(message="rückgängig machen, bitte", pictures=(first, second), current="2")
    )
    assert (decision.route, decision.targets) == (Route.GO_BACK, ("1",))

"""All that is known of a picture."""

from __future__ import annotations

from agent.domain import Change, Check, Finding, Origin
from tests.ui.pieces import a_picture
from ui.look import Look
from ui.picture_card import facts_of, picture_card

ENGLISH = Look()


def test_a_card_names_what_made_the_picture() -> None:
    first = a_picture(1)
    second = a_picture(2).model_copy(update={"parents": (first.id,), "seconds": 3.0})
    facts = facts_of(second, {first.id: first}, ENGLISH)
    assert (facts["Engine"], facts["Seed"], facts["Steps"]) == ("fake", "42", "8")
    assert (facts["Made from"], facts["Made in"]) == ("#1", "3 s")
    assert "Not wanted" not in facts
    assert "Prompt" not in facts


def test_a_card_says_what_was_found_and_how_much_changed() -> None:
    check = Check(
        findings=(
            Finding(asked="a red car", seen="a red car", is_met=True),
            Finding(asked="a dog", seen="nothing", is_met=False),
        ),
        score=0.5,
    )
    change = Change(share=0.125, outside=0.01)
    picture = a_picture(1).model_copy(update={"check": check, "change": change})
    card = picture_card(picture, [picture], ENGLISH)
    assert "Check 50%" in card
    assert card.count('class="unmet"') == 1
    assert "12.5% of the picture differs; 1.0% of what was to stay" in card


def test_an_upload_has_no_settings_to_use() -> None:
    card = picture_card(a_picture(1, origin=Origin.UPLOADED), [], ENGLISH)
    assert "use_settings" not in card
    assert "Seed" not in card


def test_words_stay_words() -> None:
    picture = a_picture(1, caption="<script>alert(1)</script>")
    assert "<script" not in picture_card(picture, [picture], ENGLISH)

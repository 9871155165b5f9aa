"""Captions become claims, claims questions, and answers verdicts."""

from __future__ import annotations

import pytest

from training.data.curation.caption_words import BadReply, Captions, Thing
from training.data.curation.claims import Claim, ClaimKind, answers_request, asked_in, claims_of, read_answers


def claimed(*things: Thing) -> tuple[Claim, ...]:
    return claims_of(Captions(short="s", medium="m", long="l", things=things))


def test_each_kind_claims_that_it_is_there_its_number_and_its_colours() -> None:
    claims = claimed(
        Thing(name="Cat", count=2, color="Red"),
        Thing(name="cat", count=1, color="blue"),
        Thing(name="apple", count=1, color=None),
    )
    assert [claim.question for claim in claims] == [
        "Is there a cat in the picture?",
        "Is the number of cat in the picture exactly 3?",
        "Is a cat in the picture red in colour?",
        "Is a cat in the picture blue in colour?",
        "Is there an apple in the picture?",
        "Is the number of apple in the picture exactly 1?",
    ]


def test_who_is_asked_can_tell_what_each_question_means() -> None:
    claims = claimed(
        Thing(name="hot dog", count=4, color="brown"), Thing(name="what?\n2. Is it", count=1, color=None)
    )
    assert asked_in(answers_request(claims)) == [*claims]
    assert asked_in("Why?\n1. Is it nice?") == [None]
    assert {claim.kind for claim in claims} == set(ClaimKind)


def test_every_question_needs_its_yes_or_no() -> None:
    assert read_answers('{"answers": ["yes", "No.", " YES "]}', 3) == (True, False, True)
    for text in (
        '{"answers": ["yes"]}',
        '{"answers": ["yes", "no", "maybe"]}',
        '{"answers": [1, 0, 1]}',
        "yes",
    ):
        with pytest.raises(BadReply):
            read_answers(text, 3)

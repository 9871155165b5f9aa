"""The self-check, with eyes that follow a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.domain import Artifact, Decision, PictureOptions, Quality, Route
from agent.events import ArtifactReady, Event, ReplyDelta
from engines.api import Seen, SeenThing
from tests.doubles import Agent, ScriptedBrain, ScriptedEyes, build_agent, draw

VOCABULARY = {"classes": ("cat", "dog"), "colors": ("red", "blue"), "backgrounds": (), "styles": ()}


def cats(count: int) -> Seen:
    things = tuple(
        SeenThing(kind="cat", color=None, box=(30 * i, 0, 30 * i + 20, 20), confidence=0.9)
        for i in range(count)
    )
    return Seen(size=(128, 128), is_known=True, confidence=1.0, things=things, background="plain")


def ask(
    folder: Path, *script: Seen, options: PictureOptions = PictureOptions()
) -> tuple[list[Artifact], str]:
    agent = build_agent(folder, eyes=ScriptedEyes(*script, vocabulary=VOCABULARY))
    session = agent.sessions.create("ann")
    events = list(agent.coordinator.run(session.id, "ann", "three cats", options=options))
    agent.close()
    return artifacts_of(events), "".join(each.text for each in events if isinstance(each, ReplyDelta))


def artifacts_of(events: list[Event]) -> list[Artifact]:
    return [each.artifact for each in events if isinstance(each, ArtifactReady)]


def test_what_is_right_is_kept_without_a_word(tmp_path: Path) -> None:
    (made,), reply = ask(tmp_path, cats(3))
    assert reply == "Here is #1."
    assert made.check is not None
    assert (made.check.score, made.check.attempt) == (pytest.approx(1, abs=0.06), 1)
    assert [finding.is_met for finding in made.check.findings] == [True]


def test_what_is_wrong_is_made_once_more_and_said(tmp_path: Path) -> None:
    (made,), reply = ask(tmp_path, cats(2), cats(3))
    assert made.check is not None
    assert made.check.attempt == 2
    assert reply == (
        "Here is #1. My first try at #1 was not right (asked for three cats, I see two cats), "
        "so I made it again."
    )


def test_at_most_one_repair_and_the_better_one_stays(tmp_path: Path) -> None:
    (made,), reply = ask(tmp_path, cats(2), cats(0), cats(3))
    assert made.check is not None
    assert made.check.attempt == 1
    assert "made #1 again, and it is still not right: asked for three cats, I see two cats" in reply


@pytest.mark.parametrize(("quality", "tries"), [(Quality.FAST, 4), (Quality.DEV, 4), (Quality.FULL, 2)])
def test_a_cheap_picture_has_more_tries(tmp_path: Path, quality: Quality, tries: int) -> None:
    never, right = [cats(1)] * (tries - 1), cats(3)
    (made,), reply = ask(tmp_path, *never, right, cats(0), options=PictureOptions(quality=quality))
    assert made.check is not None
    assert made.check.attempt == tries
    assert ("again" if tries == 2 else "3 times more") in reply


def test_best_of_four_tries_until_one_is_right(tmp_path: Path) -> None:
    (made,), reply = ask(tmp_path, cats(1), cats(2), cats(3), options=PictureOptions(best_of=4))
    assert made.check is not None
    assert made.check.attempt == 3
    assert "so I made it 2 times more" in reply


def test_a_chosen_seed_is_kept_to(tmp_path: Path) -> None:
    (made,), reply = ask(tmp_path, cats(2), cats(3), options=PictureOptions(seed=7))
    assert made.recipe is not None
    assert made.recipe.seed == 7
    assert reply == "Here is #1. #1 is not right: asked for three cats, I see two cats."


def test_nothing_is_checked_when_that_is_off(tmp_path: Path) -> None:
    (made,), reply = ask(tmp_path, cats(2), options=PictureOptions(is_checked=False))
    assert (made.check, reply) == (None, "Here is #1.")


def test_eyes_that_speak_freely_are_not_asked_to_compare(tmp_path: Path) -> None:
    eyes = ScriptedEyes(cats(2))
    agent = build_agent(tmp_path, eyes=eyes)
    session = agent.sessions.create("ann")
    (made,) = artifacts_of(list(agent.coordinator.run(session.id, "ann", "three cats")))
    agent.close()
    assert (made.check, eyes.questions) == (None, [])


def test_pictures_from_elsewhere_are_not_judged(tmp_path: Path) -> None:
    (made,), reply = ask(tmp_path)
    assert (made.check, reply) == (None, "Here is #1.")


def test_a_question_about_a_picture_is_answered_by_looking(tmp_path: Path) -> None:
    eyes = ScriptedEyes(cats(3), cats(2), vocabulary=VOCABULARY)
    rules = ScriptedBrain(draw("three cats"))
    agent: Agent = build_agent(tmp_path, brain=rules, fallback=rules, eyes=eyes)
    session = agent.sessions.create("ann")
    (made,) = artifacts_of(list(agent.coordinator.run(session.id, "ann", "three cats")))
    rules._script = iter([Decision(route=Route.UNDERSTAND, targets=(made.id,))])
    events = list(agent.coordinator.run(session.id, "ann", "how many cats are in it?"))
    agent.close()
    assert "two" in "".join(each.text for each in events if isinstance(each, ReplyDelta)).lower()
    assert eyes.questions[-1] == "how many cats are in it?"

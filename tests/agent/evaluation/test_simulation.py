"""The offline rules take the picture that was meant, in sessions whose right answer is known."""

from __future__ import annotations

from collections.abc import Iterator

from agent.brains.brain import Context
from agent.brains.offline import OfflineBrain
from agent.domain import Decision, Route
from agent.evaluation.simulation import ASKED, MAKERS, RIGHT, WRONG, simulate, summary

NUM_SESSIONS = 200
RIGHT_OR_ASKED, MOST_ASKED = 0.98, 0.1


class AlwaysTheLast:
    """A brain that takes the newest picture whatever is said."""

    name = "the last"

    def decide(self, context: Context) -> Decision:
        return Decision(route=Route.UNDERSTAND, targets=(context.pictures[-1].id,))

    def reply(self, context: Context, decision: Decision) -> Iterator[str]:
        yield ""

    def close(self) -> None: ...


def test_the_rules_take_the_picture_meant_or_ask() -> None:
    trials = simulate(OfflineBrain(), NUM_SESSIONS, seed=5)
    wrong = [each for each in trials if each.outcome == WRONG]
    asked = [each for each in trials if each.outcome == ASKED]
    assert len(wrong) <= (1 - RIGHT_OR_ASKED) * NUM_SESSIONS, wrong
    assert len(asked) <= MOST_ASKED * NUM_SESSIONS, asked


def test_taking_always_the_newest_picture_fails_the_bar() -> None:
    trials = simulate(AlwaysTheLast(), NUM_SESSIONS, seed=5)
    assert sum(each.outcome == RIGHT for each in trials) < NUM_SESSIONS / 2


def test_every_kind_of_naming_comes_up_and_a_seed_gives_the_same_sessions() -> None:
    trials = simulate(AlwaysTheLast(), 600, seed=1)
    assert {each.kind for each in trials} == set(MAKERS)
    assert trials == simulate(AlwaysTheLast(), 600, seed=1)
    assert trials != simulate(AlwaysTheLast(), 600, seed=2)


def test_the_summary_names_every_silent_mistake() -> None:
    trials = simulate(AlwaysTheLast(), 30, seed=1)
    text = summary(trials)
    wrong = [each for each in trials if each.outcome == WRONG]
    assert wrong
    assert text.startswith("30 simulated sessions")
    assert all(repr(each.text) in text for each in wrong)

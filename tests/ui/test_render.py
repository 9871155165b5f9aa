"""Turns and running turns as chat messages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.domain import EditStep, GenerateStep, Origin, Plan, Route, TurnStatus
from tests.ui.pieces import a_decision, a_picture, a_turn
from ui.live import Story
from ui.look import Look
from ui.render import RETRY, chat_messages, notice, pending_messages

DRAW = Plan(steps=(GenerateStep(prompt="a red car"),))
ENGLISH = Look()
RUNNING = Story(turn_id="t" * 32, plan=DRAW)


def live_words(story: Story) -> str:
    turn = a_turn(status=TurnStatus.RUNNING, reply="")
    return str(chat_messages([turn], story, ENGLISH)[-1].content)


def test_a_finished_turn_is_the_message_then_its_pictures_and_reply() -> None:
    asked, answered = chat_messages([a_turn(artifacts=(a_picture(1), a_picture(2)))], None, ENGLISH)
    assert (asked.role, answered.role) == ("user", "assistant")
    assert "draw a red car" in str(asked.content)
    content = str(answered.content)
    assert content.index("#1") < content.index("#2") < content.index("Here is #1.")
    assert answered.options == []


def test_uploads_stand_with_the_message_that_brought_them() -> None:
    upload = a_picture(1, origin=Origin.UPLOADED)
    asked = chat_messages([a_turn("make it blue", uploads=(upload,))], None, ENGLISH)[0]
    assert f"/thumbnails/{upload.id}?size=320" in str(asked.content)


def test_going_back_shows_a_picture_of_an_earlier_turn() -> None:
    first = a_turn(artifacts=(a_picture(1),))
    back = a_turn(
        "go back", reply="Back to #1.", shown=(a_picture(1).id,), decision=a_decision(Route.GO_BACK)
    )
    assert f"/pictures/{a_picture(1).id}" in str(chat_messages([first, back], None, ENGLISH)[-1].content)


def test_which_picture_is_asked_with_thumbnails_and_a_chip_for_each() -> None:
    made = a_turn(artifacts=(a_picture(1), a_picture(2)))
    asked = a_turn(
        "make it blue",
        reply="Which picture do you mean?",
        shown=(a_picture(1).id, a_picture(2).id),
        decision=a_decision(Route.ASK),
    )
    message = chat_messages([made, asked], None, ENGLISH)[-1]
    assert [option["value"] for option in message.options] == ["#1", "#2"]
    assert str(message.content).count("thumbnail") >= 2


@pytest.mark.parametrize("status", [TurnStatus.STOPPED, TurnStatus.FAILED])
def test_what_was_not_finished_can_be_retried(status: TurnStatus) -> None:
    message = chat_messages([a_turn(status=status, reply="Stopped.")], None, ENGLISH)[-1]
    assert [option["value"] for option in message.options] == [RETRY]


@pytest.mark.parametrize(
    "words",
    ["<img src=http://evil.test/x>", "![x](http://evil.test/x)", "a\n\n# b", "a\r\r# b", "a\r\n \t\r\n# b"],
)
def test_nobodys_words_become_markup(words: str) -> None:
    decision = a_decision(Route.GENERATE).model_copy(update={"reason": words})
    plan = Plan(steps=(GenerateStep(prompt=words),))
    for message in chat_messages([a_turn(words, reply=words, decision=decision, plan=plan)], None, ENGLISH):
        content = str(message.content)
        assert content.startswith(("<div", "<details"))
        assert "<img" not in content
        assert content.splitlines() == [content], "a blank line would end the block"


def test_lines_stay_lines() -> None:
    asked = chat_messages([a_turn("a cat\r\n\r\na dog")], None, ENGLISH)[0]
    assert "a cat<br><br>a dog" in str(asked.content)


@pytest.mark.parametrize(
    ("story", "words"),
    [
        (replace(RUNNING, plan=None), "Thinking"),
        (RUNNING, "Getting ready"),
        (replace(RUNNING, place=1), "In line · one picture ahead"),
        (replace(RUNNING, place=3), "In line · 3 pictures ahead"),
        (replace(RUNNING, place=2, wait_seconds=20.4), "In line · 2 pictures ahead · about 20 s"),
        (replace(RUNNING, place=1, wait_seconds=0.4), "In line · one picture ahead<"),
        (replace(RUNNING, place=0, step=3, of=8), "Drawing · step 3 of 8"),
        (
            replace(RUNNING, plan=Plan(steps=(EditStep(instruction="blue", source="1"),)), step=1, of=8),
            "Changing · step 1 of 8",
        ),
    ],
)
def test_a_running_turn_says_what_it_is_at(story: Story, words: str) -> None:
    assert words in live_words(story)


def test_finished_pictures_of_a_running_turn_stay_beside_the_one_that_forms() -> None:
    content = live_words(replace(RUNNING, artifacts=(a_picture(1),), step=2, of=8))
    assert content.index("#1") < content.index("step 2 of 8")


def test_a_running_turn_nobody_follows_is_thinking() -> None:
    turn = a_turn(status=TurnStatus.RUNNING, reply="")
    assert "Thinking" in str(chat_messages([turn], None, ENGLISH)[-1].content)


def test_a_pending_message_and_a_notice_are_not_of_the_store() -> None:
    assert [message.role for message in pending_messages("hello", ENGLISH)] == ["user", "assistant"]
    assert "too long" in str(notice("too long").content)


WAITING = a_turn(status=TurnStatus.WAITING, reply="Shall I?", plan=DRAW)


def test_a_plan_that_waits_can_be_changed_approved_or_skipped() -> None:
    content = str(chat_messages([WAITING], None, ENGLISH)[-1].content)
    assert content.index("Shall I?") < content.index("a red car") < content.index('name="approve"')
    assert f'name="decline" value="{WAITING.id}"' in content
    assert "contenteditable" in content


@pytest.mark.parametrize("words", ["<img src=http://evil.test/x>", "a\n\n# b"])
def test_nobodys_words_become_markup_in_a_plan(words: str) -> None:
    turn = WAITING.model_copy(update={"plan": Plan(steps=(GenerateStep(prompt=words),))})
    content = str(chat_messages([turn], None, ENGLISH)[-1].content)
    assert "<img" not in content
    assert "\n" not in content


def test_a_message_said_twice_shows_which_version_it_is() -> None:
    turn = a_turn()
    look = Look(forks={turn.id: ("older", turn.id, "newer")})
    content = str(chat_messages([turn], None, look)[0].content)
    assert "2/3" in content
    assert 'name="show_branch" value="older"' in content
    assert 'name="show_branch" value="newer"' in content
    assert "1/1" not in str(chat_messages([turn], None, ENGLISH)[0].content)


def test_candidates_can_be_picked_and_single_pictures_not() -> None:
    several = tuple(
        a_picture(n).model_copy(update={"number": 1, "letter": letter}) for n, letter in ((1, "a"), (2, "b"))
    )
    content = str(chat_messages([a_turn(artifacts=several)], None, ENGLISH)[-1].content)
    assert content.count("Pick") == 2
    assert "Pick" not in str(chat_messages([a_turn(artifacts=(a_picture(1),))], None, ENGLISH)[-1].content)


def test_only_the_latest_pictures_have_their_versions_below() -> None:
    first = a_picture(1)
    second = a_picture(2).model_copy(update={"parents": (first.id,)})
    turns = [a_turn(artifacts=(first,)), a_turn(artifacts=(second,)).model_copy(update={"id": "u" * 32})]
    contents = [str(message.content) for message in chat_messages(turns, None, ENGLISH)]
    assert ["strip" in content for content in contents] == [False, False, False, True]

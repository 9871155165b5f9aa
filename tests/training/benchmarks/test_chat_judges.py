from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.training.benchmarks.server import in_turn, serving, words_of
from training.benchmarks.chat_judges import ChatRater, ChatYesNo, Rating, read_rating, read_yes_no
from training.benchmarks.errors import JudgeFailed
from training.benchmarks.vision_chat import ChatSettings, VisionChat
from training.ledger import Ledger

PICTURE = Image.new("RGB", (8, 8), "red")
OTHER = Image.new("RGB", (8, 8), "blue")


@pytest.mark.parametrize(
    ("text", "answer"), [("yes", True), ("No.", False), (" **Yes**, it is.", True), ('"no"', False)]
)
def test_yes_or_no(text: str, answer: bool) -> None:
    assert read_yes_no(text) is answer


@pytest.mark.parametrize("text", ["", "nobody", "It is red.", "yesterday", "maybe yes"])
def test_anything_else_is_no_answer(text: str) -> None:
    with pytest.raises(ValueError, match="yes or the word no"):
        read_yes_no(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"score": [8, 3.5], "reasoning": "ok"}',
        '```json\n{"score": [8, 3.5], "reasoning": "ok",}\n```',
        'First {"score": [1, 1]}, no: {"score" : [8, 3.5], "reasoning": "it said {x}"',
        "score: [8, 3.5], reasoning: the cat is blue",
        '{"score": ["8", "3.5"]}',
        '{"score": [8, 3.5,]}',
    ],
)
def test_marks_are_read_through_slips_of_json(text: str) -> None:
    assert read_rating(text) == (8, 3.5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8 and 3",
        '{"score": [11, 3]}',
        '{"score": [-1, 3]}',
        '{"score": [8]}',
        '{"score": [8, 3, 4]}',
        '{"score": [true, false]}',
        '{"score": 8}',
        '{"score": [NaN, 3]}',
        '{"score": null}',
        "score: [1.2.3, 4]",
    ],
)
def test_marks_out_of_form_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="two marks from 0 to 10"):
        read_rating(text)


def test_the_smaller_mark_counts() -> None:
    assert Rating(success=9, restraint=2).score == 2
    assert Rating(success=1, restraint=10).score == 1


def test_an_edit_is_rated_three_times_source_first(tmp_path: Path) -> None:
    answers = in_turn('{"score": [9, 8]}', '{"score": [7, 8]}', "hm", '{"score": [5, 8]}')
    with serving(answers) as server:
        chat = VisionChat(ChatSettings(url=server.url, model="m"), "", Ledger(tmp_path / "a.jsonl"))
        ratings = ChatRater(chat).rate(PICTURE, OTHER, "make it blue & <small>")
        assert [rating.score for rating in ratings] == [8, 7, 5]
        assert ratings[2].raw == '{"score": [5, 8]}'
        chat.close()
    assert len(server.asked) == 4
    assert "make it blue & <small>" in words_of(server.asked[0])
    first, second = [part["image_url"]["url"] for part in server.asked[0]["messages"][0]["content"][1:]]
    assert first != second


def test_one_rating_that_fails_fails_the_edit(tmp_path: Path) -> None:
    with serving(in_turn('{"score": [9, 8]}', "hm", "hm")) as server:
        chat = VisionChat(ChatSettings(url=server.url, model="m"), "", Ledger(tmp_path / "a.jsonl"))
        with pytest.raises(JudgeFailed):
            ChatRater(chat).rate(PICTURE, OTHER, "make it blue")
        chat.close()


def test_a_question_is_put_with_its_picture(tmp_path: Path) -> None:
    with serving(in_turn("Yes")) as server:
        chat = VisionChat(ChatSettings(url=server.url, model="m"), "", Ledger(tmp_path / "a.jsonl"))
        assert ChatYesNo(chat).is_true(PICTURE, "Is there a cat?")
        chat.close()
    assert words_of(server.asked[0]).endswith("Question: Is there a cat?")

"""A judge behind a server: what is sent, what is kept, what happens when it answers nonsense or nothing."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.benchmarks.server import MODEL, Refusal, Server, in_turn, serving
from training.benchmarks.errors import JudgeFailed, JudgeUnavailable
from training.benchmarks.vision_chat import ChatSettings, VisionChat, key_from
from training.ledger import Ledger

KEY = "sk-very-secret-0123456789"
PICTURE = Image.linear_gradient("L").convert("RGB").resize((12, 8))


def number(text: str) -> int:
    return int(text)


def chat_with(server: Server, folder: Path, **more: object) -> VisionChat:
    settings = ChatSettings(url=server.url, model="judge", num_retries=0, **more)  # type: ignore[arg-type]
    return VisionChat(settings, KEY, Ledger(folder / "replies.jsonl"))


def test_the_picture_is_sent_without_loss_at_temperature_0(tmp_path: Path) -> None:
    with serving(in_turn("7")) as server:
        chat = chat_with(server, tmp_path)
        assert chat.ask("How many?", [PICTURE], number) == (7, "7")
        chat.close()
    request = server.asked[0]
    assert (request["model"], request["temperature"]) == ("judge", 0)
    text, image = request["messages"][0]["content"]
    assert text["text"] == "How many?"
    data = base64.b64decode(image["image_url"]["url"].removeprefix("data:image/png;base64,"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(PICTURE))
    assert chat.models == [MODEL], "the dated name that the server gave"


def test_replies_are_kept_and_the_same_is_not_asked_twice(tmp_path: Path) -> None:
    with serving(in_turn("1", "2", "3", "4")) as server:
        chat = chat_with(server, tmp_path)
        assert chat.ask("a", [PICTURE], number)[0] == 1
        assert chat.ask("a", [PICTURE], number)[0] == 1
        assert chat.ask("b", [PICTURE], number)[0] == 2
        assert chat.ask("a", [PICTURE.rotate(180)], number)[0] == 3
        assert chat.ask("a", [PICTURE], number, repeat=1)[0] == 4
        chat.close()
        again = chat_with(server, tmp_path)
        assert again.ask("a", [PICTURE], number, repeat=1)[0] == 4
        assert again.models == [MODEL]
        again.close()
    assert len(server.asked) == 4


def test_a_reply_that_cannot_be_used_is_sent_back_once(tmp_path: Path) -> None:
    with serving(in_turn("about seven", "7")) as server:
        chat = chat_with(server, tmp_path)
        assert chat.ask("a", [PICTURE], number)[0] == 7
        chat.close()
    *_, said, sent_back = server.asked[1]["messages"]
    assert said == {"role": "assistant", "content": "about seven"}
    assert "invalid literal" in sent_back["content"]
    kept = list(Ledger(tmp_path / "replies.jsonl"))
    assert [(record["text"], record["is_used"]) for record in kept] == [("about seven", False), ("7", True)]


def test_two_bad_replies_are_a_failed_judgement_with_both_of_them(tmp_path: Path) -> None:
    with serving(in_turn("seven", "eight", "9")) as server:
        chat = chat_with(server, tmp_path)
        with pytest.raises(JudgeFailed, match="answered twice") as failed:
            chat.ask("a", [PICTURE], number)
        assert failed.value.raw == "seven\n---\neight"
        assert chat.ask("a", [PICTURE], number)[0] == 9, "it is asked anew another time"
        chat.close()


def test_thoughts_are_no_part_of_the_answer(tmp_path: Path) -> None:
    with serving(in_turn("<think>3? No, 4.</think>\n 5")) as server:
        chat = chat_with(server, tmp_path)
        assert chat.ask("a", [PICTURE], number)[0] == 5
        chat.close()


def test_a_model_that_takes_no_temperature_is_not_sent_one_again(tmp_path: Path) -> None:
    with serving(in_turn(Refusal(status=400, param="temperature"), "1", "2")) as server:
        chat = chat_with(server, tmp_path)
        chat.ask("a", [PICTURE], number)
        chat.ask("b", [PICTURE], number)
        chat.close()
    assert ["temperature" in request for request in server.asked] == [True, False, False]


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (400, "see pictures"),
        (401, "refused the key"),
        (404, "no model judge"),
        (429, "no more"),
        (500, "HTTP 500"),
    ],
)
def test_a_server_that_refuses_ends_the_run_in_a_sentence_without_the_key(
    tmp_path: Path, status: int, hint: str
) -> None:
    with serving(in_turn(Refusal(status=status))) as server:
        chat = chat_with(server, tmp_path)
        with pytest.raises(JudgeUnavailable, match=hint) as refused:
            chat.ask("a", [PICTURE], number)
        chat.close()
    assert KEY not in str(refused.value)
    assert "Run the same command again" in str(refused.value)


def test_one_picture_that_is_refused_among_others_is_a_failed_judgement(tmp_path: Path) -> None:
    with serving(in_turn("1", Refusal(status=400), "3")) as server:
        chat = chat_with(server, tmp_path)
        chat.ask("a", [PICTURE], number)
        with pytest.raises(JudgeFailed, match="refused this picture"):
            chat.ask("b", [PICTURE], number)
        chat.ask("c", [PICTURE], number)
        chat.close()


def test_no_server_and_no_chat_server(tmp_path: Path) -> None:
    with serving(in_turn()) as server:
        pass
    chat = chat_with(server, tmp_path)
    with pytest.raises(JudgeUnavailable, match="cannot be reached"):
        chat.ask("a", [PICTURE], number)
    chat.close()


def test_the_key_is_nowhere_on_disk(tmp_path: Path) -> None:
    with serving(in_turn("1")) as server:
        chat = chat_with(server, tmp_path)
        chat.ask("a", [PICTURE], number)
        chat.close()
    assert server.keys == [f"Bearer {KEY}"]
    assert KEY not in (tmp_path / "replies.jsonl").read_text("utf-8")
    assert KEY not in chat.version


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", f" {KEY}\n")
    assert key_from("A_KEY", "https://api.openai.com/v1") == KEY
    monkeypatch.delenv("A_KEY")
    assert key_from("A_KEY", "http://127.0.0.1:8000/v1") == ""
    with pytest.raises(JudgeUnavailable, match="variable A_KEY"):
        key_from("A_KEY", "https://api.openai.com/v1")
    monkeypatch.setenv("A_KEY", "sk-ü")
    with pytest.raises(JudgeUnavailable, match="no key has"):
        key_from("A_KEY", "https://api.openai.com/v1")
    with pytest.raises(JudgeUnavailable, match="no web address"):
        key_from("B_KEY", "api.openai.com")


def test_a_reply_that_another_reader_took_is_asked_again(tmp_path: Path) -> None:
    with serving(in_turn("seven", "7")) as server:
        chat = chat_with(server, tmp_path)
        assert chat.ask("a", [PICTURE], str)[0] == "seven"
        assert chat.ask("a", [PICTURE], number)[0] == 7
        chat.close()


def test_a_damaged_reply_on_disk_is_asked_again(tmp_path: Path) -> None:
    (tmp_path / "replies.jsonl").write_text(json.dumps({"key": "x"}) + '\n{"ke', "utf-8")
    with serving(in_turn("1")) as server:
        chat = chat_with(server, tmp_path)
        assert chat.ask("a", [PICTURE], number)[0] == 1
        chat.close()

"""What went wrong is said in the language of the message."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from agent.brains.offline import OfflineBrain
from agent.errors import AgentError, TooBusy
from agent.events import TurnFailed
from agent.limits import Deed, Limits, Rates
from agent.sentences import OF_ENGINES, Sentence, told
from engines import errors
from engines.errors import DeviceOutOfMemory, EngineError
from engines.fake import FakeEngine
from tests.doubles import build_agent


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= each <= "\u9fff" for each in text)


def test_an_error_is_told_in_either_language() -> None:
    error = AgentError(Sentence("It broke.", "坏了。"))
    assert [told(error, language) for language in ("en", "zh", "zh-TW", "fr")] == [
        "It broke.",
        "坏了。",
        "坏了。",
        "It broke.",
    ]
    assert str(error) == "It broke."
    assert told(AgentError("Only English."), "zh") == "Only English."
    assert told(Sentence("So.", "这样。"), "zh") == "这样。"


def test_it_keeps_both_over_a_process_border() -> None:
    sentence = pickle.loads(pickle.dumps(Sentence("It broke.", "坏了。")))
    assert (sentence, sentence.chinese) == ("It broke.", "坏了。")


def test_every_kind_of_engine_error_has_words() -> None:
    """All but Cancelled, which is told as stopped."""
    kinds = {
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, EngineError)
    }
    assert kinds - {EngineError, errors.Cancelled} == {*OF_ENGINES}
    assert all(is_chinese(told(kind("English."), "zh")) for kind in OF_ENGINES)


class Full(FakeEngine):
    """No memory is left."""

    def generate(self, *_: object) -> object:  # type: ignore[override]
        raise DeviceOutOfMemory("The device ran out of memory. Please choose a smaller size.")


@pytest.mark.parametrize(("text", "chinese"), [("画一只猫", True), ("draw a cat", False)])
def test_a_turn_that_fails_says_so_in_its_language(tmp_path: Path, text: str, chinese: bool) -> None:
    agent = build_agent(tmp_path, brain=OfflineBrain(), engine=Full())
    session = agent.sessions.create("ann")
    last = [*agent.coordinator.run(session.id, "ann", text)][-1]
    agent.close()
    assert isinstance(last, TurnFailed)
    assert is_chinese(last.reply) is chinese
    assert ("memory" in last.reply) is not chinese


@pytest.mark.parametrize("text", ["画" * 9_000, "画一只猫"])
def test_a_message_that_is_refused_before_a_brain_reads_it(tmp_path: Path, text: str) -> None:
    agent = build_agent(tmp_path)
    session = agent.sessions.create("ann")
    last = [*agent.coordinator.run(session.id, "ann", text, files=[b"no picture"])][-1]
    agent.close()
    assert isinstance(last, TurnFailed)
    assert is_chinese(last.reply)


def test_limits_name_the_wait_in_both() -> None:
    rates = Rates(Limits(messages_an_hour=1), now=lambda: 0.0)
    rates.count(Deed.MESSAGE, "ann")
    with pytest.raises(TooBusy) as refused:
        rates.count(Deed.MESSAGE, "ann")
    assert told(refused.value, "en").endswith("Please try again in 60 minutes.")
    assert told(refused.value, "zh") == "你在一小时内发了 1 条消息，已经到了这里的上限。请在 60 分钟后再试。"

from __future__ import annotations

import threading

import pytest
from PIL import Image

from engines.api import Eyes, Seen
from engines.errors import ModelNotFound
from engines.lazy import LazyEyes
from tests.doubles import ScriptedEyes


def test_eyes_open_once_for_all_who_look_at_the_same_time() -> None:
    opened: list[Eyes] = []

    def load() -> Eyes:
        opened.append(ScriptedEyes(vocabulary={"classes": ("cat",)}))
        return opened[-1]

    eyes = LazyEyes(load)
    threads = [threading.Thread(target=lambda: eyes.look(Image.new("RGB", (8, 8)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1
    assert eyes.vocabulary == {"classes": ("cat",)}
    assert eyes.locate(Image.new("RGB", (8, 8)), "cat") == ()


def test_eyes_that_speak_are_not_opened_to_tell_that_they_have_no_words() -> None:
    def load() -> Eyes:
        raise ModelNotFound("gone")

    eyes = LazyEyes(load, speak=True)
    assert eyes.vocabulary == {}
    with pytest.raises(ModelNotFound, match="gone"):
        eyes.look(Image.new("RGB", (8, 8)))


def test_a_failure_is_heard_by_everyone_and_tried_again() -> None:
    tries: list[int] = []

    def load() -> Eyes:
        tries.append(1)
        if len(tries) == 1:
            raise ModelNotFound("not yet")
        return ScriptedEyes(Seen(size=(8, 8), is_known=True, confidence=1.0))

    eyes = LazyEyes(load)
    with pytest.raises(ModelNotFound, match="not yet"):
        eyes.look(Image.new("RGB", (8, 8)))
    assert eyes.look(Image.new("RGB", (8, 8))).is_known

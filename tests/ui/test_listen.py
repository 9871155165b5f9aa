"""What the page hears of a failure: a sentence of ours, and never the error's own text."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import gradio as gr
import pytest
from gradio.helpers import special_args

from agent.errors import StorageUnavailable, UploadRejected
from agent.sentences import Sentence
from engines.errors import DeviceOutOfMemory
from ui.listen import careful

SECRET = "password=persimmon-4417"


class Handlers:
    """Gestures that fail in their own ways."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def at_once(self, text: str, request: gr.Request) -> str:
        raise self.error

    async def later(self, text: str, request: gr.Request) -> AsyncIterator[str]:
        yield "first"
        raise self.error


def request(language: str) -> gr.Request:
    return gr.Request(headers={"accept-language": language})


def failure(handler: Callable[..., Any], language: str = "en") -> gr.Error:
    with pytest.raises(gr.Error) as caught:
        asyncio.run(heard(careful(handler), language))
    return caught.value


async def heard(handler: Callable[..., Any], language: str) -> None:
    told = handler("x", request(language))
    async for _ in told:
        pass


@pytest.mark.parametrize("gesture", ["at_once", "later"])
def test_an_unexpected_error_is_logged_and_told_in_one_fixed_sentence(
    gesture: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="ui.listen"):
        error = failure(getattr(Handlers(ValueError(SECRET)), gesture))
    assert "broke" in error.message
    assert SECRET not in error.message
    assert not error.print_exception, "or Gradio would print it past the log"
    assert (error.__cause__, error.__suppress_context__) == (None, True)
    (record,) = caplog.records
    assert gesture in record.getMessage()
    assert SECRET not in record.getMessage()


@pytest.mark.parametrize("gesture", ["at_once", "later"])
def test_our_own_sentences_are_told_in_the_askers_language(gesture: str) -> None:
    handlers = Handlers(UploadRejected(Sentence("<b>cat</b> is empty.", "<b>cat</b> 是空的。")))
    assert failure(getattr(handlers, gesture)).message == "&lt;b&gt;cat&lt;/b&gt; is empty."
    assert failure(getattr(handlers, gesture), "zh-CN").message == "&lt;b&gt;cat&lt;/b&gt; 是空的。"


@pytest.mark.parametrize("error", [StorageUnavailable("No disk."), DeviceOutOfMemory("No memory.")])
def test_so_are_those_of_store_and_engines(error: Exception) -> None:
    told = failure(Handlers(error).at_once)
    assert (told.message, told.print_exception) == (str(error), False)


def test_an_error_for_the_page_stays_what_it_is_and_is_not_printed() -> None:
    said = gr.Error("Please reload.", duration=3)
    assert failure(Handlers(said).at_once) is said
    assert not said.print_exception


def test_gradio_still_sees_what_a_handler_takes() -> None:
    handlers = Handlers(ValueError())
    assert inspect.isasyncgenfunction(careful(handlers.later))
    assert not inspect.isasyncgenfunction(careful(handlers.at_once))
    for gesture in (handlers.at_once, handlers.later):
        asked = request("en")
        inputs, *_ = special_args(careful(gesture), ["x"], asked)
        assert inputs == ["x", asked]

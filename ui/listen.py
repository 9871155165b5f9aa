"""Events of the page that are the page's own business, and what may be told of their failures."""

from __future__ import annotations

import html
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from functools import wraps
from typing import Any, Literal

import gradio as gr
from gradio.events import Dependency

from agent.errors import AgentError
from agent.running import BROKE
from agent.sentences import told
from engines.errors import EngineError
from ui.words import language_of

__all__ = ["careful", "listen"]

log = logging.getLogger(__name__)


def listen(
    trigger: Callable[..., Dependency],
    handler: Callable[..., Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    *,
    queue: bool = True,
    trigger_mode: Literal["once", "multiple", "always_last"] = "once",
    js: str | None = None,
) -> Dependency:
    """An event of the page alone: not in the API's description, and without Gradio's own progress display.

    `js` is run before; what it returns are then the inputs.
    """
    return trigger(
        careful(handler),
        [*inputs],
        [*outputs],
        queue=queue,
        trigger_mode=trigger_mode,
        js=js,
        concurrency_limit=None,
        show_progress="hidden",
        api_visibility="private",
    )


def careful(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The same, whose failures reach the page as sentences of ours and nothing else.

    Gradio would show the text of any error, and print it past the log. Its signature stays: Gradio reads it.
    """
    if inspect.isasyncgenfunction(handler):

        @wraps(handler)
        async def telling(*args: Any) -> AsyncIterator[Any]:
            with told_plainly(handler, args):
                async with aclosing(handler(*args)) as told:
                    async for each in told:
                        yield each

        return telling

    @wraps(handler)
    def answering(*args: Any) -> Any:
        with told_plainly(handler, args):
            return handler(*args)

    return answering


@contextmanager
def told_plainly(handler: Callable[..., Any], args: Sequence[Any]) -> Iterator[None]:
    """Raises gr.Error alone."""
    try:
        yield
    except gr.Error as error:
        error.print_exception = False
        raise
    except (AgentError, EngineError) as error:
        raise plain(error, args) from None
    except Exception:
        log.exception("the page's %s broke", getattr(handler, "__name__", "gesture"))
        raise plain(BROKE, args) from None


def plain(said: Exception | str, args: Sequence[Any]) -> gr.Error:
    """In the language of whoever asks. The page takes it for HTML."""
    asked = (each for each in args if isinstance(each, gr.Request))
    language = next((language_of(each.headers.get("accept-language", "")) for each in asked), "en")
    return gr.Error(html.escape(told(said, language), quote=False), print_exception=False)

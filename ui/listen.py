"""Events of the page that are the page's own business."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from gradio.events import Dependency

__all__ = ["listen"]


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
        handler,
        [*inputs],
        [*outputs],
        queue=queue,
        trigger_mode=trigger_mode,
        js=js,
        concurrency_limit=None,
        show_progress="hidden",
        api_visibility="private",
    )

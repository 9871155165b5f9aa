"""One call on a lent card: heard while the card is waited for, stopped, and told of when it fails. No torch.

`spaces` blocks until there is a card, and asks of Gradio's page and event, in the context of the call,
whether anybody waits still. Here somebody does until Stop: a turn goes on when its page is closed.
"""

from __future__ import annotations

import logging
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from queue import Empty, SimpleQueue
from types import SimpleNamespace
from typing import Any, TypeAlias

from engines.api import OnProgress, Progress, Sample
from engines.errors import EngineError

__all__ = ["Loan", "Piece", "heeding_signals"]

Piece: TypeAlias = Progress | Sample | EngineError
LOOK_SECONDS = 0.5
"""How often one who waits for a card looks whether it is still wanted."""
END_SIGNALS = (signal.SIGINT, signal.SIGTERM)
log = logging.getLogger(__name__)


class Loan:
    """A call in a thread of its own: `stream` tells its pieces, given the path of the file that is Stop."""

    def __init__(self, stream: Callable[[str], Iterator[Piece]]) -> None:
        self.stream = stream
        self._folder = tempfile.TemporaryDirectory(prefix="reverie-")
        self.stop_file = Path(self._folder.name) / "stop"
        self._lock, self._is_over = threading.Lock(), False
        self._heard = SimpleQueue[Piece | BaseException]()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._listen,), name="lent card", daemon=True
        )
        self._thread.start()

    def result(self, on_progress: OnProgress, num_steps: int) -> Sample:
        """The sample; what `on_progress` raises stops the call. Raises EngineError.

        Who stops while a card is waited for does not wait for it; who stops at work waits until it is over.
        """
        is_lent = False
        try:
            while True:
                try:
                    piece = self._heard.get(timeout=LOOK_SECONDS)
                except Empty:
                    if not is_lent:
                        on_progress(Progress(step=-1, num_steps=num_steps))
                    continue
                is_lent = True
                match piece:
                    case Progress():
                        on_progress(piece)
                    case Sample():
                        return piece
                    case _:
                        raise piece
        except BaseException:
            self._stop()
            raise
        finally:
            if is_lent:
                self._thread.join()

    def _stop(self) -> None:
        with self._lock:
            if not self._is_over:
                self.stop_file.touch()

    def _listen(self) -> None:
        """To the last piece, even when stopped: the card is given back by whoever ends well."""
        try:
            self._visit()
            for piece in self.stream(str(self.stop_file)):
                self._heard.put(piece)
            self._heard.put(EngineError("The lent graphics card was taken back. Please try again."))
        except BaseException as error:
            self._heard.put(self._told(error))
        finally:
            with self._lock:
                self._is_over = True
                self._folder.cleanup()

    def _visit(self) -> None:
        from gradio.context import Context, LocalContext

        page: Any = LocalContext.blocks.get(None) or Context.root_block
        server = getattr(page, "server", None) or SimpleNamespace(config=SimpleNamespace(port=-1))
        visit = Visit(self.stop_file)
        queue = SimpleNamespace(active_jobs=[[visit]], log_message=ignore, set_progress=ignore)
        stand_in: Any = SimpleNamespace(_queue=queue, server=server)
        LocalContext.blocks.set(stand_in)
        LocalContext.event_id.set(visit._id)

    def _told(self, error: BaseException) -> BaseException:
        """No card to be had, a quota used up, a lender that fails: a sentence each."""
        import httpx
        from gradio.exceptions import Error

        match error:
            case Error():
                title = f"{error.title}: " if error.title else ""
                return EngineError(f"{title}{error.message}")
            case httpx.HTTPError() | RuntimeError():
                if not self.stop_file.exists():
                    log.warning("no graphics card could be borrowed", exc_info=error)
                return EngineError(f"No graphics card could be borrowed ({error}). Please try again.")
        return error


class Visit:
    """As `spaces` knows one who waits: an event of Gradio's that is alive until it is stopped."""

    _id = "reverie"

    def __init__(self, stop_file: Path) -> None:
        self.stop_file = stop_file

    @property
    def alive(self) -> bool:
        return not self.stop_file.exists()


def ignore(*arguments: object, **named: object) -> None:
    """Gradio's pop-ups and bars: our page has its own words for them."""


@contextmanager
def heeding_signals() -> Iterator[None]:
    """A program that is told to end while it loads does so: nothing is open yet that must be closed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, leave) for each in END_SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def leave(number: int, frame: object) -> None:
    raise SystemExit(0)

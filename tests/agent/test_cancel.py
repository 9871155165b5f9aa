from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from agent.cancel import CancelToken, run_apart, stream_apart
from agent.errors import BrainUnavailable
from engines.errors import Cancelled


def test_a_token_is_cancelled_once_and_for_all() -> None:
    token = CancelToken()
    token.raise_if_cancelled()
    token.cancel()
    token.cancel()
    assert token.is_cancelled
    with pytest.raises(Cancelled):
        token.raise_if_cancelled()


def test_work_apart_gives_its_result_or_its_error() -> None:
    def fail() -> None:
        raise BrainUnavailable("Nobody there.")

    assert run_apart(lambda: 7, CancelToken()) == 7
    with pytest.raises(BrainUnavailable, match="Nobody there"):
        run_apart(fail, CancelToken())


def test_a_cancel_does_not_wait_for_the_work() -> None:
    token, released = CancelToken(), threading.Event()

    def work() -> None:
        token.cancel()
        released.wait(20)

    with pytest.raises(Cancelled):
        run_apart(work, token)
    released.set()


def test_pieces_come_as_they_are_made_and_the_error_after_them() -> None:
    made = threading.Event()

    def pieces() -> Iterator[str]:
        yield "Well, "
        made.wait(20)
        yield "I"
        raise BrainUnavailable("Gone.")

    heard = stream_apart(pieces, CancelToken())
    assert next(heard) == "Well, "
    made.set()
    assert next(heard) == "I"
    with pytest.raises(BrainUnavailable, match="Gone"):
        next(heard)


def test_a_stream_is_left_at_once() -> None:
    token, released = CancelToken(), threading.Event()

    def pieces() -> Iterator[str]:
        yield "Well, "
        released.wait(20)

    heard = stream_apart(pieces, token)
    assert next(heard) == "Well, "
    token.cancel()
    with pytest.raises(Cancelled):
        next(heard)
    released.set()

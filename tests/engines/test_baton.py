from __future__ import annotations

import threading
import time

import pytest

from engines.baton import Baton


def no_matter() -> None: ...


def waiting(baton: Baton, order: list[int], number: int) -> threading.Thread:
    def take() -> None:
        baton.take(no_matter)
        order.append(number)
        baton.give()

    thread = threading.Thread(target=take)
    thread.start()
    return thread


def await_waiters(baton: Baton, number: int) -> None:
    deadline = time.monotonic() + 10
    while baton.num_waiting != number:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_it_goes_to_whoever_has_waited_longest_and_not_to_one_who_asks_anew() -> None:
    baton, order, threads = Baton(), list[int](), list[threading.Thread]()
    baton.take(no_matter)
    for number in range(5):
        threads.append(waiting(baton, order, number))
        await_waiters(baton, number + 1)
    baton.give()
    baton.take(no_matter)
    order.append(5)
    baton.give()
    for thread in threads:
        thread.join(10)
    assert order == [0, 1, 2, 3, 4, 5]


def test_one_who_waits_no_longer_is_passed_over() -> None:
    baton, order = Baton(), list[int]()
    baton.take(no_matter)

    def give_up() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        baton.take(give_up)
    assert baton.num_waiting == 0
    thread = waiting(baton, order, 1)
    baton.give()
    thread.join(10)
    assert order == [1]


def test_one_who_gives_up_when_it_is_given_passes_it_on() -> None:
    baton, order = Baton(), list[int]()
    baton.take(no_matter)

    def too_late() -> None:
        baton.give()  # to the one who is giving up
        raise TimeoutError

    with pytest.raises(TimeoutError):
        baton.take(too_late)
    waiting(baton, order, 1).join(10)
    assert order == [1]

"""Where cards are lent: whoever waits for a card keeps nobody else from theirs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.jobs import Jobs, JobStatus
from engines.api import OnProgress, Progress
from engines.errors import Cancelled
from tests.agent.test_fair_jobs import PATIENCE_SECONDS, Customer, finish, held, in_line


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with closing(Jobs(num_at_once=3, leaves_one=True)) as jobs:
        yield jobs


def await_at_work(jobs: Jobs, *owners: str) -> None:
    for _ in range(PATIENCE_SECONDS * 100):
        if sorted(each.owner for each in jobs.line if each.status is JobStatus.RUNNING) == sorted(owners):
            return
        threading.Event().wait(0.01)
    raise AssertionError([(each.owner, each.status) for each in jobs.line])


def test_one_who_waits_for_a_card_keeps_nobody_waiting(jobs: Jobs) -> None:
    gate = threading.Event()
    slow = in_line(jobs, "ann", held(gate))
    quick = in_line(jobs, "bob", lambda _: None)
    finish(quick)
    assert slow.is_alive()
    gate.set()
    finish(slow)


def test_one_owner_leaves_the_last_place_to_others(jobs: Jobs) -> None:
    gate = threading.Event()
    greedy = [in_line(jobs, "ann", held(gate)) for _ in range(4)]
    await_at_work(jobs, "ann", "ann")
    assert [each.places[-1].ahead for each in greedy] == [0, 0, 1, 1]
    finish(in_line(jobs, "bob", lambda _: None))
    other = in_line(jobs, "bob", held(gate))
    await_at_work(jobs, "ann", "ann", "bob")
    assert in_line(jobs, "eve", held(gate)).places[0].ahead >= 1
    gate.set()
    finish(*greedy, other)
    await_at_work(jobs)


def test_stop_is_heard_while_a_card_is_waited_for(jobs: Jobs) -> None:
    heard, is_waiting = threading.Event(), threading.Event()

    def wait_for_card(report: OnProgress) -> None:
        for _ in range(PATIENCE_SECONDS * 100):
            is_waiting.set()
            try:
                report(Progress(step=-1, num_steps=8))
            except Cancelled:
                heard.set()
                raise
            threading.Event().wait(0.01)

    customer = Customer(jobs, "ann", wait_for_card)
    assert is_waiting.wait(PATIENCE_SECONDS)
    customer.token.cancel()
    assert heard.wait(PATIENCE_SECONDS)
    finish(customer)


def test_closing_ends_all(jobs: Jobs) -> None:
    gate = threading.Event()
    customers = [in_line(jobs, owner, held(gate)) for owner in ("ann", "bob", "eve", "joe")]
    await_at_work(jobs, "ann", "bob", "eve")
    threading.Timer(0.1, gate.set).start()
    jobs.close()
    finish(*customers)
    assert isinstance(customers[-1].error, Cancelled)

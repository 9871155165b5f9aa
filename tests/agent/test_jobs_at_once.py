"""Several at work at once: on lent cards, where one may long wait for its own, and on devices of ours."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.jobs import JobLimits, Jobs, JobStatus, Place
from engines.api import OnProgress, Progress
from engines.errors import Cancelled
from tests.agent.test_fair_jobs import PATIENCE_SECONDS, Customer, finish, held, in_line
from tests.engines.test_workshop import await_that


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
    await_that(lambda: [each.places[-1].ahead for each in greedy] == [0, 0, 1, 1])
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


@pytest.fixture
def two() -> Iterator[Jobs]:
    with closing(Jobs(num_at_once=2, limits=JobLimits(of_owner=30, in_all=60))) as jobs:
        yield jobs


def test_two_are_at_work_on_two_devices_whoever_they_belong_to(two: Jobs) -> None:
    gate, meeting = threading.Event(), threading.Barrier(2, timeout=PATIENCE_SECONDS)
    alone = [in_line(two, "ann", lambda _: meeting.wait()) for _ in range(2)]
    finish(*alone)
    customers = [in_line(two, owner, held(gate)) for owner in ("bob", "cid", "eve")]
    await_at_work(two, "bob", "cid")
    await_that(lambda: [each.places[-1].ahead for each in customers] == [0, 0, 1])
    gate.set()
    finish(*customers)


def test_owners_take_turns_on_two_devices(two: Jobs) -> None:
    gates = {owner: threading.Event() for owner in ("ann", "bob", "cid")}
    customers = [in_line(two, "ann", held(gates["ann"])) for _ in range(2)]
    await_at_work(two, "ann", "ann")
    owners = ("ann", "ann", "bob", "bob", "cid")
    customers += [in_line(two, owner, held(gates[owner])) for owner in owners]
    assert [job.owner for job in two.line] == ["ann", "ann", "bob", "cid", "ann", "bob", "ann"]
    gates["ann"].set()
    await_at_work(two, "bob", "cid")
    gates["cid"].set()
    await_at_work(two, "bob", "bob")
    assert [job.owner for job in two.line[2:]] == ["ann"]
    gates["bob"].set()
    finish(*customers)


def test_shares_are_fair_on_two_devices(two: Jobs) -> None:
    gate = threading.Event()
    at_work = [in_line(two, "ann", held(gate)) for _ in range(2)]
    await_at_work(two, "ann", "ann")
    owners = ["greedy"] * 20 + ["bob", "cid", "dan", "eve"] * 4
    waiting = [in_line(two, owner, lambda _: time.sleep(0.001)) for owner in owners]
    jobs = two.line[2:]
    gate.set()
    finish(*at_work, *waiting)
    first = sorted(jobs, key=lambda job: (job.started is None, job.started))[:20]
    served = Counter(job.owner for job in first)
    assert all(3 <= served[owner] <= 5 for owner in set(owners)), served


def test_an_estimate_counts_both_devices(two: Jobs) -> None:
    two._pace.took("drawing", 60.0)
    gate = threading.Event()
    at_work = [in_line(two, owner, held(gate)) for owner in ("ann", "bob")]
    await_at_work(two, "ann", "bob")
    waiting = [in_line(two, owner, held(gate)) for owner in ("cid", "dan", "eve")]
    told = [each.places[0].seconds for each in waiting]
    gate.set()
    finish(*at_work, *waiting)
    assert told == [pytest.approx(seconds, abs=20) for seconds in (60, 60, 120)]


def test_as_many_begin_as_there_are_devices_able() -> None:
    gate, able = threading.Event(), Counter(devices=1)
    with closing(Jobs(num_at_once=2, num_able=lambda: able["devices"])) as jobs:
        first, second = in_line(jobs, "ann", held(gate)), in_line(jobs, "bob", held(gate))
        assert second.places == [Place(ahead=1)]
        await_at_work(jobs, "ann")
        able["devices"] = 2
        await_at_work(jobs, "ann", "bob")
        gate.set()
        finish(first, second)

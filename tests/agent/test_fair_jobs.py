"""The device's line among owners: shares, places, estimates, limits, and Stop at any moment."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial

import pytest

from agent.cancel import CancelToken
from agent.errors import TooBusy
from agent.jobs import Job, JobLimits, Jobs, JobStatus, Place, is_news
from engines.apart import apart
from engines.api import GenerateRequest, OnProgress, Progress, Sample
from engines.errors import Cancelled, WorkerDied
from engines.fake import FakeEngine
from engines.families import fake_family
from engines.workshop import Workshop

PATIENCE_SECONDS = 20
REQUEST = GenerateRequest(prompt="x", seed=1)
NUM_STOPS = 200


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with closing(Jobs(limits=JobLimits(of_owner=30, in_all=60))) as jobs:
        yield jobs


class Customer(threading.Thread):
    """One job of an owner; `gate` keeps it on the device."""

    def __init__(
        self, jobs: Jobs, owner: str, work: Callable[[OnProgress], object], kind: str = "drawing"
    ) -> None:
        super().__init__(daemon=True)
        self.jobs, self.work, self.kind = jobs, work, kind
        self.token = CancelToken(owner)
        self.places: list[Place] = []
        self.error: Exception | None = None
        self.in_line = threading.Event()
        self.start()

    def run(self) -> None:
        try:
            self.jobs.run(
                self.work, token=self.token, on_place=self.hear, on_progress=lambda _: None, kind=self.kind
            )
        except (Cancelled, TooBusy) as error:
            self.error = error
            self.in_line.set()

    def hear(self, place: Place) -> None:
        self.places.append(place)
        self.in_line.set()


def in_line(jobs: Jobs, owner: str, work: Callable[[OnProgress], object], kind: str = "drawing") -> Customer:
    customer = Customer(jobs, owner, work, kind)
    assert customer.in_line.wait(PATIENCE_SECONDS)
    return customer


def finish(*customers: Customer) -> None:
    for customer in customers:
        customer.join(PATIENCE_SECONDS)
        assert not customer.is_alive()


def held(gate: threading.Event) -> Callable[[OnProgress], None]:
    return lambda _: None if gate.wait(PATIENCE_SECONDS) else pytest.fail("nobody opened the gate")


def test_a_greedy_owner_gets_no_more_than_twice_the_share_of_a_modest_one(jobs: Jobs) -> None:
    served, end = Counter[str](), time.monotonic() + 2.0

    def work(owner: str) -> Callable[[OnProgress], None]:
        def draw(_: OnProgress) -> None:
            time.sleep(0.005)
            served[owner] += 1

        return draw

    def keep_asking(owner: str) -> None:
        token = CancelToken(owner)
        while time.monotonic() < end:
            jobs.run(work(owner), token=token, on_place=lambda _: None, on_progress=lambda _: None)

    owners = ["greedy"] * 20 + ["b", "c", "d", "e"]
    threads = [threading.Thread(target=keep_asking, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(served.values()) > 100, served
    assert max(served.values()) <= 2 * min(served.values()), served


def test_places_are_those_in_which_they_are_served(jobs: Jobs) -> None:
    gate, order = threading.Event(), list[str]()
    first = in_line(jobs, "ann", held(gate))
    others = [
        in_line(jobs, owner, lambda _, name=f"{owner}{number}": order.append(name))  # type: ignore[misc]
        for number, owner in enumerate(("ann", "ann", "bob", "cid"))
    ]
    assert [job.owner for job in jobs.line] == ["ann", "bob", "cid", "ann", "ann"]
    end = time.monotonic() + PATIENCE_SECONDS
    while others[0].places[-1].ahead < 3 and time.monotonic() < end:
        time.sleep(0.01)
    gate.set()
    finish(first, *others)
    assert order == ["bob2", "cid3", "ann0", "ann1"]
    assert [each.places[0].ahead for each in others] == [1, 2, 1, 2], "when they came"
    assert 3 in [place.ahead for place in others[0].places], "then others went first"


def test_an_estimate_is_made_from_what_the_latest_took_and_the_running_one_has_left(jobs: Jobs) -> None:
    assert in_line(jobs, "ann", lambda _: None).places == [Place(ahead=0, seconds=0.0)]
    gate = threading.Event()
    unknown = Jobs()
    ahead = in_line(unknown, "ann", held(gate))
    assert in_line(unknown, "ann", held(gate)).places[0] == Place(ahead=1, seconds=None)
    gate.set()
    finish(ahead)
    unknown.close()

    for _ in range(3):
        finish(in_line(jobs, "ann", lambda _: time.sleep(0.4)))
        finish(in_line(jobs, "ann", lambda _: time.sleep(0.1), "words"))
    gate.clear()
    half_way = threading.Event()

    def half(report: OnProgress) -> None:
        report(Progress(step=0, num_steps=4))
        time.sleep(0.3)
        report(Progress(step=2, num_steps=4))
        half_way.set()
        gate.wait(PATIENCE_SECONDS)

    running = in_line(jobs, "ann", half)
    assert half_way.wait(PATIENCE_SECONDS)
    waiting = [in_line(jobs, "bob", lambda _: None), in_line(jobs, "cid", lambda _: None, "words")]
    last = in_line(jobs, "dan", lambda _: None)
    told = [each.places[0].seconds for each in (*waiting, last)]
    gate.set()
    finish(running, *waiting, last)
    assert told == [
        pytest.approx(0.3, abs=0.2),
        pytest.approx(0.3 + 0.4, abs=0.25),
        pytest.approx(0.3 + 0.4 + 0.1, abs=0.3),
    ]


def test_an_estimate_is_told_again_only_when_it_says_something_new() -> None:
    told = Place(ahead=2, seconds=60)
    assert not is_news(Place(ahead=2, seconds=50), told)
    assert is_news(Place(ahead=2, seconds=29), told)
    assert is_news(Place(ahead=2, seconds=100), told)
    assert is_news(Place(ahead=1, seconds=60), told)
    assert is_news(Place(ahead=2, seconds=60), Place(ahead=2))
    assert not is_news(Place(ahead=2, seconds=0), Place(ahead=2, seconds=1))
    assert not is_news(Place(ahead=2), Place(ahead=2))


def test_beyond_the_limits_one_is_told_how_long_to_wait() -> None:
    gate = threading.Event()
    with closing(Jobs(limits=JobLimits(of_owner=2, in_all=3))) as jobs:
        finish(in_line(jobs, "ann", lambda _: time.sleep(0.2)))
        running, second = in_line(jobs, "ann", held(gate)), in_line(jobs, "ann", held(gate))
        with pytest.raises(TooBusy, match=r"You have 2 pictures .* in about a second\.") as refused:
            jobs.require_room("ann")
        assert refused.value.wait_seconds == 1
        third = Customer(jobs, "ann", held(gate))
        finish(third)
        assert isinstance(third.error, TooBusy)
        jobs.require_room("bob")
        other = in_line(jobs, "bob", held(gate))
        with pytest.raises(TooBusy, match=r"The line is full, with 3 pictures"):
            jobs.require_room("cid")
        assert len(jobs.line) == 3, "who is refused takes no place"
        gate.set()
        finish(running, second, other)
        jobs.require_room("ann")


def test_without_experience_the_wait_is_a_guess() -> None:
    gate = threading.Event()
    with closing(Jobs(limits=JobLimits(of_owner=1))) as jobs:
        running = in_line(jobs, "ann", held(gate))
        with pytest.raises(TooBusy, match="30 seconds"):
            jobs.require_room("ann")
        gate.set()
        finish(running)


def test_a_turn_that_was_let_in_is_not_refused_half_way() -> None:
    gate, token = threading.Event(), CancelToken("ann")
    with closing(Jobs(limits=JobLimits(of_owner=1, in_all=1))) as jobs:

        def picture() -> None:
            jobs.run(lambda _: None, token=token, on_place=lambda _: None, on_progress=lambda _: None)

        picture()
        other = in_line(jobs, "bob", held(gate))
        more = threading.Thread(target=picture)
        more.start()
        while len(jobs.line) < 2:
            time.sleep(0.001)
        gate.set()
        more.join(PATIENCE_SECONDS)
        finish(other)


@pytest.mark.parametrize("seed", range(4))
def test_cancel_at_any_moment_leaves_no_trace(jobs: Jobs, seed: int) -> None:
    """Each job ends once, in a state that its life allows, and the line is empty in the end."""
    dice, engine, seen = random.Random(seed), FakeEngine(num_steps=4, step_seconds=0.002), set[Job]()
    overlap, most = Counter[str](), list[int]()

    def work(report: OnProgress) -> Sample:
        overlap["now"] += 1
        most.append(overlap["now"])
        try:
            return engine.generate(REQUEST, report)
        finally:
            overlap["now"] -= 1

    customers = list[Customer]()
    for _ in range(50):
        customers.append(Customer(jobs, dice.choice("abc"), work))
        time.sleep(dice.uniform(0, 0.01))
        seen |= {*jobs.line}
        if dice.random() < 0.6:
            dice.choice(customers).token.cancel()
    while jobs.line:
        seen |= {*jobs.line}
        time.sleep(0.001)
    finish(*customers)
    assert max(most) == 1, "one at a time"
    assert {job.status for job in seen} <= {JobStatus.DONE, JobStatus.CANCELLED}
    for job in seen:
        assert job.ended is not None
        assert job.queued <= (job.started or job.queued) <= job.ended
        if job.status is JobStatus.DONE:
            assert job.started is not None
        else:
            assert job.token.is_cancelled
    for customer in customers:
        assert customer.error is None or customer.token.is_cancelled


def test_after_close_nothing_is_taken() -> None:
    jobs = Jobs()
    jobs.close()
    late = Customer(jobs, "ann", lambda _: None)
    finish(late)
    assert isinstance(late.error, Cancelled)


def test_stop_frees_an_engine_in_its_own_process_within_one_step_every_time() -> None:
    """Pressed at any moment; the one step that was under way is the last that is reported."""
    dice, load = random.Random(5), partial(fake_family, 0.001)
    with closing(Workshop(load)) as shop, closing(Jobs()) as jobs:
        painter, reports = apart(load(), shop).painters["full"], list[int]()
        _ = painter.info
        for _ in range(NUM_STOPS):
            token, num_late = CancelToken("ann"), Counter[str]()

            def work(
                report: OnProgress, token: CancelToken = token, num_late: Counter[str] = num_late
            ) -> Sample:
                def hear(progress: Progress) -> None:
                    num_late["reports"] += token.is_cancelled
                    report(progress)

                return painter.generate(replace(REQUEST, num_steps=100_000), hear)

            stop = threading.Timer(dice.uniform(0, 0.03), token.cancel)
            stop.start()
            with pytest.raises(Cancelled):
                jobs.run(work, token=token, on_place=lambda _: None, on_progress=lambda _: None)
            jobs.run(lambda _: None, token=CancelToken(), on_place=lambda _: None, on_progress=lambda _: None)
            reports.append(num_late["reports"])
        assert len(reports) == NUM_STOPS
        assert max(reports) <= 1
        assert painter.generate(REQUEST, lambda _: None).seed == 1


def test_a_job_whose_engine_dies_fails_and_the_next_one_runs() -> None:
    with closing(Workshop(fake_family)) as shop, closing(Jobs()) as jobs:
        painter = apart(fake_family(), shop).painters["full"]

        def run(work: Callable[[OnProgress], Sample]) -> Sample:
            return jobs.run(work, token=CancelToken(), on_place=lambda _: None, on_progress=lambda _: None)

        def dying(report: OnProgress) -> Sample:
            def kill(progress: Progress) -> None:
                shop._life.process.kill()  # type: ignore[union-attr]

            return painter.generate(REQUEST, kill)

        with pytest.raises(WorkerDied, match="started again"):
            run(dying)
        assert jobs.line == ()
        assert run(lambda report: painter.generate(REQUEST, report)).seed == 1

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from agent.cancel import CancelToken
from agent.errors import DeviceStalled
from agent.jobs import Jobs, JobStatus, Place
from engines.api import GenerateRequest, OnProgress, Progress, Sample
from engines.errors import Cancelled, DeviceOutOfMemory
from engines.fake import FakeEngine, Fault

PATIENCE_SECONDS = 20


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    line = Jobs()
    yield line
    line.close()


def drawing(engine: FakeEngine) -> Callable[[OnProgress], Sample]:
    return lambda report: engine.generate(GenerateRequest(prompt="x", seed=1), report)


class Customer(threading.Thread):
    """Runs one job on a thread of its own and remembers how it went."""

    def __init__(self, jobs: Jobs, work: Callable[[OnProgress], object]) -> None:
        super().__init__(daemon=True)
        self.jobs = jobs
        self.work = work
        self.token = CancelToken()
        self.places: list[int] = []
        self.steps: list[int] = []
        self.result: object = None
        self.error: Exception | None = None
        self.in_line = threading.Event()
        self.first_step = threading.Event()
        self.start()

    def run(self) -> None:
        try:
            self.result = self.jobs.run(
                self.work, token=self.token, on_place=self.hear_place, on_progress=self.hear_progress
            )
        except (Cancelled, DeviceOutOfMemory, DeviceStalled, RuntimeError) as error:
            self.error = error

    def hear_place(self, place: Place) -> None:
        self.places.append(place.ahead)
        self.in_line.set()

    def hear_progress(self, progress: Progress) -> None:
        self.steps.append(progress.step)
        if progress.step == 1:
            self.first_step.set()

    def finish(self) -> None:
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive()


def test_a_job_gives_its_result_and_its_progress(jobs: Jobs) -> None:
    customer = Customer(jobs, drawing(FakeEngine(num_steps=3)))
    customer.finish()
    assert isinstance(customer.result, Sample)
    assert customer.steps == [0, 1, 2, 3]
    assert jobs.line == ()


def test_jobs_never_overlap_keep_their_order_and_hear_their_place(jobs: Jobs) -> None:
    engine = FakeEngine(num_steps=2, faults=[Fault.HANG])
    order: list[str] = []

    def named(name: str) -> Callable[[OnProgress], None]:
        def work(report: OnProgress) -> None:
            order.append(f"{name} begins")
            drawing(engine)(report)
            order.append(f"{name} ends")

        return work

    customers = []
    for name in ("first", "second", "third"):
        customers.append(Customer(jobs, named(name)))
        assert customers[-1].in_line.wait(PATIENCE_SECONDS)
    assert [job.status for job in jobs.line][1:] == [JobStatus.WAITING, JobStatus.WAITING]
    engine.release()
    for customer in customers:
        customer.finish()
    assert order == [f"{name} {end}" for name in ("first", "second", "third") for end in ("begins", "ends")]
    assert [customer.places[0] for customer in customers] == [0, 1, 2]
    assert customers[2].places == sorted(customers[2].places, reverse=True)


def test_stop_frees_the_device_within_one_step(jobs: Jobs) -> None:
    engine = FakeEngine(num_steps=1000)
    steps_at_stop: list[int] = []
    is_known = threading.Event()

    def work(report: OnProgress) -> Sample:
        def stop_at_five(progress: Progress) -> None:
            if progress.step == 5:
                assert is_known.wait(PATIENCE_SECONDS)
                customer.token.cancel()
                steps_at_stop.append(engine.num_steps_done)
            report(progress)

        return engine.generate(GenerateRequest(prompt="x", seed=1), stop_at_five)

    customer = Customer(jobs, work)
    is_known.set()
    customer.finish()
    assert isinstance(customer.error, Cancelled)
    after = Customer(jobs, drawing(FakeEngine(num_steps=2)))
    after.finish()
    assert engine.num_steps_done == steps_at_stop[0] == 5
    assert isinstance(after.result, Sample), "the line moves on"


def test_a_waiting_job_can_be_stopped_and_never_runs(jobs: Jobs) -> None:
    engine = FakeEngine(num_steps=2, faults=[Fault.HANG])
    other = FakeEngine()
    first = Customer(jobs, drawing(engine))
    assert first.in_line.wait(PATIENCE_SECONDS)
    second = Customer(jobs, drawing(other))
    assert second.in_line.wait(PATIENCE_SECONDS)
    second.token.cancel()
    second.finish()
    assert isinstance(second.error, Cancelled)
    assert len(jobs.line) == 1
    engine.release()
    first.finish()
    assert other.num_calls == 0


def test_stop_lets_go_of_an_engine_that_hangs(jobs: Jobs) -> None:
    engine = FakeEngine(num_steps=4, faults=[Fault.HANG])
    customer = Customer(jobs, drawing(engine))
    assert customer.first_step.wait(PATIENCE_SECONDS)
    customer.token.cancel()
    customer.finish()
    assert isinstance(customer.error, Cancelled)
    engine.release()
    Customer(jobs, drawing(FakeEngine())).finish()
    assert engine.num_steps_done == 2, "the step that hung was its last"
    assert customer.steps == [0, 1], "nothing is heard of a job that was given up"


def test_errors_reach_the_caller_and_the_next_job_runs(jobs: Jobs) -> None:
    engine = FakeEngine(faults=[Fault.OUT_OF_MEMORY, Fault.CRASH])
    customers = [Customer(jobs, drawing(engine)) for _ in range(3)]
    for customer in customers:
        customer.finish()
    kinds = {type(customer.error) for customer in customers}
    assert kinds == {DeviceOutOfMemory, RuntimeError, type(None)}
    assert jobs.line == ()


def test_a_silent_device_is_told_to_all_who_wait() -> None:
    jobs = Jobs(stall_seconds=0.2)
    engine = FakeEngine(num_steps=2, faults=[Fault.HANG])
    stuck, waiting = Customer(jobs, drawing(engine)), Customer(jobs, drawing(FakeEngine()))
    stuck.finish()
    waiting.finish()
    assert isinstance(stuck.error, DeviceStalled)
    assert isinstance(waiting.error, DeviceStalled)
    engine.release()
    jobs.close()


def test_the_record_of_a_job_tells_its_life(jobs: Jobs) -> None:
    engine = FakeEngine(num_steps=2, faults=[Fault.HANG])
    customer = Customer(jobs, drawing(engine))
    assert customer.in_line.wait(PATIENCE_SECONDS)
    (job,) = jobs.line
    engine.release()
    customer.finish()
    assert job.status is JobStatus.DONE
    assert job.started is not None
    assert job.ended is not None
    assert job.queued <= job.started <= job.ended


def test_close_stops_all(jobs: Jobs) -> None:
    engine = FakeEngine(num_steps=1_000_000, step_seconds=0.001)
    customers = [Customer(jobs, drawing(engine)) for _ in range(2)]
    for customer in customers:
        assert customer.in_line.wait(PATIENCE_SECONDS)
    jobs.close()
    for customer in customers:
        customer.finish()
        assert isinstance(customer.error, Cancelled)

"""What our own code costs before the engine starts: python -m tests.bench.overhead [--sessions 1 50]

Each session is a person of its own, who sends a message, waits for the picture, thinks for a while and sends
the next: draw, change, change, draw. Rules, store (SQLite, fsync as always), graph, planner and line are the
real ones; the engine takes no time, so that what is measured is ours. Prints for each number of sessions the
time from the call of Coordinator.run to the call of the engine, as p50, p95 and largest.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path

from agent.brains.offline import OfflineBrain
from agent.domain import PictureOptions, TurnStatus
from engines.api import EditRequest, GenerateRequest, OnProgress, Sample
from engines.fake import FakeEngine
from tests.doubles import Agent, build_agent

MESSAGES = (
    "draw a red car next to a dog",
    "make the car blue",
    "now at night",
    "two cats on a green background",
)
THINKING_SECONDS = (1.0, 5.0)


class StampedEngine(FakeEngine):
    """Notes when it is called, by seed."""

    def __init__(self) -> None:
        super().__init__(num_steps=1)
        self.called: dict[int, float] = {}

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        self.called.setdefault(request.seed, time.perf_counter())
        return super().generate(request, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        self.called.setdefault(request.seed, time.perf_counter())
        return super().edit(request, on_progress)


class Person:
    """One session on a thread; `starts` holds when each message was sent, by its seed."""

    def __init__(self, agent: Agent, number: int, num_turns: int, thinks: bool) -> None:
        self.agent, self.number, self.num_turns, self.thinks = agent, number, num_turns, thinks
        self.starts: dict[int, float] = {}
        self.owner = f"person {number}"
        self.session_id = agent.sessions.create(self.owner).id

    def live(self) -> None:
        rng = random.Random(self.number)
        for turn in range(self.num_turns):
            if self.thinks:
                time.sleep(rng.uniform(*THINKING_SECONDS))
            seed = self.number * 1_000 + turn * 10
            self.starts[seed] = time.perf_counter()
            words = MESSAGES[turn % len(MESSAGES)]
            for _ in self.agent.coordinator.run(
                self.session_id, self.owner, words, options=PictureOptions(seed=seed)
            ):
                pass

    def require_done(self) -> None:
        turns = self.agent.sessions.turns(self.session_id, self.owner)
        assert [turn.status for turn in turns] == [TurnStatus.DONE] * self.num_turns


def measure(num_sessions: int, num_turns: int) -> list[float]:
    """Seconds from message to engine, of all turns."""
    with tempfile.TemporaryDirectory() as folder:
        engine = StampedEngine()
        agent = build_agent(Path(folder), brain=OfflineBrain(), engine=engine)
        people = [Person(agent, number, num_turns, num_sessions > 1) for number in range(num_sessions)]
        threads = [threading.Thread(target=person.live) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for person in people:
            person.require_done()
        agent.close()
        return [engine.called[seed] - sent for person in people for seed, sent in person.starts.items()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 50])
    parser.add_argument("--turns", type=int, default=40, help="in all for one session, a tenth each for many")
    args = parser.parse_args()
    measure(1, 5)  # imports and caches
    for sessions in args.sessions:
        seconds = measure(sessions, args.turns if sessions == 1 else max(1, args.turns // 10))
        p95 = statistics.quantiles(seconds, n=20)[-1]
        print(
            f"{sessions:3} sessions, {len(seconds)} messages: p50 {1e3 * statistics.median(seconds):.0f} ms, "
            f"p95 {1e3 * p95:.0f} ms, largest {1e3 * max(seconds):.0f} ms"
        )


if __name__ == "__main__":
    main()

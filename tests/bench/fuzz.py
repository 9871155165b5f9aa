"""Broken and hostile replies, read and planned: python -m tests.bench.fuzz --replies 10000

Every reply goes through LlamaBrain's path and every tenth also, as a server's body, through OpenAIBrain over
HTTP. What comes of it must be a decision that keeps every rule, or an AgentError; anything else is printed
with its seed. `--http 1` sends all of them over HTTP too.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from agent.brains.brain import Context
from agent.brains.llama import LlamaBrain
from agent.brains.openai import OpenAIBrain
from agent.brains.wire import BadAnswer, read_decision
from agent.domain import Decision
from agent.errors import AgentError
from agent.jobs import Jobs
from tests.agent.brains.chat_server import CONTEXT, KEY, MODEL, Answer, chat_server
from tests.agent.brains.fuzz import broken_rules, fuzzed_body, fuzzed_reply
from tests.agent.brains.test_llama import ScriptedSpeaker

EMPTY = Context(message="draw a red car")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--replies", type=int, default=10_000)
    options.add_argument("--http", type=int, default=10, help="one in how many goes over HTTP too")
    options.add_argument("--seed", type=int, default=0, help="the first seed")
    settings = options.parse_args()
    seeds = range(settings.seed, settings.seed + settings.replies)
    report("LlamaBrain", through_llama(seeds))
    report("OpenAIBrain", through_http(seeds[:: settings.http]))
    print(f"reading alone: {slowest(seeds) * 1e3:.0f} ms at most")


def report(name: str, found: Counter[str]) -> None:
    bad = {what: count for what, count in found.items() if what.startswith("BROKEN")}
    kinds = ", ".join(f"{what} {count}" for what, count in found.most_common() if what not in bad)
    print(f"{name}: {found.total()} replies, {sum(bad.values())} broke a rule ({kinds})", flush=True)
    for what in bad:
        print(what, flush=True)


def through_llama(seeds: range) -> Counter[str]:
    jobs, speaker = Jobs(), ScriptedSpeaker()
    brain = LlamaBrain(lambda: speaker, jobs)
    found: Counter[str] = Counter()
    for seed in seeds:
        speaker.script[:] = [fuzzed_reply(seed).replace("|", "/")]
        context = EMPTY if seed % 4 == 0 else CONTEXT
        found[verdict(lambda context=context: brain.decide(context), context, seed)] += 1  # type: ignore[misc]
        speaker.heard.clear()
    jobs.close()
    return found


def through_http(seeds: range) -> Counter[str]:
    """A reply that cannot be used is asked for once more: the next one comes."""
    with chat_server() as server:
        brain = OpenAIBrain(server.url, MODEL, KEY, timeout_seconds=10)
        bodies = iter(range(seeds.start, seeds.start + 10 * len(seeds) * seeds.step))
        server.behave = lambda request: Answer(body=fuzzed_body(next(bodies)))
        found: Counter[str] = Counter()
        for seed in seeds:
            found[verdict(lambda: brain.decide(CONTEXT), CONTEXT, seed)] += 1
            server.asked.clear()
        brain.close()
    return found


def verdict(decide: Callable[[], Decision], context: Context, seed: int) -> str:
    try:
        decision = decide()
    except AgentError as error:
        return type(error).__name__
    except Exception as error:
        return f"BROKEN seed {seed}: {error!r}"
    broken = broken_rules(decision, context)
    return f"BROKEN seed {seed}: {broken}" if broken else decision.route.value


def slowest(seeds: range) -> float:
    """Seconds of this process for the slowest reply."""
    most = 0.0
    for seed in seeds[::5]:
        reply = fuzzed_reply(seed)
        start = time.process_time()
        with suppress(BadAnswer):
            read_decision(reply, CONTEXT)
        most = max(most, time.process_time() - start)
    return most


if __name__ == "__main__":
    main()

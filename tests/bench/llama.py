"""A Llama of random weights held to the answers' grammar: python -m tests.bench.llama --outputs 1000

Each output is drawn at temperature 1, so all differ; each is read as an answer, brought within the limits and
planned, and counts as valid when all of that succeeds. Then the cost of the grammar: milliseconds a token
beside the same model writing freely.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

from agent.brains import prompts
from agent.brains.brain import Context
from agent.brains.grammar import answer_schema
from agent.brains.limits import within_limits
from agent.brains.wire import BadAnswer, read_decision
from agent.errors import AgentError
from agent.planner import plan
from engines.api import Message
from engines.errors import EngineError
from engines.speaker import LlamaSpeaker
from engines.text.speech import Within, sampled
from tests.agent.brains.chat_server import CONTEXT
from tests.engines.talking import build_speaker

NUM_TOKENS = 1_200
EMPTY = Context(message="a red car")
ASKED = (Message(role="user", content="Hello."),)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--outputs", type=int, default=1_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--words", type=int, default=1_500, help="size of the vocabulary")
    settings = options.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        speaker = build_speaker(
            Path(folder), sampled(1.0, settings.seed), text=corpus(), num_words=settings.words
        )
        count(speaker, settings.outputs)
        compare(speaker)


def corpus() -> str:
    """For the tokenizer to learn."""
    return (
        prompts.DECIDE + prompts.REPLY + Path("README.md").read_text("utf-8") + "画一只红色的猫，再画一只狗。"
    )


def count(speaker: LlamaSpeaker, num_outputs: int) -> None:
    found: Counter[str] = Counter()
    different: set[str] = set()
    num_tokens, start = 0, time.perf_counter()
    for index in range(num_outputs):
        answer, num_steps = write(speaker, EMPTY if index % 5 == 0 else CONTEXT)
        num_tokens += num_steps
        different.add(answer)
        found[verdict(answer, EMPTY if index % 5 == 0 else CONTEXT)] += 1
    seconds = time.perf_counter() - start
    num_valid = num_outputs - sum(number for name, number in found.items() if name.startswith("INVALID"))
    print(f"{num_valid} of {num_outputs} outputs valid, {len(different)} different")
    print(", ".join(f"{name} {number}" for name, number in found.most_common()))
    print(f"{num_tokens:,} tokens in {seconds:.0f} s: {num_tokens / seconds:.0f} tokens/s")


def write(speaker: LlamaSpeaker, context: Context) -> tuple[str, int]:
    steps = [0]
    try:
        answer = speaker.answer(
            ASKED, answer_schema(context), NUM_TOKENS, lambda progress: steps.append(progress.step)
        )
    except EngineError as error:
        answer = str(error)
    return answer, steps[-1]


def verdict(answer: str, context: Context) -> str:
    """The route, or why there is none."""
    try:
        decision = within_limits(read_decision(answer, context))
        if decision.steps:
            plan(decision, context)
    except (BadAnswer, AgentError) as error:
        return f"INVALID ({error}: {answer[:200]!r})"
    return decision.route.value


def compare(speaker: LlamaSpeaker) -> None:
    """The grammar's share of a token's time."""
    spent = {"mask": 0.0, "tokens": 0.0}
    choose, begin = Within.choose, time.perf_counter

    def timed(self: Within, logits_V: torch.Tensor) -> object:
        start = begin()
        chosen = choose(self, logits_V)
        spent["mask"] += begin() - start
        spent["tokens"] += len(chosen)
        return chosen

    Within.choose = timed  # type: ignore[assignment]
    start = begin()
    for _ in range(40):
        write(speaker, CONTEXT)
    whole = begin() - start
    Within.choose = choose  # type: ignore[method-assign]
    start, num_free = begin(), 0
    while num_free < 1_000:
        num_free += len(list(speaker.stream(ASKED, 200, lambda _: None)))
    free_ms = (begin() - start) / num_free * 1e3
    within_ms, mask_ms = (1e3 * each / spent["tokens"] for each in (whole, spent["mask"]))
    print(f"a token: {within_ms:.2f} ms within the grammar, {mask_ms:.2f} ms of it for mask and draw")
    print(f"freely: {free_ms:.2f} ms a token")


if __name__ == "__main__":
    main()

"""What one streamed update of a long chat costs the server: python -m tests.bench.page

A chat of 20 pictures and a turn at work whose preview has just changed: its message is made anew, all are
turned into what Gradio sends, and compared with what it sent last, as for every update. Medians of the
processor's time are printed, and the bytes that go to the browser: the first time, and for one step.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import gradio as gr
from gradio.utils import diff

from agent.domain import GenerateStep, Plan, Turn, TurnStatus
from tests.ui.pieces import a_picture, a_turn
from ui.live import Story
from ui.look import Look
from ui.render import chat_messages, updated

PREVIEW_BYTES = 6_000
PLAN = Plan(steps=(GenerateStep(prompt="a red car next to a dog"),))
LOOK = Look()


@dataclass(frozen=True, kw_only=True)
class Update:
    """Milliseconds of processor time, and bytes, of one update."""

    render: float
    encode: float
    compare: float
    sent: int

    @property
    def whole(self) -> float:
        return self.render + self.encode + self.compare


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pictures", type=int, default=20)
    options.add_argument("--rounds", type=int, default=200)
    wanted = options.parse_args()
    with gr.Blocks():
        chatbot = gr.Chatbot(allow_tags=False)
    turns = a_chat(wanted.pictures)
    running = a_turn(status=TurnStatus.RUNNING, reply="").model_copy(update={"id": "r" * 32})
    story = Story(turn_id=running.id, plan=PLAN, of=50, preview=b"\xff" * PREVIEW_BYTES)
    begun = time.thread_time()
    shown = chat_messages([*turns, running], story, LOOK)
    first = (time.thread_time() - begun) * 1000
    before = chatbot.postprocess(shown).model_dump()
    sent = len(json.dumps(before))
    print(f"{wanted.pictures} pictures: {sent:,} bytes the first time, rendered in {first:.2f} ms")
    updates = []
    for step in range(1, wanted.rounds + 1):
        preview = step.to_bytes(2, "big") * (PREVIEW_BYTES // 2)
        story = replace(story, step=step % 50, preview=preview)
        update, before = measure(chatbot, shown, [*turns, running], story, before)
        updates.append(update)
    for name in ("render", "encode", "compare", "whole"):
        print(f"{name:<8} {statistics.median(getattr(each, name) for each in updates):6.2f} ms")
    print(f"{'sent':<8} {statistics.median(each.sent for each in updates):,.0f} bytes a step")


def a_chat(num_pictures: int) -> list[Turn]:
    """Turns of one picture each, every second one a change of the picture before."""
    turns = []
    for number in range(1, num_pictures + 1):
        parents = (f"{number - 1:032x}",) if number % 2 == 0 else ()
        picture = a_picture(number).model_copy(update={"parents": parents, "seconds": 2.0})
        turn = a_turn(artifacts=(picture,), plan=PLAN)
        turns.append(turn.model_copy(update={"id": f"{number:032x}"}))
    return turns


def measure(
    chatbot: gr.Chatbot, shown: list[gr.ChatMessage], turns: list[Turn], story: Story, before: Any
) -> tuple[Update, Any]:
    times = [time.thread_time()]
    messages = updated(shown, turns, story, LOOK)
    times.append(time.thread_time())
    now = chatbot.postprocess(messages).model_dump()
    times.append(time.thread_time())
    change = diff(before, now)
    times.append(time.thread_time())
    render, encode, compare = ((end - begin) * 1000 for begin, end in pairwise(times))
    sent = len(json.dumps(change))
    return Update(render=render, encode=encode, compare=compare, sent=sent), now


if __name__ == "__main__":
    main()

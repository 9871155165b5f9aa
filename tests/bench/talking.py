"""How long words wait while a picture is drawn on their device, and how much longer the picture then takes.

The device is a stand-in whose steps and tokens take as long as it is told; process and pipes are real.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from contextlib import closing
from functools import partial

from engines.apart import apart
from engines.api import GenerateRequest, Message
from engines.families import Family
from engines.workshop import Workshop
from tests.engines.test_talking_while_drawing import Device, Painter, Talker, in_background
from tests.engines.test_workshop import ignore

REQUEST = GenerateRequest(prompt="a red dog", seed=7)


def family(num_steps: int, step_seconds: float, token_seconds: float) -> Family:
    device = Device()
    return Family(
        painters={"full": Painter(device, step_seconds, num_steps)},
        editor=None,
        vocabulary={},
        folder=None,
        speaker=Talker(device, pauses=True, token_seconds=token_seconds),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=28)
    parser.add_argument("--step-seconds", type=float, default=0.25)
    parser.add_argument("--token-seconds", type=float, default=0.03)
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--talkers", type=int, nargs="+", default=[0, 1, 4])
    settings = parser.parse_args()
    load = partial(family, settings.steps, settings.step_seconds, settings.token_seconds)
    words = [Message(role="user", content=" ".join(["word"] * settings.tokens))]
    with closing(Workshop(load)) as shop:
        members = apart(load(), shop)
        assert members.speaker is not None
        list(members.speaker.stream(words[:1], 10, ignore))
        for num_talkers in settings.talkers:
            first, whole = list[float](), list[float]()
            is_drawn = threading.Event()

            def talk(
                first: list[float] = first, whole: list[float] = whole, end: threading.Event = is_drawn
            ) -> None:
                while not end.is_set():
                    begun = time.monotonic()
                    pieces = members.speaker.stream(words, 1_000, ignore)  # type: ignore[union-attr]
                    next(pieces)
                    first.append(time.monotonic() - begun)
                    list(pieces)
                    whole.append(time.monotonic() - begun)
                    time.sleep(1.0)  # somebody reads and types

            begun = time.monotonic()
            (drawing,) = in_background(partial(members.painters["full"].generate, REQUEST, ignore))
            talking = in_background(*[talk] * num_talkers) if num_talkers else []
            drawing.result()
            seconds = time.monotonic() - begun
            is_drawn.set()
            for each in talking:
                each.result()
            told = f"{num_talkers} talkers: the picture took {seconds:.1f} s"
            if first:
                told += (
                    f"; {len(whole)} answers, the first word after {statistics.median(first):.2f} s (median, "
                    f"{max(first):.2f} s at most), the last after {statistics.median(whole):.2f} s"
                )
            print(told)


if __name__ == "__main__":
    main()

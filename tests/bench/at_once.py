"""Pictures in the same time by one device and by several: python -m tests.bench.at_once --devices 1 2 4

The app runs as its user starts it, with the fake engine, which sleeps a step, in so many processes. Two
owners a device ask for one picture after the other over the turn stream API. Prints one JSON: pictures a
second, the ratio to the first number of devices, and the least and the most that an owner got. With `--engine
stickers` the embedded weights draw on as many parts of the processor.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from tests.bench.load import WIDE, App, begin, opened, say

__all__ = ["Speed", "run_at_once"]

STEP_SECONDS = 0.25
SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Speed:
    """`ratio` is to the first that was measured."""

    devices: int
    pictures: int
    pictures_a_second: float
    least_and_most_of_an_owner: tuple[int, int]
    not_done: int
    devices_able: float
    ratio: float = 1.0


async def run_at_once(app: App, num_devices: int, seconds: float) -> Speed:
    """From the moment in which all devices are loaded and each owner has had a picture."""
    while await devices_able(app) < num_devices:
        await asyncio.sleep(0.05)
    served, lost, begun = Counter[int](), Counter[str](), asyncio.Event()
    waiting = asyncio.Barrier(len(app.keys) + 1)
    end = float("inf")

    async def ask(owner: int) -> None:
        async with app.program(owner) as http:
            chat = await begin(http)
            await say(http, chat, "draw a red car")
            await waiting.wait()
            await begun.wait()
            while time.perf_counter() < end:
                told = await say(http, chat, "draw a red car")
                lost["turns"] += not told.is_done
                served[owner] += told.is_done and told.over < end

    async with asyncio.TaskGroup() as people:
        for owner in range(len(app.keys)):
            people.create_task(ask(owner))
        await waiting.wait()
        end = time.perf_counter() + seconds
        begun.set()
    of_owner = [served[owner] for owner in range(len(app.keys))]
    return Speed(
        devices=num_devices,
        pictures=sum(of_owner),
        pictures_a_second=sum(of_owner) / seconds,
        least_and_most_of_an_owner=(min(of_owner), max(of_owner)),
        not_done=lost["turns"],
        devices_able=await devices_able(app),
    )


async def devices_able(app: App) -> float:
    """As the app's metrics tell it."""
    async with httpx.AsyncClient(base_url=app.url) as http:
        lines = (await http.get("metrics")).raise_for_status().text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("reverie_devices "))


def measured(folder: Path, devices: Sequence[int], engine: Sequence[str], seconds: float) -> list[Speed]:
    speeds = list[Speed]()
    for number in devices:
        names = ",".join(["cpu"] * number)
        with opened(folder / str(number), *WIDE, *engine, "--devices", names, num_owners=2 * number) as app:
            speed = asyncio.run(run_at_once(app, number, seconds))
        first = speeds[0] if speeds else speed
        ratio = speed.pictures / max(1, first.pictures)
        speeds.append(Speed(**{**asdict(speed), "ratio": ratio}))
    return speeds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--devices", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--engine", choices=("fake", "stickers"), default="fake")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    args = parser.parse_args()
    engine = ("--engine", args.engine, "--fake-step-seconds", str(STEP_SECONDS))
    with tempfile.TemporaryDirectory() as folder:
        speeds = measured(Path(folder), args.devices, engine, args.seconds)
    print(json.dumps([asdict(each) for each in speeds], indent=2))


if __name__ == "__main__":
    main()

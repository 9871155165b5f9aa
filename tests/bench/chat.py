"""What a user waits for, seen from the browser: python -m tests.bench.chat

Starts `python app.py` on an empty data folder, after one start that warms the disk's cache, opens the page
in Chromium, and takes the time from pressing Enter to the first preview and to the finished picture.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, PATIENCE_MS, Visit, find_browser
from tests.browser.server import Server

DRAWING = "draw a red car next to a dog"
CHANGE = "make the car blue"
PREVIEW = ".chat .forming img"
PICTURE = ".chat .picture:not(.forming) img"


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Seconds from the message on."""

    to_preview: float
    to_picture: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="chats; medians are printed")
    rounds: int = options.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        first_start = start_and_stop(Path(folder) / "first")
        server = Server(Path(folder) / "data")
        print(f"start to page: first {first_start:.1f} s, warm {server.start():.1f} s", flush=True)
        try:
            chats = [measure_chat(chromium, server) for _ in range(rounds)]
        finally:
            server.stop()
    for name, waits in zip(("draw", "change"), zip(*chats, strict=True), strict=True):
        preview, picture = median_of(waits, "to_preview"), median_of(waits, "to_picture")
        print(f"{name:<8} first preview {preview}, picture {picture}")


def start_and_stop(data_folder: Path) -> float:
    server = Server(data_folder)
    seconds = server.start()
    server.stop()
    return seconds


def measure_chat(chromium: Browser, server: Server) -> tuple[Wait, Wait]:
    """A new visitor draws, then changes the picture."""
    context = chromium.new_context()
    try:
        visit = Visit(context, server.url)
        return measure(visit, DRAWING, 1), measure(visit, CHANGE, 2)
    finally:
        context.close()


def measure(visit: Visit, message: str, num_answers: int) -> Wait:
    visit.say(message)
    begun = time.perf_counter()
    visit.page.locator(PREVIEW).first.wait_for(state="attached", timeout=PATIENCE_MS)
    to_preview = time.perf_counter() - begun
    wait_for_count(visit.page, PICTURE, num_answers)
    to_picture = time.perf_counter() - begun
    visit.expect_answers(num_answers)
    return Wait(to_preview=to_preview, to_picture=to_picture)


def wait_for_count(page: Page, selector: str, count: int) -> None:
    page.wait_for_function(
        "([selector, count]) => document.querySelectorAll(selector).length >= count",
        arg=[selector, count],
        timeout=PATIENCE_MS,
        polling=50,
    )


def median_of(waits: Sequence[Wait], name: str) -> str:
    values = sorted(getattr(wait, name) for wait in waits)
    return f"{statistics.median(values):5.2f} s ({values[0]:.2f}-{values[-1]:.2f})"


if __name__ == "__main__":
    main()

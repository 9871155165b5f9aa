"""Whatever is sent to the doors is answered: never a 5xx."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import httpx
from PIL import Image

from tests.ui.doors.served import box_mask, png, served

SEED = 20261129
NUM_REQUESTS = 400
SMALL = png(Image.radial_gradient("L").resize((64, 64)).convert("RGB"))
MASK = box_mask((64, 64), (8, 8, 40, 40))
DRAW = json.dumps({"prompt": "a red car", "n": 1, "size": "128x128", "quality": "low", "seed": 4}).encode()
CALL = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "list_images", "arguments": {"words": "car"}, "_meta": {"progressToken": 1}},
    }
).encode()
JSON = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


def mutated(content: bytes, dice: random.Random) -> bytes:
    """A few bytes other, gone, more, or the end cut off."""
    changed = bytearray(content)
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(len(changed) + 1)
        match dice.randrange(5):
            case 0 | 1:
                changed[place : place + 1] = dice.randbytes(1)
            case 2:
                del changed[place : place + dice.randint(1, 60)]
            case 3:
                changed[place:place] = dice.randbytes(dice.randint(1, 30))
            case 4:
                del changed[place:]
    return bytes(changed)


def test_nothing_that_is_sent_breaks_the_doors(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    form = httpx.Request(
        "POST",
        "http://127.0.0.1/",
        data={"prompt": "make it blue", "n": "1"},
        files=[("image", ("a.png", SMALL, "image/png")), ("mask", ("m.png", MASK, "image/png"))],
    )
    form.read()
    as_form = {"content-type": form.headers["content-type"]}
    with served(tmp_path) as doors:
        http = doors.http()

        def changed_files() -> httpx.Response:
            files = {
                name: ("a.png", mutated(content, dice))
                for name, content in (("image", SMALL), ("mask", MASK))
            }
            return http.post("/v1/images/edits", data={"prompt": "make it blue"}, files=files)

        send: tuple[Callable[[], httpx.Response], ...] = (
            lambda: http.post("/v1/images/edits", content=mutated(form.content, dice), headers=as_form),
            changed_files,
            lambda: http.post("/v1/images/generations", content=mutated(DRAW, dice), headers=JSON),
            lambda: http.post("/mcp", content=mutated(CALL, dice), headers=JSON),
        )
        for number in range(NUM_REQUESTS):
            answer = send[number % len(send)]()
            assert answer.status_code < 500, (SEED, number, answer.text)
        answer = http.post("/v1/images/generations", content=DRAW, headers=JSON)
        assert answer.status_code == 200, "it still works"

"""A chat from elsewhere: every field of it that is shown is full of payloads."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from itertools import count, pairwise
from typing import Any

from PIL import Image

from agent.domain import MAX_PROMPT_CHARACTERS, MAX_STEPS_PER_TURN
from agent.importing import MOST_TITLE_CHARACTERS
from agent.record import CONVERSATION_NAME, RECORD_NAME
from tests.browser.payloads.planting import APART, Place, packs, payloads
from ui.trail import SHOWN_CHARACTERS

__all__ = ["FINDINGS", "PROPOSALS", "RECIPE", "STEPS", "TITLE", "hostile_zip", "zip_of"]

NOW = "2026-01-01T00:00:00Z"
PICTURE = "pictures/1.png"
TITLE = packs(payloads(Place.IMPORTED_TITLE, 7), MOST_TITLE_CHARACTERS, " ")[0]
STEPS = packs(payloads(Place.IMPORTED_STEP, 4), SHOWN_CHARACTERS)
PROPOSALS = packs(payloads(Place.PROPOSED), MAX_PROMPT_CHARACTERS)
FINDINGS = payloads(Place.IMPORTED_FINDING, 2)
RECIPE = dict(
    zip(
        ("words", "prompt", "negative_prompt", "preset", "sampler"),
        (APART.join(payloads(Place.IMPORTED_RECIPE)[at::5]) for at in range(5)),
        strict=True,
    )
)


def hostile_zip() -> bytes:
    """As Reverie exports one: all in one turn, one that failed, plans that wait, and steps that were done."""
    ids = map("{:032x}".format, count(1))
    first = turn(
        next(ids),
        text=said(Place.IMPORTED_MESSAGE),
        reply=said(Place.IMPORTED_REPLY),
        decision={"route": "generate", "reason": said(Place.IMPORTED_REASON)},
        plan=plan(STEPS[:MAX_STEPS_PER_TURN]),
    )
    picture = drawn(next(ids), str(first["id"]))
    first["shown"] = [picture["id"]]
    turns = [first, turn(next(ids), text="x", status="failed", reply=said(Place.FAILED))]
    for at in range(0, len(PROPOSALS), MAX_STEPS_PER_TURN):
        waiting = plan(PROPOSALS[at : at + MAX_STEPS_PER_TURN])
        turns.append(turn(next(ids), text="x", status="waiting", reply="Shall I?", plan=waiting))
    for at in range(MAX_STEPS_PER_TURN, len(STEPS), MAX_STEPS_PER_TURN):
        turns.append(turn(next(ids), text="x", reply="x", plan=plan(STEPS[at : at + MAX_STEPS_PER_TURN])))
    for earlier, later in pairwise(turns):
        later["parent"] = earlier["id"]
    return zip_of(record(turns, [picture]), {PICTURE: a_png()})


def zip_of(told: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, each in files.items():
            archive.writestr(name, each)
        archive.writestr(CONVERSATION_NAME, "x")
        archive.writestr(RECORD_NAME, json.dumps(told))
    return content.getvalue()


def record(turns: Sequence[Mapping[str, Any]], artifacts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "format": "reverie-session",
        "version": 1,
        "title": TITLE,
        "head": artifacts[0]["id"],
        "tip": turns[-1]["id"],
        "created": NOW,
        "turns": turns,
        "artifacts": artifacts,
    }


def turn(identity: str, **told: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": identity,
        "parent": None,
        "text": "",
        "options": {},
        "status": "done",
        "decision": None,
        "plan": None,
        "shown": [],
        "reply": "",
        "created": NOW,
    }
    return plain | told


def plan(prompts: Sequence[str]) -> dict[str, Any]:
    return {"steps": [{"kind": "generate", "prompt": each} for each in prompts]}


def drawn(identity: str, turn_id: str) -> dict[str, Any]:
    recipe = {"weights_hash": "x", "seed": 1, "num_steps": 1, "guidance": 1, "width": 8, "height": 8} | RECIPE
    found = [{"asked": each, "seen": each, "is_met": False} for each in FINDINGS]
    return {
        "id": identity,
        "turn": turn_id,
        "number": 1,
        "letter": "",
        "file": PICTURE,
        "sha256": hashlib.sha256(a_png()).hexdigest(),
        "width": 8,
        "height": 8,
        "origin": "generated",
        "parents": [],
        "recipe": recipe,
        "caption": said(Place.IMPORTED_CAPTION),
        "step": 0,
        "candidate": 1,
        "check": {"findings": found, "score": 0},
        "change": None,
        "is_starred": False,
        "created": NOW,
    }


def said(place: Place) -> str:
    return APART.join(payloads(place))


def a_png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    return file.getvalue()

"""What becomes of a broken file, in one word."""

from __future__ import annotations

from agent.decoder.pool import Decoders, Undecodable
from agent.decoder.wire import Problem, Task
from agent.errors import UploadRejected
from agent.infotext import read_settings
from agent.uploads import clean_upload
from tests.agent.decoder.hostile import broken

__all__ = ["FAULTS", "verdict"]

FAULTS = "FAULT"
EXPECTED = {Problem.UNREADABLE, Problem.DAMAGED, Problem.TOO_MANY_PIXELS}


def verdict(seed: int, decoders: Decoders) -> str:
    """Everything that the app asks a decoder for, with the same file; what begins with FAULTS must not be."""
    content = broken(seed)
    try:
        if seed % 4 == 1 and content:
            read_settings(content, decoders)
        if seed % 4 == 2:
            look_at_pixels(content, decoders)
        clean = clean_upload(content, decoders)
    except UploadRejected as error:
        return of_refusal(error, seed)
    except Undecodable as error:
        return f"{FAULTS} {error.problem} over pixels, seed {seed}"
    is_whole = clean.png.startswith(b"\x89PNG") and 0 < max(clean.width, clean.height) <= 2048
    return "picture" if is_whole else f"{FAULTS} of a picture, seed {seed}"


def look_at_pixels(content: bytes, decoders: Decoders) -> None:
    try:
        decoders.ask(Task.PIXELS, content).image()
    except Undecodable as error:
        if error.problem not in EXPECTED:
            raise


def of_refusal(error: UploadRejected, seed: int) -> str:
    sentence, cause = str(error), error.__cause__
    if not sentence.endswith(".") or "Please" not in sentence:
        return f"{FAULTS} no sentence, seed {seed}: {sentence}"
    if not isinstance(cause, Undecodable):
        return "refused at sight"
    return cause.problem.value if cause.problem in EXPECTED else f"{FAULTS} {cause.problem}, seed {seed}"

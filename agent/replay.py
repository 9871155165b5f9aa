"""An exported session drawn once more: the recorded steps, with the recorded seeds, to the same bytes."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from pathlib import Path

from PIL import Image, ImageChops

from agent.artifacts import Artifacts
from agent.cancel import CancelToken
from agent.decoder.pool import Decoders
from agent.domain import Artifact, Origin, Quality, Recipe, Turn
from agent.errors import AgentError
from agent.executor import Executor, Work
from agent.importing import import_session
from agent.jobs import Jobs
from agent.metadata import png_with_recipe
from agent.pipe import EventPipe
from agent.replies import Replies
from agent.sessions import Sessions
from agent.versions import Versions
from engines.api import Engine, Eyes
from engines.errors import EngineError

__all__ = ["Outcome", "Replayed", "print_each", "replay"]

OWNER = "replay"
MADE = (Origin.GENERATED, Origin.EDITED)
ALONE = {"num_pictures": 1}
WITHOUT_TRIALS = {"is_checked": False, "asks_first": False, "rewrites": False}
"""The record has the words that were used and the seed of the picture that was kept."""


class Outcome(StrEnum):
    """What became of a recorded picture when it was made again."""

    SAME = "same"
    DIFFERENT = "different"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """A picture made again. `reason`: what differs, or why it could not be made."""

    artifact: Artifact
    outcome: Outcome
    reason: str = ""


def print_each(made: Iterable[Replayed]) -> bool:
    """A printed line a picture; whether all came out the same."""
    is_same = True
    for each in made:
        print(f"{each.artifact.handle}: {each.outcome}. {each.reason}".rstrip(), flush=True)
        is_same = is_same and each.outcome is Outcome.SAME
    return is_same


def replay(
    file: Path,
    *,
    engines: Mapping[Quality, Engine],
    editors: Mapping[Quality, Engine],
    eyes: Eyes | None = None,
    turn: int | None = None,
) -> Iterator[Replayed]:
    """Every picture that a step has made, or those of turn number `turn` (from 1), made again and compared.

    Each one starts from the recorded picture it was made from; `eyes` find again the place that an edit kept
    to. Works in a folder of its own: no chat is touched. Raises ImportRejected.
    """
    with tempfile.TemporaryDirectory() as folder:
        sessions = Sessions(f"sqlite:///{folder}/replay.db")
        artifacts = Artifacts(Path(folder) / "pictures")
        jobs, decoders = Jobs(), Decoders()
        executor = Executor(
            sessions=sessions, artifacts=artifacts, jobs=jobs, engines=engines, editors=editors, eyes=eyes
        )
        try:
            session = import_session(sessions, artifacts, decoders, file, OWNER)
            pictures = Versions(sessions).tree(session.id, OWNER)
            turns = sessions.all_turns(session.id, OWNER)
            here = {
                (engine.info.preset, engine.info.weights_hash)
                for engine in (*engines.values(), *editors.values())
            }
            for number, each in enumerate(turns, start=1):
                if turn in (None, number):
                    yield from replay_turn(each, pictures, here, executor)
        finally:
            decoders.close()
            jobs.close()
            sessions.close()


def replay_turn(
    turn: Turn, pictures: Sequence[Artifact], here: Set[tuple[str, str]], executor: Executor
) -> Iterator[Replayed]:
    """`here`: preset and weights of the engines there are."""
    made = [each for each in pictures if each.turn_id == turn.id and each.origin in MADE]
    for artifact in made:
        recipe, step = artifact.recipe, artifact.step
        if turn.plan is None or recipe is None or step is None or step >= len(turn.plan.steps):
            yield impossible(artifact, "Its plan or its recipe was not recorded.")
        elif recipe.weights_hash and (recipe.preset, recipe.weights_hash) not in here:
            yield impossible(artifact, other_weights(recipe, here))
        else:
            yield again(artifact, recipe, turn, made, executor)


def again(
    artifact: Artifact, recipe: Recipe, turn: Turn, made: Sequence[Artifact], executor: Executor
) -> Replayed:
    """One picture of a step, alone and with the seed it had; the earlier steps' pictures are the recorded."""
    index = artifact.step or 0
    steps = turn.plan.steps if turn.plan else ()
    step = steps[index] if steps[index].num_pictures == 1 else steps[index].model_copy(update=ALONE)
    # What keeps to its place today did not always: the recipe says what was done.
    options = turn.options.model_copy(
        update={"seed": recipe.seed, "keeps_place": recipe.keeps_rest, **WITHOUT_TRIALS}
    )
    try:
        fresh = executor.sessions.open_turn(turn.session_id, OWNER, turn.text, options, after=turn.parent)
        work = Work(
            turn=fresh,
            owner=OWNER,
            index=index,
            made=[[each for each in made if each.step == earlier] for earlier in range(index)],
            on_made=lambda _: None,
            replies=Replies("en"),
            token=CancelToken(),
            pipe=EventPipe(),
        )
        (copy,) = executor.run(step, work).artifacts
    except (AgentError, EngineError) as error:
        return impossible(artifact, str(error))
    return compare(artifact, recipe, copy, executor.artifacts)


def compare(artifact: Artifact, recipe: Recipe, copy: Artifact, artifacts: Artifacts) -> Replayed:
    """Byte by byte, with the recorded recipe in the copy: it names pictures by the ids they had."""
    if copy.recipe is None or (copy.recipe.preset, copy.recipe.weights_hash) != (
        recipe.preset,
        recipe.weights_hash,
    ):
        return impossible(artifact, "Another engine would make it here than the one that did.")
    before = artifacts.read(artifact.sha256)
    with Image.open(io.BytesIO(artifacts.read(copy.sha256)), formats=("PNG",)) as file:
        image = file.copy()
    if png_with_recipe(image, recipe) == before:
        return Replayed(artifact=artifact, outcome=Outcome.SAME)
    with Image.open(io.BytesIO(before), formats=("PNG",)) as file:
        recorded = file.convert("RGBA")
    if recorded.tobytes() == image.convert("RGBA").tobytes():
        return Replayed(
            artifact=artifact,
            outcome=Outcome.SAME,
            reason="Only what the file says of itself is written otherwise.",
        )
    return Replayed(artifact=artifact, outcome=Outcome.DIFFERENT, reason=difference(recorded, image))


def difference(recorded: Image.Image, image: Image.Image) -> str:
    """How far apart two pictures are, in words."""
    if recorded.size != image.size:
        return f"It was {recorded.width}x{recorded.height} and is {image.width}x{image.height} now."
    bands = ImageChops.difference(recorded.convert("RGB"), image.convert("RGB")).split()
    levels = reduce(ImageChops.lighter, bands).histogram()
    share = 1 - levels[0] / (image.width * image.height)
    most = max(level for level, num_pixels in enumerate(levels) if num_pixels)
    return f"{share:.1%} of its pixels differ, by {most} of 255 levels at most."


def other_weights(recipe: Recipe, here: Set[tuple[str, str]]) -> str:
    weights = {preset: weights_hash for preset, weights_hash in here}
    made_with = f"It was made with {recipe.preset} of weights {recipe.weights_hash[:10]}"
    if recipe.preset in weights:
        return f"{made_with}; those here are {weights[recipe.preset][:10]}."
    return f"{made_with}; here are {', '.join(sorted(weights)) or 'no engines'}."


def impossible(artifact: Artifact, reason: str) -> Replayed:
    return Replayed(artifact=artifact, outcome=Outcome.IMPOSSIBLE, reason=reason)

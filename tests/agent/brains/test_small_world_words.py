"""Every way in which the editor was taught to be asked is read as one edit with its words kept."""

from __future__ import annotations

import re

import numpy as np
import pytest

from agent.brains.brain import Context, PictureView, Utterance
from agent.brains.offline import OfflineBrain
from agent.domain import Decision, Origin, Route
from training.stickers.captions import caption
from training.stickers.edits import EditType, sample_edit
from training.stickers.scene import sample_scene

NUM_SAMPLES = 60
VERBS = frozenset(
    "the a an it in on of and at for is make turn put change delete erase take away get rid swap remove"
    " replace with draw add also now picture into".split()
)
"""Words that one plain order may exchange for another of the same meaning."""


def decide(instruction: str, shown: str) -> Decision:
    picture = PictureView(id="1", number=1, origin=Origin.GENERATED, turn=1, prompt=shown)
    history = (
        Utterance(role="user", text=shown),
        Utterance(role="assistant", text="Here it is.", pictures=("1",)),
    )
    return OfflineBrain().decide(
        Context(message=instruction, pictures=(picture,), history=history, current="1")
    )


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower())) - VERBS


@pytest.mark.parametrize("kind", [each for each in EditType if each is not EditType.ADD])
def test_a_taught_instruction_is_one_edit_with_its_words(kind: EditType) -> None:
    rng = np.random.default_rng(0)
    for _ in range(NUM_SAMPLES):
        edit = sample_edit(rng, kind)
        decision = decide(edit.instruction, caption(edit.source, rng))
        assert decision.route is Route.EDIT, edit.instruction
        assert len(decision.steps) == 1
        # "turn the vehicle red" may name the vehicle shown.
        assert words(edit.instruction) - {"vehicle"} <= words(decision.steps[0].prompt) | {"animal", "thing"}


def test_something_added_in_its_place_is_an_edit_and_something_drawn_alone_a_new_picture() -> None:
    rng = np.random.default_rng(0)
    for _ in range(NUM_SAMPLES):
        edit = sample_edit(rng, EditType.ADD)
        is_placed = re.search(r"\b(?:left|right|above|over|below|under|next|beside)\b", edit.instruction)
        decision = decide(edit.instruction, caption(edit.source, rng))
        is_new = edit.instruction.startswith("draw") and not is_placed
        assert decision.route is (Route.GENERATE if is_new else Route.EDIT), edit.instruction


def test_a_caption_of_the_small_world_is_one_new_picture() -> None:
    rng = np.random.default_rng(0)
    for _ in range(NUM_SAMPLES):
        words_of_scene = caption(sample_scene(rng), rng)
        decision = OfflineBrain().decide(Context(message=words_of_scene))
        assert decision.route is Route.GENERATE, words_of_scene
        assert len(decision.steps) == 1

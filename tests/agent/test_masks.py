"""What the user paints over a picture: checked at the door, kept, and the only place that changes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.brains.offline import OfflineBrain
from agent.domain import Artifact, Decision, DecisionStep, Origin, PictureOptions, Route, Turn, TurnStatus
from agent.errors import UploadRejected
from agent.events import ArtifactReady, Event, TurnDone, TurnFailed
from agent.masks import clean_mask
from engines.fake import FakeEngine, Fault
from tests.doubles import Agent, ScriptedBrain, build_agent, draw, edit, shared_decoders

BOX = (20, 30, 70, 90)


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


SEED = 1


def painted(size: tuple[int, int] = (128, 128), mode: str = "L") -> Image.Image:
    image = Image.new(mode, size)
    image.paste(255 if mode == "L" else "white", BOX)
    return image


class Chat:
    """A session with one drawn picture."""

    def __init__(self, folder: Path, *script: Decision, engine: FakeEngine | None = None) -> None:
        self.brain = ScriptedBrain(draw("a red dog"), *script)
        self.agent: Agent = build_agent(folder, brain=self.brain, engine=engine, fallback=OfflineBrain())
        self.id = self.agent.sessions.create("ann").id
        self.say("draw a red dog")
        (self.first,) = self.turns()[0].artifacts

    def say(self, text: str, mask: bytes | None = None, mask_of: str | None = None) -> list[Event]:
        """The seed puts the disc where the tests paint."""
        options = PictureOptions(seed=SEED)
        return list(self.agent.coordinator.run(self.id, "ann", text, (), options, mask=mask, mask_of=mask_of))

    def turns(self) -> Sequence[Turn]:
        return self.agent.sessions.turns(self.id, "ann")

    def pixels(self, artifact: Artifact) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(self.agent.artifacts.read(artifact.sha256))))


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    built = Chat(tmp_path)
    yield built
    built.agent.close()


def test_only_what_was_painted_changes(chat: Chat) -> None:
    chat.say("draw a cat")
    events = chat.say("make it blue", png(painted()), chat.first.id)
    assert isinstance(events[-1], TurnDone)
    assert events[-1].reply == "Done: #3 (from #1)."
    (made,) = [event.artifact for event in events if isinstance(event, ArtifactReady)]
    before, after = chat.pixels(chat.first), chat.pixels(made)
    outside = np.asarray(painted()) == 0
    assert (before[outside] == after[outside]).all()
    assert (before != after).any()
    assert made.change is not None
    assert made.change.outside == 0
    assert made.change.share > 0
    assert made.recipe is not None
    turn = chat.turns()[-1]
    assert made.recipe.mask == turn.masks[0].id
    assert chat.brain.contexts[-1].mask_of == chat.brain.contexts[-1].current == chat.first.id


def test_a_mask_is_no_picture_that_people_see_or_name(chat: Chat) -> None:
    chat.say("make it blue", png(painted()), chat.first.id)
    turn = chat.turns()[-1]
    (mask,) = turn.masks
    assert (mask.origin, mask.parents, mask.number) == (Origin.MASK, (chat.first.id,), -1)
    assert turn.uploads == ()
    assert [each.handle for each in turn.artifacts] == ["#2"]
    chat.say("make it green", png(painted()), chat.first.id)
    assert chat.turns()[-1].masks[0].number == -2
    chat.say("draw a cat")
    assert mask.id not in {picture.id for picture in chat.brain.contexts[-1].pictures}
    refused = chat.say("make it blue", png(painted()), mask.id)
    assert isinstance(refused[-1], TurnFailed)


@pytest.mark.parametrize(
    "decision",
    [
        Decision(route=Route.ASK, reply="Which one?"),
        Decision(route=Route.CHAT),
        Decision(route=Route.GO_BACK),
        draw("a blue hat"),
        edit("make it blue", "0" * 32),
    ],
)
def test_whatever_the_words_alone_would_mean_it_is_an_edit_there(tmp_path: Path, decision: Decision) -> None:
    chat = Chat(tmp_path, decision)
    events = chat.say("blue", png(painted()), chat.first.id)
    (made,) = [event.artifact for event in events if isinstance(event, ArtifactReady)]
    assert made.parents == (chat.first.id,)
    assert made.change is not None
    assert made.change.outside == 0
    chat.agent.close()


def test_a_question_about_the_place_stays_a_question(tmp_path: Path) -> None:
    chat = Chat(tmp_path, Decision(route=Route.UNDERSTAND))
    events = chat.say("what is this?", png(painted()), chat.first.id)
    assert not [event for event in events if isinstance(event, ArtifactReady)]
    chat.agent.close()


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (b"", "no PNG"),
        (b"<svg/>", "no PNG"),
        (png(painted())[:-30], "damaged"),
        (png(painted((127, 128))), "127x128 and #1 is 128x128"),
        (png(Image.new("L", (128, 128))), "painted nothing on #1"),
        (png(Image.new("RGBA", (128, 128), (255, 255, 255, 0))), "painted nothing on #1"),
    ],
)
def test_a_useless_mask_opens_no_turn(chat: Chat, mask: bytes, says: str) -> None:
    (event,) = chat.say("make it blue", mask, chat.first.id)
    assert isinstance(event, TurnFailed)
    assert event.turn_id == ""
    assert says in event.reply
    assert len(chat.turns()) == 1


def test_a_mask_needs_words_and_a_picture_of_this_conversation(chat: Chat) -> None:
    other = Chat(chat.agent.artifacts.folder.parent / "elsewhere")
    theirs = chat.agent.sessions.create("ann").id
    (event,) = chat.agent.coordinator.run(
        theirs, "ann", "make it blue", mask=png(painted()), mask_of=chat.first.id
    )
    assert isinstance(event, TurnFailed)
    for mask_of in (None, other.first.id):
        assert isinstance(chat.say("make it blue", png(painted()), mask_of)[-1], TurnFailed)
    (event,) = chat.say("  ", png(painted()), chat.first.id)
    assert isinstance(event, TurnFailed)
    assert "where you painted" in event.reply
    other.agent.close()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_brush_may_send_any_kind_of_png(chat: Chat, mode: str) -> None:
    mask = clean_mask(png(painted(mode=mode)), chat.first, shared_decoders())
    kept = Image.open(io.BytesIO(mask.png))
    assert kept.mode == "L"
    assert kept.tobytes() == painted().tobytes()


def test_a_large_file_is_refused_before_it_is_read(chat: Chat) -> None:
    with pytest.raises(UploadRejected, match="too large"):
        clean_mask(b"0" * (26 * 1024 * 1024), chat.first, shared_decoders())


def test_a_failed_turn_takes_its_mask_up_again(tmp_path: Path) -> None:
    change = Decision(route=Route.EDIT, steps=(DecisionStep(kind="edit", prompt="make it blue"),))
    chat = Chat(tmp_path, change, engine=FakeEngine(faults=[None, Fault.CRASH]))
    chat.say("make it blue", png(painted()), chat.first.id)
    turn = chat.turns()[-1]
    assert turn.status is TurnStatus.FAILED
    events = list(chat.agent.coordinator.retry(turn.id, "ann"))
    (made,) = [event.artifact for event in events if isinstance(event, ArtifactReady)]
    assert made.recipe is not None
    assert made.recipe.mask == turn.masks[0].id
    again = list(chat.agent.coordinator.retry(turn.id, "ann"))
    assert isinstance(again[-1], TurnDone)
    assert chat.turns()[-1].masks[0].sha256 == turn.masks[0].sha256, "a done turn runs anew with its mask"
    chat.agent.close()

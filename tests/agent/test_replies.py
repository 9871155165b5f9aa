from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.domain import Artifact, Origin
from agent.operations import Axis, Crop, CutOut, Extend, Flip, Operation, Resize, Rotate, Upscale
from agent.replies import Replies


def artifact(number: int, origin: Origin = Origin.GENERATED) -> Artifact:
    return Artifact(
        id=f"{number:032}",
        session_id="s",
        turn_id="t",
        number=number,
        sha256="0" * 64,
        width=8,
        height=8,
        origin=origin,
        created=datetime.now(UTC),
    )


def test_new_pictures_are_named_by_their_handles() -> None:
    english, chinese = Replies("en"), Replies("zh-CN")
    assert english.made([artifact(1)]) == "Here is #1."
    assert english.made([artifact(1), artifact(2)]) == "Here are #1, #2."
    assert english.made([artifact(3, Origin.EDITED)]) == "Done: #3."
    assert english.made([artifact(1), artifact(2, Origin.EDITED)]) == "Here are #1, #2."
    assert chinese.made([artifact(1)]) == "画好了，这是 #1。"


def test_changed_pictures_are_named_with_what_they_came_from() -> None:
    first, *edits = (
        artifact(number, Origin.EDITED).model_copy(update={"parents": parents, "letter": letter})
        for number, letter, parents in ((2, "", ("x",)), (3, "a", ("y",)), (3, "b", ("y",)))
    )
    sources = {"x": "#1", "y": "#2"}
    assert Replies("en").made([first], sources) == "Done: #2 (from #1)."
    assert Replies("en").made([first, *edits], sources) == "Done: #2 (from #1), #3a, #3b (from #2)."
    assert Replies("zh").made(edits, sources) == "改好了：#3a, #3b（来自 #2）。"


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        (Crop(aspect=1), "cropped it to 9x9"),
        (Rotate(degrees=-90), "90° counter-clockwise"),
        (Flip(), "left with right"),
        (Flip(axis=Axis.VERTICAL), "top with bottom"),
        (Resize(scale=0.5), "to 9x9 by resampling"),
        (Extend(aspect=2), "edge, blurred"),
        (CutOut(), "colours along the border"),
        (Upscale(factor=4), "4 times to 9x9 by resampling, which adds no detail"),
    ],
)
def test_exact_work_is_named_as_what_it_is(operation: Operation, says: str) -> None:
    assert says in Replies("en").adjusted(operation, "9x9")
    assert Replies("zh").adjusted(operation, "9x9").endswith("。")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_sentence_is_there_in_both_languages_and_ends_like_one(language: str) -> None:
    replies = Replies(language)
    made = [artifact(1), artifact(2)]
    sentences = [
        replies.made(made),
        replies.back_to(made[0]),
        replies.outpainted("9x9", "e1"),
        replies.nothing_changed(),
        replies.all_changed(),
        replies.which_picture(),
        replies.only_these_sizes("128x128"),
        replies.fitted("1", "128x128"),
        replies.brought_to("128x128", True),
        replies.brought_to("128x128", False),
        replies.keeps_its_size("128x128"),
        replies.taken_as(True, "8x8"),
        replies.taken_as(False, "8x8"),
        replies.prompt_cut(),
        replies.other_quality("fast"),
        replies.brain_unavailable("Down."),
        replies.stopped([]),
        replies.stopped(made),
        replies.failed(made, "Oh."),
        replies.interrupted(made),
        replies.interrupted([]),
    ]
    for sentence in sentences:
        is_chinese = any("一" <= letter <= "鿿" for letter in sentence)
        assert is_chinese == (language == "zh"), sentence
        assert sentence[-1] in ".?)。？）"


def test_a_failure_without_pictures_is_the_sentence_alone() -> None:
    assert Replies("en").failed([], "No memory.") == "No memory."
    assert Replies("en").failed([artifact(1)], "No memory.").endswith("Then: No memory.")

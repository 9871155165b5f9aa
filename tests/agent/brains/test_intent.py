"""The intent model: what it sees, its sums against plain ones, its file, and what it may not overturn."""

from __future__ import annotations

import json
import math
import zlib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from agent.brains.brain import Context, PictureView, Utterance
from agent.brains.intent.features import MOST_PICTURES, Heard
from agent.brains.intent.linear import LinearModel
from agent.brains.intent.model import ROUTES, IntentModel, shipped_model
from agent.brains.offline import OfflineBrain
from agent.brains.references import Album
from agent.brains.rules import by_rule
from agent.domain import Origin, Route
from agent.learn import main

BEARS = tuple(
    PictureView(id=f"p{number}", number=number, origin=Origin.GENERATED, turn=1, prompt="a bear")
    for number in (1, 2, 3)
)
SHOWN = (
    Utterance(role="user", text="three bears"),
    Utterance(role="assistant", text="Done.", pictures=("p1", "p2", "p3")),
)


def among_bears(message: str) -> Context:
    return Context(message=message, pictures=BEARS, history=SHOWN, current="p3")


def test_scores_are_the_sum_of_the_rows_of_the_names() -> None:
    rng = np.random.default_rng(0)
    weights, bias = rng.normal(size=(64, 3)).astype(np.float32), np.array([1, 2, 3], np.float32)
    names = ["w make", "w it", "w make", "b make it"]
    rows = {zlib.crc32(name.encode()) % 64 for name in names}
    slow = [sum(float(weights[row][k]) for row in rows) / math.sqrt(len(rows)) + bias[k] for k in range(3)]
    np.testing.assert_allclose(LinearModel(weights, bias).scores(names), slow, rtol=1e-5)
    with pytest.raises(ValueError, match="do not belong together"):
        LinearModel(weights, bias[:2])


def test_chances_are_chances() -> None:
    ruled = by_rule(among_bears("third fellow wins"))
    heard = Heard(ruled.album)
    chances = shipped_model().route_chances(heard, ruled.decision, is_guess=True)
    assert set(chances) == set(ROUTES)
    assert sum(chances.values()) == pytest.approx(1, abs=1e-4)
    pictures = shipped_model().picture_chances(heard, ruled.decision, Route.GO_BACK)
    assert set(pictures) == {"p1", "p2", "p3"}
    assert max(pictures, key=lambda each: pictures[each]) == "p3"
    assert all(0 <= chance <= 1 for chance in pictures.values())


def test_quoted_words_are_not_seen() -> None:
    one, two = (
        set(Heard(Album(among_bears(f'the middle one says "{words}"'))).message())
        for words in ("undo everything", "draw a horse")
    )
    assert one == two


def test_places_named_are_matched_to_pictures() -> None:
    heard = Heard(Album(among_bears("the middle one, please")))
    counted = {each.id: "ordinal True" in set(heard.picture(each, Route.EDIT)) for each in BEARS}
    assert counted == {"p1": False, "p2": True, "p3": False}


def test_of_very_many_pictures_the_first_and_the_newest_are_looked_at() -> None:
    many = tuple(
        PictureView(id=str(number), number=number, origin=Origin.GENERATED, turn=number, prompt="a cat")
        for number in range(1, 200)
    )
    looked_at = Heard(Album(Context(message="the first one", pictures=many, current="199"))).pictures()
    assert len(looked_at) == MOST_PICTURES
    assert (looked_at[0].id, looked_at[1].id, looked_at[-1].id) == ("1", "177", "199")


@pytest.mark.parametrize(
    ("message", "route", "targets"),
    [
        ("third bear it is, lovely", Route.GO_BACK, ("p3",)),
        ("my vote is for the left bear", Route.GO_BACK, ("p1",)),
        ("could the middle fellow wear a crown", Route.EDIT, ("p2",)),
    ],
)
def test_what_no_rule_knows_is_read_by_likeness(message: str, route: Route, targets: tuple[str, ...]) -> None:
    decision = OfflineBrain().decide(among_bears(message))
    assert (decision.route, decision.targets) == (route, targets)


@pytest.mark.parametrize("message", ["make #9 blue", "go back to #7"])
def test_a_picture_that_does_not_exist_is_asked_for(message: str) -> None:
    assert OfflineBrain().decide(among_bears(message)).route is Route.ASK


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"noise")
    save_file({"routes.weight": np.zeros((4, 6), np.float16)}, tmp_path / "part")
    for name in ("noise", "part", "missing"):
        with pytest.raises(ValueError, match="holds no weights of the intent model"):
            IntentModel.load(tmp_path / name)


def test_a_model_is_taught_from_decision_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A word that means nothing elsewhere comes to mean what its messages were meant as."""
    car = {"id": "1", "origin": "generated", "turn": 1, "prompt": "a red car"}
    boat = {"id": "2", "origin": "generated", "turn": 1, "prompt": "a boat"}
    shown = [
        {"role": "assistant", "text": "Done.", "images": ["2"]},
        {"role": "assistant", "text": "Done.", "images": ["1"]},
    ]
    with_car = {"lang": "en", "images": [car, boat], "history": shown}
    answers = {
        "zorp": {"gold": {"route": "understand", "targets": ["1"]}},
        "blick": {"gold": {"route": "chat"}},
        "draw a dog": {"gold": {"route": "generate", "count": 1, "steps": [{"kind": "generate"}]}},
    }
    lines = [
        json.dumps({"id": f"{words}{number}", "message": f"{words} {more}", **with_car, **answer})
        for words, answer in answers.items()
        for number, more in enumerate(["now", "then", "there", "here", "please", "so", "well", "too"])
    ]
    points, out = tmp_path / "points.jsonl", tmp_path / "weights.safetensors"
    points.write_text("\n".join(lines))
    assert main([str(points), "--out", str(out)]) == 0
    assert "24 messages" in capsys.readouterr().out
    brain = OfflineBrain(IntentModel.load(out))
    picture = PictureView(id="1", number=1, origin=Origin.GENERATED, turn=1, prompt="a red car")
    history = (Utterance(role="assistant", text="Done.", pictures=("1",)),)
    context = Context(message="zorp again", pictures=(picture,), history=history, current="1")
    assert brain.decide(context).route is Route.UNDERSTAND
    assert brain.decide(context.model_copy(update={"message": "blick again"})).route is Route.CHAT


def test_bad_points_end_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.jsonl")]) == 2
    assert "cannot be read" in capsys.readouterr().err

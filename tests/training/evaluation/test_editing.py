"""Marks for edits: the true target gets ten, the unchanged source none, and each fault its price."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.training.evaluation.oracle import read
from training.evaluation.editing import asked_side, changed_facts, own_edits, score_edit
from training.stickers.detector import Reading
from training.stickers.edits import Edit, EditType
from training.stickers.render import render
from training.stickers.scene import Scene, Thing

pytestmark = pytest.mark.font

EDITS = own_edits(6, seed=0)
DOG = Thing(kind="dog", color="red", x=70, y=128, size=80)
CAT = Thing(kind="cat", color="blue", x=190, y=128, size=80)


def scene(*things: Thing, background: str = "plain", style: str | None = None) -> Scene:
    return Scene(background=background, style=style, things=things)


def edit(type: EditType, source: Scene, target: Scene, instruction: str = "") -> Edit:
    return Edit(type=type, source=source, target=target, instruction=instruction, target_caption="")


def score(each: Edit, shown: Scene) -> tuple[float, float]:
    marks = score_edit(each, render(shown), read(shown), None)
    return marks.success, marks.restraint


def test_edits_depend_on_the_seed_alone_and_cover_every_type() -> None:
    assert own_edits(2, seed=5) == own_edits(2, seed=5)
    assert [each.type for each in own_edits(1, seed=0)] == list(EditType)


@pytest.mark.parametrize("each", EDITS, ids=lambda each: f"{each.type.value}: {each.instruction}")
def test_the_true_target_gets_ten_and_the_source_nothing(each: Edit) -> None:
    assert score(each, each.target) == (10.0, 10.0)
    assert score(each, each.source)[0] == 0.0


def test_the_score_is_the_smaller_mark() -> None:
    each = edit(EditType.COLOR, scene(DOG, CAT), scene(replace(DOG, color="green"), CAT))
    marks = score_edit(each, render(each.source), read(each.source), None)
    assert (marks.success, marks.score) == (0.0, 0.0)
    assert marks.restraint == 10.0


def test_losing_a_thing_that_was_to_stay_halves_success() -> None:
    each = edit(EditType.REMOVE, scene(DOG, CAT), scene(CAT), "remove the dog")
    assert score(each, scene())[0] == 0.0
    three = (DOG, CAT, Thing(kind="bird", color=None, x=128, y=40, size=60))
    each = edit(EditType.REMOVE, scene(*three), scene(*three[1:]), "remove the dog")
    assert score(each, scene(CAT))[0] == 5.0


def test_an_added_thing_may_stand_anywhere_when_no_place_was_named() -> None:
    each = edit(EditType.ADD, scene(DOG), scene(DOG, CAT), "add a blue cat")
    elsewhere = replace(CAT, x=200, y=60)
    assert score(each, scene(DOG, elsewhere)) == (10.0, 10.0)
    wrong_color = replace(CAT, color="green")
    assert score(each, scene(DOG, wrong_color))[0] == 5.0


def test_a_named_side_must_be_kept() -> None:
    each = edit(EditType.ADD, scene(DOG), scene(DOG, CAT), "add a blue cat right of the dog")
    side = asked_side(each)
    assert side is not None
    assert (side.sides, side.anchor) == ({"right of"}, DOG)
    above = replace(CAT, x=70, y=40)
    assert changed_facts(each, read(scene(DOG, CAT))) == [True, True, True]
    assert changed_facts(each, read(scene(DOG, above))) == [True, True, False]


def test_next_to_is_either_side() -> None:
    each = edit(EditType.ADD, scene(CAT), scene(CAT, DOG), "draw a red dog next to the blue cat")
    assert changed_facts(each, read(scene(CAT, DOG))) == [True, True, True]


def test_a_second_thing_of_the_class_must_really_be_added() -> None:
    other = replace(DOG, x=190)
    each = edit(EditType.ADD, scene(DOG), scene(DOG, other), "add a red dog")
    assert score(each, scene(DOG))[0] == 0.0
    assert score(each, scene(DOG, other))[0] == 10.0


def test_changing_the_rest_costs_restraint() -> None:
    each = edit(EditType.COLOR, scene(DOG, CAT), scene(replace(DOG, color="green"), CAT))
    on_sand = replace(each.target, background="sand")
    success, restraint = score(each, on_sand)
    assert success == 10.0
    assert restraint < 3.0


def test_softness_of_an_autoencoder_costs_nothing() -> None:
    each = edit(EditType.COLOR, scene(DOG, CAT), scene(replace(DOG, color="green"), CAT))
    target = np.asarray(render(each.target), np.float32)
    noisy = np.clip(target + np.random.default_rng(0).normal(0, 5, target.shape), 0, 255).astype(np.uint8)
    marks = score_edit(each, Image.fromarray(noisy), read(each.target), None)
    assert 0.01 < marks.error_outside < 0.02
    assert marks.restraint == 10.0


def test_a_thing_must_grow_to_be_bigger() -> None:
    grown = replace(DOG, size=112)
    each = edit(EditType.LOCAL, scene(DOG, CAT), scene(grown, CAT), "make the dog bigger")
    assert score(each, scene(grown, CAT)) == (10.0, 10.0)
    assert score(each, scene(DOG, CAT))[0] == 0.0
    assert score(each, scene(replace(DOG, size=60), CAT))[0] == 0.0


def test_a_moved_thing_must_have_left_its_place() -> None:
    low = replace(DOG, y=200)
    each = edit(EditType.LOCAL, scene(DOG, CAT), scene(low, CAT), "move the dog down")
    assert score(each, scene(low, CAT))[0] == 10.0
    assert score(each, scene(low, DOG, CAT))[0] == 5.0
    assert score(each, scene(DOG, CAT))[0] == 0.0


def test_a_sign_must_say_the_new_word() -> None:
    sign = Thing(kind="sign", color=None, x=190, y=128, size=90, word="OPEN")
    each = edit(
        EditType.TEXT, scene(DOG, sign), scene(DOG, replace(sign, word="SALE")), "change the sign to SALE"
    )
    assert score(each, each.target) == (10.0, 10.0)
    assert score(each, scene(DOG, replace(sign, word="EXIT")))[0] == 0.0
    assert score(each, scene(replace(sign, word="SALE")))[0] == 0.0


def test_light_must_be_nearer_to_the_true_one_and_things_must_stay() -> None:
    target = replace(scene(DOG, CAT), effect="dark")
    each = edit(EditType.GLOBAL, scene(DOG, CAT), target, "make it darker")
    assert score(each, target) == (10.0, 10.0)
    assert score(each, scene(DOG, CAT))[0] == 0.0
    assert score(each, replace(target, things=(DOG,)))[0] == 5.0
    success, restraint = score(each, replace(target, effect="fog"))
    assert success == 0.0 or restraint < 5.0


def test_a_style_may_change_all_but_must_keep_the_layout() -> None:
    each = edit(EditType.STYLE, scene(DOG), scene(DOG, style="sepia"), "make it sepia")
    moved = Scene(background="plain", style="sepia", things=(replace(DOG, x=180, size=120),))
    assert score(each, each.target) == (10.0, 10.0)
    success, restraint = score(each, moved)
    assert success == 0.0
    assert restraint < 10.0


def test_mush_gets_nothing() -> None:
    nothing = Reading(things=(), background="room", style=None)
    grey = Image.new("RGB", (256, 256), (128, 128, 128))
    assert {score_edit(each, grey, nothing, None).score for each in EDITS if each.source.things} == {0.0}


def test_what_the_autoencoder_cannot_hold_is_not_the_edits_fault() -> None:
    each = edit(EditType.BACKGROUND, scene(DOG, CAT), scene(DOG, CAT, background="sand"))
    blurred = render(each.target).filter(ImageFilter.GaussianBlur(5))
    assert score_edit(each, blurred, read(each.target), None).restraint < 9.0
    assert score_edit(each, blurred, read(each.target), blurred).restraint == 10.0
    grey = Image.new("RGB", (256, 256), (128, 128, 128))
    assert score_edit(each, grey, read(each.target), blurred).restraint < 2.0

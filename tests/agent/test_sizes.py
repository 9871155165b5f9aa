"""Which size a new picture gets."""

from __future__ import annotations

import pytest

from agent.domain import GenerateStep, PictureOptions
from agent.sizes import is_alike, wanted_size
from engines.api import Size

SIZES = (Size(1024, 1024), Size(1360, 768), Size(768, 1360))


@pytest.mark.parametrize(
    ("asked", "fixed", "free"),
    [
        ((1024, 1024), (1024, 1024), (1024, 1024)),
        ((1536, 1024), (1360, 768), (1536, 1024)),
        ((1000, 1500), (768, 1360), (992, 1504)),
        ((64, 100), (768, 1360), (64, 96)),
        ((4096, 2048), (1360, 768), (2896, 1456)),
        ((4096, 512), (1360, 768), (1360, 768)),
    ],
)
def test_an_engine_of_any_size_is_asked_for_that_size(
    asked: tuple[int, int], fixed: tuple[int, int], free: tuple[int, int]
) -> None:
    step = GenerateStep(prompt="x", width=asked[0], height=asked[1])
    assert wanted_size(step, PictureOptions(), SIZES) == Size(*fixed)
    assert wanted_size(step, PictureOptions(), SIZES, takes_others=True) == Size(*free)


def test_without_a_size_the_engines_own_are_drawn() -> None:
    assert wanted_size(GenerateStep(prompt="x"), PictureOptions(), SIZES, takes_others=True) == SIZES[0]


def test_outlines_are_alike_up_to_rounding() -> None:
    assert is_alike(Size(1536, 1024), Size(300, 200))
    assert is_alike(Size(1000, 667), Size(300, 200))
    assert not is_alike(Size(1024, 1024), Size(1000, 900))

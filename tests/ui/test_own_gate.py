"""A judge of the house's own, named by a flag."""

from __future__ import annotations

import pytest
from PIL import Image

from agent.errors import AgentError, UnsafeRequest
from agent.gates.gate import PASSED, Harm, Subject, Verdict
from ui.flags import Settings
from ui.parts import build_gates


class NoHats:
    """Refuses hats in words, and pictures wider than high."""

    looks = True

    def check(self, subject: Subject) -> Verdict:
        is_wide = subject.image is not None and subject.image.width > subject.image.height
        return Verdict(harm=Harm.OTHER) if is_wide or "hat" in subject.text.split() else PASSED


def no_gate() -> str:
    return "no gate"


def test_it_is_asked_beside_the_rules() -> None:
    gates = build_gates(Settings(_env_file=None, gates=f"{__name__}:NoHats"))  # type: ignore[arg-type]
    assert gates.look
    gates.require_words("a cat", "en")
    gates.require_picture(Image.new("RGB", (8, 16)), "en")
    for words in ("a cat in a hat", "nudify this photo"):
        with pytest.raises(UnsafeRequest):
            gates.require_words(words, "en")
    with pytest.raises(UnsafeRequest):
        gates.require_picture(Image.new("RGB", (16, 8)), "en")


def test_without_one_nobody_judges_pictures() -> None:
    gates = build_gates(Settings(_env_file=None))
    assert not gates.look
    gates.require_picture(Image.new("RGB", (16, 8)), "en")


@pytest.mark.parametrize("place", [f"{__name__}:no_gate", f"{__name__}:Missing", "no.such:Gate", "nothing"])
def test_what_is_no_gate_is_a_sentence_at_the_start(place: str) -> None:
    with pytest.raises(AgentError, match=place):
        build_gates(Settings(_env_file=None, gates=place))  # type: ignore[arg-type]

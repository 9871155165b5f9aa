"""What the words of a training edit are, with a source and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engines.load_engine import STICKERS
from engines.text import SUFFIXES, TextStack, TextTokens
from engines.vae import Vae
from training.data.scenes import scene_to_json
from training.precision import training_dtype
from training.recipes import find_recipe
from training.stages.edit import EditSettings, EditStage, training_edits
from training.stickers.models import build_text_encoders, build_transformer
from training.stickers.words import build_tokenizer

pytestmark = pytest.mark.font


class Listening(TextStack):
    """Keeps what it is asked to encode."""

    heard: list[str]

    def tokenize(self, texts: Sequence[str]) -> TextTokens:
        self.heard.extend(texts)
        return super().tokenize(texts)


def heard(settings: EditSettings, cache: Path) -> set[str]:
    """The words of four batches."""
    encoders = build_text_encoders().to(training_dtype("cpu")).requires_grad_(False)
    text = Listening(encoders, [build_tokenizer() for _ in SUFFIXES])
    text.heard = []
    start = build_transformer(
        width=settings.width, num_dual=settings.num_dual, num_single=settings.num_single
    )
    stage = EditStage(settings, Vae.from_pretrained(STICKERS / "vae"), text, start, cache)
    for step in range(4):
        stage.loss(step)
    return set(text.heard)


def test_without_a_source_the_words_are_the_targets_caption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.stages.edit.caption", lambda scene, rng: scene_to_json(scene))
    settings = replace(find_recipe("smoke").edit, text_drop=0.0, source_drop=0.0, both_drop=0.0)
    edits = training_edits(settings)
    assert heard(settings, tmp_path) <= {each.instruction for each in edits}
    without_source = heard(replace(settings, source_drop=1.0), tmp_path)
    assert without_source <= {scene_to_json(each.target) for each in edits}
    assert heard(replace(settings, both_drop=1.0), tmp_path) == {""}

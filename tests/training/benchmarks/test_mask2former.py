"""The judge's own code with a tiny network of the real classes, and its decoding by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import Mask2FormerConfig, Mask2FormerImageProcessorPil, SwinConfig
from transformers.models.mask2former import modeling_mask2former

from tests.training.benchmarks.doubles import one, record
from tests.training.benchmarks.tiny_models import build_clip
from training.benchmarks.errors import JudgeUnavailable
from training.benchmarks.mask2former import (
    COCO,
    Mask2FormerJudge,
    SegmentationNetwork,
    crop,
    decode,
)
from training.evaluation.prompts import from_geneval
from training.evaluation.sightings import COLORS, Box, Sighting

CPU = torch.device("cpu")


def config(labels: tuple[str, ...] = COCO) -> Mask2FormerConfig:
    backbone = SwinConfig(
        image_size=64,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=2,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    return Mask2FormerConfig(
        backbone_config=backbone,
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        encoder_feedforward_dim=32,
        dim_feedforward=32,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        num_queries=6,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )


def build(folder: Path, labels: tuple[str, ...] = COCO) -> str:
    torch.manual_seed(0)
    SegmentationNetwork(config(labels)).save_pretrained(folder)
    size = {"shortest_edge": 64, "longest_edge": 96}
    Mask2FormerImageProcessorPil(size=size, size_divisor=32).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Mask2FormerJudge:
    folder = tmp_path_factory.mktemp("judge")
    return Mask2FormerJudge(build(folder / "mask2former"), str(build_clip(folder / "clip")), CPU)


def test_the_same_logits_as_transformers_own_class_from_its_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its training loss asks for scipy, which judging does not need."""
    monkeypatch.setattr(modeling_mask2former, "requires_backends", lambda loss, names: None)
    torch.manual_seed(0)
    official = modeling_mask2former.Mask2FormerForUniversalSegmentation(config()).eval()
    official.save_pretrained(tmp_path)
    own = SegmentationNetwork.from_pretrained(tmp_path, use_safetensors=True).eval()
    pixels = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        expected = official(pixels)
        classes, masks = own(pixels)
    torch.testing.assert_close(classes, expected.class_queries_logits)
    torch.testing.assert_close(masks, expected.masks_queries_logits)


def test_it_finds_something_of_the_pictures_size(judge: Mask2FormerJudge) -> None:
    """Random weights are unsure of 81 classes, so that nothing passes GenEval's thresholds."""
    picture = Image.effect_noise((90, 60), 80).convert("RGB")
    found = judge.find(picture)
    for each in found:
        assert each.kind in COCO
        assert each.mask is not None
        assert each.mask.shape == (60, 90)
        assert 0 <= each.box.left < each.box.right <= 90
    assert all(each.confidence < 0.3 for each in found)


def logits(*sure: tuple[int, int, float]) -> torch.Tensor:
    """(Q, K + 1): for each (query, class, probability) the rest is nothing."""
    probabilities = torch.full((3, len(COCO) + 1), 1e-9)
    probabilities[:, -1] = 1
    for query, kind, probability in sure:
        probabilities[query, kind] = probability
        probabilities[query, -1] = 1 - probability
    return probabilities.log()


def test_decoding_confidence_mask_and_box() -> None:
    masks = torch.full((3, 10, 20), -8.0)
    masks[0, 2:6, 4:12] = 8.0
    masks[1, 5:, :] = 1.0
    cat, dog = COCO.index("cat"), COCO.index("dog")
    found = decode(logits((0, cat, 0.95), (1, dog, 0.8), (2, cat, 0.9)), masks, 10, 20)
    assert [each.kind for each in found] == ["cat", "dog"], "an empty mask is nothing"
    assert found[0].box == Box(left=4, top=2, right=12, bottom=6)
    assert found[0].confidence == pytest.approx(0.95 / (1 + np.exp(-8)), abs=1e-5)
    assert found[1].confidence == pytest.approx(0.8 / (1 + np.exp(-1)), abs=1e-5)
    assert found[0].mask is not None
    assert found[0].mask.sum() == 32


def test_decoding_brings_masks_to_the_pictures_size() -> None:
    masks = torch.full((3, 10, 20), -8.0)
    masks[0, :, 10:] = 8.0
    found = decode(logits((0, 0, 0.9)), masks, 100, 200)
    assert found[0].mask is not None
    assert found[0].mask.shape == (100, 200)
    assert found[0].box == Box(left=100, top=0, right=200, bottom=100)


def test_a_crop_is_grey_outside_the_mask() -> None:
    mask = np.zeros((10, 10), bool)
    mask[2:4, 2:6] = True
    sighting = Sighting(kind="cat", confidence=1, box=Box(left=2, top=2, right=6, bottom=6), mask=mask)
    cut = np.asarray(crop(Image.new("RGB", (10, 10), "red"), sighting))
    assert cut.shape == (4, 4, 3)
    assert (cut[:2] == (255, 0, 0)).all()
    assert (cut[2:] == (0x99, 0x99, 0x99)).all()


def test_colours_are_the_nearest_of_ten(judge: Mask2FormerJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture's embedding put equal to a colour's classifier is named that colour."""
    classifier = judge._classifier("cat")
    assert classifier.shape == (10, 12)
    torch.testing.assert_close(classifier.norm(dim=1), torch.ones(10))
    monkeypatch.setattr(type(judge._clip), "pictures", lambda clip, crops: classifier[[3, 0]])
    box = Box(left=0, top=0, right=4, bottom=4)
    cats = [Sighting(kind="cat", confidence=1, box=box)] * 2
    assert judge.colors(Image.new("RGB", (8, 8)), cats) == [COLORS[3], COLORS[0]]


def test_colours_of_real_crops_come_from_the_ten(judge: Mask2FormerJudge) -> None:
    box = Box(left=0, top=0, right=4, bottom=4)
    sightings = [Sighting(kind="dog", confidence=1, box=box, mask=np.ones((8, 8), bool))]
    assert set(judge.colors(Image.new("RGB", (8, 8), "red"), sightings)) <= set(COLORS)
    assert judge.colors(Image.new("RGB", (8, 8)), []) == []


def test_it_judges_what_coco_knows(judge: Mask2FormerJudge) -> None:
    assert judge.can_judge(from_geneval(record("colors", one("computer mouse", color="brown"))))
    assert not judge.can_judge(from_geneval(record("colors", one("robot"))))
    assert not judge.can_judge(from_geneval(record("colors", one("cat", color="mauve"))))
    assert (judge.confidence.plain, judge.confidence.counting) == (0.3, 0.9)


def test_a_network_of_other_classes_is_refused(tmp_path: Path) -> None:
    other = Mask2FormerJudge(build(tmp_path, ("cat", "dog")), "nobody/nothing", CPU)
    with pytest.raises(JudgeUnavailable, match="2 classes from cat to dog"):
        other.find(Image.new("RGB", (8, 8)))
    missing = Mask2FormerJudge("nobody/nothing", "nobody/nothing", CPU)
    with pytest.raises(JudgeUnavailable, match="nobody/nothing cannot be loaded"):
        missing.find(Image.new("RGB", (8, 8)))

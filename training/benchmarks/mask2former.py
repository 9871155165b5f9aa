"""GenEval's judge: Mask2Former finds objects (Cheng et al. 2022), CLIP names their colours."""

# Q queries, K classes, N objects, H x W pixels of the picture, h x w of the network's masks

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import Mask2FormerConfig, Mask2FormerImageProcessorPil, Mask2FormerModel
from transformers.models.mask2former.modeling_mask2former import Mask2FormerPreTrainedModel

from training.benchmarks.clip_model import Clip, load_clip
from training.benchmarks.errors import JudgeUnavailable
from training.benchmarks.objects import Confidence
from training.evaluation.prompts import Prompt
from training.evaluation.sightings import COLORS, Box, Sighting

__all__ = ["COCO", "Mask2FormerJudge", "SegmentationNetwork", "decode"]

COCO = tuple(
    (
        "person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, "
        "stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, "
        "backpack, umbrella, handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball "
        "bat, baseball glove, skateboard, surfboard, tennis racket, bottle, wine glass, cup, fork, knife, "
        "spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, "
        "couch, potted plant, bed, dining table, toilet, tv, laptop, computer mouse, tv remote, computer "
        "keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, "
        "teddy bear, hair drier, toothbrush"
    ).split(", ")
)
"""COCO's 80 in its order, by GenEval's names."""
BACKGROUND = (0x99, 0x99, 0x99)
TEMPLATES = (
    "a photo of a {color} {kind}",
    "a photo of a {color}-colored {kind}",
    "a photo of a {color} object",
)
MOST_OBJECTS = 100
LEAST_CONFIDENCE = 0.05
"""Far below any threshold of GenEval's: fewer masks to bring to the picture's size."""


class SegmentationNetwork(Mask2FormerPreTrainedModel):
    """Mask2FormerForUniversalSegmentation without its training loss, which needs scipy; same names."""

    _keys_to_ignore_on_load_unexpected = [r"criterion\..*"]  # noqa: RUF012

    def __init__(self, config: Mask2FormerConfig) -> None:
        super().__init__(config)
        self.model = Mask2FormerModel(config)
        self.class_predictor = nn.Linear(config.hidden_dim, len(config.id2label or ()) + 1)
        Mask2FormerPreTrainedModel.post_init(self)

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of classes (1, Q, K + 1), the last one for nothing, and of masks (1, Q, h, w)."""
        output = self.model(pixel_values, output_hidden_states=True, return_dict=True)
        last_Q1D = output.transformer_decoder_intermediate_states[-1]
        return self.class_predictor(last_Q1D.transpose(0, 1)), output.masks_queries_logits[-1]


class Mask2FormerJudge:
    """Networks from the hub or from folders, loaded when the first picture comes."""

    name = "mask2former"
    confidence = Confidence(plain=0.3, counting=0.9)

    def __init__(self, model: str, clip: str, device: torch.device) -> None:
        self.model_name, self.clip_name, self.device = model, clip, device
        self._colors: dict[str, Tensor] = {}

    @property
    def version(self) -> str:
        return f"{self.model_name}, colours by {self.clip_name}"

    def can_judge(self, prompt: Prompt) -> bool:
        asked = (*prompt.include, *prompt.exclude)
        return all(each.kind in COCO and each.color in (None, *COLORS) for each in asked)

    def find(self, picture: Image.Image) -> list[Sighting]:
        pixels = self._prepare(images=[picture.convert("RGB")], return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            classes_1QK, masks_1Qhw = self._network(pixels.to(self.device))
        return decode(
            classes_1QK[0].float().cpu(), masks_1Qhw[0].float().cpu(), picture.height, picture.width
        )

    def colors(self, picture: Image.Image, sightings: Sequence[Sighting]) -> list[str]:
        """Zero-shot over ten colours of the box, all outside the object's mask painted grey."""
        if not sightings:
            return []
        crops_BD = self._clip.pictures([crop(picture, each) for each in sightings])
        scores_BC = crops_BD @ self._classifier(sightings[0].kind).T
        return [COLORS[index] for index in scores_BC.argmax(1).tolist()]

    def _classifier(self, kind: str) -> Tensor:
        """(C, D): the normalised mean of the normalised templates of each colour."""
        if kind not in self._colors:
            means = [
                self._clip.words([template.format(color=color, kind=kind) for template in TEMPLATES]).mean(0)
                for color in COLORS
            ]
            self._colors[kind] = F.normalize(torch.stack(means), dim=-1)
        return self._colors[kind]

    @cached_property
    def _clip(self) -> Clip:
        return load_clip(self.clip_name, self.device)

    @cached_property
    def _prepare(self) -> Any:
        try:
            return Mask2FormerImageProcessorPil.from_pretrained(self.model_name)
        except (OSError, ValueError) as error:
            raise JudgeUnavailable(f"{self.model_name} cannot be loaded ({error}).") from error

    @cached_property
    def _network(self) -> Any:
        try:
            network: Any = SegmentationNetwork.from_pretrained(self.model_name, use_safetensors=True)
        except (OSError, ValueError) as error:
            raise JudgeUnavailable(f"{self.model_name} cannot be loaded ({error}).") from error
        require_coco(self.model_name, network.config.id2label)
        return network.to(self.device).eval()


def require_coco(name: str, labels: dict[int, str]) -> None:
    """Raises JudgeUnavailable unless the network's classes are COCO's 80 in their order."""
    ends = (str(labels.get(0)).lower(), str(labels.get(len(labels) - 1)).lower())
    if len(labels) != len(COCO) or ends != (COCO[0], COCO[-1]):
        raise JudgeUnavailable(
            f"{name} knows {len(labels)} classes from {ends[0]} to {ends[1]}; GenEval needs COCO's "
            f"{len(COCO)}, from {COCO[0]} to {COCO[-1]}, as in facebook/mask2former-swin-small-coco-instance."
        )


def decode(classes_QK: Tensor, masks_Qhw: Tensor, height: int, width: int) -> list[Sighting]:
    """Instances as the authors' own decoding gives them: the best pairs of query and class, confidence times
    the mean of the mask's inside, the box around the mask."""
    scores_QK = classes_QK.softmax(-1)[:, :-1]
    num_classes = scores_QK.shape[1]
    scores_N, index_N = scores_QK.flatten().topk(min(MOST_OBJECTS, scores_QK.numel()))
    likely = scores_N > LEAST_CONFIDENCE
    sightings = []
    for score, index in zip(scores_N[likely].tolist(), index_N[likely].tolist(), strict=True):
        logits_hw = masks_Qhw[index // num_classes]
        logits_HW = F.interpolate(
            logits_hw[None, None], size=(height, width), mode="bilinear", align_corners=False
        )[0, 0]
        mask_HW = logits_HW > 0
        if not mask_HW.any():
            continue
        certainty = float(logits_HW.sigmoid()[mask_HW].mean())
        sightings.append(
            Sighting(
                kind=COCO[index % num_classes],
                confidence=score * certainty,
                box=box_around(mask_HW),
                mask=mask_HW.numpy(),
            )
        )
    return sightings


def box_around(mask_HW: Tensor) -> Box:
    rows, columns = mask_HW.any(1).nonzero()[:, 0], mask_HW.any(0).nonzero()[:, 0]
    return Box(
        left=float(columns[0]), top=float(rows[0]), right=float(columns[-1] + 1), bottom=float(rows[-1] + 1)
    )


def crop(picture: Image.Image, sighting: Sighting) -> Image.Image:
    """The box, with grey #999 wherever the mask is not."""
    if sighting.mask is not None:
        mask = Image.fromarray(sighting.mask.astype(np.uint8) * 255)
        picture = Image.composite(picture, Image.new("RGB", picture.size, BACKGROUND), mask)
    box = sighting.box
    return picture.crop((round(box.left), round(box.top), round(box.right), round(box.bottom)))

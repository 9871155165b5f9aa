"""The intent model: its own view of a message, and that view put together with what the rules say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file

from agent.brains.brain import PictureView
from agent.brains.intent.features import Heard
from agent.brains.intent.linear import LinearModel
from agent.domain import Decision, Route

__all__ = ["ROUTES", "IntentModel", "picture_witness", "route_witness", "shipped_model"]

ROUTES = tuple(Route)
WEIGHTS = Path(__file__).with_name("weights.safetensors")
PARTS = ("routes", "pictures", "route_witness", "picture_witness")
Vector = npt.NDArray[np.float32]


class IntentModel:
    """`routes` and `pictures` see the message alone; the witnesses weigh that view and the rules'."""

    def __init__(self, parts: Mapping[str, LinearModel]) -> None:
        self.routes, self.pictures = parts["routes"], parts["pictures"]
        self.route_witness, self.picture_witness = parts["route_witness"], parts["picture_witness"]

    @classmethod
    def load(cls, path: Path) -> IntentModel:
        """Raises ValueError when the file is not one of these."""
        try:
            tensors = load_file(path)
            return cls({name: model_of(tensors, name) for name in PARTS})
        except (OSError, SafetensorError, KeyError) as error:
            raise ValueError(f"{path} holds no weights of the intent model: {error}.") from error

    def route_chances(self, heard: Heard, rules: Decision, is_guess: bool) -> dict[Route, float]:
        """How likely each route is what was meant."""
        seen = route_witness(self.routes.scores(heard.message()), rules, is_guess)
        scores = seen @ self.route_witness.weights_DK + self.route_witness.bias_K
        return dict(zip(ROUTES, map(float, np.exp(log_softmax(scores))), strict=True))

    def picture_chances(self, heard: Heard, rules: Decision, route: Route) -> dict[str, float]:
        """How likely each picture is one of those meant."""
        chances: dict[str, float] = {}
        for picture in heard.pictures():
            [score] = self.pictures.scores(heard.picture(picture, route))
            seen = picture_witness(float(score), picture, heard, rules)
            [total] = seen @ self.picture_witness.weights_DK + self.picture_witness.bias_K
            chances[picture.id] = float(1 / (1 + np.exp(-total)))
        return chances


def route_witness(scores: Vector, rules: Decision, is_guess: bool) -> Vector:
    """The model's log-chances, then a one where the rules' route stands, by how sure they are."""
    sureness = 2 if is_guess else int(rules.confidence >= 1)
    said = np.zeros((len(ROUTES), 3), np.float32)
    said[ROUTES.index(rules.route), sureness] = 1
    return np.concatenate([log_softmax(scores), said.ravel()])


def picture_witness(score: float, picture: PictureView, heard: Heard, rules: Decision) -> Vector:
    """The model's log-odds, then what the rules took: this picture or not, how surely, the current or not."""
    current = heard.album.current
    is_of_pictures = rules.route in (Route.EDIT, Route.UNDERSTAND, Route.GO_BACK)
    said = np.zeros(9, np.float32)
    if not is_of_pictures or not rules.targets:
        said[0] = 1
    else:
        is_default = current is not None and rules.targets == (current.id,)
        is_taken, is_sure = picture.id in rules.targets, rules.confidence >= 1
        said[1 + 4 * is_taken + 2 * is_sure + is_default] = 1
    return np.concatenate([np.array([score], np.float32), said])


def log_softmax(scores: Vector) -> Vector:
    shifted = scores - scores.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()), np.float32)


def model_of(tensors: Mapping[str, Vector], name: str) -> LinearModel:
    weights, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    return LinearModel(weights.astype(np.float32), bias.astype(np.float32))


@cache
def shipped_model() -> IntentModel:
    """The one that comes with Reverie. Raises ValueError when its file was damaged."""
    return IntentModel.load(WEIGHTS)

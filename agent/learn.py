"""python -m agent.learn FILE.jsonl ... --known FILE.jsonl: teaches the intent model what messages mean.

The files are decision points as `agent.evaluate` reads them. Those under --known are messages that the rules
were written for: there the rules are better than they are on a stranger's, so how far to trust them is
learnt from the other files alone. Needs scikit-learn (the extra `learn`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from agent.brains.intent.features import Heard
from agent.brains.intent.linear import Hashed, LinearModel
from agent.brains.intent.model import ROUTES, WEIGHTS, IntentModel, picture_witness, route_witness
from agent.brains.rules import by_rule
from agent.domain import Decision, Route
from agent.evaluation.points import BadConversation, Point, context_of, read_points

__all__ = ["learn", "main"]

SIZES = {"routes": 2**17, "pictures": 2**18}
STRENGTHS = {"routes": 10.0, "pictures": 30.0, "route_witness": 1.0, "picture_witness": 1.0}
"""scikit-learn's C: how little the weights are held back."""
FOLDS, NEVER = 5, -30.0
OF_PICTURES = (Route.EDIT, Route.UNDERSTAND, Route.GO_BACK)
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Lesson:
    """A message with its answer, and what the rules alone make of it."""

    heard: Heard
    rules: Decision
    is_guess: bool
    route: Route
    targets: frozenset[str]

    @property
    def names_pictures(self) -> bool:
        return self.route in OF_PICTURES and bool(self.targets)


def lessons_of(points: Iterable[Point]) -> list[Lesson]:
    """Those in a language that the rules read."""
    lessons = []
    for point in points:
        ruled = by_rule(context_of(point))
        if ruled.reading is not None:
            targets = frozenset(point.gold.targets)
            is_guess = ruled.reading.is_guess
            lessons.append(Lesson(Heard(ruled.album), ruled.decision, is_guess, point.gold.route, targets))
    return lessons


def rows_of(features: Sequence[Iterable[str]], size: int) -> csr_matrix:
    """A sparse row of hashed names each."""
    hashed = [Hashed(names, size) for names in features]
    starts = np.cumsum([0, *(len(each.rows) for each in hashed)])
    values = np.concatenate([np.full(len(each.rows), each.value, np.float32) for each in hashed])
    return csr_matrix((values, np.concatenate([each.rows for each in hashed]), starts), (len(hashed), size))


def fitted(
    name: str, rows: csr_matrix | npt.NDArray[np.float32], labels: Labels, num_classes: int = 1
) -> LinearModel:
    """A logistic regression. Of two classes one column is kept; a class without examples never wins."""
    found = LogisticRegression(C=STRENGTHS[name], max_iter=300, tol=1e-3).fit(rows, labels)
    weights, bias = found.coef_.T.astype(np.float32), found.intercept_.astype(np.float32)
    if num_classes == 1:
        return LinearModel(weights, bias)
    if len(found.classes_) == 2:
        weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    every = np.zeros((len(weights), num_classes), np.float32)
    every_bias = np.full(num_classes, NEVER, np.float32)
    every[:, found.classes_], every_bias[found.classes_] = weights, bias
    return LinearModel(every, every_bias)


def learn(strangers: Sequence[Lesson], known: Sequence[Lesson]) -> IntentModel:
    """What the witnesses learn from was unseen by the models whose scores they weigh."""
    folds = [strangers[first::FOLDS] for first in range(FOLDS)]
    route_rows, route_labels = [], []
    picture_rows, picture_labels = [], []
    for index, fold in enumerate(folds):
        others = [each for place, some in enumerate(folds) if place != index for each in some]
        parts = views([*known, *others])
        for lesson in fold:
            scores = parts["routes"].scores(lesson.heard.message())
            route_rows.append(route_witness(scores, lesson.rules, lesson.is_guess))
            route_labels.append(ROUTES.index(lesson.route))
            for picture in lesson.heard.pictures() if lesson.names_pictures else ():
                [score] = parts["pictures"].scores(lesson.heard.picture(picture, lesson.route))
                picture_rows.append(picture_witness(float(score), picture, lesson.heard, lesson.rules))
                picture_labels.append(int(picture.id in lesson.targets))
    return IntentModel(
        views([*known, *strangers])
        | {
            "route_witness": fitted(
                "route_witness", np.stack(route_rows), np.array(route_labels), len(ROUTES)
            ),
            "picture_witness": fitted("picture_witness", np.stack(picture_rows), np.array(picture_labels)),
        }
    )


def views(lessons: Sequence[Lesson]) -> dict[str, LinearModel]:
    """The two models that see the message alone."""
    routes = rows_of([list(each.heard.message()) for each in lessons], SIZES["routes"])
    labels = np.array([ROUTES.index(each.route) for each in lessons])
    shown = [(each, picture) for each in lessons if each.names_pictures for picture in each.heard.pictures()]
    pictures = rows_of(
        [list(each.heard.picture(picture, each.route)) for each, picture in shown], SIZES["pictures"]
    )
    meant = np.array([int(picture.id in each.targets) for each, picture in shown])
    return {
        "routes": fitted("routes", routes, labels, len(ROUTES)),
        "pictures": fitted("pictures", pictures, meant),
    }


def save(model: IntentModel, path: Path) -> None:
    tensors: dict[str, npt.NDArray[np.float16]] = {}
    for name in ("routes", "pictures", "route_witness", "picture_witness"):
        part: LinearModel = getattr(model, name)
        tensors[f"{name}.weight"] = np.ascontiguousarray(part.weights_DK, np.float16)
        tensors[f"{name}.bias"] = part.bias_K.astype(np.float16)
    save_file(tensors, path)


def main(arguments: Sequence[str] | None = None) -> int:
    """2 when a file is no good, after one sentence; else 0."""
    parser = argparse.ArgumentParser(prog="python -m agent.learn", description="Teach the intent model.")
    parser.add_argument("files", type=Path, nargs="+", help="decision points that no rule was written for")
    parser.add_argument("--known", type=Path, action="append", default=[], help="those that rules know")
    parser.add_argument("--without", metavar="TAG", action="append", default=[], help="leave out this tag")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args(arguments)

    def read(paths: Sequence[Path]) -> list[Lesson]:
        points = [point for path in paths for point in read_points(path)]
        return lessons_of(each for each in points if not set(options.without) & set(each.tags))

    try:
        strangers, known = read(options.files), read(options.known)
    except BadConversation as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(strangers)} messages of strangers, {len(known)} that the rules know")
    save(learn(strangers, known), options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

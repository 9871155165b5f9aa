"""python -m agent.evaluate FILE.jsonl --brain offline|openai: how well a brain reads what users write.

With --simulate 1000 instead of a file: whether it takes the picture that was meant.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from agent.brains.brain import Brain
from agent.brains.offline import OfflineBrain
from agent.errors import BrainUnavailable
from agent.evaluation.points import BadConversation, Point, read_points
from agent.evaluation.report import as_json, as_text
from agent.evaluation.scoring import Score, answer, score
from agent.evaluation.simulation import simulate, summary

__all__ = ["evaluate", "main"]


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m agent.evaluate", description="Score a brain.")
    root.add_argument("file", type=Path, nargs="?", help="decision points, one JSON object a line")
    root.add_argument(
        "--simulate", type=int, metavar="N", help="instead: N random sessions, which picture is meant"
    )
    root.add_argument("--seed", type=int, default=0, help="of the random sessions")
    root.add_argument("--brain", choices=("offline", "openai"), default="offline")
    root.add_argument("--base-url", default="", help="an OpenAI-compatible server, ending in /v1")
    root.add_argument("--model", default="", help="the model's name on that server")
    root.add_argument("--api-key", default="")
    root.add_argument("--without", metavar="TAG", action="append", default=[], help="leave out this tag")
    root.add_argument("--only", metavar="TAG", action="append", default=[], help="keep only this tag")
    root.add_argument("--lang", action="append", default=[], help="keep only this language")
    root.add_argument("--json", type=Path, metavar="OUT", help="write all numbers and items here")
    return root


def evaluate(points: Sequence[Point], brain: Brain, fallback: Brain) -> tuple[Score, ...]:
    """Every point scored, each read as if it had just been sent."""
    return tuple(score(point, answer(point, brain, fallback)) for point in points)


def kept(points: Sequence[Point], options: argparse.Namespace) -> list[Point]:
    """The points the options leave in. Several --only or --lang: any of them is enough."""
    return [
        point
        for point in points
        if not set(options.without) & set(point.tags)
        and (not options.only or set(options.only) & set(point.tags))
        and (not options.lang or point.lang in options.lang)
    ]


def build_brain(options: argparse.Namespace, offline: Brain) -> Brain:
    """Raises BrainUnavailable for an address or a key that cannot be one."""
    if options.brain == "offline":
        return offline
    # The rules alone are scored without loading a client for language models.
    from agent.brains.openai import OpenAIBrain

    return OpenAIBrain(base_url=options.base_url, model=options.model, api_key=options.api_key)


def simulated(options: argparse.Namespace, offline: Brain) -> int:
    try:
        brain = build_brain(options, offline)
        print(summary(simulate(brain, max(options.simulate, 1), options.seed)))
    except BrainUnavailable as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """2 when the file or the brain's address is no good, after one sentence; else 0."""
    root = parser()
    options = root.parse_args(arguments)
    if options.brain == "openai" and not (options.base_url and options.model):
        root.error("--brain openai needs --base-url and --model")
    if (options.file is None) == (options.simulate is None):
        root.error("give a file of decision points, or --simulate N")
    offline = OfflineBrain()
    if options.simulate is not None:
        return simulated(options, offline)
    try:
        points = read_points(options.file)
        brain = build_brain(options, offline)
    except (BadConversation, BrainUnavailable) as error:
        print(error, file=sys.stderr)
        return 2
    scores = evaluate(kept(points, options), brain, offline)
    print(as_text(scores, brain.name))
    if options.json:
        text = json.dumps(as_json(scores, brain.name), indent=1, ensure_ascii=False)
        try:
            options.json.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            print(f"{options.json} cannot be written: {error.strerror}.", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

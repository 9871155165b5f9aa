"""`python -m training benchmark geneval|dpg|hps|emuedit|reasonedit`: draw, judge, one page."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

from engines.api import Size
from engines.load_engine import quiet_libraries
from training.benchmarks.benchmark import Benchmark, Order, Verdict
from training.benchmarks.errors import BadPrompts
from training.benchmarks.gallery import Gallery
from training.benchmarks.judges import add_arguments as add_judge_arguments
from training.benchmarks.judging import judge_all
from training.benchmarks.page import write_page
from training.benchmarks.painters import Painter, PainterSettings, Settings, load_painter_engine
from training.benchmarks.pipeline import DTYPES, load_pipeline
from training.benchmarks.published import PUBLISHED, YARDSTICK
from training.benchmarks.setup import BENCHMARKS, EDITING, NUM_SEEDS, Setup, set_up
from training.benchmarks.summary import Summary, read_summary, table, write_summary
from training.errors import BadRecipe
from training.loop import Say

__all__ = ["add_arguments", "run"]

MOST_FAILURES_SAID = 5
POSITIVE = tuple(
    "limit seeds steps batch pic_num resolution compat_processes judge_parallel judge_repeats".split()
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training benchmark`."""
    parser.add_argument("benchmark", choices=BENCHMARKS)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; the same one goes on")
    parser.add_argument("--prompts", help="file, folder or https address (default: the benchmark's home)")
    parser.add_argument("--limit", type=int, help="so many prompts, spread over the whole list")
    parser.add_argument("--seeds", type=int, help="pictures a prompt (default: the benchmark's)")
    parser.add_argument("--seed", type=int, default=0, help="another one gives other pictures")
    parser.add_argument("--draw-only", action="store_true", help="leave judging to another run")
    parser.add_argument("--judge-only", action="store_true", help="the pictures are there")
    parser.add_argument("--beside", type=Path, action="append", default=[], help="another run for the page")
    parser.add_argument("--compat", action="store_true", help="repeat the original scorer's defects")
    compat = parser.add_argument_group("with --compat, for dpg")
    compat.add_argument("--pic-num", type=int, default=1, help="pictures of a grid that are judged")
    compat.add_argument(
        "--resolution", type=int, help="pixels at which they are cut out (default: their own)"
    )
    compat.add_argument("--compat-processes", type=int, default=1, help="over which the grids are dealt")
    painting = parser.add_argument_group("who draws")
    painting.add_argument("--engine", help="a preset of ours")
    painting.add_argument("--weights", type=Path, help="its folder")
    painting.add_argument("--pipeline", help="a diffusers pipeline: an id on the hub, or a folder")
    painting.add_argument("--dtype", choices=tuple(DTYPES), default="bfloat16", help="of the pipeline")
    painting.add_argument("--device", help="of the pipeline")
    painting.add_argument("--offload", action="store_true", help="its parts on the GPU only while they work")
    painting.add_argument("--steps", type=int)
    painting.add_argument("--guidance", type=float)
    painting.add_argument("--size", help="WIDTHxHEIGHT")
    painting.add_argument("--batch", type=int, default=4, help="pictures at once")
    painting.add_argument("--format", choices=("jpg", "png"), default="jpg", help="of the pictures for hps")
    add_judge_arguments(parser)


def run(args: argparse.Namespace, say: Say) -> int:
    """Draw what is missing, judge what is not judged, write the page. Raises TrainingError or EngineError."""
    check(args)
    quiet_libraries()
    setup = set_up(args)
    try:
        return run_set_up(args, setup, say)
    finally:
        if setup.chat:
            setup.chat.close()


def run_set_up(args: argparse.Namespace, setup: Setup, say: Say) -> int:
    gallery = Gallery(args.out)
    if not args.judge_only:
        paint(args, setup, gallery, say)
    if args.draw_only:
        say(f"Drawn: {gallery.images}")
        return 0
    beside = [read_summary(folder, args.benchmark) for folder in args.beside]
    judge(args, setup, orders_to_judge(args, setup.benchmark, gallery), gallery, beside, say)
    return 0


def check(args: argparse.Namespace) -> None:
    """Raises BadRecipe for flags that do not go together."""
    if args.draw_only and args.judge_only:
        raise BadRecipe("--draw-only and --judge-only leave nothing to do.")
    if not args.judge_only and bool(args.engine) == bool(args.pipeline):
        raise BadRecipe("Say who draws: --engine or --pipeline, one of the two.")
    for flag in POSITIVE:
        number = getattr(args, flag)
        if number is not None and number < 1:
            raise BadRecipe(f"--{flag.replace('_', '-')} must be at least 1.")


def paint(args: argparse.Namespace, setup: Setup, gallery: Gallery, say: Say) -> None:
    painter = load_painter(args)
    gallery.settle(
        {
            "benchmark": args.benchmark,
            "prompts": setup.prompts_hash,
            "pictures a prompt": args.seeds or NUM_SEEDS[args.benchmark],
            "seed": args.seed,
            **painter.settings,
        }
    )
    setup.benchmark.prepare(gallery.images)
    gallery.draw(setup.benchmark.orders, painter, say)


def load_painter(args: argparse.Namespace) -> Painter:
    asked = PainterSettings(
        num_steps=args.steps, guidance=args.guidance, size=size_of(args.size), batch_size=args.batch
    )
    edits = args.benchmark in EDITING
    if args.engine:
        return load_painter_engine(args.engine, args.weights, asked, edits=edits)
    return load_pipeline(
        args.pipeline, asked, dtype=args.dtype, device=args.device, offloads=args.offload, edits=edits
    )


def size_of(text: str | None) -> Size | None:
    """Raises BadRecipe."""
    if text is None:
        return None
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise BadRecipe(f"--size {text} is not WIDTHxHEIGHT, for example 1024x1024.")
    return Size(int(width), int(height))


def orders_to_judge(args: argparse.Namespace, benchmark: Benchmark, gallery: Gallery) -> Sequence[Order]:
    """All of them; with --compat what the original would score of what is there. Raises BadPrompts."""
    if args.compat:
        return benchmark.present(lambda order: gallery.path(order).is_file())
    require_pictures(benchmark.orders, gallery)
    return benchmark.orders


def require_pictures(orders: Sequence[Order], gallery: Gallery) -> None:
    """Raises BadPrompts: a score over those that happen to be there would be no score of the benchmark."""
    missing = [order.file for order in orders if not gallery.path(order).is_file()]
    if missing:
        raise BadPrompts(
            f"{len(missing)} of {len(orders)} pictures are missing in {gallery.images}, for example "
            f"{missing[0]}: draw them (without --judge-only), or give the --limit and --seeds they had."
        )


def judge(
    args: argparse.Namespace,
    setup: Setup,
    orders: Sequence[Order],
    gallery: Gallery,
    beside: Sequence[Summary],
    say: Say,
) -> None:
    benchmark = setup.benchmark
    named = "\n".join((setup.judge_name, setup.judge_version, setup.rules, setup.prompts_hash))
    folder = args.out / "judged" / f"{setup.judge_name}-{hashlib.sha256(named.encode()).hexdigest()[:8]}"
    verdicts = judge_all(benchmark, orders, gallery, folder, say, setup.num_parallel)
    benchmark.finish(folder, verdicts)
    summary = summarise(args, setup, gallery, verdicts)
    write_summary(summary, folder)
    yardstick = (YARDSTICK.get(args.benchmark, ""), PUBLISHED.get(args.benchmark, {}))
    page = write_page(folder, summary, beside, yardstick, gallery, orders, verdicts)
    say(table([summary, *beside], *yardstick))
    for failed in [verdict for verdict in verdicts if verdict.failure][:MOST_FAILURES_SAID]:
        say(f"No verdict on {failed.file}: {failed.failure}")
    if summary.num_failed:
        say(f"{summary.num_failed} of {summary.num_pictures} pictures got no verdict and count nowhere.")
    say(f"The page: {page}")


def summarise(
    args: argparse.Namespace, setup: Setup, gallery: Gallery, verdicts: Sequence[Verdict]
) -> Summary:
    settings = gallery.settings()
    painter = settings.get("engine") or settings.get("pipeline") or args.out.name
    facts: Settings = {
        **settings,
        "prompts used": setup.prompts_used,
        "judge": f"{setup.judge_name}, {setup.judge_version}",
        **({"models that answered": ", ".join(setup.chat.models)} if setup.chat else {}),
        "original's defects": setup.rules,
        "seconds a picture": gallery.seconds_each(),
    }
    return Summary(
        benchmark=args.benchmark,
        title=f"{painter}, {settings['steps']} steps" if settings.get("steps") else str(painter),
        facts=facts,
        figures=tuple(setup.benchmark.figures(verdicts)),
        num_pictures=len(verdicts),
        num_failed=sum(bool(verdict.failure) for verdict in verdicts),
    )

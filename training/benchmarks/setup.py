"""Benchmarks by name, put together with their prompts and judges from the command's flags."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.benchmarks.benchmark import Benchmark
from training.benchmarks.chat_judges import ChatRater, ChatYesNo
from training.benchmarks.dpg import DPG, Compat
from training.benchmarks.dpg_questions import read_items, sound
from training.benchmarks.edit_sets import EMU_TASKS, REASON_GROUPS, Edit, read_emu, read_reason
from training.benchmarks.edits import EditBenchmark
from training.benchmarks.errors import BadPrompts
from training.benchmarks.geneval import GenEval, read_records
from training.benchmarks.hps import HPS, STYLES, read_styles
from training.benchmarks.judges import NAMES, edit_judge, object_judge, preference_judge, yes_no_judge
from training.benchmarks.prompt_files import digest, fetch
from training.benchmarks.vision_chat import VisionChat
from training.errors import BadRecipe

__all__ = ["BENCHMARKS", "EDITING", "NUM_SEEDS", "Setup", "set_up"]

BENCHMARKS = tuple(NAMES)
EDITING = ("emuedit", "reasonedit")
NUM_SEEDS = {"geneval": 4, "dpg": 4, "hps": 1, "emuedit": 1, "reasonedit": 1}
HOMES = {
    "geneval": "https://raw.githubusercontent.com/djghosh13/geneval/main/prompts/evaluation_metadata.jsonl",
    "dpg": "https://raw.githubusercontent.com/TencentQQGYLab/ELLA/main/dpg_bench/dpg_bench.csv",
    "hps": "https://huggingface.co/datasets/zhwang/HPDv2/resolve/main/benchmark/{style}.json",
}


MENDED, REPEATED = "mended", "repeated (--compat)"


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A benchmark with its judge (no name: it only draws), and what the page says of its prompts.

    `chat` is the judge's server where it is one. `rules` says what becomes of the original's defects.
    """

    benchmark: Benchmark
    prompts_used: str
    prompts_hash: str
    judge_name: str = ""
    judge_version: str = ""
    chat: VisionChat | None = None
    num_parallel: int = 1
    rules: str = MENDED


@dataclass(frozen=True, kw_only=True)
class Picked:
    """How many of the prompts, and which pictures of them."""

    num_seeds: int
    seed: int
    limit: int | None


def set_up(args: argparse.Namespace) -> Setup:
    """Raises BadRecipe, BadPrompts or JudgeUnavailable, all before anything is drawn."""
    names = NAMES[args.benchmark]
    judge = args.judge or (None if args.draw_only else names[0])
    if judge is not None and judge not in names:
        raise BadRecipe(f"{args.benchmark} is judged by {' or '.join(names)}, not by {judge}.")
    picked = Picked(num_seeds=args.seeds or NUM_SEEDS[args.benchmark], seed=args.seed, limit=args.limit)
    match args.benchmark:
        case "geneval":
            return geneval(args, picked, judge)
        case "dpg":
            return dpg(args, picked, judge)
        case "hps":
            return hps(args, picked, judge)
        case _:
            return editing(args, picked, judge)


def geneval(args: argparse.Namespace, picked: Picked, name: str | None) -> Setup:
    file = fetch(args.prompts or HOMES["geneval"])
    judge = object_judge(name, args) if name else None
    benchmark = GenEval(
        read_records(file), judge, num_seeds=picked.num_seeds, seed=picked.seed, limit=picked.limit
    )
    used = told(len(benchmark.records), benchmark.num_all)
    if benchmark.num_fitting < benchmark.num_all:
        used += f", among the {benchmark.num_fitting} that ask only for what the judge knows"
    return Setup(
        benchmark=benchmark,
        prompts_used=used,
        prompts_hash=digest(file),
        judge_name=name or "",
        judge_version=judge.version if judge else "",
    )


def dpg(args: argparse.Namespace, picked: Picked, name: str | None) -> Setup:
    file = fetch(args.prompts or HOMES["dpg"])
    items, num_cut = read_items(file, skips_first=args.compat), 0
    compat = None
    if args.compat:
        compat = Compat(
            num_pictures=args.pic_num, tile_px=args.resolution, num_processes=args.compat_processes
        )
    else:
        items, num_cut = sound(items)
    judge = yes_no_judge(name, args) if name else None
    benchmark = DPG(
        items, judge, num_seeds=picked.num_seeds, seed=picked.seed, limit=picked.limit, compat=compat
    )
    used = told(len(benchmark.items), benchmark.num_all)
    if num_cut:
        used += f"; {num_cut} dependencies lead nowhere and are left out"
    return Setup(
        benchmark=benchmark,
        prompts_used=used,
        prompts_hash=digest(file),
        judge_name=name or "",
        judge_version=judge.version if judge else "",
        chat=judge.chat if isinstance(judge, ChatYesNo) else None,
        num_parallel=args.judge_parallel if isinstance(judge, ChatYesNo) else 1,
        rules=MENDED if compat is None else f"{REPEATED}: {compat.told}",
    )


def hps(args: argparse.Namespace, picked: Picked, name: str | None) -> Setup:
    files = [fetch(place) for place in style_places(args.prompts or HOMES["hps"])]
    judge = preference_judge(args) if name else None
    benchmark = HPS(
        read_styles(files),
        judge,
        suffix=f".{args.format}",
        num_seeds=picked.num_seeds,
        seed=picked.seed,
        limit=picked.limit,
    )
    return Setup(
        benchmark=benchmark,
        rules=REPEATED if args.compat else MENDED,
        prompts_used=told(len(benchmark.prompts), benchmark.num_all),
        prompts_hash=joined(files),
        judge_name=name or "",
        judge_version=judge.version if judge else "",
    )


def editing(args: argparse.Namespace, picked: Picked, name: str | None) -> Setup:
    edits, groups, prompts_hash = edits_of(args)
    judge: ChatRater | None = edit_judge(args) if name else None
    benchmark = EditBenchmark(
        edits, judge, groups, num_seeds=picked.num_seeds, seed=picked.seed, limit=picked.limit
    )
    return Setup(
        benchmark=benchmark,
        prompts_used=told(len(benchmark.edits), benchmark.num_all),
        prompts_hash=prompts_hash,
        judge_name=name or "",
        judge_version=judge.version if judge else "",
        chat=judge.chat if judge else None,
        num_parallel=args.judge_parallel,
    )


def edits_of(args: argparse.Namespace) -> tuple[list[Edit], Sequence[str], str]:
    """Raises BadPrompts: their licences leave fetching them to whoever may use them."""
    if not args.prompts or "://" in args.prompts:
        place = (
            "EmuEdit's test set (CC BY-NC 4.0): a metadata.jsonl of its columns, pictures beside"
            if args.benchmark == "emuedit"
            else "ReasonEdit (no licence stated): its six folders of pictures with their .txt"
        )
        raise BadPrompts(f"Give --prompts FOLDER with {place}. It is not fetched for you.")
    folder = fetch(args.prompts)
    is_emu = args.benchmark == "emuedit"
    edits = read_emu(folder) if is_emu else read_reason(folder)
    lines = [f"{edit.id} {edit.instruction} {edit.source.stat().st_size}" for edit in edits]
    prompts_hash = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return edits, EMU_TASKS if is_emu else REASON_GROUPS, prompts_hash


def style_places(place: str) -> list[str]:
    """Of the four styles' files: in a folder, or where {style} stands in an address. Raises BadPrompts."""
    if "://" not in place:
        return [str(Path(place) / f"{style}.json") for style in STYLES]
    if "{style}" not in place:
        raise BadPrompts(
            f"{place} is one file; the four styles need an address with {{style}} in it, or a folder."
        )
    return [place.replace("{style}", style) for style in STYLES]


def joined(files: Sequence[Path]) -> str:
    return hashlib.sha256("\n".join(digest(file) for file in files).encode()).hexdigest()


def told(used: int, of: int) -> str:
    return f"all {of}" if used == of else f"{used} of {of}"

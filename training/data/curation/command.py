"""`python -m training curate SOURCE ...`: light to import, for the libraries that it needs are an extra."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from training.data.curation import latent_flags, plan
from training.data.curation.captions import flags as caption_flags
from training.data.curation.links import flags as link_flags
from training.errors import BadRecipe

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources", nargs="*", type=Path, help="folders of pictures or WebDataset tars, tables of links"
    )
    parser.add_argument("--recipe", default="plain", help="which stages, with which settings")
    parser.add_argument("--work", default="curated", help="where shards and tables go: a folder or a bucket")
    parser.add_argument(
        "--judges", type=Path, default=Path("judges"), help="folder of published weights (recipe report)"
    )
    parser.add_argument("--trust-torchscript", default="", metavar="SHA256", help="of SSCD's own program")
    parser.add_argument("--select", help="an expression in place of the recipe's own")
    link_flags.add_arguments(parser)
    caption_flags.add_arguments(parser)
    latent_flags.add_arguments(parser)
    parser.add_argument("--benchmark", type=Path, help="pictures that must not be among the selected")
    parser.add_argument("--benchmark-prompts", type=Path, help="prompts that no caption may say: one a line")
    parser.add_argument("--plan", type=int, help="say what so many pictures would take, and do nothing")
    parser.add_argument("--machines", type=int, default=16, help="of the cluster that is planned for")
    parser.add_argument("--cores", type=int, default=96, help="of each machine")
    parser.add_argument("--gpus", type=int, default=8, help="of each machine")
    parser.add_argument("--memory-gb", type=float, default=1_024.0, help="of each machine")


def run(args: argparse.Namespace, say: Callable[[str], None]) -> int:
    if args.plan is not None:
        cluster = plan.Cluster(
            machines=args.machines, cores=args.cores, gpus=args.gpus, memory_gb=args.memory_gb
        )
        plan.told(args.plan, cluster, say)
        return 0
    try:
        from training.data.curation.leaks import against
        from training.data.curation.pipeline import curate, told
        from training.data.curation.recipes import Judges, find_curation_recipe
        from training.data.curation.store import Store
    except ImportError as error:
        raise BadRecipe(
            f"Curation needs {error.name}: run `make .venv/dev.stamp`, or install what pyproject.toml lists "
            "under `curation`."
        ) from error
    judges = Judges(folder=args.judges, trusted_sha256=args.trust_torchscript)
    recipe = caption_flags.with_captions(find_curation_recipe(args.recipe, judges), args)
    recipe = against(recipe, args.benchmark, args.benchmark_prompts)
    store, links = Store(address=args.work), link_flags.fetch_settings(args)
    say(told(curate(recipe, store, args.sources, say, expression=args.select, links=links)))
    latent_flags.make_latents(args, say)
    return 0

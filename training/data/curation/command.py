"""`python -m training curate SOURCE ...`: light to import, for the libraries that it needs are an extra."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from training.data.curation import caption_flags, latent_flags
from training.errors import BadRecipe

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="*", type=Path, help="folders of pictures or of WebDataset tars")
    parser.add_argument("--recipe", default="plain", help="which stages, with which settings")
    parser.add_argument("--work", default="curated", help="where shards and tables go: a folder or a bucket")
    parser.add_argument("--select", help="an expression in place of the recipe's own")
    caption_flags.add_arguments(parser)
    latent_flags.add_arguments(parser)


def run(args: argparse.Namespace, say: Callable[[str], None]) -> int:
    try:
        from training.data.curation.pipeline import curate, told
        from training.data.curation.recipes import find_curation_recipe
        from training.data.curation.store import Store
    except ImportError as error:
        raise BadRecipe(
            f"Curation needs {error.name}: run `make .venv/dev.stamp`, or install what pyproject.toml lists "
            "under `curation`."
        ) from error
    recipe = caption_flags.with_captions(find_curation_recipe(args.recipe), args)
    say(told(curate(recipe, Store(address=args.work), args.sources, say, expression=args.select)))
    latent_flags.make_latents(args, say)
    return 0

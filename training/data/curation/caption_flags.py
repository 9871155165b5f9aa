"""The flags of `python -m training curate` about captions: light to import, as command.py is."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from training.errors import BadRecipe

if TYPE_CHECKING:
    from training.data.curation.chat_vlm import ServerSettings
    from training.data.curation.local_vlm import LocalSettings
    from training.data.curation.recipes import CurationRecipe

__all__ = ["add_arguments", "with_captions"]

SELECTED = "caption_status == 'ok' and caption_supported >= 1"
"""0.8 lets one false claim of five pass: a third of all false captions in tests/bench/captions.py."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    flags = parser.add_argument_group("captions, by a vision language model")
    flags.add_argument("--captions-model", help="its name at an OpenAI-compatible server")
    flags.add_argument(
        "--captions-url",
        default="https://api.openai.com/v1",
        help="the server's address, often ending in /v1",
    )
    flags.add_argument(
        "--captions-key-from",
        default="OPENAI_API_KEY",
        metavar="VARIABLE",
        help="the environment variable that holds the key",
    )
    flags.add_argument("--captions-folder", type=Path, help="a model of transformers, in place of a server")
    flags.add_argument("--captions-device", default="cpu", help="where that model runs: cuda, cuda:1")
    flags.add_argument("--captions-at-once", type=int, default=8, help="requests in flight (default: 8)")
    flags.add_argument("--captions-timeout", type=float, default=120, metavar="SECONDS")
    flags.add_argument(
        "--captions-stop", type=int, nargs="*", default=[], metavar="TOKEN", help="ids that end an answer"
    )
    flags.add_argument("--check-model", help="who looks again (default: the same model)")
    flags.add_argument("--check-url", help="its server (default: the same)")
    flags.add_argument(
        "--check-key-from",
        metavar="VARIABLE",
        help="that server's key (default: the same, but CHECK_API_KEY where --check-url is given)",
    )
    flags.add_argument(
        "--captions-again", action="store_true", help="ask about those pictures again that had no reply"
    )
    flags.add_argument("--replies", type=Path, help="where replies are kept (default: beside the tables)")


def with_captions(recipe: CurationRecipe, args: argparse.Namespace) -> CurationRecipe:
    """The recipe with captions of what it keeps as its last stage, if a model is named. Raises BadRecipe."""
    if not (args.captions_model or args.captions_folder):
        return recipe
    from training.data.curation.caption_stage import CaptionStage, forget_unanswered
    from training.data.curation.store import Store

    if args.captions_again:
        forget_unanswered(Store(address=args.work))
    stage = CaptionStage(
        writer=writer_of(args),
        checker=checker_of(args),
        only=recipe.select,
        needs=tuple(each.name for each in recipe.stages),
        replies=replies_of(args),
    )
    return replace(recipe, stages=(*recipe.stages, stage), select=f"{recipe.select} and {SELECTED}")


def writer_of(args: argparse.Namespace) -> ServerSettings | LocalSettings:
    if args.captions_folder is None:
        return server_of(args, args.captions_model, args.captions_url, args.captions_key_from)
    from training.data.curation.local_vlm import LocalSettings, folder_hash

    folder: Path = args.captions_folder
    return LocalSettings(weights=folder_hash(folder), folder=folder, device=args.captions_device)


def checker_of(args: argparse.Namespace) -> ServerSettings | None:
    if args.check_model is None:
        if args.check_url:
            raise BadRecipe("--check-url needs --check-model: who looks again there.")
        return None
    own_key = "CHECK_API_KEY" if args.check_url else args.captions_key_from
    url = args.check_url or args.captions_url
    return server_of(args, args.check_model, url, args.check_key_from or own_key)


def server_of(args: argparse.Namespace, model: str, url: str, key_from: str) -> ServerSettings:
    from training.data.curation.chat_vlm import ServerSettings

    return ServerSettings(
        model=model,
        url=url,
        key_from=key_from,
        timeout_seconds=args.captions_timeout,
        most_at_once=max(1, args.captions_at_once),
        stop_token_ids=tuple(args.captions_stop),
    )


def replies_of(args: argparse.Namespace) -> Path:
    if args.replies is None and "://" in args.work:
        raise BadRecipe(
            f"Replies are kept in files that grow, which {args.work} does not have: name a folder that all "
            "workers share with --replies."
        )
    return args.replies or Path(args.work) / "replies"

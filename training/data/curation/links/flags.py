"""The flags of `python -m training curate` about fetching links: light to import, as command.py is."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from training.errors import BadRecipe

if TYPE_CHECKING:
    from training.data.curation.links.fetch import FetchSettings

__all__ = ["add_arguments", "fetch_settings"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    flags = parser.add_argument_group("fetching tables of links")
    flags.add_argument("--links-at-once", type=int, metavar="N", help="requests in all (default: 64)")
    flags.add_argument("--links-per-host", type=int, metavar="N", help="requests to one host (default: 2)")
    flags.add_argument(
        "--links-pause", type=float, metavar="SECONDS", help="between two requests to one host (default: 0.1)"
    )
    flags.add_argument(
        "--links-seconds",
        type=float,
        metavar="SECONDS",
        help="a link may take, redirects included (default: 30)",
    )
    flags.add_argument("--links-retries", type=int, metavar="N", help="where a server is busy (default: 2)")
    flags.add_argument("--links-mb", type=float, metavar="MB", help="a picture may have (default: 20)")
    flags.add_argument(
        "--links-contact",
        default="",
        metavar="WORDS",
        help="an address for site owners, told in every request",
    )


def fetch_settings(args: argparse.Namespace) -> FetchSettings:
    """Raises BadRecipe for numbers that fetch nothing, or words that no header can hold."""
    from training.data.curation.links.fetch import FetchSettings

    given = {
        "at_once": args.links_at_once,
        "per_host": args.links_per_host,
        "host_pause_seconds": args.links_pause,
        "total_seconds": args.links_seconds,
        "num_retries": args.links_retries,
        "most_bytes": None if args.links_mb is None else int(args.links_mb * 1_000_000),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    may_be_none = ("host_pause_seconds", "num_retries")
    for name, value in changes.items():
        if value < 0 or (value == 0 and name not in may_be_none):
            raise BadRecipe(f"Links cannot be fetched with {name} = {value:g}: name a larger number.")
    settings = replace(FetchSettings(), **changes)
    if not args.links_contact:
        return settings
    if not (args.links_contact.isascii() and args.links_contact.isprintable()):
        raise BadRecipe(
            "--links-contact goes into a header: plain letters on one line, such as a web address."
        )
    return replace(settings, user_agent=f"{settings.user_agent} ({args.links_contact})")

"""What a judged run comes to: figures, settings, what could not be judged. Written as summary.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.benchmarks.errors import RunDiffers
from training.benchmarks.figures import Figure
from training.benchmarks.gallery import write_whole

__all__ = ["SUMMARY_FILE", "Summary", "interval_of", "read_summary", "table", "write_summary"]

SUMMARY_FILE = "summary.json"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """`facts` say how the pictures were made and judged; `title` names the run in a table."""

    benchmark: str
    title: str
    facts: Mapping[str, str | int | float | None]
    figures: tuple[Figure, ...]
    num_pictures: int
    num_failed: int


def write_summary(summary: Summary, folder: Path) -> None:
    write_whole(folder / SUMMARY_FILE, json.dumps(asdict(summary), indent=2, ensure_ascii=False) + "\n")


def read_summary(folder: Path, benchmark: str) -> Summary:
    """The newest summary of the run in `folder`, or of the judge's folder itself. Raises RunDiffers."""
    files = [folder / SUMMARY_FILE, *folder.glob(f"judged/*/{SUMMARY_FILE}")]
    found = [file for file in files if file.is_file()]
    if not found:
        raise RunDiffers(f"{folder} holds no judged run (no {SUMMARY_FILE}): judge it first.")
    newest = max(found, key=lambda file: file.stat().st_mtime)
    try:
        summary = from_json(json.loads(newest.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunDiffers(f"{newest} cannot be read ({error!r}): judge that run again.") from error
    if summary.benchmark != benchmark:
        raise RunDiffers(
            f"{folder} is a run of {summary.benchmark}, which does not stand beside {benchmark}."
        )
    return summary


def from_json(record: dict[str, Any]) -> Summary:
    return Summary(**{**record, "figures": tuple(Figure(**figure) for figure in record["figures"])})


def table(summaries: Sequence[Summary], yardstick: str, published: Mapping[str, float]) -> str:
    """For the terminal: a line a figure, a column a run."""
    names = list(dict.fromkeys(figure.name for summary in summaries for figure in summary.figures))
    width = max(len(name) for name in names) + 2
    heads = [summary.title for summary in summaries] + ([yardstick] if published else [])
    columns = [max(26, len(head) + 2) for head in heads]
    lines = [" " * width + "".join(f"{head:>{column}}" for head, column in zip(heads, columns, strict=True))]
    for name in names:
        cells = [as_text(figure_named(summary, name)) for summary in summaries]
        if published:
            cells.append(f"{published[name]:.2f}" if name in published else "-")
        lines.append(
            f"{name:<{width}}"
            + "".join(f"{cell:>{column}}" for cell, column in zip(cells, columns, strict=True))
        )
    return "\n".join(lines)


def figure_named(summary: Summary, name: str) -> Figure | None:
    return next((figure for figure in summary.figures if figure.name == name), None)


def as_text(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    return f"{figure.mean:.2f} {interval_of(figure)}".rstrip()


def interval_of(figure: Figure) -> str:
    """Empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"[{figure.low:.2f}, {figure.high:.2f}]"

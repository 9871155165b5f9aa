"""Scores as tables, as JSON and as a contact sheet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

__all__ = ["Cell", "Mark", "Report", "Row", "Shown", "Table", "summarise", "write_json", "write_sheet"]

_NUM_RESAMPLES = 1000
_CELL_PX, _CAPTION_PX, _COLUMNS = 144, 44, 8


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One picture's mark; pictures of one `subject` (prompt or edit) are not independent."""

    column: str
    subject: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A mean with the half width of its 95 % interval where it has one, and over how many pictures."""

    mean: float
    interval: float | None
    num_pictures: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """One engine or control: a cell a column, and the unweighted mean of the columns that count, if any."""

    name: str
    cells: Mapping[str, Cell]
    overall: Cell | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under the same columns."""

    title: str
    overall_columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def text(self) -> str:
        """For the terminal: one line a row, the engine's intervals below it."""
        names = list(dict.fromkeys(name for row in self.rows for name in row.cells))
        columns = [name for name in names if name in self.overall_columns]
        apart = [name for name in names if name not in self.overall_columns]
        width = max(len(row.name) for row in self.rows) + 2
        has_overall = any(row.overall for row in self.rows)
        heads = [*columns, *(["OVERALL"] if has_overall else []), *apart]
        lines = [self.title, " " * width + "".join(f"{head:>15}" for head in heads)]
        for row in self.rows:
            cells = [row.cells.get(name) for name in columns]
            cells += [row.overall] if has_overall else []
            cells += [row.cells.get(name) for name in apart]
            lines.append(f"{row.name:<{width}}" + "".join(f"{as_text(cell):>15}" for cell in cells))
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture for the contact sheet."""

    picture: Image.Image
    caption: str
    is_good: bool
    source: Image.Image | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """All of one scoring run."""

    facts: Mapping[str, str | int | float | None]
    tables: tuple[Table, ...]
    judge_error: Mapping[str, Mapping[str, float | None]]
    failures: Sequence[str] = field(default=())

    def text(self) -> str:
        """Everything but the failures, for the terminal."""
        lines = [f"{name}: {value}" for name, value in self.facts.items()]
        tables = [table.text() for table in self.tables]
        error = ["The judge's own error on held-out renders (shares right)"]
        for group, shares in self.judge_error.items():
            error.append(
                f"  {group:<12}"
                + "  ".join(f"{name} {value:g}" for name, value in shares.items() if value is not None)
            )
        return "\n\n".join(["\n".join(lines), *tables, "\n".join(error)])


def as_text(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    return f"{cell.mean:.2f}" + ("" if cell.interval is None else f" +-{cell.interval:.2f}")


def summarise(name: str, marks: Sequence[Mark], overall_columns: Sequence[str]) -> Row:
    """Means, with intervals from resampling whole subjects in each column (cluster bootstrap).

    Raises ValueError where `overall_columns` are named but none of them has a mark.
    """
    rng = np.random.default_rng(0)
    cells: dict[str, Cell] = {}
    resamples: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
    for column in dict.fromkeys(mark.column for mark in marks):
        subjects: dict[str, list[float]] = {}
        for mark in marks:
            if mark.column == column:
                subjects.setdefault(mark.subject, []).append(mark.value)
        means = np.array([np.mean(values) for values in subjects.values()])
        draws = means[rng.integers(len(means), size=(_NUM_RESAMPLES, len(means)))].mean(axis=1)
        count = sum(len(values) for values in subjects.values())
        cells[column] = Cell(mean=float(means.mean()), interval=half_width(draws), num_pictures=count)
        resamples[column] = draws
    counted = [column for column in overall_columns if column in cells]
    if not overall_columns:
        return Row(name=name, cells=cells, overall=None)
    if not counted:
        raise ValueError(f"None of the columns {', '.join(overall_columns)} has a mark.")
    overall = Cell(
        mean=float(np.mean([cells[column].mean for column in counted])),
        interval=half_width(np.mean([resamples[column] for column in counted], axis=0)),
        num_pictures=sum(cells[column].num_pictures for column in counted),
    )
    return Row(name=name, cells=cells, overall=overall)


def half_width(draws: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(high - low) / 2


def write_json(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_sheet(shown: Sequence[Shown], path: Path) -> None:
    """Pictures with their words below, a green line under the right ones and a red one under the others."""
    font = ImageFont.load_default(11)
    rows = -(-len(shown) // _COLUMNS)
    canvas = Image.new("RGB", (_COLUMNS * _CELL_PX, rows * (_CELL_PX + _CAPTION_PX)), "white")
    draw = ImageDraw.Draw(canvas)
    for index, each in enumerate(shown):
        left, top = (index % _COLUMNS) * _CELL_PX, (index // _COLUMNS) * (_CELL_PX + _CAPTION_PX)
        side = _CELL_PX - 4
        canvas.paste(each.picture.resize((side, side), Image.Resampling.BICUBIC), (left + 2, top + 2))
        if each.source is not None:
            third = side // 3
            small = each.source.resize((third, third), Image.Resampling.BICUBIC)
            canvas.paste(small, (left + 2, top + 2 + side - third))
        color = (40, 160, 60) if each.is_good else (210, 40, 40)
        draw.rectangle((left + 2, top + side + 2, left + 2 + side, top + side + 5), fill=color)
        for line, words in enumerate(wrapped(each.caption, 26)[:3]):
            draw.text((left + 3, top + side + 7 + 12 * line), words, fill="black", font=font)
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.save(path)


def wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines

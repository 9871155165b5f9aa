"""What a run leaves to look at: log.jsonl, TensorBoard events, contact sheets and one page, index.html."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image
from tensorboardX import SummaryWriter
from torch import Tensor

from training.optim import OptimSettings

__all__ = ["Journal", "Record", "read_log"]

Record = dict[str, str | int | float]
_WIDTH, _HEIGHT, _MARGIN = 460, 150, 34
_MAX_POINTS = 400
_NOT_DRAWN = ("stage", "step", "minutes_left")
_ROUTER = "router/"
_CELL = 14
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
figure { margin: 0 0 1.5rem; } figcaption { opacity: .75; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: currentColor; }
polyline { fill: none; stroke: #4a7dd8; stroke-width: 1.5; } line { stroke: currentColor; opacity: .3; }
img { max-width: 100%; } td { padding: 0 1.2rem 0 0; } td + td { font-variant-numeric: tabular-nums; }
"""


class Journal:
    """The records of one stage's run in `folder`; a resumed run goes on with them."""

    def __init__(self, folder: Path, stage: str, optim: OptimSettings, first_step: int) -> None:
        """`first_step`: TensorBoard hides what an earlier sitting wrote of it and of later ones."""
        self.folder, self.stage, self.optim = folder, stage, optim
        folder.mkdir(parents=True, exist_ok=True)
        self.events = SummaryWriter(str(folder / "events"), flush_secs=30, purge_step=first_step)

    def log(self, record: Record, load_LE: Tensor | None = None) -> None:
        """One line in the log, one point in each chart. `load_LE`: each router's load and its entropy too."""
        record = {**record, **({} if load_LE is None else router_figures(load_LE))}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        step = int(record["step"])
        for name, value in record.items():
            if name not in _NOT_DRAWN and isinstance(value, int | float):
                self.events.add_scalar(f"{self.stage}/{name}", value, step)

    def draw(self, sheet: Image.Image, step: int) -> None:
        """Keep a contact sheet, and write the page anew."""
        (self.folder / "sheets").mkdir(exist_ok=True)
        sheet.save(self.folder / "sheets" / f"step-{step:08d}.png")
        self.events.add_image(f"{self.stage}/sheet", np.asarray(sheet), step, dataformats="HWC")
        self.write_page()

    def write_page(self) -> None:
        """index.html: figures, charts and sheets, the newest sheet first. It needs no network."""
        records = read_log(self.folder)
        sheets = sorted((self.folder / "sheets").glob("step-*.png"), reverse=True)
        aside = self.folder / "index.html.part"
        aside.write_text(page(self.stage, self.optim, records, sheets), "utf-8")
        aside.rename(self.folder / "index.html")

    def close(self) -> None:
        self.write_page()
        self.events.close()


def router_figures(load_LE: Tensor) -> dict[str, float]:
    """By layer: each expert's share of the assignments, and the shares' entropy, 1 where they are even."""
    figures: dict[str, float] = {}
    for layer, load_E in enumerate(load_LE.double().tolist()):
        entropy = -sum(share * math.log(share) for share in load_E if share > 0)
        figures[f"{_ROUTER}{layer:02}/entropy"] = round(entropy / math.log(max(2, len(load_E))), 5)
        figures |= {f"{_ROUTER}{layer:02}/expert_{i}": round(share, 5) for i, share in enumerate(load_E)}
    return figures


def read_log(folder: Path) -> list[Record]:
    """The log's records by step. Of steps that a killed run took twice the later ones count; a line that was
    cut is left out."""
    records: dict[int, Record] = {}
    file = folder / "log.jsonl"
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        try:
            record: Record = json.loads(line)
            step = int(record["step"])
        except (ValueError, KeyError, TypeError):
            continue
        records = {known: each for known, each in records.items() if known < step}
        records[step] = record
    return list(records.values())


def page(stage: str, optim: OptimSettings, records: Sequence[Record], sheets: Sequence[Path]) -> str:
    """One HTML page without scripts."""
    last = records[-1] if records else {}
    rows = {**last, **{f"optimiser: {name}": value for name, value in asdict(optim).items()}}
    cells = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(str(value))}</td></tr>"
        for name, value in rows.items()
    )
    names = dict.fromkeys(name for record in records for name in record if is_drawn(name))
    charts = "".join(chart(name, series(records, name)) for name in names) + router_map(last)
    figures = "".join(
        f'<figure><img loading="lazy" src="sheets/{path.name}" alt="Contact sheet of step {step_of(path)}">'
        f"<figcaption>Step {step_of(path)}, averaged weights</figcaption></figure>"
        for path in sheets
    )
    title = html.escape(f"{stage}: step {last.get('step', 0)} of {optim.num_steps}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f'<body><h1>{title}</h1><div class="charts">{charts}</div>{figures}'
        f"<details><summary>Figures and settings</summary><table>{cells}</table></details></body></html>\n"
    )


def is_drawn(name: str) -> bool:
    return name not in _NOT_DRAWN and not name.startswith(_ROUTER)


def router_map(record: Record) -> str:
    """A row a layer, a cell an expert: the darker, the more tokens it gets."""
    loads: dict[str, list[float]] = {}
    for name, value in record.items():
        if name.startswith(_ROUTER) and "expert" in name:
            loads.setdefault(name.split("/")[1], []).append(float(value))
    if not loads:
        return ""
    cells = "".join(
        f'<rect x="{_MARGIN + 2 * _CELL * column}" y="{24 + _CELL * row}" width="{2 * _CELL - 1}" '
        f'height="{_CELL - 1}" fill="#4a7dd8" fill-opacity="{min(1.0, share):.3f}">'
        f"<title>Layer {layer}, expert {column}: {share:.3f}</title></rect>"
        for row, (layer, shares) in enumerate(loads.items())
        for column, share in enumerate(shares)
    )
    height = 32 + _CELL * len(loads)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Load of each router\'s experts">'
        f'<text x="{_MARGIN}" y="16">load of experts, a row for each router</text>{cells}</svg>'
    )


def step_of(path: Path) -> int:
    return int(path.stem.split("-")[1])


def series(records: Sequence[Record], name: str) -> list[tuple[int, float]]:
    """(step, value), at most a few hundred points, each the mean of its neighbours."""
    points = [
        (int(record["step"]), float(record[name]))
        for record in records
        if isinstance(record.get(name), int | float) and math.isfinite(float(record[name]))
    ]
    stride = max(1, -(-len(points) // _MAX_POINTS))
    groups = [points[start : start + stride] for start in range(0, len(points), stride)]
    return [(group[-1][0], sum(value for _, value in group) / len(group)) for group in groups]


def chart(name: str, points: Sequence[tuple[int, float]]) -> str:
    """A line over the steps, with its ends and its range written beside it."""
    if not points:
        return ""
    first, last = points[0][0], points[-1][0]
    low, high = min(value for _, value in points), max(value for _, value in points)
    across = (_WIDTH - 2 * _MARGIN) / max(1, last - first)
    up = (_HEIGHT - 2 * _MARGIN) / ((high - low) or 1.0)
    places = " ".join(
        f"{_MARGIN + (step - first) * across:.1f},{_HEIGHT - _MARGIN - (value - low) * up:.1f}"
        for step, value in points
    )
    floor = _HEIGHT - _MARGIN
    labels: Mapping[tuple[int, int, str], str] = {
        (_MARGIN, 18, "start"): f"{name.replace('_', ' ')} {points[-1][1]:.4g}",
        (_MARGIN, floor + 15, "start"): f"{first:,}",
        (_WIDTH - _MARGIN, floor + 15, "end"): f"step {last:,}",
        (_WIDTH - _MARGIN, 18, "end"): f"{low:.4g} to {high:.4g}",
    }
    words = "".join(
        f'<text x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(text)}</text>'
        for (x, y, anchor), text in labels.items()
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{html.escape(name)} over the steps">'
        f'<line x1="{_MARGIN}" y1="{floor}" x2="{_WIDTH - _MARGIN}" y2="{floor}"/>'
        f'<polyline points="{places}"/>{words}</svg>'
    )

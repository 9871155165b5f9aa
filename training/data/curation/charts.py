"""Charts as SVG, for the report."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

__all__ = ["bars", "histogram"]

WIDTH, ROW, LABEL = 760, 24, 300
CHART_WIDTH, CHART_HEIGHT, NUM_BINS = 360, 120, 40


def bars(steps: Sequence[tuple[str, int]]) -> str:
    """One bar a step, as long as its number."""
    most = max((count for _, count in steps), default=1) or 1
    lines = []
    for index, (name, count) in enumerate(steps):
        length = (WIDTH - LABEL - 90) * count / most
        top = index * ROW
        lines.append(
            f'<text x="{LABEL - 8}" y="{top + 16}" text-anchor="end">{escape(shortened(name))}</text>'
            f'<rect x="{LABEL}" y="{top + 4}" width="{length:.1f}" height="{ROW - 8}" fill="var(--bar)"/>'
            f'<text x="{LABEL + length + 6:.1f}" y="{top + 16}">{count:,}</text>'
        )
    height = ROW * len(steps) + 4
    head = f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" aria-label="funnel">'
    return f"{head}{''.join(lines)}</svg>"


def shortened(name: str) -> str:
    return name if len(name) <= 44 else name[:43] + "…"


def histogram(name: str, values: npt.NDArray[np.float64], cuts: Sequence[float] = ()) -> str:
    """With a line at each cut. The far ends, one in two hundred, are counted in the outermost bins."""
    if not len(values):
        return f"<p>No picture has {escape(name)}.</p>"
    low, high = np.quantile(values, [0.005, 0.995])
    low, high = min([low, *cuts]), max([high, *cuts])
    if high <= low:
        low, high = low - 0.5, high + 0.5
    counts, _ = np.histogram(np.clip(values, low, high), bins=NUM_BINS, range=(low, high))
    bin_width, most = CHART_WIDTH / NUM_BINS, max(counts.max(), 1)
    boxes = "".join(
        f'<rect x="{index * bin_width:.1f}" y="{20 + CHART_HEIGHT * (1 - count / most):.1f}" '
        f'width="{bin_width - 1:.1f}" height="{CHART_HEIGHT * count / most:.1f}" fill="var(--bar)"/>'
        for index, count in enumerate(counts)
    )
    lines = "".join(
        f'<line x1="{place:.1f}" x2="{place:.1f}" y1="16" y2="{20 + CHART_HEIGHT}" '
        f'stroke="var(--cut)" stroke-width="2"/>'
        f'<text x="{place + 4:.1f}" y="28">{cut:g}</text>'
        for cut in cuts
        for place in [(cut - low) / (high - low) * CHART_WIDTH]
    )
    base = 20 + CHART_HEIGHT
    return (
        f'<figure><svg viewBox="0 0 {CHART_WIDTH} {base + 18}" width="{CHART_WIDTH}" role="img" '
        f'aria-label="{escape(name)}"><text x="0" y="12">{escape(name)}</text>{boxes}{lines}'
        f'<text x="0" y="{base + 14}">{low:.3g}</text>'
        f'<text x="{CHART_WIDTH}" y="{base + 14}" text-anchor="end">{high:.3g}</text></svg></figure>'
    )

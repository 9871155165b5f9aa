"""One HTML page of a judged run: figures with intervals, other runs beside, pictures by category."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from training.benchmarks.benchmark import Order, Verdict
from training.benchmarks.figures import Figure
from training.benchmarks.gallery import Gallery, write_whole
from training.benchmarks.summary import Summary, figure_named, interval_of

__all__ = ["write_page"]

THUMB_PX = 192
MOST_WRONG, MOST_RIGHT = 24, 8
MOST_RAW_CHARACTERS = 1500
STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } th { text-align: left; font-weight: 600; }
td, th { padding: .15rem 1.4rem .15rem 0; vertical-align: top; }
td { font-variant-numeric: tabular-nums; } small { opacity: .7; }
.facts td { overflow-wrap: anywhere; } .facts th { min-width: 9rem; }
.bar { position: relative; width: 12rem; height: .7rem; margin-top: .4rem; border-radius: .2rem; }
.bar { background: color-mix(in srgb, currentColor 12%, transparent); }
.bar i { position: absolute; top: 0; bottom: 0; background: #4a7dd8; opacity: .45; border-radius: .2rem; }
.bar b { position: absolute; top: -.1rem; bottom: -.1rem; width: 2px; background: currentColor; }
.bar u { position: absolute; top: -.1rem; bottom: -.1rem; width: 0; border-left: 2px dotted #d8734a; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: 1rem; }
figure { margin: 0; overflow-wrap: anywhere; } figcaption { font-size: .85rem; line-height: 1.35; }
img { max-width: 100%; border-bottom: 4px solid #d23f3f; } .good img { border-color: #2e9e4b; }
.failed img { border-color: #999; } figure img.source { width: 33%; border: 0; display: block; }
details pre { white-space: pre-wrap; font-size: .75rem; }
.warning { border-left: 4px solid #d8734a; padding-left: 1rem; }
"""


def write_page(
    folder: Path,
    summary: Summary,
    beside: Sequence[Summary],
    yardstick: tuple[str, Mapping[str, float]],
    gallery: Gallery,
    orders: Sequence[Order],
    verdicts: Sequence[Verdict],
) -> Path:
    """`folder`/index.html and its small pictures; returns the page."""
    failed = [verdict for verdict in verdicts if verdict.failure]
    parts = [
        f"<h1>{escaped(summary.benchmark)}: {escaped(summary.title)}</h1>",
        warnings(summary, gallery, failed),
        figures_table([summary, *beside], *yardstick),
        facts_table([summary, *beside]),
        *(
            category(folder, group, gallery, orders, [v for v in verdicts if v.group == group])
            for group in dict.fromkeys(verdict.group for verdict in verdicts)
        ),
    ]
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escaped(summary.benchmark)}: {escaped(summary.title)}</title><style>{STYLE}</style>"
        f"<body>{''.join(parts)}</body></html>"
    )
    write_whole(folder / "index.html", page)
    return folder / "index.html"


def warnings(summary: Summary, gallery: Gallery, failed: Sequence[Verdict]) -> str:
    lines = []
    if failed:
        lines.append(
            f"{len(failed)} of {summary.num_pictures} pictures got no verdict and count nowhere; they are "
            "shown below with what the judge said. Run the same command again to ask once more."
        )
    notes = gallery.notes()
    if notes:
        first = next(iter(notes.values()))
        lines.append(f"{len(notes)} pictures went differently than asked, for example: {first}")
    return "".join(f'<p class="warning">{escaped(line)}</p>' for line in lines)


def figures_table(summaries: Sequence[Summary], yardstick: str, published: Mapping[str, float]) -> str:
    """A row a figure; the bar shows this run's interval, its mean, and (dotted) the published figure."""
    names = list(dict.fromkeys(figure.name for summary in summaries for figure in summary.figures))
    highs = [figure.mean if figure.high is None else figure.high for s in summaries for figure in s.figures]
    top = max([*highs, *published.values(), 1e-9])
    top = next((limit for limit in (1.0, 10.0, 100.0) if top <= limit), top)
    heads = ["", *(summary.title for summary in summaries), *([yardstick] if published else []), ""]
    rows = []
    for name in names:
        cells = [figure_cell(figure_named(summary, name)) for summary in summaries]
        if published:
            cells.append(f"{published[name]:.2f}" if name in published else "")
        cells.append(bar(figure_named(summaries[0], name), published.get(name), top))
        rows.append(f"<tr><th>{escaped(name)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    head = "".join(f"<th>{escaped(text)}</th>" for text in heads)
    notes = ["Means with 95 % percentile bootstrap intervals over prompts; one prompt alone has none."]
    if published:
        notes.append("Published figures are a yardstick: their sampling, judge and prompts may differ.")
    return (
        f"<table><tr>{head}</tr>{''.join(rows)}</table>"
        f"<p>{''.join(f'<small>{note}</small><br>' for note in notes)}</p>"
    )


def figure_cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    note = f"<br><small>{escaped(figure.note)}</small>" if figure.note else ""
    counts = f"{figure.num_values} of {figure.num_subjects} prompts"
    interval = f"<small>{interval_of(figure)}</small>"
    return f'<span title="{counts}">{figure.mean:.2f} {interval}</span>{note}'


def bar(figure: Figure | None, published: float | None, top: float) -> str:
    if figure is None:
        return ""
    low = figure.mean if figure.low is None else figure.low
    high = figure.mean if figure.high is None else figure.high
    low, mean, high = (100 * value / top for value in (low, figure.mean, high))
    dotted = "" if published is None else f'<u style="left:{100 * published / top:.1f}%"></u>'
    return (
        f'<div class="bar"><i style="left:{low:.1f}%;width:{max(high - low, 0.5):.1f}%"></i>'
        f'<b style="left:{mean:.1f}%"></b>{dotted}</div>'
    )


def facts_table(summaries: Sequence[Summary]) -> str:
    names = list(dict.fromkeys(name for summary in summaries for name in summary.facts))
    rows = "".join(
        f"<tr><th>{escaped(name)}</th>"
        + "".join(f"<td>{escaped(summary.facts.get(name, ''))}</td>" for summary in summaries)
        + "</tr>"
        for name in names
    )
    return f"<h2>How it was made and judged</h2><table class='facts'>{rows}</table>"


def category(
    folder: Path, group: str, gallery: Gallery, orders: Sequence[Order], verdicts: Sequence[Verdict]
) -> str:
    """Pictures without a verdict, wrong ones, then a few right ones."""
    sources = {order.file: order for order in orders}
    failed = [verdict for verdict in verdicts if verdict.failure]
    wrong = [verdict for verdict in verdicts if not verdict.failure and not verdict.is_good]
    right = [verdict for verdict in verdicts if verdict.is_good]
    shown = [*failed[:MOST_WRONG], *wrong[:MOST_WRONG], *right[:MOST_RIGHT]]
    counts = f"{len(right)} good, {len(wrong)} not" + (f", {len(failed)} without a verdict" if failed else "")
    figures = "".join(
        figure(folder, number, verdict, sources[verdict.file], gallery)
        for number, verdict in enumerate(shown)
    )
    left_out = len(verdicts) - len(shown)
    more = f"<p><small>{left_out} more are in {escaped(gallery.images.name)}.</small></p>" if left_out else ""
    return f'<h2>{escaped(group)}: {counts}</h2><div class="pictures">{figures}</div>{more}'


def figure(folder: Path, number: int, verdict: Verdict, order: Order, gallery: Gallery) -> str:
    picture = thumbnail(folder, gallery.path(order), order.file)
    source = ""
    if order.source is not None:
        name = thumbnail(folder, order.source, f"source/{order.file}")
        source = f'<img class="source" loading="lazy" src="{escaped(name)}" alt="the picture before">'
    kind = "failed" if verdict.failure else "good" if verdict.is_good else "wrong"
    reason = verdict.failure or verdict.reason
    raw = verdict.raw[:MOST_RAW_CHARACTERS]
    details = f"<details><summary>the judge</summary><pre>{escaped(raw)}</pre></details>" if raw else ""
    return (
        f'<figure class="{kind}">{source}'
        f'<img loading="lazy" src="{escaped(picture)}" alt="{escaped(verdict.words)}">'
        f"<figcaption>{escaped(shortened(verdict.words))}<br><small>{escaped(verdict.file)}</small>"
        f"{f'<br>{escaped(reason)}' if reason else ''}{details}</figcaption></figure>"
    )


def thumbnail(folder: Path, picture: Path, name: str) -> str:
    """A small copy in the page's own folder; its path from there. What cannot be read has none."""
    small = folder / "small" / Path(name).with_suffix(".jpg")
    if not small.is_file() or small.stat().st_mtime < picture.stat().st_mtime:
        small.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(picture) as opened:
            copy = opened.convert("RGB")
        copy.thumbnail((2 * THUMB_PX, 2 * THUMB_PX))
        copy.save(small, quality=85)
    return small.relative_to(folder).as_posix()


def shortened(words: str, most: int = 240) -> str:
    return words if len(words) <= most else f"{words[:most].rstrip()} ..."


def escaped(text: object) -> str:
    return html.escape("" if text is None else str(text), quote=True)

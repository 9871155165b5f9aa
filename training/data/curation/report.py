"""One HTML page about a curated set: what fell where and why, with pictures of it."""

from __future__ import annotations

import base64
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
from PIL import Image

from training.data.curation.caption_report import caption_figures, doubted
from training.data.curation.caption_words import CAPTIONS
from training.data.curation.charts import bars, histogram
from training.data.curation.collect import COLLECT
from training.data.curation.marks import read_mark
from training.data.curation.select import MANIFEST, joined, thresholds
from training.data.curation.shards import SHARDS, read_shard
from training.data.curation.store import Store
from training.data.curation.tables import KEY, read_table, table_name

__all__ = ["REPORT", "write_report"]

REPORT = "report.html"
MOST_SHOWN = 24
THUMBNAIL_PX = 96
PAIRS = (("copies", "copy_of"), ("near_copies", "near_copy_of"))
STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #5b7cfa; --cut: #e4572e; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
figure { margin: 0.4rem; display: inline-block; vertical-align: top; }
figcaption { font-size: 0.75rem; max-width: 12rem; overflow-wrap: anywhere; opacity: 0.75; }
img { max-width: 100%; border-radius: 4px; display: block; }
.pair img { display: inline-block; margin-right: 2px; }
table { border-collapse: collapse; } td, th { padding: 0.15rem 0.8rem 0.15rem 0; text-align: right; }
td:first-child, th:first-child { text-align: left; } tr { border-bottom: 1px solid var(--line); }
svg { max-width: 100%; height: auto; } svg text { fill: currentColor; font: 12px system-ui, sans-serif; }
"""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A thumbnail with words below it; two of them where a copy stands beside what is kept."""

    keys: tuple[str, ...]
    words: str


def write_report(store: Store, shards: Sequence[str], stages: Sequence[str]) -> str:
    """Write report.html from the last selection; returns its name."""
    manifest = pq.read_table(io.BytesIO(store.read(f"{MANIFEST}.parquet"))).to_pandas()
    record = json.loads(store.read(f"{MANIFEST}.json"))
    cuts = thresholds(record["expression"])
    rows = joined(store, shards, stages, set(cuts))
    dropped = examples(manifest)
    pairs = copies(store, shards, [stage for stage in stages if stage in dict(PAIRS)])
    doubts = [
        Picture(keys=(key,), words=words)
        for key, words in (doubted(store, shards, MOST_SHOWN) if CAPTIONS in stages else {}).items()
    ]
    wanted = [each for group in (*dropped.values(), pairs, doubts) for each in group]
    thumbnails = read_thumbnails(store, {key for each in wanted for key in each.keys})
    sections = [
        f"<h1>{record['num_kept']:,} of {record['num_seen']:,} pictures kept</h1>",
        f"<p>Selected by <code>{escape(record['expression'])}</code>.</p>",
        section("What fell where", bars(funnel(record["dropped"], record["num_seen"]))),
        section("Scores, and where they are cut", "".join(histograms(rows, cuts))),
        *(section(f"Dropped: {reason}", figures(group, thumbnails)) for reason, group in dropped.items()),
        section("Copies beside what is kept", figures(pairs, thumbnails)) if pairs else "",
        section("Words in the captions that came along", histogram("words", caption_lengths(store, shards))),
        section("Captions", caption_figures(store, shards)) if CAPTIONS in stages else "",
        section("Captions that a second look does not support", figures(doubts, thumbnails))
        if doubts
        else "",
        section("What it took", cost(store, shards, stages)),
    ]
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Curated pictures</title><style>{STYLE}</style>{''.join(sections)}</html>"
    )
    store.write(REPORT, page.encode())
    return REPORT


def section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>{content}"


def funnel(dropped: Mapping[str, int], num_seen: int) -> list[tuple[str, int]]:
    """How many are left after each reason, in order."""
    left, steps = num_seen, [("seen", num_seen)]
    for reason, count in dropped.items():
        left -= count
        steps.append((reason, left))
    return steps


def histograms(rows: pd.DataFrame, cuts: Mapping[str, Sequence[float]]) -> Iterable[str]:
    """Of every number that the expression looks at."""
    for name, places in cuts.items():
        values = pd.to_numeric(rows[name], errors="coerce").to_numpy(np.float64)
        yield histogram(name, values[np.isfinite(values)], places)


def examples(manifest: pd.DataFrame) -> dict[str, list[Picture]]:
    """The first of each reason; what never became a picture cannot be shown."""
    groups = manifest[manifest["id"].notna() & (manifest["reason"] != "")].groupby("reason", sort=False)
    return {
        str(reason): [
            Picture(keys=(key,), words=source)
            for key, source in zip(group[KEY][:MOST_SHOWN], group["source"][:MOST_SHOWN], strict=True)
        ]
        for reason, group in groups
    }


def copies(store: Store, shards: Sequence[str], stages: Sequence[str]) -> list[Picture]:
    """A copy and what is kept in its place."""
    found = list[Picture]()
    for stage in stages:
        column = dict(PAIRS)[stage]
        for shard in shards:
            table = read_table(store, stage, shard).to_pandas()
            for _, row in table[table[column] != ""].iterrows():
                words = row["copy_kind"] if stage == "copies" else f"{row['similarity']:.3f} alike"
                found.append(Picture(keys=(row[column], row[KEY]), words=words))
            if len(found) >= MOST_SHOWN:
                return found[:MOST_SHOWN]
    return found


def read_thumbnails(store: Store, keys: set[str]) -> dict[str, str]:
    """As addresses that hold the picture."""
    by_shard = defaultdict[str, set[str]](set)
    for key in keys:
        by_shard[key[:-4]].add(key)
    return {
        sample.key: thumbnail(sample.open())
        for shard, wanted in sorted(by_shard.items())
        for sample in read_shard(store, shard)
        if sample.key in wanted
    }


def thumbnail(image: Image.Image) -> str:
    image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def figures(pictures: Sequence[Picture], thumbnails: Mapping[str, str]) -> str:
    """Every word is text: a file's name runs nothing here."""
    shown = []
    for picture in pictures:
        images = "".join(
            f'<img src="{thumbnails[key]}" alt="{escape(key)}">' for key in picture.keys if key in thumbnails
        )
        shown.append(
            f'<figure class="pair">{images}<figcaption>{escape(picture.words)}</figcaption></figure>'
        )
    return "".join(shown)


def caption_lengths(store: Store, shards: Sequence[str]) -> npt.NDArray[np.float64]:
    captions = (
        caption
        for shard in shards
        for caption in read_table(store, COLLECT, shard, ["caption"])["caption"].to_pylist()
    )
    return np.array([len(caption.split()) for caption in captions], np.float64)


def cost(store: Store, shards: Sequence[str], stages: Sequence[str]) -> str:
    """Seconds a thousand pictures, from the marks; a stage that sees all at once counts its last shard's."""
    lines = []
    for stage in (COLLECT, *stages):
        marks = [read_mark(store, table_name(stage, shard)) for shard in shards]
        known = [mark for mark in marks if mark is not None]
        num_rows = sum(mark.num_rows for mark in known)
        seconds = sum(mark.seconds for mark in known)
        if stage in (*dict(PAIRS), "leaks"):
            seconds = max((mark.seconds for mark in known), default=0.0)
        per_thousand = 1_000 * seconds / max(num_rows, 1)
        lines.append(
            f"<tr><td>{stage}</td><td>{num_rows:,}</td><td>{seconds:,.1f}</td><td>{per_thousand:.2f}</td></tr>"
        )
    size = sum(len(store.read(f"{SHARDS}/{shard}.tar")) for shard in shards)
    head = "<tr><th>stage</th><th>pictures</th><th>seconds</th><th>seconds a thousand</th></tr>"
    return f"<table>{head}{''.join(lines)}</table><p>{len(shards):,} shards, {size / 1e6:,.1f} MB.</p>"

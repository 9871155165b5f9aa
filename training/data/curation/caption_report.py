"""The report's part about captions: their lengths, what was wrong with them, and what they took."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from training.data.curation.caption_words import CAPTIONS
from training.data.curation.charts import bars, histogram
from training.data.curation.store import Store
from training.data.curation.tables import KEY, read_stage, read_table

__all__ = ["caption_figures", "doubted"]

LENGTHS = ("short", "medium", "long")
COSTS = {
    "requests": "caption_requests",
    "tokens read": "caption_tokens_read",
    "tokens written": "caption_tokens_written",
}


def caption_figures(store: Store, shards: Sequence[str]) -> str:
    """Of pictures that were asked about."""
    rows = read_stage(store, CAPTIONS, shards).to_pandas()
    asked = rows[rows["caption_requests"] > 0]
    return "".join(
        (
            *(histogram(f"words, {length}", word_counts(asked[f"caption_{length}"])) for length in LENGTHS),
            histogram("share of claims supported", asked["caption_supported"].to_numpy(np.float64)),
            "<p>What came of asking:</p>",
            bars([(str(why), int(count)) for why, count in rows["caption_status"].value_counts().items()]),
            cost_of(asked),
        )
    )


def doubted(store: Store, shards: Sequence[str], most: int) -> dict[str, str]:
    """By key: the caption and the questions about it that were answered by no, of the first `most`."""
    found = dict[str, str]()
    for shard in shards:
        for row in read_table(store, CAPTIONS, shard).to_pylist():
            denied = [each["question"] for each in row["caption_claims"] if each["is_supported"] is False]
            if denied:
                found[row[KEY]] = f"{row['caption_medium']} {' '.join(f'{each} No.' for each in denied)}"
            if len(found) == most:
                return found
    return found


def word_counts(texts: pd.Series) -> np.ndarray:
    counts = [len(text.split()) for text in texts if text]
    return np.array(counts, np.float64)


def cost_of(asked: pd.DataFrame) -> str:
    """As the server counts tokens; prices are the server's own."""
    models = sorted({*asked["caption_model"], *asked["caption_checker"]})
    lines = "".join(
        f"<tr><td>{name}</td><td>{asked[column].sum():,}</td>"
        f"<td>{1_000 * asked[column].sum() / max(len(asked), 1):,.0f}</td></tr>"
        for name, column in COSTS.items()
    )
    head = "<tr><th>captions</th><th>in all</th><th>a thousand pictures</th></tr>"
    return (
        f"<table>{head}{lines}</table><p>{len(asked):,} pictures, by {escape(', '.join(models))}. Tokens as "
        "the server counts them, 0 where it does not say; replies kept from an earlier run count too.</p>"
    )

"""The report's part about captions: their lengths, what was wrong with them, and what they took."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from training.data.curation.caption_words import CAPTIONS
from training.data.curation.charts import bars, histogram
from training.data.curation.store import Store
from training.data.curation.tables import read_stage

__all__ = ["caption_figures"]

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

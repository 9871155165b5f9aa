"""The Llama's language head: the one part of a published Llama that reading words leaves out."""

# V vocabulary, C channels

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from engines.errors import ModelNotFound, WeightsDamaged

__all__ = ["load_head"]

HEAD = "lm_head.weight"
WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"


def load_head(folder: Path) -> Tensor | None:
    """(V, C) in main memory, as the file has it; None for a Llama whose head is its embedding.

    Raises ModelNotFound for weights without a head, WeightsDamaged for files that cannot be read.
    """
    try:
        if json.loads((folder / "config.json").read_text(encoding="utf-8")).get("tie_word_embeddings"):
            return None
        with safe_open(find_file(folder), framework="pt") as archive:
            if HEAD not in archive.keys():  # noqa: SIM118
                raise ModelNotFound(
                    f"The Llama in {folder} has no language head ({HEAD}), so it can read but not write: "
                    "fetch all of its files."
                )
            head: Tensor = archive.get_tensor(HEAD)
    except (OSError, ValueError, AttributeError, SafetensorError) as error:
        raise WeightsDamaged(f"{folder} does not hold a loadable language head: {error}") from error
    return head


def find_file(folder: Path) -> Path:
    """The shard that holds the head; of weights in one file, that file."""
    index = folder / INDEX
    if not index.is_file():
        return folder / WHOLE
    shards = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    return folder / Path(shards.get(HEAD, next(iter(shards.values())))).name

"""Whether the Llama of a folder of weights can hold a conversation. No torch."""

from __future__ import annotations

import json
from pathlib import Path

from engines.errors import ModelNotFound, WeightsDamaged

__all__ = ["FEWEST_POSITIONS", "LLAMA", "TOKENIZER", "read_json", "require_voice"]

LLAMA, TOKENIZER = "text_encoder_4", "tokenizer_4"
FEWEST_POSITIONS = 4_096
"""Room for the orders, a short conversation and the answer."""
INSTEAD = "use weights with Llama 3.1 8B Instruct"


def require_voice(folder: Path) -> None:
    """Raises ModelNotFound for a Llama made to read only, WeightsDamaged for files that are no JSON."""
    positions = read_json(folder / LLAMA / "config.json").get("max_position_embeddings")
    if not isinstance(positions, int) or positions < FEWEST_POSITIONS:
        raise ModelNotFound(
            f"The Llama in {folder} reads {positions or 'no'} tokens, too few for a conversation "
            f"({FEWEST_POSITIONS:,} at least): {INSTEAD}."
        )
    settings = read_json(folder / TOKENIZER / "tokenizer_config.json")
    if not settings.get("chat_template") and not (folder / TOKENIZER / "chat_template.jinja").is_file():
        raise ModelNotFound(f"The Llama in {folder} has no chat template, so it cannot talk: {INSTEAD}.")


def read_json(file: Path) -> dict[str, object]:
    """Raises ModelNotFound or WeightsDamaged."""
    try:
        keys = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelNotFound(f"There is no {file}: {INSTEAD}.") from error
    except (OSError, ValueError) as error:
        raise WeightsDamaged(f"{file} cannot be read ({error}); fetch the weights again.") from error
    if not isinstance(keys, dict):
        raise WeightsDamaged(f"{file} does not hold settings; fetch the weights again.")
    return keys

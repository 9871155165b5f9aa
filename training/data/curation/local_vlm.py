"""A vision language model in this process, through transformers: a folder on this machine, no download."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engines.manifest import file_sha256
from training.data.curation.stage import PLACES
from training.data.curation.vlm import Question, Reply
from training.errors import BadRecipe

if TYPE_CHECKING:
    from engines.eyes.spoken_eyes import SpokenEyes

__all__ = ["LocalSettings", "LocalVlm", "folder_hash"]


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """`weights` is folder_hash(folder): other weights, and pictures are captioned again."""

    weights: str
    most_tokens: int = 1_024
    folder: Path = field(metadata=PLACES)
    device: str = field(default="cpu", metadata=PLACES)

    def open(self) -> LocalVlm:
        """Loads it, and transformers with it. Raises EngineError."""
        from engines.eyes.spoken_eyes import SpokenEyes

        return LocalVlm(self, SpokenEyes.from_pretrained(self.folder, device=self.device))


class LocalVlm:
    """One picture at a time; how many tokens it takes is not told."""

    most_at_once = 1

    def __init__(self, settings: LocalSettings, eyes: SpokenEyes) -> None:
        self.settings, self.eyes = settings, eyes

    @property
    def name(self) -> str:
        return f"{self.settings.folder.name} {self.settings.weights}"

    def ask(self, question: Question) -> Reply:
        seen = self.eyes.look(question.sample.open(), question.words, self.settings.most_tokens)
        return Reply(text=seen.description)


def folder_hash(folder: Path) -> str:
    """Of all weights that are there. Raises BadRecipe."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise BadRecipe(
            f"{folder} has no weights: give a folder with a vision language model of transformers."
        )
    return "-".join(file_sha256(file)[:12] for file in files)[:64]

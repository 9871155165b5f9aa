"""Engines, eyes and speakers, loaded when they are first needed. Importing this never imports torch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from PIL import Image

from engines.api import (
    Box,
    EditRequest,
    Engine,
    EngineInfo,
    Eyes,
    GenerateRequest,
    Message,
    OnProgress,
    Sample,
    Seen,
    Speaker,
)

__all__ = ["Lazy", "LazyEngine", "LazyEyes", "LazySpeaker"]

Loaded = TypeVar("Loaded")
Painting = TypeVar("Painting", bound=Engine)


class Lazy(Generic[Loaded]):
    """Something that is loaded once, by whoever needs it first; every one of them hears of a failure."""

    def __init__(self, load: Callable[[], Loaded]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None

    def get(self) -> Loaded:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded


class LazyEngine(Lazy[Painting]):
    """An engine that is loaded when it is first needed."""

    @property
    def info(self) -> EngineInfo:
        return self.get().info

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        return self.get().generate(request, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        return self.get().edit(request, on_progress)


class LazyEyes(Lazy[Eyes]):
    """Eyes that open when there is something to see."""

    def __init__(self, load: Callable[[], Eyes], *, speak: bool = False) -> None:
        """Eyes that `speak` freely have no vocabulary, which is known without opening them."""
        super().__init__(load)
        self._speak = speak

    @property
    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        return {} if self._speak else self.get().vocabulary

    def look(self, image: Image.Image, question: str = "") -> Seen:
        return self.get().look(image, question)

    def locate(self, image: Image.Image, words: str) -> tuple[Box, ...]:
        return self.get().locate(image, words)


class LazySpeaker(Lazy[Speaker]):
    """A speaker that comes when there is something to say."""

    @property
    def pauses(self) -> bool:
        return self.get().pauses

    @property
    def max_tokens(self) -> int:
        return self.get().max_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self.get().count_tokens(messages)

    def answer(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, object],
        num_tokens: int,
        on_progress: OnProgress,
    ) -> str:
        return self.get().answer(messages, schema, num_tokens, on_progress)

    def stream(self, messages: Sequence[Message], num_tokens: int, on_progress: OnProgress) -> Iterator[str]:
        return self.get().stream(messages, num_tokens, on_progress)

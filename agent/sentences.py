"""What went wrong, in the language of whoever reads it.

An error's sentence is English wherever `str(error)` goes: logs, programs, tests. Those that people meet in a
chat carry the same in Chinese.
"""

from __future__ import annotations

from collections.abc import Mapping

from engines import errors

__all__ = ["NO_SUCH_PICTURE", "Sentence", "is_chinese", "told"]


class Sentence(str):
    """An English sentence with its Chinese twin."""

    chinese: str

    def __new__(cls, english: str, chinese: str) -> Sentence:
        sentence = super().__new__(cls, english)
        sentence.chinese = chinese
        return sentence

    def __reduce__(self) -> tuple[type[Sentence], tuple[str, str]]:
        return Sentence, (str(self), self.chinese)


NO_SUCH_PICTURE = Sentence(
    "There is no such picture here. Please pick one from this conversation.",
    "这里没有这张图片。请从这个对话里选一张。",
)
OF_ENGINES: Mapping[type[errors.EngineError], str] = {
    errors.ModelNotFound: "这里没有找到模型文件。请检查模型的位置，或者换一个引擎。",
    errors.WeightsDamaged: "模型文件不完整或已损坏。请重新下载后再试。",
    errors.UnsupportedSize: "这个模型画不了这样的尺寸。请换一个形状或大小。",
    errors.DeviceOutOfMemory: "显存或内存不够了。请关掉别的程序，或者选小一点的尺寸再试。",
    errors.NonFiniteOutput: "引擎算出了无效的数值，没有得到图片。请换一个种子再试。",
    errors.WorkerDied: "引擎的进程中断了，正在重新启动。请稍后再试一次。",
}
"""Engines speak English alone and often from another process: of theirs the kind is told."""


def told(error: Exception | str, language: str) -> str:
    """The error's sentence, or this one: in Chinese where that is wanted and there is one, else English."""
    said = error.args[0] if isinstance(error, Exception) and error.args else error
    if not is_chinese(language):
        return str(error)
    if isinstance(said, Sentence):
        return said.chinese
    known = (chinese for kind, chinese in OF_ENGINES.items() if isinstance(error, kind))
    return next(known, str(error))


def is_chinese(language: str) -> bool:
    return language.lower().startswith("zh")

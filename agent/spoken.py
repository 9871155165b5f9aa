"""Numbers as the line speaks of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["ANSWERS", "PICTURES", "Things", "spoken", "spoken_in_chinese"]


@dataclass(frozen=True)
class Things:
    """What people wait for in a line."""

    one: str
    many: str
    chinese: str

    def counted(self, number: int) -> str:
        return self.one if number == 1 else f"{number} {self.many}"

    def counted_in_chinese(self, number: int) -> str:
        return f"{number} {self.chinese}"


PICTURES = Things("one picture", "pictures", "张图片")
ANSWERS = Things("one answer", "answers", "个回答")


def spoken(seconds: int) -> str:
    if seconds < 100:
        return "a second" if seconds == 1 else f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes"


def spoken_in_chinese(seconds: int) -> str:
    return f"{seconds} 秒" if seconds < 100 else f"{math.ceil(seconds / 60)} 分钟"

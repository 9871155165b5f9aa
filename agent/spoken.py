"""Numbers as the line speaks of them."""

from __future__ import annotations

import math

__all__ = ["counted", "spoken", "spoken_in_chinese"]


def counted(num_jobs: int) -> str:
    return "one picture" if num_jobs == 1 else f"{num_jobs} pictures"


def spoken(seconds: int) -> str:
    if seconds < 100:
        return "a second" if seconds == 1 else f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes"


def spoken_in_chinese(seconds: int) -> str:
    return f"{seconds} 秒" if seconds < 100 else f"{math.ceil(seconds / 60)} 分钟"

"""What one message and one owner may ask for, and the one place that counts."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum

from pydantic import Field

from agent.domain import MAX_PICTURES_PER_TURN, MAX_PROMPT_CHARACTERS, Value
from agent.errors import TooBusy
from agent.operations import MAX_SIDE_PX
from agent.sentences import Sentence

__all__ = ["AS_BUILT", "Deed", "Limits", "Rates"]

HOUR_SECONDS = 3_600.0
ADDRESS_FACTOR = 4
"""Behind one address there may be a whole office."""
TRANSFER_FACTOR = 2
"""Not every file that is sent is then used."""
MOST_COUNTED = 50_000
"""How many that do something are remembered at once; beyond, those that were longest quiet are forgotten."""


class Limits(Value):
    """Each can only be lowered below what a message or the engines take at all; 0 an hour means none."""

    message_characters: int = Field(MAX_PROMPT_CHARACTERS, ge=1, le=MAX_PROMPT_CHARACTERS)
    files_a_message: int = Field(4, ge=0, le=4)
    files_a_call: int = Field(16, ge=0, le=16)
    num_steps: int = Field(200, ge=1, le=200)
    best_of: int = Field(4, ge=1, le=4)
    pictures_a_message: int = Field(MAX_PICTURES_PER_TURN, ge=1, le=MAX_PICTURES_PER_TURN)
    side_px: int = Field(MAX_SIDE_PX, ge=256, le=MAX_SIDE_PX)
    messages_an_hour: int = Field(240, ge=0)
    uploads_an_hour: int = Field(240, ge=0)
    sign_in_attempts: int = Field(7, ge=1)
    sign_in_minutes: int = Field(15, ge=1)


AS_BUILT = Limits()


class Deed(StrEnum):
    """What is counted."""

    MESSAGE = "message"
    UPLOAD = "upload"
    TRANSFER = "transfer"
    SIGN_IN_BY_NAME = "sign-in by name"
    SIGN_IN_BY_ADDRESS = "sign-in by address"


SIGN_INS = Sentence("Too many attempts to sign in.", "尝试登录的次数太多了。")
SENTENCES = {
    Deed.MESSAGE: Sentence(
        "You sent {most} messages within an hour, which is the limit here.",
        "你在一小时内发了 {most} 条消息，已经到了这里的上限。",
    ),
    Deed.UPLOAD: Sentence(
        "You uploaded {most} pictures within an hour, which is the limit here.",
        "你在一小时内上传了 {most} 张图片，已经到了这里的上限。",
    ),
    Deed.TRANSFER: Sentence(
        "You sent more files within an hour than are taken here.", "你在一小时内发送的文件超过了这里的上限。"
    ),
    Deed.SIGN_IN_BY_NAME: SIGN_INS,
    Deed.SIGN_IN_BY_ADDRESS: SIGN_INS,
}


class Rates:
    """Counts in memory over a sliding window: a restart forgets."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._now = now
        self._lock = threading.Lock()
        self._times: dict[tuple[Deed, str], deque[float]] = {}

    def require(self, deed: Deed, who: str, num: int = 1) -> None:
        """Whether `num` more would do, without counting them; raises TooBusy."""
        with self._lock:
            self._require(deed, who, num)

    def count(self, deed: Deed, who: str, num: int = 1) -> None:
        """All of them or none; raises TooBusy."""
        with self._lock:
            times = self._require(deed, who, num)
            if num:
                times.extend([self._now()] * num)
                self._times[deed, who] = self._times.pop((deed, who), times)
            while len(self._times) > MOST_COUNTED:
                del self._times[next(iter(self._times))]

    def admit(self, owner: str, num_files: int) -> None:
        """A message with its files, or neither; raises TooBusy."""
        self.require(Deed.UPLOAD, owner, num_files)
        self.count(Deed.MESSAGE, owner)
        self.count(Deed.UPLOAD, owner, num_files)

    def give_back(self, deed: Deed, who: str) -> None:
        """The latest one does not count after all."""
        with self._lock:
            times = self._times.get((deed, who))
            if times:
                times.pop()

    def _require(self, deed: Deed, who: str, num: int) -> deque[float]:
        """What is still in the window. The window moves: the wait ends when enough have left it."""
        most, window = self._bounds(deed)
        now, times = self._now(), self._times.get((deed, who), deque())
        while times and times[0] <= now - window:
            times.popleft()
        surplus = len(times) + num - most
        if num and surplus > 0:
            oldest = times[min(surplus, len(times)) - 1] if times else now
            wait = max(1, math.ceil(oldest + window - now))
            raise TooBusy(too_much(deed, most, wait), wait)
        return times

    def _bounds(self, deed: Deed) -> tuple[int, float]:
        """How many, in how many seconds."""
        attempts, seconds = self.limits.sign_in_attempts, self.limits.sign_in_minutes * 60.0
        match deed:
            case Deed.MESSAGE:
                return self.limits.messages_an_hour, HOUR_SECONDS
            case Deed.UPLOAD:
                return self.limits.uploads_an_hour, HOUR_SECONDS
            case Deed.TRANSFER:
                return self.limits.uploads_an_hour * TRANSFER_FACTOR, HOUR_SECONDS
            case Deed.SIGN_IN_BY_NAME:
                return attempts, seconds
            case Deed.SIGN_IN_BY_ADDRESS:
                return attempts * ADDRESS_FACTOR, seconds


def too_much(deed: Deed, most: int, wait_seconds: int) -> Sentence:
    what, minutes = SENTENCES[deed], math.ceil(wait_seconds / 60)
    span = (
        f"{wait_seconds} seconds"
        if wait_seconds < 60
        else f"{minutes} minutes"
        if minutes > 1
        else "a minute"
    )
    chinese_span = f"{wait_seconds} 秒" if wait_seconds < 60 else f"{minutes} 分钟"
    return Sentence(
        f"{what.format(most=most)} Please try again in {span}.",
        f"{what.chinese.format(most=most)}请在 {chinese_span}后再试。",
    )

"""Every reply of a model, kept as it came: asked once, and never again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

from training.data.curation.caption_words import BadReply, ReplyFault
from training.data.curation.store import NO_ROOM
from training.data.curation.vlm import Question, Reply, Silent, Vlm
from training.errors import DiskFull
from training.ledger import Ledger

__all__ = ["Outcome", "Replies", "ask_until"]

Answer = TypeVar("Answer")
Key = tuple[str, str, str, int]
AGAIN = "\n\nYour answer before could not be used: {fault}. Answer again, in the form asked for only."


class Replies:
    """A file that only grows. A reply's key: the picture's id, the model, the hash of what was asked, and the
    how manyeth asking it was."""

    def __init__(self, file: Path) -> None:
        self._ledger = Ledger(file)
        self._known = {key_in(record): reply_in(record) for record in self._ledger if "image" in record}

    def find(self, key: Key) -> Reply | None:
        return self._known.get(key)

    def add(self, key: Key, reply: Reply) -> None:
        """On disk before it is used. Raises DiskFull."""
        image, model, prompt, attempt = key
        record = {"image": image, "model": model, "prompt": prompt, "attempt": attempt, "text": reply.text}
        told = {"is_cut": reply.is_cut, "num_read": reply.num_read, "num_written": reply.num_written}
        try:
            self._ledger.add(record | told)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise DiskFull(
                    f"There is no room for replies in {self._ledger.file}. Make room and run the same "
                    "command again: what is written there is kept."
                ) from error
            raise
        self._known[key] = reply


def key_in(record: dict[str, object]) -> Key:
    attempt = record.get("attempt")
    image, model, prompt = (str(record.get(name, "")) for name in ("image", "model", "prompt"))
    return image, model, prompt, attempt if isinstance(attempt, int) else -1


def reply_in(record: dict[str, object]) -> Reply:
    read, written = record.get("num_read"), record.get("num_written")
    return Reply(
        text=str(record.get("text", "")),
        is_cut=bool(record.get("is_cut")),
        num_read=read if isinstance(read, int) else 0,
        num_written=written if isinstance(written, int) else 0,
    )


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[Answer]):
    """What came of asking: a value, or the reasons why there is none; and what it took.

    `is_silent`: the last asking had no reply, so that asking again may help.
    """

    value: Answer | None
    reasons: tuple[str, ...]
    num_tries: int
    num_read: int
    num_written: int
    is_silent: bool = False


def ask_until(
    vlm: Vlm, question: Question, read: Callable[[str], Answer], replies: Replies, num_tries: int
) -> Outcome[Answer]:
    """Until `read` takes a reply, at most `num_tries` times; what was wrong is told the model.

    `read` raises BadReply. Raises CaptionerUnavailable, DiskFull.
    """
    words, reasons = question.words, tuple[str, ...]()
    tries = list[Reply]()

    def outcome(value: Answer | None, *, is_silent: bool = False) -> Outcome[Answer]:
        return Outcome(
            value=value,
            reasons=reasons,
            num_tries=len(tries),
            num_read=sum(each.num_read for each in tries),
            num_written=sum(each.num_written for each in tries),
            is_silent=is_silent,
        )

    for attempt in range(num_tries):
        key = (question.sample.id, vlm.name, sha256(words.encode()).hexdigest(), attempt)
        reply = replies.find(key)
        if reply is None:
            try:
                reply = vlm.ask(Question(sample=question.sample, words=words, form=question.form))
            except Silent as silent:
                reasons = (silent.reason,)
                return outcome(None, is_silent=True)
            replies.add(key, reply)
        tries.append(reply)
        try:
            value, reasons = read(reply.text), ()
            return outcome(value)
        except BadReply as fault:
            reasons = (ReplyFault.CUT,) if reply.is_cut else fault.reasons
            words = question.words + AGAIN.format(fault=fault)
    return outcome(None)

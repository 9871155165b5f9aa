"""A message before it becomes a turn: what it holds, and what is refused at the door."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from agent.branches import TIP
from agent.domain import Artifact, Decision, PictureOptions, Route, Turn, TurnStatus
from agent.errors import MessageRefused
from agent.gates.gates import Gates, language_of
from agent.limits import AS_BUILT, Deed, Limits, Rates
from agent.replies import Replies
from agent.sentences import Sentence
from agent.uploads import CleanPicture

__all__ = [
    "MAX_UPLOADS",
    "Message",
    "about_what_was_sent",
    "clean_text",
    "first_words",
    "go_back_to",
    "require_again",
    "require_length",
    "require_message",
    "require_uploads",
    "said_again",
    "said_otherwise",
]

MAX_UPLOADS = 4
MAX_TITLE_CHARACTERS = 40


@dataclass(frozen=True, kw_only=True)
class Message:
    """What the user sent; with a `given` decision no brain needs to read it.

    `mask` was painted on the picture `mask_of`, or without one on the first of `files`, which may be
    `most_files` where that is not what a message may bring.
    """

    text: str
    files: Sequence[Path | bytes]
    options: PictureOptions
    given: Decision | None = None
    after: str | None = TIP
    mask: bytes | None = None
    mask_of: str | None = None
    most_files: int | None = None


def go_back_to(picture: Artifact, language: str) -> Message:
    """What the user would say, already understood."""
    return Message(
        text=Replies(language).go_back_to(picture),
        files=(),
        options=PictureOptions(),
        given=Decision(route=Route.GO_BACK, targets=(picture.id,), language=language),
    )


def said_again(turn: Turn, read: Callable[[str], bytes]) -> Message:
    """The message that began a turn; `read` gives the bytes of a picture by its SHA-256."""
    return Message(
        text=turn.text,
        files=[read(upload.sha256) for upload in turn.uploads],
        options=turn.options,
        mask=read(turn.masks[0].sha256) if turn.masks else None,
        mask_of=turn.masks[0].parents[0] if turn.masks else None,
        most_files=len(turn.uploads) if len(turn.uploads) > MAX_UPLOADS else None,
    )


def said_otherwise(
    turn: Turn,
    read: Callable[[str], bytes],
    text: str,
    files: Sequence[Path | bytes] | None,
    options: PictureOptions | None,
) -> Message:
    """The same beside it in other words, with the same files and options unless others are given."""
    again = said_again(turn, read)
    return replace(
        again,
        text=text,
        files=again.files if files is None else files,
        options=options or turn.options,
        after=turn.parent,
    )


def about_what_was_sent(given: Decision | None, turn: Turn) -> Decision | None:
    """A given change that names no picture means the first one sent along."""
    if given is None or given.route is not Route.EDIT or given.targets or not turn.uploads:
        return given
    return given.model_copy(update={"targets": (turn.uploads[0].id,)})


def require_message(message: Message, gates: Gates, limits: Limits = AS_BUILT) -> None:
    """Raises MessageRefused, UnsafeRequest or GateUnavailable."""
    require_length([message.text], limits)
    if not message.text and message.mask is not None:
        raise MessageRefused(
            Sentence("Please say what should change where you painted.", "请说说涂抹的地方要改成什么。")
        )
    if not message.text and not message.files:
        raise MessageRefused(
            Sentence(
                "Your message is empty. Please say what you would like to see.",
                "消息是空的。请说说想看什么。",
            )
        )
    most_files = limits.files_a_message if message.most_files is None else message.most_files
    if len(message.files) > most_files:
        raise MessageRefused(
            Sentence(
                f"You sent {len(message.files)} files; I take up to {most_files} a message. "
                "Please send fewer.",
                f"你发了 {len(message.files)} 个文件，一条消息最多 {most_files} 个。请少发一些。",
            )
        )
    require_options(message.options, limits)
    gates.require_words(message.text, language_of(message.text))


def require_uploads(uploads: Sequence[CleanPicture], message: Message, gates: Gates) -> None:
    """Before they are kept. Raises UnsafeRequest or GateUnavailable."""
    for upload in uploads:
        with Image.open(io.BytesIO(upload.png), formats=("PNG",)) as image:
            gates.require_picture(image, language_of(message.text))


def require_again(turn: Turn, owner: str, gates: Gates, rates: Rates) -> None:
    """Before a turn is taken up again. Raises MessageRefused, UnsafeRequest, GateUnavailable or TooBusy."""
    gates.require_words(turn.text, language_of(turn.text))
    require_options(turn.options, rates.limits)
    if turn.status is not TurnStatus.WAITING:
        rates.count(Deed.MESSAGE, owner)


def require_length(texts: Sequence[str], limits: Limits) -> None:
    """Of each of them. Raises MessageRefused."""
    num_characters = max(map(len, texts), default=0)
    if num_characters > limits.message_characters:
        raise MessageRefused(
            Sentence(
                f"Your message has {num_characters:,} characters; I read up to "
                f"{limits.message_characters:,}. Please shorten it and send it again.",
                f"消息有 {num_characters:,} 个字符，最多 {limits.message_characters:,} 个。请缩短后再发。",
            )
        )


def require_options(options: PictureOptions, limits: Limits) -> None:
    """Raises MessageRefused."""
    require_length([options.negative_prompt], limits)
    if (options.num_steps or 0) > limits.num_steps:
        raise MessageRefused(
            Sentence(
                f"You asked for {options.num_steps} steps; up to {limits.num_steps} are taken here. "
                "Please ask for fewer.",
                f"你要求 {options.num_steps} 步，这里最多 {limits.num_steps} 步。请减少一些。",
            )
        )
    if options.best_of > limits.best_of:
        raise MessageRefused(
            Sentence(
                f"You asked for the best of {options.best_of} tries; up to {limits.best_of} are made here. "
                "Please ask for fewer.",
                f"你要求从 {options.best_of} 次中选最好的，这里最多试 {limits.best_of} 次。请减少一些。",
            )
        )


def first_words(text: str) -> str:
    """A title: the text's first words."""
    line = " ".join(clean_text(text).split())
    if len(line) <= MAX_TITLE_CHARACTERS:
        return line
    cut = line[: MAX_TITLE_CHARACTERS + 1]
    return cut[: cut.rfind(" ")] + "…" if " " in cut else line[:MAX_TITLE_CHARACTERS] + "…"


def clean_text(text: str) -> str:
    """Without what no database can keep: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "").strip()

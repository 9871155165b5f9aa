"""Several pictures sent with one change: which of them is changed, and what the others are good for.

The editors take in one picture. Of the others, what the instruction names can be read into its words: "add
the dog of the second picture" becomes "add a red dog" where eyes see one there.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from agent.brains.lexicon import singular
from agent.decoder.pool import Decoders
from agent.naming import Naming
from agent.uploads import clean_upload
from engines.api import Eyes, Seen
from engines.errors import EngineError

__all__ = ["Brought", "Look", "brought", "look_at", "seen_words"]

log = logging.getLogger(__name__)

Look = Callable[[int, str], str]
"""What a thing ("the dog", or nothing named) looks like in the picture of that index: words, or none."""

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINAL = rf"(?P<nth>{'|'.join(_ORDINALS)}|1st|2nd|3rd|\d{{1,2}}th|other|last)"
_PICTURE = r"(?:reference |input |source )?(?:picture|image|photo)"
_NTH = rf"(?:the |my )?(?:{_ORDINAL} (?:{_PICTURE}|one)|{_PICTURE} ?#?(?P<number>\d{{1,2}}))\b"
_THING = r"(?P<thing>(?:the|that|this|an?) (?:(?!the |that |this |an? |in |of |with )[\w'-]+ ?){1,3})"
_OF = re.compile(
    rf"(?:{_THING})?(?:(?:that|which) is )?(?:shown |seen )?(?P<how>from|of|in|on|out of|as in) {_NTH}",
    re.I,
)
_INTO = re.compile(rf"(?:into|onto|to) (?:{_NTH}|(?:the )?{_ORDINAL.replace('nth', 'alone')}$)", re.I)
_BARE = re.compile(_NTH, re.I)
_STYLE, _BACKGROUND = re.compile(r"\b(?:style|look)\b", re.I), re.compile(r"\bbackground\b", re.I)
_LOOKS = re.compile(rf"{_STYLE.pattern}|{_BACKGROUND.pattern}|\bcolou?rs?\b", re.I)
"""Of these the name alone says nothing."""


@dataclass(frozen=True, kw_only=True)
class Brought:
    """The change in words that need no other picture, the index of the picture to change, and what to say."""

    instruction: str
    target: int = 0
    notice: str = ""


def brought(instruction: str, num_pictures: int, look: Look, *, has_mask: bool = False) -> Brought:
    """The first picture is changed, and always where there is a mask, which is painted on it; else the one
    that the words clearly want changed: "make the second picture blue"."""
    if num_pictures < 2:
        return Brought(instruction=instruction)
    target = 0 if has_mask else wanted(instruction, num_pictures)
    taken = dict[int, list[str]]()

    def without(found: re.Match[str]) -> str:
        """The thing alone, as it looks in the picture that it is taken from."""
        index, thing = index_of(found, num_pictures), (found["thing"] or "").strip()
        if index is None:
            return found[0]
        if index == target:
            return thing or f"{found['how']} it"
        words = look(index, thing)
        if words:
            taken.setdefault(index, []).append(words)
        is_told = bool(thing) and not _LOOKS.search(thing)
        return words or (thing if is_told else found[0])

    words = _OF.sub(without, instruction)
    words = _INTO.sub(lambda found: "" if index_of(found, num_pictures) == target else found[0], words)
    if target:
        words = _BARE.sub(lambda found: "it" if index_of(found, num_pictures) == target else found[0], words)
    words = re.sub(r"\s+([,.!]|$)", r"\1", re.sub(r"\s{2,}", " ", words)).strip()
    return Brought(
        instruction=words or instruction, target=target, notice=said(num_pictures, target, taken, instruction)
    )


def wanted(instruction: str, num_pictures: int) -> int:
    """The picture that something goes into, or the only one that is named and not taken from."""
    into = [index_of(found, num_pictures) for found in _INTO.finditer(instruction)]
    rest = _OF.sub("", instruction)
    bare = [index_of(found, num_pictures) for found in _BARE.finditer(rest)]
    named = dict.fromkeys(index for index in into or bare if index is not None)
    return next(iter(named)) if len(named) == 1 else 0


def index_of(found: re.Match[str], num_pictures: int) -> int | None:
    """None for a picture that was not sent, and for "the other one" of more than two."""
    groups = found.groupdict()
    nth = (groups["nth"] or groups.get("alone") or "").lower()
    if nth == "last":
        return num_pictures - 1
    if nth == "other":
        return 1 if num_pictures == 2 else None
    digits = found["number"] or re.sub(r"\D", "", nth)
    number = int(digits) if digits else _ORDINALS.index(nth) + 1
    return number - 1 if 1 <= number <= num_pictures else None


def said(num_pictures: int, target: int, taken: dict[int, list[str]], instruction: str) -> str:
    """What was done with each: changed, read into words, or only kept."""
    english = f"I change one picture at a time: of the {num_pictures} you sent, number {target + 1}."
    chinese = f"我一次只能改一张图：你发的 {num_pictures} 张里改的是第 {target + 1} 张。"
    for index, words in sorted(taken.items()):
        seen = ", ".join(words)
        english += f" From number {index + 1} I took, in words, {seen}."
        chinese += f"第 {index + 1} 张看成了文字：{seen}。"
    left = [index + 1 for index in range(num_pictures) if index != target and index not in taken]
    if left:
        numbers = ", ".join(map(str, left))
        is_one = len(left) == 1
        english += f" Number{'' if is_one else 's'} {numbers} {'is' if is_one else 'are'} kept here, unused."
        chinese += f"第 {numbers} 张留在这里，没有用上。"
    return Naming("zh" if re.search(r"[\u3400-\u9fff]", instruction) else "en").say(english, chinese)


def look_at(picture: bytes, thing: str, eyes: Eyes | None, decoders: Decoders) -> str:
    """The thing as our eyes see it in a picture from outside, in words; none without eyes.

    Raises UploadRejected.
    """
    if eyes is None:
        return ""
    clean = clean_upload(picture, decoders)
    try:
        with Image.open(io.BytesIO(clean.png), formats=("PNG",)) as image:
            question = f"What does {thing or 'it'} look like? Answer in a few words."
            return seen_words(eyes.look(image.convert("RGB"), question), thing)
    except EngineError as error:
        log.warning("the eyes cannot look: %s", error)
        return ""


def seen_words(seen: Seen, thing: str) -> str:
    """What eyes see of `thing`, fit for an instruction; empty where they see none, or cannot tell."""
    if not seen.is_known:
        return ""
    if seen.description:
        told = re.split(r"(?<=[.!?])\s", seen.description.strip())[0].rstrip(".!?")
        return f"{thing} ({told[:200]})".strip()
    if _STYLE.search(thing):
        return f"the {seen.style} style" if seen.style else ""
    if _BACKGROUND.search(thing):
        return f"the {seen.background} background" if seen.background else ""
    names = Naming("en")
    kinds = {singular(word.lower()) for word in re.findall(r"[A-Za-z]+", thing)}
    fitting = [each for each in seen.things if each.kind in kinds or is_any(thing)]
    return names.things(fitting[0].kind, 1, fitting[0].color) if fitting else ""


def is_any(thing: str) -> bool:
    """Whether the words leave open what it is."""
    return not thing or thing.lower().split()[-1] in {"thing", "object", "subject", "one", "item"}

"""What captions claim, as questions to be answered with yes or no by somebody who looks again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.data.curation.caption_words import BadReply, Captions, ReplyFault, Thing, read_json

__all__ = ["Claim", "ClaimKind", "answers_request", "asked_in", "claim_in", "claims_of", "read_answers"]

ORDERS = """Look at the picture and answer each question about it with yes or no. If the picture does not show
what a question takes for granted, the answer is no.

{questions}

Answer with one JSON object and nothing else, with {count} answers in the order of the questions:
{{"answers": ["yes", "no"]}}"""
NUMBERED = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)
FORMS = (
    re.compile(r"Is there (?:a|an) (?P<name>.+) in the picture\?"),
    re.compile(r"Is the number of (?P<name>.+) in the picture exactly (?P<count>\d+)\?"),
    re.compile(r"Is (?:a|an) (?P<name>.+) in the picture (?P<color>[^?]+) in colour\?"),
)


class ClaimKind(StrEnum):
    """What a claim is about."""

    OBJECT = "object"
    COUNT = "count"
    COLOR = "colour"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One thing that is true or not. `count` and `color` are set for claims about them."""

    kind: ClaimKind
    name: str
    count: int = 0
    color: str = ""

    @property
    def question(self) -> str:
        match self.kind:
            case ClaimKind.OBJECT:
                return f"Is there {with_article(self.name)} in the picture?"
            case ClaimKind.COUNT:
                return f"Is the number of {self.name} in the picture exactly {self.count}?"
            case ClaimKind.COLOR:
                return f"Is {with_article(self.name)} in the picture {self.color} in colour?"


class Answers(BaseModel):
    """Of one picture, in the order of the questions."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    answers: tuple[Annotated[str, Field(max_length=12)], ...]


def claims_of(captions: Captions) -> tuple[Claim, ...]:
    """For each kind that is there: that it is, how many in all, and each colour."""
    names = dict[str, list[Thing]]()
    for thing in captions.things:
        names.setdefault(plain(thing.name), []).append(thing)
    claims = list[Claim]()
    for name, things in names.items():
        claims.append(Claim(kind=ClaimKind.OBJECT, name=name))
        claims.append(Claim(kind=ClaimKind.COUNT, name=name, count=sum(each.count for each in things)))
        colors = dict.fromkeys(plain(each.color) for each in things if each.color)
        claims += [Claim(kind=ClaimKind.COLOR, name=name, color=color) for color in colors]
    return tuple(claims)


def plain(words: str) -> str:
    """On one line, so that an answer's question stays one question."""
    return " ".join(words.lower().replace("?", " ").split())


def with_article(name: str) -> str:
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"


def answers_request(claims: Sequence[Claim]) -> str:
    lines = "\n".join(f"{number}. {claim.question}" for number, claim in enumerate(claims, 1))
    return ORDERS.format(questions=lines, count=len(claims))


def asked_in(request: str) -> list[Claim | None]:
    """The claims that `answers_request` asks about; None for a question of another form."""
    return [claim_in(question) for _, question in NUMBERED.findall(request)]


def claim_in(question: str) -> Claim | None:
    for kind, form in zip(ClaimKind, FORMS, strict=True):
        if found := form.fullmatch(question):
            parts = found.groupdict()
            return Claim(
                kind=kind, name=parts["name"], count=int(parts.get("count", 0)), color=parts.get("color", "")
            )
    return None


def read_answers(text: str, count: int) -> tuple[bool, ...]:
    """Raises BadReply unless each question has its yes or no."""
    try:
        found = Answers.model_validate_json(read_json(text), strict=True).answers
    except ValidationError as error:
        raise BadReply((ReplyFault.OTHER_FORM,), error.errors()[0]["msg"]) from None
    said = [answer.strip().strip(".!").lower() for answer in found]
    if len(said) != count or any(answer not in ("yes", "no") for answer in said):
        raise BadReply((ReplyFault.OTHER_FORM,), f"there must be {count} answers, each yes or no")
    return tuple(answer == "yes" for answer in said)

"""The self-check: what was asked for beside what the eyes see, and the best of several pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from agent.asked import Asked, AskedRelation, AskedThing, RelationName
from agent.domain import Value
from agent.naming import OWN_COLORS, Naming
from engines.api import Seen, SeenThing

__all__ = ["Finding", "Verdict", "best_of", "check", "stands"]

COLORLESS = frozenset(("sepia", "pencil sketch", "negative", "black and white", "blueprint"))
"""Styles in which no colour can be told."""
PLACELESS = frozenset(("pencil sketch", "blueprint"))
"""Styles in which no background can be told."""
_SURPLUS = 0.05
"""What each thing that nobody asked for takes from the score, at most three times."""
_SURENESS = 0.05
"""The share of the score that how surely things are seen decides: it parts equals."""


class Finding(Value):
    """One thing asked for beside what is seen, in the user's language. `met` None: the eyes cannot tell."""

    about: Literal["count", "color", "relation", "background", "style"]
    asked: str
    seen: str
    met: bool | None


class Verdict(Value):
    """What the eyes say of one picture; `score` is 1 where all is met and nothing is there that nobody asked
    for. Without findings nothing could be compared."""

    findings: tuple[Finding, ...] = ()
    score: float = Field(default=1.0, ge=0, le=1)
    language: str = "en"

    @property
    def passes(self) -> bool:
        """Whether nothing that the eyes can tell is missing or wrong."""
        return not self.failures

    @property
    def failures(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.met is False)

    @property
    def is_checked(self) -> bool:
        """Whether the eyes could tell anything."""
        return any(finding.met is not None for finding in self.findings)

    def sentence(self) -> str:
        """What is wrong, without a full stop: "asked for three cats, I see two cats"; empty if nothing is."""
        naming = Naming(self.language)
        parts = [
            naming.say(
                f"asked for {each.asked}, I see {each.seen}", f"要的是{each.asked}，看到的是{each.seen}"
            )
            for each in self.failures
        ]
        return naming.say("; ", "；").join(parts)


def best_of(verdicts: Sequence[Verdict]) -> int:
    """The index of the best picture, the earlier one of equals."""
    return max(range(len(verdicts)), key=lambda index: (verdicts[index].score, -index))


def check(asked: Asked, seen: Seen, vocabulary: Mapping[str, Sequence[str]], language: str = "en") -> Verdict:
    """Compare; `vocabulary` is the eyes' own: what they have no word for they cannot tell."""
    naming = Naming(language)
    shares = assigned(asked.things, seen)
    findings = [
        thing_finding(thing, share, asked, seen, vocabulary, naming)
        for thing, share in zip(asked.things, shares, strict=True)
    ]
    findings += [
        relation_finding(relation, asked.things, shares, vocabulary, naming) for relation in asked.relations
    ]
    if asked.background is not None:
        is_told = asked.background in vocabulary.get("backgrounds", ()) and seen.style not in PLACELESS
        findings.append(
            Finding(
                about="background",
                asked=naming.background(asked.background),
                seen=naming.background(seen.background or "plain"),
                met=seen.background == asked.background if is_told else None,
            )
        )
    if asked.style is not None:
        is_told = asked.style in vocabulary.get("styles", ())
        findings.append(
            Finding(
                about="style",
                asked=naming.style(asked.style),
                seen=naming.style(seen.style) if seen.style else naming.say("no style", "没有风格"),
                met=seen.style == asked.style if is_told else None,
            )
        )
    return Verdict(findings=tuple(findings), score=score_of(findings, asked, shares, seen), language=language)


def assigned(things: Sequence[AskedThing], seen: Seen) -> list[list[SeenThing]]:
    """The seen things that each asked one may claim: those of a named colour first, the surest first."""
    left = list(seen.things)
    shares: list[list[SeenThing]] = [[] for _ in things]
    order = sorted(range(len(things)), key=lambda index: not names_color(things[index]))
    for index in order:
        wanted = things[index]
        of_kind = [each for each in left if each.kind == wanted.kind]
        fits = [each for each in of_kind if not names_color(wanted) or wanted.color == each.color]
        fits += [each for each in of_kind if each not in fits and looks(each) == wanted.color]
        is_alone = sum(each.kind == wanted.kind for each in things) == 1
        taken = fits if is_alone else fits[: wanted.count]
        shares[index] = taken
        left = [each for each in left if each not in taken]
    return shares


def looks(thing: SeenThing) -> str | None:
    """What one would call its colour: an apple of no other colour is red."""
    return thing.color or OWN_COLORS.get(thing.kind)


def names_color(wanted: AskedThing) -> bool:
    return wanted.color is not None or wanted.has_own_color


def thing_finding(
    wanted: AskedThing,
    share: Sequence[SeenThing],
    asked: Asked,
    seen: Seen,
    vocabulary: Mapping[str, Sequence[str]],
    naming: Naming,
) -> Finding:
    """Number and colour of one asked thing; a colour that no eye could tell is left open."""
    of_kind = [each for each in seen.things if each.kind == wanted.kind]
    words = naming.things(wanted.kind, wanted.count, wanted.color)
    if wanted.has_own_color:
        words = naming.say(f"{words} in its own colour", f"{words}（原色）")
    is_known = wanted.kind in vocabulary.get("classes", ())
    has_color = names_color(wanted)
    is_told = is_known and (wanted.color is None or wanted.color in vocabulary.get("colors", ()))
    if has_color and seen.style in COLORLESS:
        share, is_told = of_kind, is_told and len(of_kind) < wanted.count
    is_alone = sum(each.kind == wanted.kind for each in asked.things) == 1
    enough = len(share) >= wanted.count
    exact = not wanted.is_counted or not is_alone or len(of_kind) == wanted.count
    is_color = has_color and len(of_kind) >= wanted.count and not enough
    return Finding(
        about="color" if is_color else "count",
        asked=words,
        seen=shown(wanted.kind, of_kind, has_color and seen.style not in COLORLESS, naming),
        met=(enough and exact) if is_told else None,
    )


def shown(kind: str, things: Sequence[SeenThing], with_colors: bool, naming: Naming) -> str:
    """The things of one class as they are seen: "a red cat and two cats"."""
    if not things:
        return naming.things(kind, 0)
    if not with_colors:
        return naming.things(kind, len(things))
    counts: dict[str | None, int] = {}
    for thing in things:
        counts[thing.color] = counts.get(thing.color, 0) + 1
    return naming.listed([naming.things(kind, count, color) for color, count in counts.items()])


def relation_finding(
    relation: AskedRelation,
    things: Sequence[AskedThing],
    shares: Sequence[Sequence[SeenThing]],
    vocabulary: Mapping[str, Sequence[str]],
    naming: Naming,
) -> Finding:
    first, second = things[relation.first], things[relation.second]
    firsts, seconds = shares[relation.first][: first.count], shares[relation.second][: second.count]
    is_told = all(each.kind in vocabulary.get("classes", ()) for each in (first, second))
    is_shown = bool(firsts) and bool(seconds)
    pairs = [(one, other) for one in firsts for other in seconds]
    met = is_shown and all(relation.relation in stands(one, other) for one, other in pairs)
    seen_as = next((name for name in sorted(stands(firsts[0], seconds[0]))), "") if is_shown else ""
    one, other = naming.name(first.kind, first.color), naming.name(second.kind, second.color)
    return Finding(
        about="relation",
        asked=related(one, relation.relation, other, naming),
        seen=related(one, seen_as, other, naming) if seen_as else naming.say("them elsewhere", "不在那里"),
        met=met if is_told else None,
    )


def related(one: str, relation: str, other: str, naming: Naming) -> str:
    return naming.say(f"the {one} {relation} the {other}", f"{one}在{other}的{naming.relation(relation)}")


def stands(first: SeenThing, second: SeenThing) -> set[RelationName]:
    """Where the first stands seen from the second: within 60 degrees of a side, and clear of its middle."""
    dx, dy = (a - b for a, b in zip(first.centre, second.centre, strict=True))
    length = math.hypot(dx, dy)
    reach = 0.1 * sum(each.box[2] - each.box[0] + each.box[3] - each.box[1] for each in (first, second)) / 2
    if length <= reach:
        return set()
    names: dict[RelationName, float] = {"left of": -dx, "right of": dx, "above": -dy, "below": dy}
    return {name for name, offset in names.items() if offset - reach > 0.5 * length}


def score_of(
    findings: Sequence[Finding], asked: Asked, shares: Sequence[Sequence[SeenThing]], seen: Seen
) -> float:
    """The share of findings that are met, less for what nobody asked for; a little by sureness."""
    told = [finding.met for finding in findings if finding.met is not None]
    if not told:
        return 1.0
    claims = [
        (wanted, each)
        for wanted, share in zip(asked.things, shares, strict=True)
        for each in share[: wanted.count]
    ]
    surplus = len(seen.things) + seen.num_strangers - len(claims) if asked.things else 0
    sure = [each.confidence for wanted, each in claims if wanted.color in (None, each.color)]
    sureness = sum(sure) / len(claims) if claims else 0.0
    met = sum(told) / len(told) - _SURPLUS * min(3, surplus)
    return min(1.0, max(0.0, (1 - _SURENESS) * met + _SURENESS * sureness))

"""Whether a brain takes the picture that was meant, over simulated conversations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from agent.brains.brain import Brain, PictureView
from agent.domain import AdjustStep, EditStep, Origin, Route
from agent.errors import AgentError
from agent.evaluation import simulated_words as words
from agent.evaluation.simulated_sessions import ADDITIONS, SUBJECTS, Conversation, random_conversation
from agent.planner import plan

__all__ = ["Trial", "simulate", "summary"]

RIGHT, ASKED, WRONG = "right", "asked", "silently wrong"
MOST_TRIES = 40


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message and the pictures it means; none: only a question is right."""

    text: str
    targets: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One conversation with its message, and what the brain made of it."""

    kind: str
    text: str
    targets: frozenset[str]
    taken: frozenset[str]
    route: Route
    outcome: str


Maker = Callable[[Conversation, Random], Message | None]


def simulate(brain: Brain, num_sessions: int, seed: int) -> tuple[Trial, ...]:
    """One message a session, its kind drawn among those that the session allows."""
    rng = Random(seed)
    return tuple(trial(brain, rng) for _ in range(num_sessions))


def trial(brain: Brain, rng: Random) -> Trial:
    for _ in range(MOST_TRIES):
        talk = random_conversation(rng)
        kind = rng.choice(tuple(MAKERS))
        message = MAKERS[kind](talk, rng)
        if message:
            return tried(brain, talk, kind, message)
    raise RuntimeError("No simulated conversation allowed any of the kinds drawn.")


def tried(brain: Brain, talk: Conversation, kind: str, message: Message) -> Trial:
    context = talk.context(message.text)
    decision = brain.decide(context)
    taken = frozenset(decision.targets)
    if decision.route in (Route.EDIT, Route.GENERATE):
        try:
            steps = plan(decision, context).steps
        except AgentError:
            steps = ()
        taken = frozenset(step.source for step in steps if isinstance(step, EditStep | AdjustStep))
    if decision.route is Route.ASK:
        outcome = ASKED if message.targets else RIGHT
    else:
        outcome = RIGHT if message.targets and taken == message.targets else WRONG
    return Trial(
        kind=kind,
        text=message.text,
        targets=message.targets,
        taken=taken,
        route=decision.route,
        outcome=outcome,
    )


def summary(trials: Sequence[Trial]) -> str:
    """Shares over all and by kind, then every silent mistake."""
    lines = [f"{len(trials)} simulated sessions", f"{'':<16}{RIGHT:>10}{ASKED:>10}{WRONG:>16}{'cases':>8}"]
    kinds = Counter(each.kind for each in trials)
    lines.append(row("overall", trials))
    lines += [row(kind, [each for each in trials if each.kind == kind]) for kind in sorted(kinds)]
    lines += [
        f"{each.kind}: {each.text!r} took {sorted(each.taken)} ({each.route}), meant {sorted(each.targets)}"
        for each in trials
        if each.outcome == WRONG
    ]
    return "\n".join(lines)


def row(name: str, trials: Sequence[Trial]) -> str:
    shares = [
        sum(each.outcome == outcome for each in trials) / len(trials) for outcome in (RIGHT, ASKED, WRONG)
    ]
    return f"{name:<16}{shares[0]:>10.3f}{shares[1]:>10.3f}{shares[2]:>16.3f}{len(trials):>8}"


def language(talk: Conversation) -> str:
    return "zh" if talk.is_chinese else "en"


def about(
    talk: Conversation, rng: Random, kind: str, target: PictureView, *, word: str = "", place: int = 1
) -> Message:
    """Something wanted of a picture that is named in the way of `kind`."""
    name = words.named(kind, language(talk), rng, word=word, place=place)
    _, sentence = words.asked(language(talk), rng)
    text = words.polite(sentence.format(ref=name), language(talk), rng)
    return Message(text=text, targets=frozenset({target.id}))


def by_handle(talk: Conversation, rng: Random) -> Message | None:
    target = rng.choice(talk.pictures)
    kind = "bare_handle" if target.letter and rng.random() < 0.4 else "handle"
    return about(talk, rng, kind, target, word=f"{target.number}{target.letter}")


def by_shared_number(talk: Conversation, rng: Random) -> Message | None:
    """The number alone of candidates with letters names none of them."""
    lettered = [each for each in talk.pictures if each.letter]
    if not lettered:
        return None
    target = rng.choice(lettered)
    message = about(talk, rng, "handle", target, word=str(target.number))
    return Message(text=message.text, targets=frozenset())


def by_missing_number(talk: Conversation, rng: Random) -> Message | None:
    message = about(talk, rng, "handle", talk.pictures[0], word=str(talk.next_number() + rng.randrange(2, 9)))
    return Message(text=message.text, targets=frozenset())


def by_place(talk: Conversation, rng: Random) -> Message | None:
    if len(talk.shown) < 2:
        return None
    place = rng.randrange(1, len(talk.shown) + 1)
    return about(talk, rng, "place", talk.shown[place - 1], place=place)


def by_side(talk: Conversation, rng: Random) -> Message | None:
    if len(talk.shown) < 2:
        return None
    index, english, chinese = rng.choice(((0, "left", "左"), (-1, "right", "右")))
    return about(talk, rng, "side", talk.shown[index], word=chinese if talk.is_chinese else english)


def by_last_place(talk: Conversation, rng: Random) -> Message | None:
    return about(talk, rng, "last_of_group", talk.shown[-1]) if len(talk.shown) > 1 else None


def it(talk: Conversation, rng: Random) -> Message | None:
    """The picture looked at, where there is just one to look at."""
    if talk.last_act not in ("drawn", "edit", "upload"):
        return None
    return said_of_it(talk, rng, frozenset({talk.current or ""}))


def it_after_go_back(talk: Conversation, rng: Random) -> Message | None:
    return said_of_it(talk, rng, frozenset({talk.current or ""})) if talk.last_act == "go_back" else None


def it_of_several(talk: Conversation, rng: Random) -> Message | None:
    """Candidates lie side by side, none is picked: which one is "it"?"""
    return said_of_it(talk, rng, frozenset()) if talk.last_act == "candidates" else None


def said_of_it(talk: Conversation, rng: Random, targets: frozenset[str]) -> Message:
    text = rng.choice(words.IT[language(talk)])
    return Message(text=words.polite(text, language(talk), rng), targets=targets)


def undo(talk: Conversation, rng: Random) -> Message | None:
    current = talk.by_id(talk.current or "")
    if not current.parent or talk.last_act != "edit":
        return None
    text = words.polite(rng.choice(words.UNDO[language(talk)]), language(talk), rng)
    return Message(text=text, targets=frozenset({current.parent}))


def by_original(talk: Conversation, rng: Random) -> Message | None:
    line = talk.line(talk.by_id(talk.current or ""))
    return about(talk, rng, "original", line[-1]) if len(line) > 1 else None


def by_previous(talk: Conversation, rng: Random) -> Message | None:
    line = talk.line(talk.by_id(talk.current or ""))
    return about(talk, rng, "previous", line[1]) if len(line) > 1 and talk.last_act == "edit" else None


def by_before(talk: Conversation, rng: Random) -> Message | None:
    """Before an edit on the way to the current picture."""
    added = {picture: name for name, picture in talk.additions.items()}
    line = [each for each in talk.line(talk.by_id(talk.current or "")) if each.id in added]
    if not line:
        return None
    edited = rng.choice(line)
    word = worded(talk, added[edited.id], ADDITIONS)
    return about(talk, rng, "before", talk.by_id(edited.parent or ""), word=word)


def by_addition(talk: Conversation, rng: Random) -> Message | None:
    """The one picture that shows a thing once added."""
    alone = [
        name
        for name, picture in talk.additions.items()
        if not any(each.parent == picture for each in talk.pictures)
    ]
    if not alone:
        return None
    name = rng.choice(alone)
    return about(talk, rng, "with", talk.by_id(talk.additions[name]), word=worded(talk, name, ADDITIONS))


def by_subject(talk: Conversation, rng: Random) -> Message | None:
    """The one picture of a thing."""
    alone = [
        name
        for name, picture in talk.subjects.items()
        if picture and not any(each.parent == picture for each in talk.pictures)
    ]
    if not alone:
        return None
    name = rng.choice(alone)
    return about(talk, rng, "subject", talk.by_id(talk.subjects[name]), word=worded(talk, name, SUBJECTS))


def by_upload(talk: Conversation, rng: Random) -> Message | None:
    uploads = [each for each in talk.pictures if each.origin is Origin.UPLOADED]
    return about(talk, rng, "upload", uploads[0]) if len(uploads) == 1 else None


def by_first_of_all(talk: Conversation, rng: Random) -> Message | None:
    is_single = len(talk.pictures) > 1 and talk.pictures[1].turn != talk.pictures[0].turn
    return about(talk, rng, "first_of_all", talk.pictures[0]) if is_single and len(talk.shown) < 2 else None


def worded(talk: Conversation, name: str, names: dict[str, str]) -> str:
    return names[name] if talk.is_chinese else name


MAKERS: dict[str, Maker] = {
    "handle": by_handle, "shared number": by_shared_number, "missing number": by_missing_number,
    "place": by_place,
    "side": by_side, "last place": by_last_place, "it": it, "it after back": it_after_go_back,
    "it of several": it_of_several, "undo": undo, "original": by_original, "previous": by_previous,
    "before": by_before, "addition": by_addition, "subject": by_subject, "upload": by_upload,
    "first of all": by_first_of_all,
}  # fmt: skip

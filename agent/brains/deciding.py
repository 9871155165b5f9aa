"""What was read of a message becomes a decision: which pictures, which steps, or one question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.brains import answers
from agent.brains.brain import PictureView
from agent.brains.chinese_words import translate
from agent.brains.english_edits import with_subject
from agent.brains.reading import Reading, Wish
from agent.brains.references import Album, Reference, Resolved
from agent.brains.small_world import SmallWorld
from agent.brains.subjects import repainted, subject
from agent.domain import Decision, DecisionStep, Origin, Route

__all__ = ["SURE_ENOUGH", "Deciding"]

SURE_ENOUGH = 0.5
"""Less sure of the picture meant, the rules ask."""


class Deciding:
    """One message on its way to a decision. `meant`, where known, are the pictures of its only wish."""

    def __init__(self, album: Album, reading: Reading, language: str, meant: Resolved | None = None) -> None:
        self.album = album
        self.reading = reading
        self.language = language
        self.meant = meant
        self.steps: list[DecisionStep] = []
        self.targets: list[str] = []
        self.used_pictures: list[Resolved] = []
        self.base: str | None = None
        """What the next edit starts from: a picture gone back to, or an earlier step."""

    def decide(self) -> Decision:
        wishes = self.reading.wishes
        if not self.album.context.message.strip():
            return self.ask(answers.what_to_do(self.language), self.album.context.uploads)
        working = [wish for wish in wishes if wish.kind not in ("chat", "question")]
        if not working:
            questions = [wish for wish in wishes if wish.kind == "question"]
            if questions:
                return self.answer(questions[0])
            return self.decision(Route.CHAT, "no wish for a picture")
        for index, wish in enumerate(working):
            refusal = self.take(wish, is_last=index == len(working) - 1)
            if refusal:
                return refusal
        return self.conclude()

    def find(self, reference: Reference) -> Resolved:
        return self.meant or self.album.find(reference)

    def showing(self, words: str) -> Resolved:
        return self.meant or self.album.showing(words)

    def take(self, wish: Wish, is_last: bool) -> Decision | None:
        """One wish as steps; a decision when the message must end here."""
        match wish.kind:
            case "generate":
                return self.generate(wish)
            case "edit":
                return self.edit(wish)
            case "again":
                return self.again(wish)
            case "go_back":
                return self.go_back(wish)
            case _:
                return self.ask(answers.unclear(self.album, self.language), self.candidates())

    def conclude(self) -> Decision:
        if not self.steps:
            target = (self.base,) if self.base else ()
            reply = answers.back_to(self.album, self.used_pictures[-1], self.language)
            return self.decision(Route.GO_BACK, "back to an earlier picture", targets=target, reply=reply)
        steps = tuple(self.steps)
        route = Route.GENERATE if steps[0].kind == "generate" else Route.EDIT
        world = SmallWorld(self.album.context.vocabulary, self.language)
        refusal = world.refusal(steps)
        if refusal:
            return self.ask(refusal, ())
        steps = tuple(step.model_copy(update={"prompt": world.in_known_words(step.prompt)}) for step in steps)
        targets = tuple(dict.fromkeys(self.targets)) if route is Route.EDIT else ()
        notices = (*answers.taken(self.album, self.used_pictures, self.language), *world.notices(steps))
        return self.decision(route, f"{len(steps)} step(s)", targets=targets, steps=steps, notices=notices)

    def generate(self, wish: Wish) -> Decision | None:
        self.steps.append(
            DecisionStep(
                kind="generate",
                prompt=wish.text[:4000],
                num_pictures=min(wish.num_pictures, 100),
                is_variation=wish.kind == "again",
            )
        )
        self.base = f"step{len(self.steps)}"
        return None

    def edit(self, wish: Wish) -> Decision | None:
        sources = self.sources(wish)
        if isinstance(sources, Decision):
            return sources
        if wish.operation is not None:
            self.adjust(wish, sources)
            return None
        versions = split_versions(wish.text)
        if self.can_join(sources, versions):
            last = self.steps[-1]
            prompt = f"{last.prompt} and {self.resolved(wish.text, sources[0])}"
            self.steps[-1] = last.model_copy(update={"prompt": prompt[:4000]})
            return None
        for source in sources:
            for text in versions:
                count = wish.num_pictures if len(versions) == 1 else 1
                prompt = self.resolved(text, source)[:4000]
                self.steps.append(
                    DecisionStep(kind="edit", prompt=prompt, source=source, num_pictures=min(count, 100))
                )
        self.targets += [source for source in sources if source in self.album.by_id]
        self.base = f"step{len(self.steps)}"
        return None

    def adjust(self, wish: Wish, sources: Sequence[str]) -> None:
        """Exact work on each source."""
        for source in sources:
            self.steps.append(
                DecisionStep(kind="adjust", prompt=wish.text, source=source, operation=wish.operation)
            )
        self.targets += [source for source in sources if source in self.album.by_id]
        self.base = f"step{len(self.steps)}"

    def can_join(self, sources: Sequence[str], versions: Sequence[str]) -> bool:
        """Several changes of one picture are one edit."""
        return (
            len(sources) == len(versions) == 1
            and bool(self.steps)
            and self.steps[-1].kind == "edit"
            and self.steps[-1].num_pictures == 1
            and sources[0] in (f"step{len(self.steps)}",)
        )

    def sources(self, wish: Wish) -> tuple[str, ...] | Decision:
        """The pictures to change, or a question."""
        if wish.reference and wish.reference.kind != "current":
            found = self.find(wish.reference)
            if wish.reference.kind == "described" and found.confidence < SURE_ENOUGH:
                if self.base and not found.ids:
                    return (self.base,)
                if self.album.current and not self.album.is_choice_open and len(found.ids) < 2:
                    found = self.find(Reference(kind="current"))
            is_one = len(found.ids) == 1 or wish.reference.kind in ("all", "several")
            return self.used(found) if is_one and found.confidence >= SURE_ENOUGH else self.which(found)
        if self.base:
            return (self.base,)
        if self.album.current is None:
            return self.ask(answers.nothing_to_change(self.language), ())
        if re.search(r"\b(?:them|these|those)\b", wish.text, re.I) and len(self.album.group) > 1:
            return self.used(self.find(Reference(kind="all")))
        found = self.find(Reference(kind="current"))
        if found.confidence < SURE_ENOUGH:
            found = self.showing(wish.text)
        return self.used(found) if len(found.ids) == 1 else self.which(found)

    def used(self, found: Resolved) -> tuple[str, ...]:
        """Remembers what was taken to be meant, for the reply to name."""
        self.used_pictures.append(found)
        return found.ids

    def which(self, found: Resolved) -> Decision:
        """One question with the pictures to click."""
        asked = self.ask(answers.which_one(self.language), found.ids or self.candidates())
        return asked.model_copy(update={"confidence": found.confidence})

    def again(self, wish: Wish) -> Decision | None:
        """The current picture's wish once more, from the same source."""
        if self.base and self.steps:
            last = self.steps[-1]
            self.steps[-1] = last.model_copy(update={"num_pictures": min(wish.num_pictures, 100)})
            return None
        found = self.find(wish.reference).ids if wish.reference else ()
        picture = self.album.by_id[found[0]] if found else self.album.current
        if picture is None:
            return self.ask(answers.unclear(self.album, self.language), ())
        if wish.text:
            prompt = repainted(self.album, picture, wish.text)
            return self.generate(Wish(kind="again", text=prompt, num_pictures=wish.num_pictures))
        if picture.origin is Origin.GENERATED:
            return self.generate(
                Wish(kind="again", text=translate(picture.prompt), num_pictures=wish.num_pictures)
            )
        if picture.parent in self.album.by_id:
            parent = self.album.by_id[picture.parent or ""]
            reference = Reference(kind="number", index=parent.number, letter=parent.letter)
            return self.edit(
                Wish(
                    kind="edit",
                    text=translate(picture.prompt),
                    reference=reference,
                    num_pictures=wish.num_pictures,
                )
            )
        return self.ask(answers.unclear(self.album, self.language), (picture.id,))

    def go_back(self, wish: Wish) -> Decision | None:
        found = self.find(wish.reference or Reference(kind="back"))
        if len(found.ids) != 1 or found.confidence < SURE_ENOUGH:
            question = answers.where_to(self.language, bool(self.album.pictures))
            asked = self.ask(question, found.ids or self.candidates())
            return asked.model_copy(update={"confidence": found.confidence})
        self.base = self.used(found)[0]
        return None

    def answer(self, wish: Wish) -> Decision:
        """A question about pictures."""
        if self.album.current is None:
            return self.ask(answers.nothing_to_see(self.language), ())
        found = self.find(wish.reference or Reference(kind="current"))
        if wish.reference is None and found.confidence < SURE_ENOUGH:
            shown = self.showing(wish.text)
            is_of_all = re.search(
                r"\b(?:they|them|these|those|all|both|pictures|images|ones)\b|它们|这些|都", wish.text, re.I
            )
            found = self.find(Reference(kind="all")) if is_of_all else shown
            if len(found.ids) != 1 and not is_of_all:
                return self.which(found)
            return self.understood(found, wish)
        if (
            not found.ids
            and wish.reference
            and wish.reference.kind == "described"
            and not self.album.is_choice_open
        ):
            found = self.find(Reference(kind="current"))
        if not found.ids or (
            wish.reference and wish.reference.kind not in ("all", "several") and len(found.ids) > 1
        ):
            return self.which(found)
        return self.understood(found, wish)

    def understood(self, found: Resolved, wish: Wish) -> Decision:
        self.used(found)
        others = [each for one in wish.others for each in self.find(one).ids]
        targets = tuple(dict.fromkeys([*found.ids, *others]))
        return self.decision(Route.UNDERSTAND, "a question about a picture", targets=targets)

    def resolved(self, text: str, source: str) -> str:
        """The instruction with "it" made plain where one thing is meant."""
        if source.startswith("step"):
            step = self.steps[int(source[4:]) - 1]
            return with_subject(text, subject(step.prompt)) if step.kind == "generate" else text
        picture = self.album.by_id.get(source)
        return with_subject(text, self.subject_of(picture)) if picture else text

    def subject_of(self, picture: PictureView) -> str | None:
        root = self.album.root(picture)
        name = subject(translate(root.prompt)) if root else None
        return name if name and set(name.split()) & self.album.words(picture) else None

    def candidates(self) -> tuple[str, ...]:
        """Pictures to show under a question."""
        group = self.album.group if len(self.album.group) > 1 else ()
        return tuple(each.id for each in (group or self.album.pictures[-4:]))

    def ask(self, reply: str, targets: Sequence[str]) -> Decision:
        return self.decision(Route.ASK, "not clear enough", targets=tuple(targets), reply=reply)

    def decision(
        self,
        route: Route,
        reason: str,
        *,
        targets: tuple[str, ...] = (),
        steps: tuple[DecisionStep, ...] = (),
        reply: str = "",
        notices: tuple[str, ...] = (),
    ) -> Decision:
        wanted = self.reading.format
        return Decision(
            route=route,
            targets=targets,
            steps=steps,
            shape=wanted.shape,
            width=wanted.width,
            height=wanted.height,
            language=self.language,
            confidence=min((each.confidence for each in self.used_pictures), default=1.0),
            reason="; ".join(dict.fromkeys([reason, *(each.reason for each in self.used_pictures)])),
            reply=reply,
            notices=notices,
        )


def split_versions(text: str) -> list[str]:
    """ "one blue and one red" asks for two pictures, each a change of its own."""
    found = re.fullmatch(
        r"(?:make |turn |change )?(?:(?:it|this|that) )?(?:once |one (?:version )?|a )(?:in "
        r")?(?P<a>\w+)(?: version)?,? and (?:once |(?:another|one) (?:version |one )?|a "
        r")(?:in )?(?P<b>\w+)(?: version)?",
        text,
        re.I,
    )
    return [f"make it {found['a']}", f"make it {found['b']}"] if found else text.split(" | ")

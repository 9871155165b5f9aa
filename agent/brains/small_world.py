"""Honesty about an engine that knows few words: refuse an unknown thing, name an ignored detail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.brains.lexicon import COMPOUNDS, SYNONYMS, singular
from agent.brains.subjects import main_phrase
from agent.domain import DecisionStep

__all__ = ["SmallWorld"]

_ADDED = re.compile(
    r"\b(?:add|put|place|draw|give (?:it|the [a-z]+))\s+(?P<what>(?:an?|two|three|four|some|one)\s.+)", re.I
)
_INTO = re.compile(r"\b(?:replace|turn|change|swap)\b.+?\b(?:with|into)\b (?P<what>an? .+)", re.I)

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("text", re.compile(r"\bsign (?:to|say|says)\b|\bword on the sign\b", re.I)),
    ("background", re.compile(r"\bbackground\b", re.I)),
    ("global", re.compile(r"^(?:mirror|flip|blur)\b|\b(?:fog|foggy|blurry|darker|brighter)\b", re.I)),
    (
        "local",
        re.compile(r"^move\b|\b(?:bigger|larger|smaller|tiny)$|^put .* further\b|^(?:replace|swap)\b", re.I),
    ),
)
_KIND_NAMES: dict[str, tuple[str, str]] = {
    "add": ("add things", "添加东西"),
    "remove": ("remove things", "去掉东西"),
    "color": ("recolour things", "换颜色"),
    "background": ("change the background", "换背景"),
    "style": ("change the style", "换风格"),
    "local": ("replace, move or resize things", "替换、移动或缩放东西"),
    "global": ("add fog, blur, mirror, darken or brighten", "加雾、模糊、翻转、调明暗"),
    "text": ("change the word on a sign", "改牌子上的字"),
}


class SmallWorld:
    """The engine's words; with none it draws anything and nothing is refused."""

    def __init__(self, vocabulary: Mapping[str, Sequence[str]], language: str) -> None:
        self.classes = tuple(vocabulary.get("classes", ()))
        self.words = {
            word for group in vocabulary.values() for entry in group for word in entry.lower().split()
        }
        self.edits = tuple(vocabulary.get("edits", ()))
        self.styles = tuple(vocabulary.get("styles", ()))
        self.language = language

    def refusal(self, steps: Sequence[DecisionStep]) -> str:
        """Empty when every main thing is known. What needs no engine needs no words of it either."""
        steps = [step for step in steps if step.kind != "adjust"]
        if not self.classes:
            return ""
        unlearnt = [kind for step in steps for kind in [self.unlearnt_edit(step)] if kind]
        if unlearnt:
            return self.cannot(unlearnt[0])
        unknown = [name for step in steps for name in [self.unknown_thing(step)] if name]
        if not unknown:
            return ""
        names, things = (
            "、".join(unknown) if self.language == "zh" else ", ".join(unknown),
            ", ".join(self.classes),
        )
        if self.language == "zh":
            return f"我不认识“{names}”。离线时我能画这些：{things}。换成公开发布的模型就什么都能画。"
        return (
            f'I do not know "{names}". I can draw these things offline: {things}; a published '
            f"checkpoint draws anything."
        )

    def unlearnt_edit(self, step: DecisionStep) -> str:
        """The kind of a change that these weights were never shown; empty when they were."""
        if step.kind != "edit" or not self.edits:
            return ""
        found = next((kind for kind, pattern in _KINDS if pattern.search(step.prompt)), "")
        return "" if found in self.edits else found

    def cannot(self, kind: str) -> str:
        """Says what the weights have not learnt and what they have."""
        known = [_KIND_NAMES[each] for each in self.edits if each in _KIND_NAMES]
        name = _KIND_NAMES[kind]
        if self.language == "zh":
            return f"离线的权重还没学会{name[1]}。会的是：{'、'.join(each[1] for each in known)}。"
        return (
            f"The weights here have not learnt to {name[0]}. They can {', '.join(each[0] for each in known)}."
        )

    def notices(self, steps: Sequence[DecisionStep]) -> tuple[str, ...]:
        """Names the words that the engine will ignore."""
        if not self.classes:
            return ()
        ignored = [
            word
            for step in steps
            if step.kind != "adjust"
            for word in re.findall(r"[A-Za-z]+|[\u3400-\u9fff]+", step.prompt)
            if not self.knows_word(word)
        ]
        if not ignored:
            return ()
        names = ", ".join(dict.fromkeys(ignored))
        return (
            f"这些词我还不懂，画的时候忽略了：{names}。"
            if self.language == "zh"
            else f"I do not know these words yet and left them out: {names}.",
        )

    def knows_word(self, word: str) -> bool:
        word = word.lower()
        return bool({word, singular(word), self.known_as(word)} & self.words)

    def known_as(self, word: str) -> str:
        one = singular(word.lower())
        return SYNONYMS.get(word.lower(), SYNONYMS.get(one, one))

    def unknown_thing(self, step: DecisionStep) -> str:
        """The main thing of a drawing, or what an edit brings in, when the engine has never seen it."""
        text = step.prompt
        if step.kind == "edit":
            found = _INTO.search(text) or _ADDED.search(text)
            if not found or any(style in text.lower() for style in self.styles):
                return ""
            text = found["what"]
        phrase = main_phrase(text)
        return "" if self.knows_thing(phrase) else phrase or text

    def knows_thing(self, phrase: str) -> bool:
        said = re.findall(r"[A-Za-z]+", phrase.lower())
        text = (
            f" {' '.join(map(self.known_as, said))} | {' '.join(said)} |"
            f" {' '.join(said[:-1] + [singular(each) for each in said[-1:]])} "
        )
        foreign = [each for each in COMPOUNDS if f" {each} " in text and each not in self.classes]
        for compound in foreign:
            text = text.replace(f" {compound} ", " ")
        return any(f" {each} " in text for each in self.classes)

    def in_known_words(self, prompt: str) -> str:
        """Synonyms put into the engine's own words ("puppy" -> "dog")."""

        def known(found: re.Match[str]) -> str:
            word = found[0]
            if word.lower() in self.words or singular(word.lower()) in self.words:
                return word
            name = self.known_as(word)
            if name not in self.classes:
                return word
            return f"{name}s" if singular(word.lower()) != word.lower() and name != "fish" else name

        return re.sub(r"[A-Za-z]+", known, prompt) if self.classes else prompt

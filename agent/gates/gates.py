"""All gates of this house, asked one after the other: the first that refuses has the say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from agent.errors import UnsafeRequest
from agent.gates.gate import Gate, Harm, Subject
from agent.gates.rules import RuleGate, undresses_minors
from agent.replies import Replies

__all__ = ["Gates", "language_of"]


@dataclass(frozen=True, kw_only=True)
class Gates:
    """The rules for words, unless others are given. Rules cannot see: nobody judges pictures by default."""

    gates: Sequence[Gate] = (RuleGate(),)

    @property
    def look(self) -> bool:
        """Whether pictures are judged."""
        return any(gate.looks for gate in self.gates)

    def require_words(self, text: str, language: str, *, shown: str = "", is_upload: bool = False) -> None:
        """Raises UnsafeRequest, or GateUnavailable where nobody can tell."""
        self._require(Subject(text=text, shown=shown, is_upload=is_upload), language)

    def require_unwanted(self, unwanted: str, prompt: str, language: str) -> None:
        """Of a negative prompt. Raises UnsafeRequest."""
        if undresses_minors(unwanted, prompt):
            raise UnsafeRequest(sentence(Harm.MINORS, Replies(language)))

    def require_picture(self, image: Image.Image, language: str) -> None:
        """Raises UnsafeRequest, or GateUnavailable where nobody can tell."""
        self._require(Subject(image=image), language)

    def _require(self, subject: Subject, language: str) -> None:
        for gate in self.gates:
            harm = gate.check(subject).harm
            if harm is not None:
                raise UnsafeRequest(sentence(harm, Replies(language)))


def sentence(harm: Harm, replies: Replies) -> str:
    """What the user is told."""
    match harm:
        case Harm.MINORS:
            return replies.say(
                "I do not make sexual pictures of minors. Please ask for something else.",
                "我不生成涉及未成年人的色情内容。请换一个要求。",
            )
        case Harm.UNDRESSING:
            return replies.say(
                "I do not undress people in pictures. Please ask for another change.",
                "我不会脱去图片中人物的衣服。请换一种修改。",
            )
        case Harm.REAL_PERSON:
            return replies.say(
                "I do not make sexual pictures of real people. Please ask for something else.",
                "我不生成真实人物的色情内容。请换一个要求。",
            )
        case Harm.OTHER:
            return replies.say(
                "This is not drawn here: the safety check refuses it. Please ask for something else.",
                "安全检查拒绝了这个要求，所以不能生成。请换一个要求。",
            )


def language_of(text: str) -> str:
    """Before a brain has read it."""
    return "zh" if any("\u4e00" <= each <= "\u9fff" for each in text) else "en"

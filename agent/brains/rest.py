"""Words that ask to keep all else as it is: heard, and taken out of what an engine reads."""

from __future__ import annotations

import re

__all__ = ["keeps_rest", "without_rest"]

_REST = (
    r"(?:everything else|every(?:thing)? other \w+|all (?:the )?(?:rest|else)|all other \w+|(?:the )?rest"
    r"(?: of (?:it|the (?:picture|image|photo|scene)))?|the remaining \w+|(?:any|every) ?thing else"
    r"|everything apart from (?:it|that|this))"
)
_AS_IS = (
    r"(?: (?:exactly|just|completely|entirely|all|absolutely))*(?: (?:as (?:it|they) (?:is|was|are|were)"
    r"(?: (?:now|before))?|as is|the same|the way (?:it|they) (?:is|was|are|were)|alone|unchanged|untouched"
    r"|unmodified|intact|like it (?:is|was)|in place))"
)
_ENGLISH = re.compile(
    r"[\s,;.]*(?:\b(?:and|but|while|so)\b,? )*(?:\bplease )?(?:"
    rf"\b(?:keep|keeping|leave|leaving|let) {_REST}(?: stay)?{_AS_IS}"
    rf"|\b(?:do not|don'?t|never|without) (?:change|changing|touch|touching|alter|altering|modify|modifying)"
    rf" {_REST}"
    rf"|\b(?:change|touch|alter|modify) nothing else"
    rf"|\bnothing else (?:should|may|must|is to|shall) (?:be )?(?:change|touche|altere|modifie)d?"
    rf"|\b{_REST} (?:should|must|has to|shall|may|can) (?:stay|remain|be(?: kept| left)?){_AS_IS}"
    rf"|\b{_REST} (?:stays|remains){_AS_IS}"
    r")(?=$|[\s,.;!?])",
    re.I,
)
_ONLY_ENGLISH = re.compile(r"\b(?:change|edit|modify) only (?=the |its |his |her )|\bonly (?=change )", re.I)
_CHINESE = re.compile(
    r"[\s，,。；;]*(?:但|但是|并且?|同时|而)?(?:请|让|要|把|将)?(?:其他|其它|其余|别的|剩下|剩余)"
    r"(?:的?(?:地方|部分|东西|内容|一切|区域|元素)|的)?(?:全部|都|全|一律|请|要|完全)*"
    r"(?:保持|维持)?(?:不变|不要(?:动|变|改)|不动|别动|别改|不改|原样|保留|照旧|一样)(?:不变|原样)?"
    r"|[\s，,。；;]*(?:保持|保留)(?:其他|其它|其余|别的)(?:的?(?:地方|部分|东西|内容|一切|区域)|的)?(?:都|全)*"
    r"(?:不变|原样|不动)?"
    r"|[\s，,。；;]*(?:不要|别)(?:改变|改动|改|动|碰)(?:其他|其它|其余|别的)(?:的?(?:地方|部分|东西|内容)|的)?"
)
_ONLY_A_LOOK = re.compile(
    r"(?:只|仅)(?:改|换)(?P<thing>[^，,]+?)(?:的颜色)?[，,]\s*(?:改|换|变)(?:成|为)(?P<look>[^，,]+)"
)
_ONLY_CHINESE = re.compile(r"(?:请)?(?:只|仅)(?=(?:需要?|要)?(?:把|将|改|换|变|给))(?:需要?|要)?")


def keeps_rest(message: str) -> bool:
    """Whether the message asks that nothing else changes."""
    return any(pattern.search(message) for pattern in (_ENGLISH, _CHINESE, _ONLY_ENGLISH, _ONLY_CHINESE))


def without_rest(text: str) -> str:
    """The text without those words; as it is where nothing else would be left."""
    bare = _ONLY_ENGLISH.sub("change ", _ENGLISH.sub("", text))
    bare = re.sub(r"\bchange change ", "change ", bare, flags=re.I)
    bare = _ONLY_A_LOOK.sub(r"把\g<thing>改成\g<look>", _CHINESE.sub("", bare))
    bare = _ONLY_CHINESE.sub("", bare).strip(" ,;，；")
    return bare or text

"""Words as they were meant to be read: without the tricks that hide them from a list of words."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["readings"]

LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһкмтвнпɡαεορυικντӏ",
    "aeopcyxijsdhkmtbhngaeopuikvtl",
)
TRADITIONAL = str.maketrans(
    "脫褲體愛兒裝軟門過換臉圖裡裏內個這讓給幫親學師員處", "脱裤体爱儿装软门过换脸图里里内个这让给帮亲学师员处"
)
LEET = str.maketrans("0134578@$!|", "oieastbasil")
WILD = {
    "n*ked": "naked", "n*de": "nude", "nvde": "nude", "p*rn": "porn", "pr0n": "porn", "pron": "porn",
    "s*x": "sex", "f*ck": "fuck", "und*ess": "undress",
}  # fmt: skip
SPACED = re.compile(r"(?<![a-z0-9])(?:[a-z0-9@$!][\s._*|/-]+){2,}[a-z0-9@$!](?![a-z0-9])")
INSIDE = re.compile(r"(?<=[a-z])[._'-](?=[a-z])")
BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff])[^\w，。！？；：、]+(?=[\u4e00-\u9fff])")
TOKEN = re.compile(r"[^\s,;:?\"()]+")
THRICE = re.compile(r"([a-z])\1{2,}")
SPLIT = re.compile(r"\b(und ?r ?ess|un ?dr ?ess|nu dify|nud ify|deep nude|na ked|nak ed|nu de)\b")


def readings(text: str) -> str:
    """The text as it stands, and on further lines as it may be meant, all in small letters."""
    plain = folded(text)
    joined = INSIDE.sub("", SPACED.sub(lambda match: re.sub(r"[\s._*|/-]", "", match[0]), plain))
    joined = BETWEEN_HAN.sub("", SPLIT.sub(lambda match: match[0].replace(" ", ""), joined))
    for hidden, word in WILD.items():
        joined = joined.replace(hidden, word)
    letters = TOKEN.sub(lambda match: as_letters(match[0]), joined)
    lines = (plain, joined, letters, THRICE.sub(r"\1", letters))
    return "\n".join(dict.fromkeys(lines))


def folded(text: str) -> str:
    """One form for each letter: no accents, nothing invisible, no other alphabet's lookalikes."""
    parts = unicodedata.normalize("NFKD", text)
    seen = "".join(
        each for each in parts if unicodedata.category(each) not in {"Cf", "Mn", "Me", "Cc"} or each in "\n\t"
    )
    composed = unicodedata.normalize("NFKC", seen).lower()
    return composed.translate(LOOKALIKES).translate(TRADITIONAL)


def as_letters(token: str) -> str:
    """Figures and signs among letters read as letters."""
    if not any(each.isalpha() for each in token):
        return token
    return token.translate(LEET)

"""One check on words and one on pixels."""

from __future__ import annotations

import re

from PIL import Image

from agent.errors import UnsafeRequest
from engines.errors import NonFiniteOutput

__all__ = ["check_picture", "check_unwanted", "check_words"]

MINOR = re.compile(
    r"\b(?:child(?:ren)?|kids?|toddlers?|infants?|bab(?:y|ies)|teen(?:s|agers?)?|pre-?teens?|underaged?|minors"
    r"|school ?(?:girl|boy)s?|little (?:girl|boy)s?|young (?:girl|boy)s?"
    r"|(?:[1-9]|1[0-7])[- ]?(?:years?[- ]olds?|y/?o))\b"
    r"|儿童|孩子|小孩|幼女|幼童|女童|男童|婴儿|未成年|小学生|初中生|中学生",
    re.IGNORECASE,
)
SEXUAL = re.compile(
    r"\b(?:sex(?! of\b)|sexual(?:ly|i[sz]ed)?|sexy|nudes?|nudity|naked(?! mole)|topless|porn\w*|erotic\w*"
    r"|lingerie|nsfw|hentai|undress\w*|nudify|genitals?|orgasm\w*|masturbat\w*)\b|色情|裸体|裸照|全裸|赤裸|性爱|情色|淫",
    re.IGNORECASE,
)
ALWAYS = re.compile(
    r"\b(?:csam|lolicon|shotacon|child porn\w*|kiddie porn\w*|pedo\w*|paedo\w*|nudify|deep ?nudes?)\b"
    r"|萝莉控|恋童",
    re.IGNORECASE,
)
UNDRESS = re.compile(
    r"\b(?:undress\w*|strip (?:her|him|them)|nudes?|naked(?! mole)|topless|nsfw|porn\w*"
    r"|without (?:any )?clothes|(?:remove|take off) (?:her|his|their|the|all) cloth\w*)\b|脱掉?衣服|脱光|裸",
    re.IGNORECASE,
)

CLOTHES = re.compile(
    r"\b(?:cloth(?:es|ing|ed)?|dress(?:es|ed)?|garments?|outfits?|underwear|pants|shirts?|skirts?|swimsuits?)\b"
    r"|衣服|衣物|裙|裤|穿",
    re.IGNORECASE,
)
"""Nobody asks for a child without these in good faith."""


def check_words(words: str, context: str = "", *, is_upload: bool = False) -> None:
    """Refuse sexual content with minors, and undressing an uploaded picture; raises UnsafeRequest.

    `context` is what a picture to be changed was made of: it counts for who is shown, not for what is asked.
    """
    if ALWAYS.search(words) or (SEXUAL.search(words) and MINOR.search(f"{words}\n{context}")):
        raise UnsafeRequest("I do not make sexual pictures of minors. Please ask for something else.")
    if is_upload and UNDRESS.search(words):
        raise UnsafeRequest("I do not undress people in uploaded pictures. Please ask for another change.")


def check_unwanted(words: str, prompt: str) -> None:
    """Refuse to undress minors by what a picture shall not show; raises UnsafeRequest."""
    if CLOTHES.search(words) and MINOR.search(prompt):
        raise UnsafeRequest("I do not make sexual pictures of minors. Please ask for something else.")


def check_picture(image: Image.Image) -> None:
    """Refuse a picture of one colour: NaN turns into black on the way to pixels; raises NonFiniteOutput."""
    extrema = image.convert("RGB").getextrema()
    if all(isinstance(each, tuple) and each[1] - each[0] <= 1 for each in extrema):
        raise NonFiniteOutput("The engine returned an empty picture. Please try again with another seed.")

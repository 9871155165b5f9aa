"""How English people ask for several pictures, or for the same once more."""

from __future__ import annotations

import re

__all__ = ["AGAIN", "COUNTS"]

_I = re.IGNORECASE

_N = r"one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2}|(?:a )?couple of|a couple|a few|several|some"
_VERSIONS = (
    r"(?:different |more |separate |other |alternative |new |random )*(?:versions?"
    r"|variations?|variants?|pictures?|images?|photos?|options?|candidates?|alternatives?"
    r"|designs?|concepts?|drafts?|mock-?ups?|drawings?|paintings?|renders?|renditions?|takes|copies"
    r"|samples|illustrations?|pics"
    r"|sketches|tries|results|ideas)"
)
COUNTS = (
    (
        rf"[, (]*\b(?:in |as |x |with )?(?P<n>{_N}|both|a dozen|twelve|twenty) (?:of (?:them"
        rf"|these|those|it)|{_VERSIONS})\b(?: of(?= )| (?:showing|with) (?=an? ))?\)?"
    ),
    rf"\b(?P<n>{_N}) (?=(?:(?!of\b|and\b|with\b)[\w-]+ ){{1,2}}(?:ideas|designs|concepts|options|drafts"
    rf"|variants"
    r"|variations|versions|proposals|mock-?ups)\b)",
    r"[, ]*\b(?P<n>\d{1,2}) ?(?:x|times)\b(?! ?\d)",
    r"[, ]+x ?(?P<n>[2-9])$",
    r"[, ]+(?:in )?(?P<n>two|three|four|five|six|[2-9]) (?:different |separate )?ways\b",
    r"[, ]*\b(?P<n>twice|two times|three times|four times)\b(?! (?:as|the)\b)",
)
AGAIN = re.compile(
    rf"(?:none of (?:them|these|those),? )?(?:(?:make|draw|generate|create|give me|show me|do|paint|try"
    rf"|i want|i'd like|let me "
    rf"see|let's see|i need|get me|render|produce|can i (?:see|have|get)|may i "
    rf"have)\s+)?(?:me )?(?:"
    rf"(?:it |that |this )?(?P<n4>{_N}) (?:more |other |further )?times(?: more)?|(?:it |that |this "
    r"|the (?:same|last|first) (?:one|picture|thing) |one |them "
    rf")?(?:again|once more|one more time|another time|over)|(?:another|one more|a new|yet "
    rf"another|a different|an alternative|a second)(?: (?:one|try|go|attempt|version"
    rf"|variation|variant|take|picture|image|option|candidate|alternative|seed|like (?:it"
    rf"|this|that)))*|(?:try again with |again[, ]+)?(?P<n1>{_N}) (?:more|others?|new ones|different "
    r"ones)(?: (?:of (?:them|those|these|it|the same)|versions?"
    rf"|variations?|variants?|ones?|pictures?|images?|options?|times?|like (?:it|this|that"
    rf"|these|them)|candidates?|please))*|(?P<n5>{_N}) more \w+ like (?:these|those|them|it|this|that)"
    rf"|(?P<n2>{_N}) (?:(?:different |other |new "
    rf"|alternative )*(?:versions?|variations?|variants?|options?|candidates?|alternatives?"
    rf"|takes))(?: of (?:it|this|that|the (?:picture|image|photo|same(?: thing)?|(?:first"
    rf"|second|third|last) (?:one|picture|image))))?|(?:(?:some )?more (?:like (?:it|this"
    rf"|that|these)|versions|variations|options|of (?:it|this|these|those|them|the same))"
    rf"|more|variations?(?: of (?:it|this|that))?)|(?P<n3>{_N}) of (?:them|it|those|these)"
    rf"|(?:the )?same (?:prompt|words|description|thing)(?: again| once more| one more time)"
    rf"|(?:the )?same (?:prompt|words|description|thing)?,?(?: with)?(?: an?)? (?:new|different"
    rf"|another) (?:seed|try)"
    rf"|the same (?:thing |one |picture )?(?:again|once more|(?:with|using) (?:a "
    rf")?(?:different|new|another) seed)|try again|retry|redo(?: (?:it|that|this))?"
    rf"|regenerate(?: (?:it|that|this))?|reroll|re-?draw (?:it|that|this)|(?:with )?(?:a "
    rf")?(?:different|new|another) seed)"
    r"(?:[, ]+(?:but|only|just|this time|except)(?: this time)?,? (?P<change>.+))?(?:,? please)?",
    _I,
)

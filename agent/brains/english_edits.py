"""Any way of asking for a change put as one plain imperative: "same but blue" -> "make it blue"."""

from __future__ import annotations

import re

from agent.brains.lexicon import COLORS, STYLES

__all__ = ["as_instruction", "short_edit", "with_subject"]

_COLOR = rf"(?:(?:bright|dark|light|deep|pale|hot|neon|sky|navy|royal) )?(?:{'|'.join(COLORS)})"
_STYLE = "|".join(sorted(map(re.escape, STYLES), key=len, reverse=True))
_STATE = (
    r"(?:much |a (?:bit|little|lot) |slightly |way |even |far )?(?:bigger|smaller|larger"
    r"|darker|brighter|lighter|taller|shorter|thinner|fatter|wider"
    r"|longer|rounder|older|younger|happier|sadder|fluffier|sharper|softer|warmer|colder"
    r"|cooler|scarier|cuter|simpler|closer|bluer|redder|greener"
    r"|more \w+|less \w+|transparent|invisible|blurry|huge|tiny|big|small|darker|asleep"
    r"|golden|shiny|wooden|happy|sad|angry|round|striped|spotted|furry|smiling|upside down"
    r"|colou?rful)"
)
_LIGHT = (
    r"(?:(?:much |a (?:bit|little|lot) |slightly |way |even |far )?(?:dark|bright|light)(?:er)?"
    r"|blurry|foggy)\b"
)
"""Said of "it", these change the whole picture and no thing in it."""
_COMPARATIVE = (
    r"(?:bigger|smaller|larger|darker|brighter|lighter|taller|shorter|thinner|fatter|wider"
    r"|longer|rounder|older|younger"
    r"|happier|fluffier|sharper|softer|warmer|colder|higher|lower|thicker|louder|curlier"
    r"|straighter|greener|bluer|redder)"
)
_TIME = (
    r"(?:night(?:time)?|day(?:time)?|sunset|sunrise|dusk|dawn|midnight|noon|winter|summer"
    r"|autumn|spring|evening|morning)"
)
_PLACE = r"(?:in|on|at|inside|under|near|by|against|over|underwater|outside|indoors|outdoors)"
_IT = r"(?:it|this|that|him|her|them)"

_REWRITES: tuple[tuple[str, str], ...] = (
    (r"^(?:and|but|also|now|just|then|please|maybe)\s+", ""),
    (
        (
            r"^(?:(?:me|him|her|us|them)(?= but\b)|(?:the )?same)(?: thing| one| picture| image| idea"
            r"| scene| setup)?(?:"
            r" again)?,? (?:but|only|just|except"
            r"|with|without|in|at|on|as)?\s*"
        ),
        "~",
    ),
    (r"^(?:i (?:want|need|would like|would prefer|wish)|i'd (?:like|prefer|love)) to ", ""),
    (r"^(?:what if|how about|what about) (?:we |you )?(?=\w+ing\b)", ""),
    (
        (
            r"^(?:what if|how about|what about|can|could|would|may|might) (it|this|that|he|she"
            r"|they|the [\w ]+?) (?:was|were|had|is|be|have|has|wore|look(?:ed|s)?|become"
            r"|became)\b"
        ),
        r"\1 should be",
    ),
    (r"^how (?:would|does|will) (it|this|that|he|she|the [\w ]+?) look (?:like )?", r"\1 should be "),
    (r"^what would (?:i|we) look like (?=with |wearing )", "make it "),
    (r"^what would (it|this|that|he|she|the [\w ]+?) look like ", r"\1 should be "),
    (
        r"^(?:i (?:want|need|would like|would prefer|wish)|i'd (?:like|prefer|love)) (there to be|there) ",
        "add ",
    ),
    (r"^there should be ", "add "),
    (
        (
            r"^(?:i (?:want|need|would like|would prefer|wish)|i'd (?:like|prefer|love)) (it|this"
            r"|that|him|her|them|everything|the [\w ]+?)(?: to be| to look| to have| to become| "
            r"to wear)? (?=\S+)"
        ),
        r"make \1 ",
    ),
    (r"^(?:i (?:want|need|would like)|i'd (?:like|love)) ((?:an?|some|more) )", r"add \1"),
    (
        (
            r"^(it|this|that|he|she|they|(?:the|its?|his|her|their) [\w ]+?) (?:should|must|needs?"
            r"|has to|ought to|could|can|would|might)(?: to)? (?:be|look|become) (?:wearing"
            r"|holding) "
        ),
        r"give \1 ",
    ),
    (
        (
            r"^(it|this|that|he|she|they|(?:the|its?|his|her|their) [\w ]+?) (?:should|must|has to"
            r"|ought to|could|can) (?:have|wear|get|hold) "
        ),
        r"give \1 ",
    ),
    (
        (
            r"^(it|this|that|he|she|they|(?:the|its?|his|her|their) [\w ]+?) (?:needs?|could use"
            r"|is missing) (?=an? |some |more |two |three )"
        ),
        r"give \1 ",
    ),
    (
        (
            r"^(it|this|that|he|she|they|(?:the|its?|his|her|their) [\w ]+?) (?:should|must|needs?"
            r"|has to|ought to|could|can|would|might)(?: to)? (?:be|look|become)(?: more like)? "
        ),
        r"make \1 ",
    ),
    (
        r"^(?:it(?:'s| is| looks)?|that(?:'s| is)|this is)? ?(?:(?:a bit|a little|much|way|far|still"
        r"|just) )*too "
        r"(dark|bright|big|small|large|light)\b.*$",
        r"make it less \1",
    ),
    (
        r"^(?:the|its|his|her|their) ([\w ]+?)(?: |(?='s))(?:is|are|looks?|seems?|'s) (?:still |way "
        r"|far |much |a bit |a little "
        r"|kind of |just |really )*too (dark|bright|big|small|large|light|short|tall|long|thin|thick)\b.*",
        r"make the \1 less \2",
    ),
    (
        r"^i(?:'d| would)? (?:want|like|love) to (?:see|have) (it|him|her|them|this|that|the \w+) ",
        r"make \1 ",
    ),
    (
        r"^(?:it|he|she|they) ?(?:is|are|looks?|seems?|'s) (?:still |way |far |much |a bit |a little "
        r"|kind of |just "
        r"|really )*too (\w+)\b.*",
        r"make it less \1",
    ),
    (r"^(?:let|have) (it|him|her|this|the [\w ]+?) (?:be|look|wear) ", r"make \1 "),
    (r"^adding ", "add "),
    (r"^removing ", "remove "),
    (r"^changing ", "change "),
    (r"^turning ", "turn "),
    (r"^making ", "make "),
    (r"^putting ", "put "),
    (r"^giving ", "give "),
    (r"^replacing ", "replace "),
    (r"\b(?:twice|two times|three times) as (?:big|large)\b", "much bigger"),
    (r"\bhalf as (?:big|large)\b|\bhalf the size\b", "much smaller"),
    (r"^make (.+?) less (?:dark|dim)\b", r"make \1 brighter"),
    (r"^make (.+?) less (?:bright|light)\b", r"make \1 darker"),
    (r"^make (.+?) less (?:big|large)\b", r"make \1 smaller"),
    (r"^make (.+?) less (?:small|tiny|little)\b", r"make \1 bigger"),
    (r"^make (.+?) less (?:short|low)\b", r"make \1 taller"),
    (r"^make (.+?) less (?:tall|long)\b", r"make \1 shorter"),
    (r"^make (.+?) less thin\b", r"make \1 thicker"),
    (r"^(?:how|what) about (some|a few|more|another|less|fewer) ", r"add \1 "),
    (
        r"^(?:get|take|cut|leave) (.+?) (?:out|off|away)(?: of (?:there|it|here|the picture))?(?: again)?$",
        r"remove \1",
    ),
    (r"^make (it|this|that|him|her) with ", r"add "),
    (r"^make (it|this|that) without ", "remove "),
    (
        (
            r"^(?:draw|paint|do|show|render|redo|redraw|see|show me|want|need|get|have) (it|this"
            r"|that|him|her|them|everything) (?=\S)"
        ),
        r"make \1 ",
    ),
    (r"^(?:draw|paint|show|create|generate|render|sketch) (?=(?:an?|some|two|three|another|more) )", "add "),
    (rf"^make {_IT} (?:in|as|into) (?:an? )?(?=(?:{_STYLE}))", "turn it into "),
    (rf"^make {_IT} in (?=(?:{_COLOR})\b)", "make it "),
    (rf"^make {_IT} (?:at|be|in the) (?:the )?({_TIME})\b", r"make it \1"),
    (rf"^make {_IT} (?={_PLACE} )", "put it "),
    (r"^(?:throw|toss|bring|stick|pop) in ", "add "),
    (r"^(?:get|go|come|move)(?: a (?:bit|little))? closer(?: to (.+))?$", "zoom in on \\1"),
    (r"^zoom in on $", "zoom in"),
    (r"^(?:introduce|include|insert|attach) ", "add "),
    (r"^(?:lose|drop|delete|erase|get rid of|take (?:away|out|off)|cut out|wipe|clear) ", "remove "),
    (r"^(?:swap|exchange|substitute|switch) (?:out )?(.+?) (?:for|with|to) ", r"replace \1 with "),
    (r"^it should be at (?:the )?", "make it "),
    (r"^it should be ", "make it "),
    (r"\s+(?:instead|please|now|for me)$", ""),
)


def as_instruction(text: str) -> str:
    """The change as an order that an edit engine was trained on."""
    text = text.strip(" ,.!?")
    for pattern, replacement in _REWRITES:
        text = re.sub(pattern, replacement, text, flags=re.I).strip()
        if text.startswith("~"):
            rest = text[1:].strip()
            found = re.search(r"\b(without|with|in|at|on|as) *$", text[:0])
            return short_edit(rest) or (found[0] if found else "") or f"make it {rest}"
    instead = re.fullmatch(r"(?:use |make (?:it|that) )?(.+?) instead of (.+)", text, re.I)
    if instead:
        return f"replace {instead[2]} with {instead[1]}"
    return text


def short_edit(text: str) -> str | None:
    """The order behind a change named without a verb ("bigger", "at night", "no hat"); None if it is none."""
    text = re.sub(
        r"^(?:and|but|also|now|just|then|only|maybe|this time|please|except)\s+|\s+(?:please"
        r"|now|instead|this time)$",
        "",
        text.strip(" ,.!?"),
        flags=re.I,
    )
    for pattern, replacement in _SHORT:
        found = re.fullmatch(pattern, text, re.I)
        if found:
            return found.expand(replacement)
    return None


_SHORT: tuple[tuple[str, str], ...] = (
    (
        r"(?:an? )?((?:\w+ )?(?:poster|cartoon|comic|painting|drawing|sketch|sticker|logo|card"
        r"|stamp)) (?:out of|from) (?:it|this|that).*",
        r"turn it into a \1",
    ),
    (r"(?:it |this |that )?in (black and white|gr[ae]yscale|sepia|monochrome)", r"make it \1"),
    (r"(?:it )?(?:plus|and also|along with) ((?:an?|some|two|three|more) .+)", r"add \1"),
    (
        r"(?:it )?(?:as|in) (?:an? )?(3-?d(?: render(?:ing)?| style| model)?|cgi|clay model|lego)",
        r"turn it into a \1",
    ),
    (
        r"(?:just )?(?:like|as if|as though) (.+? (?:had |would have )?(?:painted|drawn|drew|made"
        r"|photographed|done|by)(?: it| by .+)?)",
        r"make it look like \1",
    ),
    (r"(?:as )?(?:painted|drawn|made|photographed|done) by (.+)", r"make it look as painted by \1"),
    (r"(?:and |but )?(?:it |him |her )?without (?:the |a |an |any |its |his |her )?(.+)", r"remove the \1"),
    (
        r"no (?:more )?(?!thanks|way|problem|idea|changes?|need|worries|doubt|rush|hurry)(\w+(?: \w+)?)",
        r"remove the \1",
    ),
    (
        r"instead of (.+?),? (?:i (?:want|need|would like)|i'd (?:like|prefer)|make it|use|put|draw"
        r"|have|give me) (.+)",
        r"replace \1 with \2",
    ),
    (
        r"(?:i(?:'d| would) )?(?:rather (?:have |see )?|(?:prefer|like) )(an? .+?) (?:rather than|than"
        r"|to|over) (an? .+)",
        r"replace \2 with \1",
    ),
    (r"(?:the )?(background|sky|style) ?[=:] ?([\w ]+)", r"change the \1 to \2"),
    (r"(?:the )?([\w ]+?) ?(?:->|=>|\u2192) ?([\w ]+)", r"replace the \1 with \2"),
    (r"(?:(?:an?|the) )?(.+?) instead of (.+)", r"replace \2 with \1"),
    (rf"(?:in |(?:it|this|that) in |it )?({_COLOR})(?: one| version)?", r"make it \1"),
    (rf"(?:the |its |his |her )([\w ]+?) (?:in |to )?({_COLOR})", r"make the \1 \2"),
    (rf"({_COLOR}) (background|sky|eyes|hair|fur|roof|hat|floor|wheels)", r"make the \2 \1"),
    (rf"(?:it )?({_STATE})", r"make it \1"),
    (rf"((?:a bit |much |slightly )?{_COMPARATIVE}) ([a-z]+(?: [a-z]+)?)", r"make the \2 \1"),
    (rf"(everything(?: (?:but|except) [\w ]+?)?) (?:in |as )?({_COLOR}|{_STYLE})", r"make \1 \2"),
    (r"(?:still |way |far |much |a bit |a little )*too (?:dark|dim)\b.*", "make it brighter"),
    (r"(?:still |way |far |much |a bit |a little )*too (?:bright|light)\b.*", "make it darker"),
    (r"(?:still |way |far |much |a bit |a little )*too (?:big|large)\b.*", "make it smaller"),
    (r"(?:still |way |far |much |a bit |a little )*too (?:small|tiny)\b.*", "make it bigger"),
    (rf"(?:the |its |his |her )([\w ]+?) ({_STATE})", r"make the \1 \2"),
    (
        rf"(?:now |and now |but |it |this |that )?(?:at |in (?:the )?|during (?:the )?"
        rf"|by )?({_TIME})(?: time)?",
        r"make it \1",
    ),
    (
        rf"(?:it |this |that )?(?:in|as|like) (?:an? )?((?:{_STYLE})(?: style| paintings?| drawings?"
        rf"| photos?)?)",
        r"turn it into \1",
    ),
    (rf"((?:{_STYLE})(?: style| version)?)", r"turn it into \1"),
    (r"(?:in|as) (?:an? |the )?([\w' ]+? (?:style|painting|drawing|sketch))(?: of .+)?", r"turn it into \1"),
    (r"in (?:the )?style of (.+)", r"make it in the style of \1"),
    (r"(?:it )?as (an? [\w -]+)", r"turn it into \1"),
    (r"(?:and |but |it |this |that )?(?:with|wearing) (?!no\b)(.+)", r"add \1"),
    (r"with no (.+)", r"remove the \1"),
    (rf"(?:it |this |that )?({_PLACE} .+)", r"put it \1"),
    (
        r"((?:holding|riding|sitting|standing|lying|sleeping|eating|drinking|playing|reading|running"
        r"|jumping|flying|"
        r"dancing|swimming|smiling|laughing|looking|facing|carrying|driving|walking|crying|waving)\b.*)",
        r"make it \1",
    ),
    (r"less [\w ]+,? (?:and |but )?(more [\w ]+)", r"make it \1"),
    (r"(more like .+)", r"make it \1"),
    (r"((?:more|fewer|less|some more) [\w ]+)", r"add \1"),
    (r"(upside down|mirrored|flipped|zoomed in|zoomed out|blurred|cropped)", r"make it \1"),
    (
        r"((?:brighter|darker|softer|warmer|stronger) (?:light|lighting|colou?rs|background|sky))",
        r"make it \1",
    ),
    (r"((?:snow|rain|fog|storm|sun|wind|cloud)(?:n?y|ing|n?ier)?)(?: weather)?", r"make it \1"),
    (
        r"((?!draw|paint|a |an |the |what|which|my |no )(?:[a-z-]+ ){1,2}(?:background|sky|lighting"
        r"|light|colou?rs?|tones?"
        r"|shadows?|mood|contrast|perspective|style|look))",
        r"use \1",
    ),
    (
        r"((?:an? )?(?:close-?up|side view|top view|full body|wide shot|zoom)(?: (?:of|on) .+)?)",
        r"make it \1",
    ),
)


def with_subject(instruction: str, subject: str | None) -> str:
    """Said of a thing's look, "it" names the thing: "make it blue" -> "make the car blue"."""
    if not subject:
        return instruction
    thing = f"the {subject}"
    text = re.sub(
        rf"^((?:make|paint|colou?r|recolou?r|dye|turn) )(?:it|this|that|him|her)(?= "
        rf"(?:(?:{_COLOR})|(?!{_LIGHT}){_STATE})\b)(?! black and white)",
        rf"\1{thing}",
        instruction,
        flags=re.I,
    )
    text = re.sub(
        r"\b((?:next to|beside|behind|in front of|above|below|under|over|near|around|left of"
        r"|right of|on|onto|to) )(?:it|him|her|that)\b",
        rf"\1{thing}",
        text,
        flags=re.I,
    )
    text = re.sub(r"^(give |dress |let )(?:it|him|her|this|that)\b", rf"\1{thing}", text, flags=re.I)
    return re.sub(
        r"\b(?:on|in) (?:his|her|its) (head|back|face|hand|neck)\b", rf"on {thing}'s \1", text, flags=re.I
    )

"""Exact work on a whole picture, asked for in English: crop, turn, mirror, resize, extend, cut out."""

from __future__ import annotations

import re

from agent.brains.english_clauses import strip_leads
from agent.brains.english_references import find_reference
from agent.brains.reading import Wish
from agent.operations import (
    MOST_PX,
    Axis,
    Crop,
    CutOut,
    Extend,
    Flip,
    Operation,
    Resize,
    Rotate,
    Side,
    Upscale,
)

__all__ = ["enlarged", "operation_of", "read_adjust"]

_PICTURE = r"(?:picture|image|photo|photograph|pic|drawing|painting|illustration|canvas|frame|screenshot)"
_WHOLE = rf"(?:(?:the|this|that|my|our) (?:whole |entire |full )?{_PICTURE}|the whole thing)"
_IT = rf"(?:{_WHOLE}|it|this|that|everything)"
_GROUND = r"(?:the |its |that )?(?:entire |whole )?background"
_N = r"(?P<n>\d+(?:\.\d+)?)"
_DEGREES = rf"(?P<minus>-|minus )?{_N} ?(?:degrees?|deg|°)"
_WAY = (
    r"(?: (?:clockwise|cw|to the right|right(?:wards)?"
    r"|(?P<ccw>(?:counter|anti)[- ]?clockwise|ccw|to the left|left(?:wards)?)))"
)
_SHAPES = {
    "square": 1.0, "landscape": 1.5, "wide": 1.5, "horizontal": 1.5, "widescreen": 16 / 9, "portrait": 2 / 3,
    "vertical": 2 / 3, "tall": 2 / 3,
}  # fmt: skip
_OUTLINE = (
    rf"(?:an? |the )?(?:(?P<shape>{'|'.join(_SHAPES)})"
    r"|(?P<w>\d+(?:\.\d+)?) ?(?P<by>[:x×*]|by|to) ?(?P<h>\d+(?:\.\d+)?)(?: ?(?:px|pixels?))?)"
    r"(?: (?:shape|format|picture|image|outline|aspect ratio|ratio|aspect|orientation|crop|version))?"
)
_SMALLEST_PX = 32
"""From here on "512 x 512" is meant in pixels; below, as an outline."""
_HALVES = {
    "left": Crop(right=0.5), "right": Crop(left=0.5), "top": Crop(bottom=0.5), "upper": Crop(bottom=0.5),
    "bottom": Crop(top=0.5), "lower": Crop(top=0.5),
}  # fmt: skip
_ACROSS, _DOWN = (Side.LEFT, Side.RIGHT), (Side.TOP, Side.BOTTOM)
_SIDES = {
    "left": (Side.LEFT,), "right": (Side.RIGHT,), "top": (Side.TOP,), "upwards": (Side.TOP,),
    "above": (Side.TOP,), "bottom": (Side.BOTTOM,), "downwards": (Side.BOTTOM,), "below": (Side.BOTTOM,),
    "upward": (Side.TOP,), "downward": (Side.BOTTOM,),
    "both sides": _ACROSS, "left and right": _ACROSS, "sides": _ACROSS, "horizontally": _ACROSS,
    "sideways": _ACROSS, "wider": _ACROSS, "top and bottom": _DOWN, "vertically": _DOWN, "taller": _DOWN,
    "higher": _DOWN, "all sides": tuple(Side), "every side": tuple(Side), "each side": tuple(Side),
    "all directions": tuple(Side), "every direction": tuple(Side), "all around": tuple(Side),
    "bigger": tuple(Side), "larger": tuple(Side),
}  # fmt: skip
_SIDE = "|".join(sorted(_SIDES, key=len, reverse=True))
_TIMES = {"double": 2, "twice": 2, "two times": 2, "three times": 3, "four times": 4, "quadruple": 4}
_FACTOR = (
    r"(?: (?:by |to )?(?:a factor of )?(?:x ?(?P<f>\d(?:\.\d+)?)|(?P<g>\d(?:\.\d+)?) ?(?:x|times)?"
    rf"|(?P<word>{'|'.join(_TIMES)})))"
)


def read_adjust(raw: str) -> list[Wish]:
    """The wish of a clause that asks for such work; empty for any other clause."""
    clause = strip_leads(raw).rstrip("?!. ")
    operation = operation_of(clause)
    if operation is not None:
        return [Wish(kind="edit", text=clause, operation=operation)]
    named = find_reference(clause)
    operation = operation_of(named.text) if named else None
    if named is None or operation is None:
        return []
    return [Wish(kind="edit", text=named.text, reference=named.reference, operation=operation)]


def operation_of(order: str) -> Operation | None:
    """What an order for a whole picture means exactly; None where a thing in it may be meant."""
    text = re.sub(r"\s+", " ", order.strip(" ,.!?"))
    for read in (_crop, _trim, _turn, _flip, _resize, _upscale, _extend, _cut_out):
        operation = read(text)
        if operation is not None:
            return operation
    return None


def _match(text: str, *patterns: str) -> re.Match[str] | None:
    return next(filter(None, (re.fullmatch(pattern, text, re.I) for pattern in patterns)), None)


def _aspect(found: re.Match[str]) -> float | None:
    """Width / height of an outline; None for pixels and for what is too long and thin."""
    if found["shape"]:
        return _SHAPES[found["shape"].lower()]
    width, height = float(found["w"]), float(found["h"])
    if _pixels(found) or not height:
        return None
    return width / height if 0.001 <= width / height <= 1000 else None


def _pixels(found: re.Match[str]) -> tuple[int, int] | None:
    """ "512 x 512"."""
    if not found["w"] or found["by"] == ":":
        return None
    width, height = int(float(found["w"])), int(float(found["h"]))
    return (width, height) if min(width, height) >= _SMALLEST_PX else None


def _crop(text: str) -> Operation | None:
    found = _match(text, rf"(?:crop|trim|cut)(?: {_IT})?(?: down)?(?: (?:to|into|in|as|at))? {_OUTLINE}")
    if found:
        pixels, aspect = _pixels(found), _aspect(found)
        if pixels:
            return Crop(width=pixels[0], height=pixels[1])
        return None if aspect is None else Crop(aspect=aspect)
    half = _match(
        text,
        rf"(?:(?:crop|trim|cut)(?: {_IT})?(?: down)? to|crop|keep(?: only| just)?) (?:only |just )?the "
        rf"(?P<half>{'|'.join(_HALVES)}) half(?: of {_IT})?",
    )
    return _HALVES[half["half"].lower()] if half else None


def _trim(text: str) -> Operation | None:
    """So many per cent off one side, or off each."""
    side = (
        r"(?:the )?(?:(?P<side>left|right|top|bottom)(?: side| edge)?|each side|all sides|every side|edges)"
    )
    found = _match(
        text,
        rf"(?:crop|trim|cut)(?: off| away)? {_N} ?(?:%|percent)(?: (?:off|from|of|on|at))? {side}"
        rf"(?: of {_IT})?",
        rf"(?:crop|trim|cut)(?: off| away)? {side}(?: of {_IT})?(?: off)? by {_N} ?(?:%|percent)",
        rf"(?:crop|trim|cut)(?: off| away)? the (?P<side>left|right|top|bottom) {_N} ?(?:%|percent)",
    )
    share = float(found["n"]) / 100 if found else 0
    if found is None or not 0 < share < 1:
        return None
    match (found["side"] or "").lower():
        case "left":
            return Crop(left=share)
        case "right":
            return Crop(right=1 - share)
        case "top":
            return Crop(top=share)
        case "bottom":
            return Crop(bottom=1 - share)
    return Crop(left=share, top=share, right=1 - share, bottom=1 - share) if share < 0.5 else None


def _turn(text: str) -> Operation | None:
    half = rf"(?:turn|rotate|make|put) {_IT} (?:upside[- ]down|by half a turn|half a turn|on its head)"
    if _match(text, half):
        return Rotate(degrees=180)
    found = _match(
        text,
        rf"(?:rotate|turn|spin|tilt)(?: {_IT})?(?: by| through)? {_DEGREES}{_WAY}?",
        rf"rotate(?: {_IT})?(?: by)? (?P<minus>-|minus )?{_N}{_WAY}?",
        rf"(?:rotate|turn|spin|tilt) {_IT}{_WAY} by {_DEGREES}",
        rf"(?P<minus>)(?P<n>)rotate(?: {_IT})?{_WAY}?",
        rf"(?P<minus>)(?P<n>)(?:rotate|turn) {_IT} (?:(?:by )?a quarter(?: turn)?|on its side){_WAY}?",
    )
    degrees = float(found["n"] or 90) if found else 0
    if found is None or degrees > 3600:
        return None
    return Rotate(degrees=-degrees if bool(found["ccw"]) != bool(found["minus"]) else degrees)


def _flip(text: str) -> Operation | None:
    verb = r"(?:flip|mirror|reflect)"
    if _match(text, rf"{verb}(?: {_IT})? (?:vertically|upside[- ]down|(?:from )?top[- ](?:to[- ])?bottom)"):
        return Flip(axis=Axis.VERTICAL)
    found = _match(
        text,
        rf"{verb}(?: {_IT})?(?: (?:horizontally|sideways|(?:from )?left[- ](?:to[- ])?right|around))?",
        rf"make {_IT} (?:mirrored|flipped|a mirror image)",
    )
    return Flip() if found else None


def _resize(text: str) -> Operation | None:
    verb = r"(?:resize|scale|rescale|downscale|upscale|shrink|enlarge|reduce|bring)"
    found = _match(
        text,
        rf"{verb}(?: {_IT})?(?: down| up)?(?: to| into| at)? (?P<w>\d{{1,5}}) ?(?:x|×|by|\*) ?"
        r"(?P<h>\d{1,5})(?: ?(?:px|pixels?))?",
        rf"(?:{verb}|make)(?: {_IT})?(?: down| up)?(?: to)? (?P<w>\d{{1,5}}) ?(?:px|pixels?) "
        r"(?:(?:in )?width|wide|across)(?P<h>)",
        rf"(?:{verb}|make)(?: {_IT})?(?: down| up)?(?: to)? (?P<h>\d{{1,5}}) ?(?:px|pixels?) "
        r"(?:(?:in )?height|high|tall)(?P<w>)",
        rf"{verb}(?: {_IT})? to (?:a )?width of (?P<w>\d{{1,5}})(?: ?(?:px|pixels?))?(?P<h>)",
        rf"{verb}(?: {_IT})? to (?:a )?height of (?P<h>\d{{1,5}})(?: ?(?:px|pixels?))?(?P<w>)",
    )
    if found:
        width, height = (int(found[each]) if found[each] else None for each in ("w", "h"))
        if any(side is not None and not 1 <= side <= MOST_PX for side in (width, height)):
            return None
        return Resize(width=width, height=height)
    part = _match(
        text,
        rf"{verb}(?: {_IT})?(?: down| up)?(?: to)? {_N} ?(?:%|percent)"
        r"(?: of (?:its|the) (?:original )?size)?",
    )
    if part:
        scale = float(part["n"]) / 100
        return Resize(scale=scale) if 0.001 <= scale <= 1000 else None
    size = r"(?: (?:of )?(?:(?:its|the) )?(?:original )?size)?"
    half = (
        rf"(?:(?:resize|scale|rescale|downscale)(?: {_IT})?|(?:shrink|reduce) {_WHOLE})(?: down)?(?: to| by)?"
    )
    return Resize(scale=0.5) if _match(text, rf"{half} (?:a )?half{size}") else None


def _upscale(text: str) -> Operation | None:
    found = _match(
        text,
        rf"(?:up-?scale|up-?sample|up-?res)(?: {_IT})?{_FACTOR}?(?: (?:its |the )?(?:size|resolution))?",
        rf"(?:enlarge|magnify|blow up|scale up) {_WHOLE}{_FACTOR}?",
        rf"(?:scale|resize|enlarge)(?: {_IT})?(?: up)?{_FACTOR}",
        rf"(?:increase|raise) (?:the |its )?resolution(?: of {_IT})?{_FACTOR}?",
        rf"(?P<word>double|quadruple) (?:the |its )?resolution(?: of {_IT})?(?P<f>)(?P<g>)",
        rf"(?:make|give me|show me) {_IT} (?:in |at )?(?:an? )?(?:(?:high|bigg|larg)(?:er)?|hi)[- ]?"
        r"res(?:olution)?(?P<f>)(?P<g>)(?P<word>)",
    )
    if not found:
        return None
    word = (found["word"] or "").lower()
    return enlarged(float(found["f"] or found["g"] or _TIMES.get(word, 2)))


def enlarged(factor: float) -> Operation | None:
    """None for what makes nothing larger."""
    if factor in (2, 4):
        return Upscale(factor=2 if factor == 2 else 4)
    return Resize(scale=factor) if 1 < factor <= 16 else None


def _extend(text: str) -> Operation | None:
    verb = rf"(?:extend|expand|outpaint|uncrop|widen)(?: (?:{_IT}|{_GROUND}))?(?: out)?"
    outline = _match(text, rf"{verb} to {_OUTLINE}")
    aspect = _aspect(outline) if outline else None
    if outline:
        return None if aspect is None else Extend(aspect=aspect)
    amount = re.search(rf" by (?:about )?{_N} ?(?P<unit>%|percent|px|pixels?)(?!\w)", text, re.I)
    rest = f"{text[: amount.start()]}{text[amount.end() :]}" if amount else text
    where = rf"(?: (?:(?:to|on|at|in|towards) )?(?:the |its )?(?P<side>{_SIDE})(?: side| edge)?)"
    found = _match(
        rest,
        rf"{verb}{where}",
        rf"make the canvas{where}",
        rf"(?:add|put)(?: some| more| some more| extra)? (?:space|room|canvas){where}(?: of {_IT})?",
        rf"(?:(?:extend|expand|uncrop|outpaint) {_IT}|outpaint|uncrop|enlarge the canvas)(?P<side>)",
    )
    if not found:
        return None
    sides = _SIDES[found["side"].lower()] if found["side"] else tuple(Side)
    if amount is None:
        return Extend(sides=sides)
    size = float(amount["n"])
    if amount["unit"].lower() in ("%", "percent"):
        return Extend(sides=sides, share=size / 100) if 0 < size <= 100_000 else None
    return Extend(sides=sides, pixels=int(size)) if 1 <= size <= MOST_PX else None


def _cut_out(text: str) -> Operation | None:
    goes = r"(?:remove|delete|erase|get rid of|drop|lose|take (?:away|out|off)|cut (?:out|away)|clear)"
    found = _match(
        text,
        rf"{goes} {_GROUND}(?: (?:from|of|in|behind) {_IT})?",
        rf"make {_GROUND}(?: of {_IT})? transparent",
        rf"(?:make|give|put|set) {_IT} (?:(?:have|with|on|to) )?(?:an? )?transparent background",
        r"(?:(?:add|use|with|on) )?(?:an? )?transparent background",
        r"(?:cut out|isolate) the (?:subject|foreground|main (?:subject|thing|object)|figure|object)",
        rf"(?:make|turn) {_IT} (?:into )?an? (?:png )?cut-?out",
    )
    return CutOut() if found else None

"""Exact work on a whole picture, asked for in Chinese."""

from __future__ import annotations

import re

from agent.brains.chinese_orders import TAIL
from agent.brains.chinese_references import find_reference, value
from agent.brains.english_adjust import enlarged
from agent.brains.reading import Wish
from agent.brains.references import Album
from agent.operations import MOST_PX, Axis, Crop, CutOut, Extend, Flip, Operation, Resize, Rotate, Side

__all__ = ["is_reshaping", "read_adjust"]

_LEAD = re.compile(r"^(?:请|麻烦|帮我|帮忙|能不能|可以|你能|再|然后|现在|给我|我想要?|我要)+")
_IT = (
    r"(?:(?:把|将|给|对)?(?:它|这张图片?|这张照片|这张|这幅画?|整张图片?|图片|图像|图|照片|画面|画布|画)?的?)"
)
_SHAPES = (("正方形|方形|方图|方的", 1.0), ("横向|横版|横图|宽屏", 1.5), ("竖向|竖版|竖图|纵向", 2 / 3))
_PIXELS = r"(?P<w>\d{1,5}) ?(?:[xX×*乘]) ?(?P<h>\d{1,5})(?:像素)?"
_NUMBER = r"[一两二三四五六七八九十]|\d+(?:\.\d+)?"
_SIDES = {"左": (Side.LEFT,), "右": (Side.RIGHT,), "上": (Side.TOP,), "下": (Side.BOTTOM,)}
_HALVES = {"左": Crop(right=0.5), "右": Crop(left=0.5), "上": Crop(bottom=0.5), "下": Crop(top=0.5)}


def is_reshaping(text: str) -> bool:
    """Whether numbers and outlines in the text say how to change a picture, not what to draw."""
    return bool(re.search(r"裁|剪切|扩展|扩图|外扩|缩放|缩小到|放大到|调整(?:到|为|成)?\d", text))


def read_adjust(raw: str, album: Album) -> list[Wish]:
    """The wish of a clause that asks for such work; empty for any other clause."""
    clause = TAIL.sub("", _LEAD.sub("", raw.strip()))
    found = operation_of(clause)
    if found is not None:
        return [Wish(kind="edit", text=words(found), operation=found)]
    named, rest = find_reference(clause, album)
    found = operation_of(TAIL.sub("", rest)) if named else None
    return [] if found is None else [Wish(kind="edit", text=words(found), reference=named, operation=found)]


def words(operation: Operation) -> str:
    """In English, as a picture's words are."""
    match operation:
        case Crop():
            return "crop it"
        case Rotate(degrees=degrees):
            return f"rotate it by {degrees:g} degrees"
        case Flip(axis=Axis.HORIZONTAL):
            return "mirror it"
        case Flip():
            return "flip it vertically"
        case Resize():
            return "resize it"
        case Extend():
            return "extend it"
        case CutOut():
            return "remove the background"
        case _:
            return "upscale it"


def operation_of(text: str) -> Operation | None:
    """What an order for a whole picture means exactly; None where a thing in it may be meant."""
    for read in (_crop, _turn, _flip, _resize, _extend, _cut_out):
        operation = read(text)
        if operation is not None:
            return operation
    return None


def _match(text: str, *patterns: str) -> re.Match[str] | None:
    return next(filter(None, (re.fullmatch(pattern, text) for pattern in patterns)), None)


def _aspect(text: str) -> float | None:
    """Width / height, where the text names an outline."""
    ratio = re.search(r"(\d{1,2})[:：比](\d{1,2})", text)
    if ratio and int(ratio[2]) and int(ratio[1]):
        return int(ratio[1]) / int(ratio[2])
    return next((aspect for names, aspect in _SHAPES if re.search(names, text)), None)


def _crop(text: str) -> Operation | None:
    verb = r"(?:裁剪|裁切|剪裁|裁)(?:成|到|为)?"
    pixels = _match(text, rf"{_IT}{verb}{_PIXELS}")
    if pixels and int(pixels["w"]) and int(pixels["h"]):
        return Crop(width=int(pixels["w"]), height=int(pixels["h"]))
    half = _match(text, rf"{_IT}(?:{verb}|只?保留)(?P<side>[左右上下])(?:边|面)?(?:的)?(?:一)?半(?:边|部分)?")
    if half:
        return _HALVES[half["side"]]
    aspect = _aspect(text)
    is_crop = _match(
        text,
        rf"{_IT}{verb}(?:一个|一张)?[\d:：比]*(?:正方形|方形|方图|方的|横\w|竖\w|宽屏|纵向)?的?(?:比例|格式|图)?",
    )
    return Crop(aspect=aspect) if is_crop and aspect is not None else None


def _turn(text: str) -> Operation | None:
    found = _match(
        text,
        rf"{_IT}(?P<way>顺时针|逆时针|向左|向右|往左|往右)?(?:旋转|转)(?P<n>\d+)(?:度|°)",
        rf"{_IT}(?P<way>顺时针|逆时针|向左|向右|往左|往右)?旋转(?P<n>)",
    )
    if found:
        degrees = int(found["n"] or 90)
        is_counter = found["way"] in ("逆时针", "向左", "往左")
        return Rotate(degrees=-degrees if is_counter else degrees) if degrees <= 3600 else None
    return Rotate(degrees=180) if _match(text, rf"{_IT}(?:倒过来|倒转|颠倒过来)") else None


def _flip(text: str) -> Operation | None:
    if _match(text, rf"{_IT}(?:上下|垂直)(?:翻转|颠倒|镜像|对调)(?:过来)?"):
        return Flip(axis=Axis.VERTICAL)
    found = _match(text, rf"{_IT}(?:做个?)?(?:左右|水平)?(?:翻转|镜像)(?:过来)?", rf"{_IT}左右(?:颠倒|对调)")
    return Flip() if found else None


def _resize(text: str) -> Operation | None:
    verb = r"(?:缩放|缩小|放大|调整|调|改)(?:大小|尺寸)?(?:到|成|为)?"
    found = _match(text, rf"{_IT}(?:大小|尺寸)?{verb}{_PIXELS}")
    if found:
        width, height = int(found["w"]), int(found["h"])
        is_possible = 1 <= min(width, height) <= max(width, height) <= MOST_PX
        return Resize(width=width, height=height) if is_possible else None
    part = _match(text, rf"{_IT}(?:缩放|缩小|放大)(?:到|成|为)(?:原来的)?(?P<n>\d+) ?%")
    if part and 1 <= int(part["n"]) <= 100_000:
        return Resize(scale=int(part["n"]) / 100)
    if _match(text, r"(?:把|将)?(?:这张|整张)?(?:图片|图像|图|照片|画面)缩小(?:到)?(?:一半|一倍)"):
        return Resize(scale=0.5)
    times = _match(
        text,
        rf"{_IT}放大(?P<n>{_NUMBER})倍",
        rf"{_IT}(?:提高|增加)(?:分辨率|清晰度)(?:到)?(?P<n>{_NUMBER})倍",
    )
    if times:
        return enlarged(float(times["n"]) if times["n"][0].isdecimal() else float(value(times["n"])))
    sharper = (
        rf"{_IT}(?:(?:提高|提升|增加)(?:图片|图像)?的?分辨率|超分辨?率?|超分|(?:变|弄|变得)?高清(?:一点|化)?)"
    )
    return enlarged(2) if _match(text, sharper) else None


def _extend(text: str) -> Operation | None:
    verb = r"(?:扩展|延伸|外扩|扩图|扩大|扩)"
    aspect = _aspect(text)
    if aspect is not None and _match(text, rf"{_IT}{verb}(?:画布)?(?:成|到|为).+"):
        return Extend(aspect=aspect)
    amount = r"(?:(?P<n>\d+) ?(?P<unit>像素|%))?"
    found = _match(
        text,
        rf"{_IT}(?:向|往|朝)(?P<side>左右|上下|四周|[左右上下])(?:边|侧|方|面)?{verb}(?:画布)?{amount}",
        rf"(?P<side>)(?:{_IT}{verb}画布|(?:把|将)画布{verb}|扩图|{_IT}外扩){amount}",
    )
    if not found:
        return None
    sides = tuple(side for each in found["side"] or "" for side in _SIDES.get(each, ())) or tuple(Side)
    if not found["n"]:
        return Extend(sides=sides)
    number = int(found["n"])
    if found["unit"] == "%":
        return Extend(sides=sides, share=number / 100) if 1 <= number <= 100_000 else None
    return Extend(sides=sides, pixels=number) if 1 <= number <= MOST_PX else None


def _cut_out(text: str) -> Operation | None:
    found = _match(
        text,
        rf"{_IT}抠(?:图|出来|出主体)",
        rf"{_IT}(?:去掉|去除|删除|删掉|移除|去|抠掉|不要)(?:掉)?背景",
        rf"{_IT}背景(?:去掉|去除|删除|删掉|移除|抠掉)",
        rf"{_IT}背景(?:变成|变|改成|换成|设为|弄成|做成)?(?:为)?透明的?(?:背景)?",
        rf"{_IT}(?:变成|换成|改成|用|要)?透明背景",
    )
    return CutOut() if found else None

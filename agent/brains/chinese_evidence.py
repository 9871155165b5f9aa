"""What a Chinese clause is about when no form of asking fits: weighed by what it names."""

from __future__ import annotations

import re

from agent.brains.chinese_orders import instruction
from agent.brains.chinese_words import NOUN, translate
from agent.brains.lexicon import content_words
from agent.brains.reading import Wish
from agent.brains.references import Album, Reference
from agent.brains.things import is_visible

__all__ = ["likely_change", "likely_picture", "swapped"]

_PERSONAL = re.compile(
    r"^(?:我|你|您|他们|她们|咱|大家|老师|老板|朋友|同事|爸|妈|今天|昨天|明天|最近|现在的|这(?:个|件"
    r"|种)?(?:人|事|电影|书|歌|天|世界)|那就|为什么"
    r"|怎么|谢|哈|嗯|好的|是的|不是(?!.*[，,]))"
)
_ACTS = re.compile(
    r"[放摆挂写画涂加添换改变挪移转翻删去除剪裁调戴穿拿抱骑坐站躺笑看向铺盖贴插长亮暗大小高矮多少旋亮]"
    r"|模糊|清晰|鲜艳|柔和|复古|卡通|黑白"
)
_LOOK = re.compile(
    r"^(?:更|再|稍微|有点|要|用|来点|变|改成|换成|做成|像)*.{0,8}?(?:色|风|风格|风味|色调|画风|感觉"
    r"|氛围|质感|效果|光线|光影|夜晚|晚上|夜景|白天|黄昏|清晨|冬天"
    r"|夏天|春天|秋天|雪天|雨天|版|画|素描|油画|水彩|黑白|像素|卡通|动漫|写实|剪影)(?:吧|的|点|一点|一些)?$"
)
_UNWANTED = re.compile(r"^(?:我)?(?:不想要|不要|不需要|别要)")
_ADDED_THERE = re.compile(
    r"^(?:在)?(?:旁边|左边|右边|上面|下面|前面|后面|它旁边|它上面)(?:再|还)?(?:有|来|要有|得有|放|加"
    r"|画|站|坐)|^(?:外面|窗外|天上|天空)(?:正在|在)?[下飘刮有]"
    r"|^[^，,]{1,6}(?:旁边|左边|右边|上面|下面|前面|后面|里面|里|上)(?:再|还)?(?:有|来|要有|得有)[一两三几]"
)
_WORN = re.compile(
    r"^(?:给[它他她])?(?:戴|穿|拿|系|披)(?:上|着)?(?:个|一[个顶件条副双]|顶|件|条|副"
    r"|双)?[\u3400-\u9fff]{1,6}$"
)
_THING_COLORED = re.compile(
    r"^(?P<color>[红橙黄绿蓝紫粉棕黑白灰金银橘][色]?)的?(?P<thing>[\u3400-\u9fff]{1,5})$"
)
_SWAP = re.compile(
    r"^(?:把|将)?(?P<old>[^，,把将]{1,6}?)(?:给|都)?(?:换成?|变成?|改成?|替换成?|替成)(?P<new>[^，,]{1,10})$"
)
_NOT_BUT = re.compile(
    r"^(?:不是|不要|别用|不用)(?P<old>[^，,]{1,6})[，,、 ]*(?:而?是|我?要|用|换成?"
    r"|改成?)(?P<new>[^，,]{1,10})$"
)
_SAME = re.compile(
    r"^(?:同样|一样|相同|还是这个|还是那个|同一)的?(?:场景|画面|图|构图|内容|东西)?[，,、 ]*(?:但是?"
    r"|不过|只是|就是|换成?|改成?|要)*(?P<look>.{1,10})$"
)


def likely_change(text: str, album: Album, named: Reference | None) -> Wish | None:
    """A look, or anything done to what the picture shows: "沙发上放一束花", "猫往左挪一点"."""
    if album.current is None or _PERSONAL.match(text):
        return None
    same, colored = _SAME.match(text), _THING_COLORED.match(text)
    shown = album.words(album.current)
    if same:
        return Wish(kind="edit", text=look(same["look"]), reference=named)
    if colored and content_words(translate(colored["thing"])) & shown:
        english = translate(colored["thing"])
        return Wish(kind="edit", text=f"make the {english} {translate(colored['color'])}", reference=named)
    if _UNWANTED.match(text) and content_words(translate(text)) & shown:
        return Wish(kind="edit", text=instruction(text), reference=named)
    if _ADDED_THERE.match(text) or (_WORN.match(text) and is_visible(translate(text))):
        return Wish(kind="edit", text=instruction(text), reference=named)
    if _LOOK.match(text) and len(text) <= 10 and not re.search(NOUN, re.sub(r"背景|色调|光线", "", text)):
        return Wish(kind="edit", text=look(text), reference=named)
    if content_words(translate(text)) & shown and _ACTS.search(text):
        return Wish(kind="edit", text=instruction(text), reference=named)
    return None


def look(text: str) -> str:
    order = instruction(text)
    return order if re.match(r"(?:make|turn|change|add|remove|put) ", order) else f"make it {translate(text)}"


def swapped(text: str, album: Album, named: Reference | None) -> Wish | None:
    """ "猫换兔子", "不是黑猫，要白猫": one thing for another in the picture."""
    found = _NOT_BUT.match(text) or _SWAP.match(text)
    if not found or album.current is None:
        return None
    old, new = translate(found["old"]), translate(found["new"].removesuffix("的"))
    if not content_words(old) & album.words(album.current) or not is_visible(new):
        return None
    return Wish(kind="edit", text=f"replace the {old} with {new}", reference=named)


def likely_picture(text: str) -> str:
    """A scene told without an order: "日落时分，湖面上有一条小船，油画"; empty for talk."""
    if _PERSONAL.match(text) or re.search(
        r"[吗呢吧？?]$|觉得|认为|知道|喜欢|应该|可以|需要|什么|怎么|为什么", text
    ):
        return ""
    english = translate(text)
    return english if is_visible(english) and len(text) <= 60 else ""

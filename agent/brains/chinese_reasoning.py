"""What everyone knows, for Chinese: "香蕉的颜色" is yellow."""

from __future__ import annotations

import re

from agent.brains import lexicon
from agent.brains.chinese_words import translate

__all__ = ["reasoned"]

_NAMES = {
    "red": "红色", "orange": "橙色", "yellow": "黄色", "green": "绿色", "blue": "蓝色", "purple": "紫色",
    "pink": "粉色", "brown": "棕色", "black": "黑色", "white": "白色", "gray": "灰色",
}  # fmt: skip
_LIKE = re.compile(
    r"(?<=[成为像辆只个朵条件顶是涂刷把张座栋要画])(?:像|和|跟|与|一?种)?(?P<thing>[\u3400-\u9fff]{1,4}?)(?:那样|一样|似的)?的?颜?色"
    r"|像(?P<thing2>[\u3400-\u9fff]{1,4}?)(?:一样|那样|似的)(?:的)?[红橙黄绿蓝紫粉棕黑白灰]色?"
)
_FACTS = (
    (r"(?:会|能)?(?:下蛋|打鸣)的(?:动物|鸟)", "鸡"),
    (r"会?喵喵叫的(?:小?动物|那种动物)", "猫"),
    (r"会?汪汪叫的(?:小?动物|那种动物)", "狗"),
    (r"(?:会|能)?(?:产|挤|生产)(?:牛)?奶的(?:动物)?", "牛"),
    (r"(?:森林|百兽|丛林)之王", "狮子"),
    (r"(?:爱|会|专门)?吃竹子的(?:国宝|动物)|国宝(?:动物)?", "熊猫"),
    (r"(?:鼻子|鼻)(?:很|最)?长的(?:那种)?动物", "大象"),
    (r"脖子(?:很|最)?长的(?:那种)?动物", "长颈鹿"),
    (r"下雨(?:天|时)?(?:要?用|打|撑|带)的(?:东西|工具|那个)", "雨伞"),
    (r"(?:用来)?看时间(?:用)?的(?:东西|工具)", "时钟"),
    (r"(?:人类|人)最好的朋友", "狗"),
)


def reasoned(text: str) -> str:
    """The words with what can be looked up put in."""

    def colored(found: re.Match[str]) -> str:
        thing = translate(found["thing"] or found["thing2"])
        color = lexicon.reasoned(f"the color of {thing}")
        return _NAMES.get(color, found[0])

    for pattern, answer in _FACTS:
        text = re.sub(pattern, answer, text)
    return _LIKE.sub(colored, text)

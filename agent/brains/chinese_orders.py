"""A Chinese order as a plain English imperative."""

from __future__ import annotations

import re

from agent.brains.chinese_words import translate

__all__ = ["TAIL", "instruction"]

TAIL = re.compile(
    r"(?:看看|试试|瞧瞧|吧|吗|呢|啊|呀|哦|呗|嘛|啦|哈|哟|喽|咯|好吗|好不好|可以吗|行吗|行不行|谢谢你?"
    r"|了|一下|[。！!？?，,\s])+$"
)


def instruction(text: str) -> str:
    """A Chinese order as a plain English imperative."""
    text = TAIL.sub("", text)
    for pattern, write in _ORDERS:
        found = re.search(pattern, text)
        if found:
            parts = [
                translate(_MEASURE.sub("", part.removesuffix("的").removeprefix("的")))
                for part in found.groups(default="")
            ]
            order = write.format(*(with_article(part) if "the {" in write else part for part in parts))
            return compared(re.sub(r"\s+", " ", order).strip())
    return translate(text)


def compared(order: str) -> str:
    """ "make it big#" is "make it bigger"."""
    return re.sub(r"(\w+)#", lambda found: _COMPARED.get(found[1], found[1]), order)


def with_article(english: str) -> str:
    return re.sub(r"^(?:a|an|the) ", "", english) or "image"


_COMPARED = {
    "big": "bigger", "small": "smaller", "bright": "brighter", "dark": "darker", "tall": "taller",
    "short": "shorter",
}  # fmt: skip
_MEASURE = re.compile(r"^(?:个|点|些|顶|副|只|根|把)(?=[\u3400-\u9fff])")
_PLACE = "旁边|左边|右边|上面|上方|下面|下方|前面|后面|里面|里|上|中"
_COLOR_END = r"[^，]*?色"
_ORDERS = (
    (
        r"(?:把|将|让)?(?:.*?)(?:牌子?|招牌|标牌)(?:上)?的?(?:字|文字|内容|单词)?(?:换成|改成|变成"
        r"|换为|改为|写成|写上|写)(.+)",
        "change the sign to {0}",
    ),
    (r"(?:左右|水平)?(?:翻转|镜像)|左右(?:颠倒|对调)", "mirror it"),
    (r"(?:在)?(?:上面|图上|图里|画面上?|底部|顶部|下面)?(?:写上?|加上?文字|加上?字"
        r"|题字)[：:]?(QUOTE\d+|[A-Z][A-Za-z ]*)", "write {0} on it"),
    (r"(?:把|将|让)?(.+?)(?:往|向|朝)上(?:边|面|方)?(?:移|挪|放|提|升)", "move the {0} up"),
    (r"(?:把|将|让)?(.+?)(?:往|向|朝)下(?:边|面|方)?(?:移|挪|放|降)", "move the {0} down"),
    (
        r"(?:把|将|让)?(.+?)(?:往|向|朝|移到|挪到|放到)左(?:边|面|侧)?(?:移|挪|放"
        r"|靠)?", "move the {0} to the left"),
    (
        r"(?:把|将|让)?(.+?)(?:往|向|朝|移到|挪到|放到)右(?:边|面|侧)?(?:移|挪|放"
        r"|靠)?", "move the {0} to the right"),
    (r"(?:加|添)(?:点|些|一点|一些)?雾|变(?:得)?(?:有雾|起雾)", "add fog"),
    (r"^(.*?)(?:再|更)([^大小亮暗高矮]{1,4}?)(?:一?[点些])$", "make the {0} more {1}"),
    (r"(?:变|弄|调)?(?:得)?模糊", "make it blurry"),
    (r"(?:把|将)?背景(?:换成|改成|变成|换为|改为|是|用)(.+)", "change the background to {0}"),
    ((r"(?:把|将)?(?:它|这张图|图|整张图|图片|画面|照片)?(?:换成|改成|变成|用|做成|转成"
r"|变为)(.*?(?:风格?|画|素描|油画|水彩|黑白|像素|卡通|剪影|复古).*)"), "turn it into {0}"),
    ((r"(?:把|将|让)?(?:它|这张图|图|画面|时间|场景)?(?:换成|改成|变成|变为|设为|是)?(夜晚"
r"|晚上|夜景|黑夜|白天|冬天|夏天|秋天|春天)(?:的样子)?$"), "make it {0}"),
    ((rf"(?:把|将|让)(?:它|他|她|这张图)(?:换成|改成|变成|涂成|染成|变为|改为"
rf"|变)({_COLOR_END})的?$"), "make it {0}"),
    (rf"(?:把|将|让)(.+?)的颜色(?:换成|改成|变成|改为|变为)({_COLOR_END})?的?$", "make the {0} {1}"),
    (
        rf"(?:把|将|让)(.+?)(?:换成|改成|变成|涂成|染成|变为|改为|变|改|涂)({_COLOR_END})的?$",
        "make the {0} {1}",
    ),
    (rf"^(?:换成|改成|变成|涂成|染成|变为|改为|要)({_COLOR_END})的?$", "make it {0}"),
    (r"(?:把|将|让)(.+?)(?:换成|改成|变成|变为|改为|替换成|换为)(.+)", "replace the {0} with {1}"),
    (r"^(?:换成|改成|变成)(.+)", "turn it into {0}"),
    (r"(?:把|将)(.+?)(?:去掉|删掉|删除|移除|去除|拿掉|拿走|擦掉|删了|去了|移走|删去)", "remove the {0}"),
    (r"^(?:我)?(?:不想要|不要|不需要|别要)(.+?)(?:了)?$", "remove the {0}"),
    (r"^(?:去掉|删掉|删除|移除|去除|拿掉|擦掉|不要|删去|移走|去)(.+)", "remove the {0}"),
    ((r"(?:把|将|让)?(?:它|这张图|画面|图)(?:变得|变|调|弄|再|更)*(?:更|再)?(大|小|亮|暗|高"
r"|矮)(?:一?[点些])?"), "make it {0}#"),
    ((r"(?:把|将|让)(.+?)(?:变得|变|调|弄|放|再|更)*(?:更|再)?(大|小|亮|暗|高"
r"|矮)(?:一?[点些])?$"), "make the {0} {1}#"),
    (r"^(?:再|更|调|变|弄)*(大|小|亮|暗|高|矮)(?:一?[点些])", "make it {0}#"),
    (r"^([^把将让，]{1,6}?)(?:再|更|要|得|变|弄)*(大|小|亮|暗|高|矮)(?:一?[点些])$", "make the {0} {1}#"),
    (r"^(?:把|让|叫|使)(.{1,6}?)((?:睡着|睡觉|坐下|坐着|站着|站起来|躺下|躺着|跑起来|奔跑|跳起来"
        r"|飞起来|笑|微笑|哭|闭上眼睛|闭眼|张开嘴|看向?.+|抬头|低头)(?:了|着)?)$",
     "make the {0} {1}"),
    (r"^(?:外面|窗外|天上|天空)(?:正在|在)?下着?(雪|雨)(?:了|着)?$", "make it {0}"),
    (r"(?:把|将)?背景(?:变|弄|调)?(?:得)?(?:模糊|虚化)", "blur the background"),
    (r"^(.+?)(旁边|左边|右边|上面|下面|前面|后面|里面|里|上)(?:再)?(?:有|来|要有"
        r"|得有)(.+)", "add {2} {1} {0}"),
    (r"^(?:在)?(旁边|左边|右边|上面|下面|前面|后面)(?:再)?(?:有|来|要有|得有)(.+)", "add {1} {0} it"),
    (r"放大(.*)", "make it bigger"), (r"缩小(.*)", "make it smaller"),
    (r"(?:给|让)(?:它|他|她)(?:加上?|戴上?|添加?|穿上?|画上?|放上?|一)(.+)", "give it {0}"),
    (r"(?:给|让)(.+?)(?:加上?|戴上?|添加?|穿上?|画上?|放上?)(.+)", "give the {0} {1}"),
    (rf"在?(?:它|他|她)的?({_PLACE})(?:再)?(?:加上?|放上?|画上?|添加?)(.+)", "add {1} {0} it"),
    (rf"在?(.+?)的?({_PLACE})(?:再)?(?:加上?|放上?|画上?|添加?)(.+)", "add {2} {1} {0}"),
    (r"(?:在)?(?:旁边|边上)(?:再)?(?:加上?|放上?|画上?|添加?)(.+)", "add {0} next to it"),
    (r"^(?:再|多)(?:加上?|添加?|来|画)一[只个条辆匹头棵朵顶架艘座位名](.+)", "add another {0}"),
    (r"^(?:再|也|还)?(?:加上?|添加|增加|放上?|再加|加入|画|戴上?|穿上)(.+)", "add {0}"),
)  # fmt: skip

"""Reads the core of Chinese: a message becomes wishes, their words translated for the engines."""

from __future__ import annotations

import re

from agent.brains.chinese_words import CHINESE_NUMBERS, translate
from agent.brains.lexicon import content_words
from agent.brains.reading import Format, Reading, Wish
from agent.brains.references import Album, Reference
from agent.domain import Shape

__all__ = ["read_chinese"]

_N = r"[一两二俩三四五六七八九十几]|\d+"
_PICTURE = r"(?:张|幅|个|版|版本|候选)?(?:图片|图像|照片|图|画|版本|的|个)?"
_LEAD = re.compile(
    r"^(?:你好|您好|嗨|嘿|好的?|嗯+|哦|谢谢你?|多谢|不错|很好|太好了|漂亮|那|那么|请问?"
    r"|麻烦你?|麻烦|帮我|帮忙|给我|能不能|能否|可不可以|可以|能|你能|你可以|我想要?你?"
    r"|我要你?|我希望你?|希望你?|想要|想|现在|首先|先|再帮我|另外|还有|接着|然后|最后|之后"
    r"|随后|算了|等等|对了|替我|为我|来|劳驾|，|,|。|！|!|、|\s)+(?=\S)"
)
_TAIL = re.compile(r"(?:吧|吗|呢|啊|呀|哦|好吗|好不好|可以吗|行吗|行不行|谢谢你?|了|一下|[。！!？?，,\s])+$")
_SPLIT = re.compile(
    r"[。！；;!]+|[，,]?\s*(?:然后|接着|之后|随后|最后)(?:再)?[，,]?|[，,、]\s*(?:并且?|再"
    r"|同时|还要|并)?(?=(?:把|将|加|添加|去掉|删|让|给[它他她这]|换|改|变|画|回到|撤销"
    r"|移除|在旁边|放|再画|用))|(?:并且|并)(?=把|将|加|给|让|去掉)"
)
_CHAT = re.compile(
    r"^(?:能|会|可以)?(?:做|画)些?什么$|怎么画|如何画|怎样画|怎么用|如何|教我|为什么|你是谁|你叫什么|你会(?:做|画)?什么"
    r"|你能(?:做|画)?什么|你好|您好|早上好|晚上好|下午好|再见|拜拜|谢谢|讲个|讲一个|说个"
    r"|笑话|天气|几点|今天(?:是|心情)|你喜欢|我喜欢(?!第|那|红|蓝|之前)|我(?:今天|昨天"
    r"|刚才)|聊聊|推荐|翻译|是什么意思|什么是|得出结论|画(?:上)?句号|画饼|画蛇添足"
    r"|画龙点睛|别画|不要画|不用画|会画画|真好看|真棒|太棒|好看$|不错$|哈哈|写一?[首个篇]"
    r"|帮助|怎么样才能|有哪些(?:功能|风格)|首都|多少钱|历史"
)
_FIGURATIVE = re.compile(
    r"得出结论|画(?:上)?[一个]*句号|画饼|画蛇添足|画龙点睛|划清|画等号|画大饼|画地为牢"
    r"|诗情画意|别画|不要画|不用画|(?:怎么|如何|怎样)画|教我|为什么|会画画"
)
_QUESTION = re.compile(
    r"(?:这|那|它|图|照片|里面|上面|画面|画里|第[一二三四五六\d]).*(?:什么|几|多少|谁|哪"
    r"|吗|么|是不是|有没有)|有几|(?:是|有)什么|什么颜色|描述|形容|说说.*图|看看.*(?:有"
    r"|是)什么|写(?:了|着)什么|有没有|几[只个辆条朵张](?!候选)|多少[只个辆条]|在做什么"
    r"|在干什么|看到(?:了)?什么|看见什么|在哪|介绍一下.*图|是什么"
)
_UNDO = re.compile(
    r"撤销|撤回|撤消|上一步|退回去?|回退|还原|恢复(?!原图|最初|原来|第)|取消(?:刚才|上次"
    r"|这个|修改)?|返回(?:上|前)|后退|倒退|改回(?:去|来)|变回(?:去|来)|换回(?:去|来)"
    r"|上一个版本|前一个版本|之前的?(?:版本|样子)|上一版|前一版|刚才(?:那张|那个"
    r"|的)(?:更?好|版本)?$"
)
_GO_BACK = re.compile(
    r"回到|回去|返回|退回到|恢复到?|还是(?:喜欢|用|要|选)?|用回|切换到|切回|换回|改回|变回"
    r"|我(?:更)?喜欢|就(?:用|要|选)|选(?:择)?|再看看?|看看|给我看|比较好|更好|保留|继续用"
    r"|拿回"
)
_EDIT = re.compile(
    r"^(?:请|再|就|也|先)?(?:(?:把|将|让|给(?!我)|使)|(?:添加|增加|加上?|再加|加入|放(?:一"
    r"|上)?|去掉|去除|删除|删掉|删去|移除|移走|拿掉|擦掉|换成|换|改成|改为|改|变成|变|调"
    r"|放大|缩小|旋转|翻转|镜像|裁剪|模糊|不要(?!画)|去|涂|染|用.*风格|戴上|穿上|背景))"
    r"|改成|变成|换成|变得|变为|换为|改为|旁边(?:再)?(?:加|放|画)|(?:再|更)(?:大|小|亮|暗"
    r"|高|矮|红|蓝)一?[点些]|(?:大|小|亮|暗|高|矮|长|短)一?[点些]$|应该是"
    r"|要(?:是)?[红蓝绿黄紫粉黑白橙]色|(?:戴|穿|拿)(?:上|一)"
)
_AGAIN = re.compile(
    rf"^(?:同样的?|一样的?|类似的?)?(?:再|重新|重|多)?(?:来|画|做|生成|给我|要|试)?(?:(?P<n>{_N})(?:张|个|幅|次|遍|版"
    rf"|种)?(?:版本|图|不同的(?:版本)?|变体)?|一遍|一次)?(?:这样的|类似的|一样的)?(?:图"
    rf"|版本)?$"
)
_GENERATE = re.compile(
    r"^(?:再|也|重新|另外|另|要|我想看|看看)?(?:画出?|绘制|绘画|绘|生成|创作|创建|制作|做"
    r"|设计|来|给我(?:看|画|来|做)?|展示|要|想看|看看|显示|弄|搞|素描|想要)(?:出|个|上)?"
)
_COUNT = re.compile(
    rf"(?P<n>{_N})(?:张|幅|个版本|种版本|个不同的?版本|款|个方案|版|种不同的?|种)(?:不同的"
    rf"|不一样的)?(?:图片|图|照片|画|版本)?"
)
_SHAPES = (
    (Shape.LANDSCAPE, r"横向|横版|横图|横屏|横幅|宽屏|横着|风景格式|16[:：比]9|横构图"),
    (Shape.PORTRAIT, r"竖向|竖版|竖图|竖屏|竖着|竖构图|纵向|9[:：比]16|竖幅|手机壁纸"),
    (Shape.SQUARE, r"正方形|方形|方图|1[:：比]1|方的"),
)


def read_chinese(message: str, album: Album) -> Reading:
    """The wishes of a Chinese message about the pictures in `album`."""
    text, picture_format = take_format(message.strip())
    wishes: list[Wish] = []
    if _FIGURATIVE.search(text):
        return Reading(wishes=(Wish(kind="chat", text=message),))
    for clause in filter(None, (piece.strip() for piece in _SPLIT.split(text))):
        wishes.append(read_clause(clause, album, wishes))
    if not wishes and picture_format != Format():
        wishes = [Wish(kind="again")]
    working = [wish for wish in wishes if wish.kind != "chat"] or [Wish(kind="chat", text=message)]
    return Reading(wishes=tuple(working), format=picture_format)


def take_format(text: str) -> tuple[str, Format]:
    """Shape or pixels asked for, and the text without them."""
    pixels = re.search(
        r"[，, ]*(?:尺寸|大小)?(?:为|是)?(\d{2,5}) ?[xX×*乘] ?(\d{2,5})(?:像素)?的?(?:尺寸|大小)?", text
    )
    if pixels:
        rest = text[: pixels.start()] + text[pixels.end() :]
        return rest, Format(width=int(pixels[1]), height=int(pixels[2]))
    for shape, words in _SHAPES:
        found = re.search(rf"[，, ]*(?:用|要|以)?(?:{words})(?:的|构图|格式|比例|图片|方式)*", text)
        if found:
            return text[: found.start()] + text[found.end() :], Format(shape=shape)
    return text, Format()


def read_clause(raw: str, album: Album, earlier: list[Wish]) -> Wish:
    """One clause's wish."""
    clause = _TAIL.sub("", _LEAD.sub("", raw)) or _TAIL.sub("", raw)
    named, rest = find_reference(clause, album)
    has_picture = album.current is not None or any(wish.kind == "generate" for wish in earlier)
    if (
        _UNDO.search(clause)
        and not re.search(r"颜色|背景", clause)
        and not (named and named.kind in ("ordinal", "number"))
    ):
        index = 2 if re.search(r"两步|两次", clause) else 1
        return Wish(kind="go_back", reference=named or Reference(kind="back", index=index))
    if named and named.kind != "current" and (_GO_BACK.search(clause) or not rest) and not _EDIT.search(rest):
        return Wish(kind="go_back", reference=named)
    if _QUESTION.search(raw) and not re.search(r"^(?:画|把|加|生成)", clause) and not _ABOUT_US.search(raw):
        if has_picture or re.search(r"图|照片|画面", raw):
            return Wish(kind="question", text=raw, reference=named or about(clause, album))
        return Wish(kind="chat", text=raw)
    if re.fullmatch(
        r"(?:改|修改|换|编辑|调整|画|画画|画点什么|画个东西|画一张图|画张图|换个颜色|换个背景"
        r"|换一种颜色)(?:一下)?(?:它|这张图?|一张)?",
        clause,
    ):
        return Wish(kind="ask", text=raw)
    again = _AGAIN.fullmatch(clause)
    if again and re.search(r"再|重|多|[张版次遍]", clause):
        word = again["n"] or "一"
        return Wish(kind="again", num_pictures=value(word), reference=named)
    text, num_pictures = take_count(rest)
    if _EDIT.search(text) and not re.match(r"(?:重新)?(?:画|生成|绘制)(?!.*(?:旁边|上面|[它他她]))", text):
        reference = named or (about(clause, album) if re.match(r"把|将|让|给", text) else None)
        return Wish(kind="edit", text=instruction(text), reference=reference, num_pictures=num_pictures)
    found = _GENERATE.match(text)
    if found or re.match(rf"(?:{_N})[只个辆条朵棵本座把架艘颗匹头杯块片位名]", text):
        subject = subject_of(text[found.end() :] if found else text)
        if has_picture and found and re.match(r"[在它他她].*(?:旁边|上面|后面|前面|左边|右边)", text):
            return Wish(kind="edit", text=instruction("加" + text), num_pictures=num_pictures)
        return Wish(kind="generate" if subject else "ask", text=subject, num_pictures=num_pictures)
    if _CHAT.search(raw):
        return Wish(kind="chat", text=raw)
    english = translate(text)
    if (
        has_picture
        and re.fullmatch(r"[\w ]{1,8}", text)
        and re.search(r"色$|^更|风格$|夜晚$|晚上$|白天$", text)
    ):
        return Wish(kind="edit", text=f"make it {english}", reference=named)
    if earlier and earlier[-1].kind == "generate" and english:
        return Wish(kind="generate", text=subject_of(text), num_pictures=num_pictures)
    if english and not re.search(r"[\u3400-\u9fff]", english):
        return Wish(kind="generate", text=english, num_pictures=num_pictures)
    return Wish(kind="chat", text=raw)


_ABOUT_US = re.compile(r"你(?:能|会|可以|是|叫|喜欢|觉得)|(?:天气|今天|几点|首都|什么是|是什么意思|怎么)")


def value(word: str) -> int:
    return int(word) if word.isdecimal() else CHINESE_NUMBERS.get(word, 1)


def take_count(text: str) -> tuple[str, int]:
    """How many pictures: 两张 counts pictures, 两只 counts things in one."""
    found = _COUNT.search(text)
    if not found or re.match(r"第", text[max(0, found.start() - 1) :]):
        return text, 1
    return text[: found.start()] + text[found.end() :], value(found["n"])


def subject_of(text: str) -> str:
    """What is to be seen, in English."""
    text = re.sub(r"^(?:一?[张幅个]|出|个|关于|有关|的)+(?=\S)", "", text.strip())
    text = re.sub(r"的?(?:图片|图像|照片|图|画)$", "", text)
    return translate(text)


def find_reference(clause: str, album: Album) -> tuple[Reference | None, str]:
    """The picture named, and the clause in which it is no more named."""
    for pattern, read in _REFERENCES:
        found = re.search(pattern, clause)
        if found:
            reference = read(found)
            if reference is not None:
                rest = clause[: found.start()] + ("它" if found.start() else "") + clause[found.end() :]
                rest = (
                    re.sub(r"^(?:回到|返回|用|选|从|基于)?它?(?:[，,]|的基础上)?", "", rest)
                    if rest.startswith(("回到", "用", "从", "基于"))
                    else rest
                )
                return reference, rest.strip("，, ")
    return None, clause


def _ordinal(found: re.Match[str]) -> Reference:
    word = found["n"]
    return Reference(kind="ordinal", index=value(word))


def _described(found: re.Match[str]) -> Reference | None:
    words = content_words(translate(found["w"]))
    return Reference(kind="described", words=words) if words else None


def _before(found: re.Match[str]) -> Reference | None:
    words = content_words(translate(found["w"]))
    return Reference(kind="before", words=words) if words else None


_REFERENCES = (
    (
        r"#\s?(?P<n>\d+)|图(?P<m>\d+)|(?P<k>\d+)号",
        lambda found: Reference(kind="number", index=int(found["n"] or found["m"] or found["k"])),
    ),
    (
        (
            rf"(?:最初|最开始)的?第?(?:{_N})?{_PICTURE}|原图|原来(?:的|那)(?:张|一张)?(?:图|样子"
            rf"|版本|照片)?|原始(?:的)?(?:图|版本|图片)?|一开始的?(?:那张)?(?:图|样子|版本)?"
        ),
        lambda found: Reference(kind="original"),
    ),
    (rf"第(?P<n>{_N})(?:张|幅|个|版|次)(?:图片|照片|图|画|版本|的)?", _ordinal),
    (
        r"最后(?:一)?(?:张|个|幅)(?:图片|照片|图)?|最新的?(?:那)?(?:张|个)?图?",
        lambda found: Reference(kind="ordinal", index=-1),
    ),
    (
        (
            r"(?:我)?(?:刚才|刚刚|之前)?(?:上传|传|发)(?:给你)?的?(?:那张|这张)?(?:图片|照片|图)?"
            r"|我的(?:照片|图片|图)"
        ),
        lambda found: Reference(kind="upload", index=-1),
    ),
    (
        (
            r"(?:上|前)一(?:张|个|幅|版)(?:图片|照片|图|版本)?|之前(?:的)?(?:那)?(?:张|个"
            r"|版本)?(?:图片|照片|图)?(?!加)"
        ),
        lambda found: Reference(kind="back"),
    ),
    (r"(?:加|戴|放)(?:上)?(?P<w>[^，,]{1,4}?)(?:之前|以前)(?:的)?(?:那)?(?:张|个|版本)?", _before),
    (
        (
            r"(?:那|这)?(?:张|个|只"
            r"|辆)?(?P<w>[^，,把将让给回到用选我更还是喜欢那这]{1,6}?)的?(?:那|这)(?:一)?(?:张|幅"
            r"|个|版|只|辆)(?:图片|照片|图|画)?"
        ),
        _described,
    ),
    (r"(?:那|这)(?:张|幅|个)?(?P<w>[红蓝绿黄紫粉黑白橙灰]色?)的(?:那张|图|车|猫|狗)?", _described),
    (r"(?:它们|这些|两张|所有)都|所有(?:的)?(?:图片|图|照片)|全部", lambda found: Reference(kind="all")),
    (r"(?:这|那)(?:张|幅)(?:图片|照片|图|画)?", lambda found: Reference(kind="current")),
)


def about(text: str, album: Album) -> Reference | None:
    """A thing that only another picture than the current one shows."""
    if album.current is None or album.context.uploads:
        return None
    part = re.split(r"变成|改成|换成|加|变|改|涂|换|戴", text)[0]
    known = frozenset[str]().union(*(album.words(each) for each in album.context.pictures))
    words = content_words(translate(part)) & known
    if not words or words & album.words(album.current):
        return None
    return Reference(kind="described", words=words)


def instruction(text: str) -> str:
    """A Chinese order as a plain English imperative."""
    text = _TAIL.sub("", text)
    for pattern, write in _ORDERS:
        found = re.search(pattern, text)
        if found:
            parts = [
                translate(part.removesuffix("的").removeprefix("的")) for part in found.groups(default="")
            ]
            return re.sub(
                r"\s+",
                " ",
                write.format(*(with_article(part) if "the {" in write else part for part in parts)),
            ).strip()
    return translate(text)


def with_article(english: str) -> str:
    return re.sub(r"^(?:a|an|the) ", "", english) or "image"


_PLACE = "旁边|左边|右边|上面|上方|下面|下方|前面|后面|里面|里|上|中"
_COLOR_END = r"[^，]*?色"
_ORDERS = (
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
    (r"^(?:去掉|删掉|删除|移除|去除|拿掉|擦掉|不要|删去|移走|去)(.+)", "remove the {0}"),
    ((r"(?:把|将|让)?(?:它|这张图|画面|图)(?:变得|变|调|弄|再|更)*(?:更|再)?(大|小|亮|暗|高"
r"|矮)(?:一?[点些])?"), "make it {0}#"),
    ((r"(?:把|将|让)(.+?)(?:变得|变|调|弄|放|再|更)*(?:更|再)?(大|小|亮|暗|高"
r"|矮)(?:一?[点些])?$"), "make the {0} {1}#"),
    (r"^(?:再|更)?(大|小|亮|暗|高|矮)(?:一?[点些])", "make it {0}#"),
    (r"放大(.*)", "make it bigger"), (r"缩小(.*)", "make it smaller"),
    (r"(?:给|让)(?:它|他|她)(?:加上?|戴上?|添加?|穿上?|画上?|放上?|一)(.+)", "give it {0}"),
    (r"(?:给|让)(.+?)(?:加上?|戴上?|添加?|穿上?|画上?|放上?)(.+)", "give the {0} {1}"),
    (rf"在?(?:它|他|她)的?({_PLACE})(?:再)?(?:加上?|放上?|画上?|添加?)(.+)", "add {1} {0} it"),
    (rf"在?(.+?)的?({_PLACE})(?:再)?(?:加上?|放上?|画上?|添加?)(.+)", "add {2} {1} {0}"),
    (r"(?:在)?(?:旁边|边上)(?:再)?(?:加上?|放上?|画上?|添加?)(.+)", "add {0} next to it"),
    (r"^(?:再|也|还)?(?:加上?|添加|增加|放上?|再加|加入|画|戴上?|穿上)(.+)", "add {0}"),
)  # fmt: skip

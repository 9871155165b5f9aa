"""Chinese core vocabulary put into English for the engines, whose text encoders read mostly English."""

from __future__ import annotations

import re

__all__ = ["CHINESE_NUMBERS", "is_chinese", "translate", "untranslated"]

_CHINESE = re.compile(r"[\u3400-\u9fff]")

CHINESE_NUMBERS = {"一": 1, "两": 2, "二": 2, "俩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8,
                   "九": 9, "十": 10, "几": 3}  # fmt: skip
_NUMBER_NAMES = ("", "a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MEASURES = "只个辆条朵棵本座把架艘颗匹头杯块片幢栋间顶件双支台部张幅位名群束串根盏轮份"

_NOUNS = """
猫=cat 小猫=kitten 猫咪=cat 狗=dog 小狗=puppy 狗狗=dog 鸟=bird 小鸟=bird 鱼=fish 马=horse 羊=sheep 牛=cow
兔子=rabbit 小兔子=rabbit 大象=elephant 熊=bear 熊猫=panda 斑马=zebra 长颈鹿=giraffe 老虎=tiger 狮子=lion
猴子=monkey 猪=pig 鸡=chicken 鸭子=duck 企鹅=penguin 龙=dragon 恐龙=dinosaur 独角兽=unicorn 鬼=ghost
幽灵=ghost 蝴蝶=butterfly 狐狸=fox 乌龟=turtle 青蛙=frog 老鼠=mouse 小象=elephant 汽车=car 小汽车=car
轿车=car 跑车=sports_car 车=car 车子=car 自行车=bicycle 单车=bicycle 摩托车=motorcycle 飞机=airplane
公交车=bus 公共汽车=bus 巴士=bus 火车=train 卡车=truck 船=boat 小船=boat 帆船=sailboat 火箭=rocket
宇宙飞船=spaceship 飞船=spaceship 热气球=hot-air_balloon 苹果=apple 香蕉=banana 橙子=orange 披萨=pizza
比萨=pizza 蛋糕=cake 三明治=sandwich 胡萝卜=carrot 西兰花=broccoli 甜甜圈=donut 热狗=hot_dog 西瓜=watermelon
草莓=strawberry 葡萄=grapes 面包=bread 咖啡=coffee 蜡烛=candles 气球=balloon 礼物=gift 足球=soccer_ball
球=ball 雨伞=umbrella 伞=umbrella 杯子=cup 茶杯=teacup 碗=bowl 瓶子=bottle 书=book 时钟=clock 钟=clock
闹钟=alarm_clock 椅子=chair 沙发=couch 床=bed 桌子=table 花瓶=vase 背包=backpack 手提包=handbag
剪刀=scissors 手机=cell_phone 电脑=computer 电视=tv 灯=lamp 树=tree 大树=tree 花=flower 花朵=flower
玫瑰=rose 向日葵=sunflower 樱花=cherry_blossom 草=grass 房子=house 房屋=house 小屋=cottage 城堡=castle
桥=bridge 塔=tower 灯塔=lighthouse 太阳=sun 月亮=moon 星星=star 心=heart 爱心=heart 云=cloud 云朵=clouds
彩虹=rainbow 雪人=snowman 雨=rain 机器人=robot 帽子=hat 皇冠=crown 王冠=crown 吉他=guitar 风筝=kite
眼镜=glasses 墨镜=sunglasses 太阳镜=sunglasses 围巾=scarf 领结=bow_tie 胡子=beard 翅膀=wings 衣服=clothes
毛衣=sweater 鞋子=shoes 裙子=dress 人=person 男人=man 女人=woman 男孩=boy 女孩=girl 孩子=child 小孩=child
小女孩=girl 小男孩=boy 老人=old_man 宇航员=astronaut 公主=princess 骑士=knight 女巫=witch 山=mountain
大山=mountains 雪山=snowy_mountain 河=river 湖=lake 森林=forest 城市=city 街道=street 公园=park 花园=garden
沙漠=desert 瀑布=waterfall 日落=sunset 夕阳=sunset 日出=sunrise 风景=scenery 背景=background 天空=sky
蓝天=blue_sky 星空=starry_sky 夜空=night_sky 草地=grass 草原=meadow 沙滩=beach 海滩=beach 海边=beach
大海=sea 海=sea 海洋=ocean 雪地=snow 雪=snow 房间=room 室内=indoors 夜晚=night 晚上=night 夜里=night
夜景=night 黑夜=night 白天=day 太空=space 月球=moon 厨房=kitchen 冬天=winter 夏天=summer 秋天=autumn
春天=spring 下雪=snow 下雨=rain 雾=fog 苹果树=apple_tree 海报=poster 标志=logo 头像=avatar 颜色=color
水=water 火=fire 窗户=window 门=door 屋顶=roof 眼睛=eyes 尾巴=tail 头发=hair
"""
_ADJECTIVES = """
红色=red 红=red 橙色=orange 橘色=orange 黄色=yellow 黄=yellow 绿色=green 绿=green 蓝色=blue 蓝=blue
紫色=purple 紫=purple 粉色=pink 粉红色=pink 粉红=pink 棕色=brown 咖啡色=brown 黑色=black 黑=black 白色=white
白=white 灰色=gray 金色=golden 银色=silver 彩色=colorful 大红色=red 深蓝色=dark_blue 浅蓝色=light_blue
天蓝色=sky_blue 大=big 小=small 可爱=cute 漂亮=beautiful 美丽=beautiful 快乐=happy 开心=happy 老=old 新=new
高=tall 长=long 胖=fat 瘦=thin 圆=round 巨大=huge 毛茸茸=fluffy 生气=angry 悲伤=sad 睡觉=sleeping
睡着=sleeping 飞=flying 奔跑=running 跑=running 微笑=smiling 亮=bright 暗=dark
"""
_OTHER = """
和=and 与=and 还有=and 以及=and 跟=and 旁边=next_to 左边=left_of 右边=right_of 上面=on_top_of 上方=above
下面=under 下方=below 前面=in_front_of 后面=behind 里面=in 戴着=wearing 戴=wearing 穿着=wearing 穿=wearing
拿着=holding 骑着=riding 骑=riding 坐着=sitting 坐在=sitting_on 站在=standing_on 躺在=lying_on
睡在=sleeping_on 飞在=flying_in 带着=with 带=with 有=with 看着=looking_at 吃着=eating 吃=eating
喝着=drinking 弹着=playing 弹=playing 读着=reading 看书=reading_a_book 玩=playing
像素风格=in_pixel_art_style 像素风=in_pixel_art_style 像素画=pixel_art 像素艺术=pixel_art 像素=pixel
素描=pencil_sketch 铅笔画=pencil_sketch 水彩画=watercolor 水彩=watercolor 油画=oil_painting 卡通=cartoon
动漫=anime 漫画=comic 黑白=black_and_white 复古=sepia 棕褐色=sepia 怀旧=sepia 剪影=silhouette 蓝图=blueprint
水墨画=ink_wash_painting 水墨=ink_wash 赛博朋克=cyberpunk 写实=realistic 风格=style 照片=photo 图片=picture
画=painting 更=more 很=very 非常=very 正在= 着= 的= 了= 在=in 里=in 上=on 中=in 是=is 没有=without 不=not
那=the 这=the 它=it 他=him 她=her 所有=all 全部=all
"""


def _entries(block: str) -> dict[str, str]:
    pairs = (entry.split("=") for entry in block.split())
    return {chinese: english.replace("_", " ") for chinese, english in pairs}


def is_chinese(text: str) -> bool:
    """Whether a good part of the text is written in Chinese characters."""
    return len(_CHINESE.findall(text)) * 4 > len(re.findall(r"\w", text))


_GLOSSARY = _entries(_OTHER) | _entries(_ADJECTIVES) | _entries(_NOUNS)
_NOUN = "|".join(sorted(_entries(_NOUNS), key=len, reverse=True))
_COUNT = re.compile(rf"([一两二三四五六七八九十]|\d+)(?:[{_MEASURES}])")
_TOKEN = re.compile("|".join(sorted(map(re.escape, _GLOSSARY), key=len, reverse=True)))
_SIDE = "旁边|左边|右边|上面|上方|下面|下方|前面|后面|里面"
_PREPOSITIONS = {"里": "in", "上": "on", "中": "in", "下": "under", "里面": "in", "边": "beside"}


def translate(text: str) -> str:
    """English for what the glossary knows; other characters stay as they are. English passes through."""
    if not _CHINESE.search(text):
        return text
    text = re.sub(r"[。！!,，、；;？?：:“”\"「」]+", " , ", text)
    text = re.sub(rf"(?:在)?(.+?)的?({_SIDE})有(.+)", r"\3 \2 \1", text)
    text = re.sub(r"在(.+?)的?(里面|里|上|中|下)的(.+)", _moved_behind, text)
    text = re.sub(rf"(.+?)在(.+?)的?({_SIDE})", r"\1 \3 \2", text)
    text = re.sub(rf"在(.+?)的?({_SIDE})", r" \2 \1", text)
    text = re.sub(
        rf"(戴着?|穿着?|拿着|骑着?|带着?|弹着?|吃着?|坐在|飞在|站在)(.+?)的({_NOUN})", r"\3 \1 \2", text
    )
    text = re.sub(r"(?:坐|站|躺|睡|飞)?在(.+?)(里|上|中|下)(?!面|边|色)", _with_preposition, text)
    text = re.sub(rf"(.+?)的({_SIDE})", r"\1 \2", text)
    text = _COUNT.sub(_counted, text)
    english = _TOKEN.sub(lambda found: f" {_GLOSSARY[found[0]]} ", text)
    return _tidy(english)


def untranslated(english: str) -> str:
    """The characters that the glossary did not know."""
    return " ".join(re.findall(r"[\u3400-\u9fff]+", english))


def _moved_behind(found: re.Match[str]) -> str:
    return f"{found[3]} {_PREPOSITIONS[found[2]]} the {found[1]}"


def _with_preposition(found: re.Match[str]) -> str:
    place = found[1]
    article = "" if place in ("晚上", "夜晚", "太空", "夜里") else "the "
    preposition = {"草地": "on", "沙滩": "on", "海滩": "on"}.get(place, _PREPOSITIONS[found[2]])
    return f" {preposition} {article}{place} "


def _counted(found: re.Match[str]) -> str:
    value = int(found[1]) if found[1].isdecimal() else CHINESE_NUMBERS[found[1]]
    name = _NUMBER_NAMES[value] if value < len(_NUMBER_NAMES) else str(value)
    return f" {name}# " if value > 1 else f" {name} "


def _tidy(english: str) -> str:
    """Plurals after numbers, a or an, blanks and commas."""
    words = english.split()
    plural_due = False
    for index, word in enumerate(words):
        if word.endswith("#"):
            words[index], plural_due = word[:-1], True
        elif plural_due and word in _PLAIN_NOUNS:
            words[index], plural_due = _plural(word), False
    text = re.sub(r"\b(in|on) night\b", "at night", " ".join(words))
    text = re.sub(r"\bin (in|on|next to|under|behind)\b", r"\1", text)
    text = re.sub(r"\b(a|the) (?:a|the)\b", r"\1", text)
    text = re.sub(r"\ba (?=[aeiou])", "an ", text)
    return re.sub(r"\s*,(?:\s*,)*\s*", ", ", text).strip(" ,")


_PLAIN_NOUNS = frozenset(_entries(_NOUNS).values())


def _plural(noun: str) -> str:
    if noun in ("fish", "sheep"):
        return noun
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")

"""The patterns of the rules: small letters, one reading of a text a line."""

from __future__ import annotations

import re

__all__ = [
    "ALWAYS_MINORS",
    "ALWAYS_UNDRESSING",
    "BARE",
    "CLOTHED",
    "HARMLESS",
    "MINOR",
    "REAL",
    "SEXUAL",
    "UNDRESSING",
]


def either(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


HARMLESS = either(
    r"\bnaked[- ](?:mole|eye|truth|flame|cake|tree|branch|rock|oat|barley|neck|chef|wall|bulb|wire|wood|light"
    r"|singularity|of its)\w*",
    r"\bnude(?: |-)?(?:mole|mice|mouse|beach|lipstick|heel|pump|shoe|stocking|tight|tone|shade|colou?r"
    r"|palette"
    r"|make-?up|nail)\w*",
    r"\bkid (?:goat|leather|glove|rock)\w*|\bgoat kids?",
    r"\bbaby (?:mole|rat|elephant|goat|animal|bird|blue|pink|carrot|grand|spinach|shower|oil|corn)\w*",
    r"\b(?:same|opposite|both|either)[- ]?sex(?:es)?\b",
    r"\bsex(?:ual)? (?:of the|pheromone|education|determination|chromosome|dimorphism|reproduction"
    r"|selection)\w*",
    r"\bsexy (?:sports )?(?:car|sax|neon|motorbike|design)\w*",
    r"\b(?:great|blue|coal|marsh|willow) tits?\b",
    r"\bpussy ?(?:willow|cat)s?|\bcum laude|\bhorny toad|\bvirgin (?:forest|olive|island)\w*",
    r"\blingerie (?:shop|store|factory)\w*|\bexplicit lyrics|\bpornography-?free",
    r"\btopless (?:double|bus|jeep|car|tower|tree)\w*",
    r"\brape(?:seed)? (?:field|oil|flower|blossom)\w*",
    r"\b(?:chicken|turkey|duck) breasts?|\bbreast ?(?:cancer|feed|stroke)\w*",
    r"\bteenage mutant|\bminor (?:chord|key|planet|league|change|edit|scale|third|detail)\w*|\basia minor",
    r"裸鼹鼠|裸眼|裸妆|裸色|裸机|裸岩|裸露的(?:岩|砖|树|墙|石|水泥|土)\w?|赤裸裸的|性感的(?:跑车|汽车|摩托)|淫雨",
)
"""Taken out of a text before it is judged."""

ALWAYS_MINORS = either(
    r"\b(?:csam|lolicon|shotacon|(?:child|kiddie|kid|teen) porn\w*|jail ?bait|p(?:a?e|æ)do(?:phil\w*|s)?)\b",
    r"\bcp of\b",
    r"萝莉控|恋童|儿童色情|援交",
)

SEXUAL = either(
    r"\b(?:sex|sexual(?:ly|i[sz]ed)?|sexy|sexting|nudes?|nudity|naked|topless|bottomless|porn\w*"
    r"|erotic\w*|erotica"
    r"|lingerie|nsfw|hentai|undress(?:ed|ing)?|unclothed|nudify\w*|genitals?|orgasm\w*|masturbat\w*|blowjobs?"
    r"|fuck\w*|lewd\w*|seductive\w*|sensual\w*|horny|fetish\w*|striptease|upskirt|xxx|penis|vagina"
    r"|nipples?|rape[ds]?"
    r"|panties|explicit sex\w*|sexually|sex ?tapes?|adult (?:film|movie|video)s?|x-?rated|nakey"
    r"|au naturel|ecchi"
    r"|boudoir|sultry|birthday suit|suggestive|making out|barely legal|in (?:(?:her|his) )?underwear"
    r"|luo ?(?:ti|zhao))\b",
    r"\b(?:without|with no|no|take off|off) (?:any |her |his |their |its )?(?:clothes|clothing)(?: on)?\b",
    r"\b(?:bare|naked|exposed) (?:breasts?|boobs|tits|chest|bottom|butt)\b|\b(?:boobs|tits|pussy|cum)\b",
    r"色情|裸|一丝不挂|光着身子|性爱|做爱|性交|情色|淫|[不没]穿衣服|脱光|扒光|性感|露点|私处|乳房|黄图|涩图|色图"
    r"|涩涩|光溜溜|下体|艳照|私房照|没穿的|洗澡偷拍",
)

YOUNG = (
    r"(?:[1-9]|1[0-7]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|(?:thir|four|fif|six|seven)teen)"
)
MINOR = either(
    r"\b(?:child(?:ren)?|kids?|kiddos?|toddlers?|infants?|newborns?|bab(?:y|ies)|teen(?:s|age|aged"
    r"|agers?)?|tweens?"
    r"|pre-?teens?|under-?aged?|minors?|juveniles?|adolescents?|school ?(?:girl|boy|kid|child)(?:s|ren)?"
    r"|(?:little|young|small) (?:girl|boy|sister|brother)s?|kindergart(?:en|n)ers?|\w+[- ]grade(?:rs?)?"
    r"|(?:elementary|primary|middle|high)[- ]?school(?:er|girl|boy)?s?|junior high|daughters?|nieces?"
    r"|nephews?"
    r"|lolis?|lolitas?|shotas?)\b",
    rf"(?<![\d.]){YOUNG}[- ]?(?:years?[- ]?olds?|yrs?[- ]?old|y/?o|y\.o)\b",
    rf"\b(?:girl|boy|aged?)s?,? (?:of |at )?{YOUNG}\b(?! ?(?:people|times|x))",
    r"儿童|孩子|小孩|幼女|幼童|女童|男童|婴儿|未成年|(?:小学|初中|中学|高中)[男女]?[生孩]|小女孩|小男孩|少女|少年|萝莉|正太",
    r"(?<![十\d])(?:[一二三四五六七八九]|[1-9]|1[0-7])岁|(?<![二三四五六七八九])十[一二三四五六七]?岁",
)

PERSON = (
    r"(?:wom[ae]n|m[ae]n|girls?|guys?|boys?|lad(?:y|ies)|persons?|people|someone|somebody|anyone|classmates?"
    r"|co-?workers?|colleagues?|neighbou?rs?|teachers?|boss|crush|ex(?:-?(?:wife|husband|girlfriend"
    r"|boyfriend))?"
    r"|girlfriends?|boyfriends?|wife|husband|sisters?|brothers?|cousin|mother|mom|mum|father|dad"
    r"|friends?|aunt"
    r"|roommate|celebrit(?:y|ies)|act(?:or|ress)(?:es)?|singers?|politicians?|presidents?|models?"
    r"|brides?|nurses?"
    r"|students?)"
)
WHO = (
    rf"(?:her|him|them|me|(?:(?:the|this|that|these|those|my|your|his|her|our|a|an|some) (?:\w+ )?)?{PERSON})"
)
WHOSE = (
    rf"(?:(?:all )?(?:of )?(?:her|his|their)|(?:(?:the|this|that|my|a) )?(?:\w+ )?{PERSON}'?s?|everyone'?s)"
)
GARMENT = (
    r"(?:clothes|clothing|garments?|shirt|t-?shirt|blouse|dress|skirt|pants|trousers|jeans|shorts|bra|panties"
    r"|underwear|swimsuit|swimwear|bikini|lingerie|outfit|top)\b(?!'s)"
)
PICTURE = r"(?:photos?|pictures?|pics?|images?|selfies?|drawings?)"
BARE_WORDS = (
    r"(?:naked|nude|nakey|topless|bottomless|undressed|unclothed|uncensored|au naturel|shirtless and pantless"
    r"|in (?:the (?:nude|buff)|(?:her|his|their) birthday suits?)|only (?:her|his|their) skin)"
)
NO_CLOTHES = (
    r"(?:without (?:any |her |his |their |the )?(?:clothes|clothing)|no clothes(?: on)?|wear(?:s"
    r"|ing)? nothing"
    r"|(?:under|underneath|beneath) (?:her|his|their|the) (?:clothes|clothing|dress|shirt))"
)
GARMENT_ZH = r"(?:衣服|衣物|上衣|外衣|裙子|裤子|内衣|内裤|胸罩|文胸|衬衫|泳衣|泳装|衣着|衣裳|比基尼|t恤)"
WHO_ZH = r"(?:她|他|女|男|人|同学|同事|老师|邻居|明星|前任|照片)"
OFF_ZH = r"(?:脱|扒|剥|去掉|去除|去了|移除|消除|清除|抹掉|抹去|p掉|变没|弄没|拿掉|删掉)"
BARE_ZH = r"(?:裸体|全裸|半裸|赤裸|脱光|扒光|一丝不挂|[不没]穿衣服|没有衣服|光溜溜|没穿的样子)"

ALWAYS_UNDRESSING = either(
    r"\bnudif\w*|\bdeep ?nudes?\b|\bfake nudes?\b|\bdeep ?fakes? porn\w*|\brevenge porn\w*|\bupskirt\w*",
    r"\bundress(?:ing)? (?:ai|apps?|bots?|tools?)\b",
    r"\bnude deep ?fakes?\b|\bdeep ?fakes?\b[^.\n]{0,30}\b(?:nude|naked|porn)",
    r"裸照|艳照|一键(?:脱|去)衣|ai ?(?:脱|去)衣|脱衣(?:软件|工具|换脸|神器|app|ai)",
)
UNDRESSING = (
    either(rf"\b(?:undress|unclothe|disrobe)(?:es|ed|ing|s)? {WHO}\b"),
    either(
        rf"\bstrip(?:s|ping)? {WHO}(?= ?(?:$|[.,!?;\n]|down|naked|nude|bare|completely|please|now"
        rf"|in (?:this|the)"
        r"|in (?:photos|pictures|images)|of (?:her|his|their|all)))"
    ),
    either(
        rf"\b(?:remov(?:e|es|ing)|get(?:ting)? rid of|delet(?:e|ing)|eras(?:e|ing)"
        rf"|(?:tak(?:e|es|ing)|rip|tear|pull|peel|cut|strip)(?:ping)? off) {WHOSE} (?:\w+ )?{GARMENT}",
        rf"\b(?:tak(?:e|es|ing)|rip|tear|pull|peel|strip)(?:ping)? {WHOSE} {GARMENT} off",
        rf"\b(?:remov\w+|tak\w+ off|rip|tear|strip\w*|delet\w+) (?:all )?(?:the )?(?:clothes|clothing)"
        rf" (?:off|of|from) {WHO}\b",
        r"\b(?:remov\w+|tak\w+ off) (?:all )?(?:the |their )?(?:clothes|clothing)\b(?! (?:from|on|off) the )",
        r"\b(?:clothes|clothing|bra|shirt|dress|top) (?:removed|taken off|off)\b(?! the )",
        rf"\b(?:lose|peel|slip|pull) (?:off )?(?:the|her|his) {GARMENT}(?= (?:from|off|on) (?:{WHO}"
        rf"|the (?:left|right)))",
    ),
    either(
        rf"\b(?:mak\w+|turn\w*|render\w*|get|show\w*|see|imagine|edit|want|put|have) (?:me )?"
        rf"(?:what )?(?:{WHO}|she|he|they|this {PICTURE}[^.\n]{{0,20}})\b[^.\n]{{0,40}}\b{BARE_WORDS}",
        rf"\b{WHO} out of (?:that|her|his|the|their) {GARMENT}",
        rf"\b(?:swap|replace|change) {WHOSE} {GARMENT}[^.\n]{{0,30}}\b(?:nothing|nude|naked|bare skin)",
    ),
    either(rf"\b(?:{WHO}|she|he|they)\b[^.\n]{{0,60}}\b{NO_CLOTHES}"),
    either(
        rf"\b(?:x-?ray|see (?:right )?through)\b(?:\W+\w+){{0,4}}? {WHOSE} {GARMENT}",
        r"\b(?:face|head)\b[^.\n]{0,30}\b(?:nude|naked|porn\w*)\b",
        rf"\b(?:make|turn|render)\b[^.\n]{{0,30}}{GARMENT}[^.\n]{{0,12}}\b(?:transparent|invisible"
        rf"|see-?through)\b",
        rf"\b(?:reveal|show|see)\b[^.\n]{{0,25}}\bunder(?:neath)? (?:that|her|his|their|the) {GARMENT}",
        rf"\b(?:{WHO}|she|he)\b[^.\n]{{0,40}}\b(?:au naturel|birthday suit|in the buff|only (?:her"
        rf"|his) skin)\b",
        rf"\b(?:shirtless and pantless|uncensored version)\b[^.\n]{{0,40}}\b{WHO}",
        r"\bbare (?:her|his|their) (?:breasts?|chest|bottom)",
    ),
    either(
        rf"{OFF_ZH}[掉光下了去]?.{{0,3}}{WHO_ZH}.{{0,3}}的?{GARMENT_ZH}",
        rf"{WHO_ZH}.{{0,6}}的?{GARMENT_ZH}.{{0,2}}{OFF_ZH}(?!.{{0,2}}[花字])",
        rf"(?:给|帮){WHO_ZH}.{{0,3}}脱[掉光]?{GARMENT_ZH}|{GARMENT_ZH}变?(?:成|得)?(?:透明|隐形)",
        rf"{WHO_ZH}.{{0,3}}{GARMENT_ZH}(?:的)?(?:下面|底下|里面)|{WHO_ZH}.{{0,6}}露出.{{0,2}}(?:下体|胸部|乳|私处)",
        rf"画.{{0,3}}{WHO_ZH}.{{0,4}}没穿的",
        rf"(?:让|把|给|使|换).{{0,8}}{WHO_ZH}.{{0,10}}{BARE_ZH}|(?:变|换|p)成?[成到]?.{{0,4}}(?:光溜溜|裸体|全裸|没穿衣服)",
    ),
)

BARE = either(
    rf"\b{BARE_WORDS}\b|\bnudes?\b|\bnsfw\b|\bporn\w*|\bundress\w*|\b{NO_CLOTHES}",
    r"脱掉?衣服|脱光|裸|[不没]穿衣服",
)
"""What nobody in an upload is made, whoever it is."""

CLOTHED = either(
    r"\b(?:cloth(?:es|ing|ed)|dress(?:es|ed)?|garments?|outfits?|underwear|pants|trousers|shirts?|skirts?"
    r"|swim(?:suits?|wear))\b",
    r"衣|裙|裤|穿",
)
"""Nobody wants a child without these in good faith."""

FIRST_NAMES = (
    "adam alex alexandra amy angela angelina anna anne ariana ben beyonce billie brad britney bruce "
    "cameron caroline catherine charles charlotte chris christina daniel david diana donald dua elizabeth "
    "ella elon emily emma eva gal george grace hailey hannah harry hillary jack james jane jason jennifer "
    "jessica jim joe john johnny julia justin kamala kanye kate katy keanu kim kristen kylie lady laura "
    "leonardo lily lisa louis lucy margot maria marilyn mark mary matt megan melania michael michelle "
    "mila miley millie natalie nicole olivia paris paul peter rachel ryan robert sabrina sarah scarlett "
    "selena serena sophie sydney taylor tom victoria will william zendaya zoe"
).split()
REAL = (
    either(
        rf"\bmy (?:\w+(?:'s)? )?{PERSON}\b|\b(?:this|that|the) {PERSON} (?:in|from|on) (?:the|this"
        rf"|my) {PICTURE}"
    ),
    either(
        r"\b(?:celebrit(?:y|ies)|famous|real (?:person|people|wom[ae]n|m[ae]n|girls?|celebrit\w+)"
        r"|politicians?"
        r"|actress(?:es)?|actors?|pop ?stars?|movie stars?|singers?|the (?:president|queen|king"
        r"|prime minister))\b"
    ),
    either(rf"\b(?:{'|'.join(FIRST_NAMES)}) (?!(?:and|in|on|with|is|of|the|at|as)\b)[a-z]{{3,}}\b"),
    either(
        r"明星|女星|男星|演员|歌手|主播|网红|同学|同事|老师|教师|邻居|前(?:女友|男友|任|妻|夫)|女友|男友|老婆|老公|上司|总统"
    ),
)
"""Who is no invention of the words; only beside what is sexual."""

"""Reads the core of Chinese: a message becomes wishes, their words translated for the engines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.brains import chinese_forms as forms
from agent.brains.chinese_adjust import is_reshaping, read_adjust
from agent.brains.chinese_combine import as_combination, as_placement
from agent.brains.chinese_evidence import likely_change, likely_picture, swapped
from agent.brains.chinese_orders import TAIL, instruction
from agent.brains.chinese_reasoning import reasoned
from agent.brains.chinese_references import NUMBER, about, find_reference, value
from agent.brains.chinese_words import NOUN, translate
from agent.brains.english_questions import to_choose_from
from agent.brains.english_quotes import unmasked
from agent.brains.lexicon import content_words
from agent.brains.reading import Format, Reading, Wish
from agent.brains.references import Album, Reference
from agent.brains.variations import read_chinese_variation

__all__ = ["read_chinese"]


def read_chinese(message: str, album: Album) -> Reading:
    """The wishes of a Chinese message about the pictures in `album`."""
    text, quotes = mask_quotes(message.strip())
    text = reasoned(forms.DROPPED.sub("", re.sub(r"3\s?[dD](?![a-z])", "三维", text)))
    text, picture_format = (text, Format()) if is_reshaping(text) else take_format(text)
    if forms.FIGURATIVE.search(text):
        return Reading(wishes=(Wish(kind="chat", text=message),))
    wishes: list[Wish] = []
    for clause in filter(None, (piece.strip(" ，,、") for piece in forms.SPLIT.split(text))):
        if is_more_of_scene(clause, wishes):
            wishes[-1] = replace(wishes[-1], text=f"{wishes[-1].text}, {translate(clause)}")
            continue
        several = read_adjust(clause, album) or read_chinese_variation(clause) or read_several(clause)
        wishes += several or [read_clause(clause, album, wishes)]
    if not wishes and picture_format != Format():
        wishes = [Wish(kind="again")]
    working = [wish for wish in wishes if wish.kind != "chat"]
    if any(wish.kind in ("generate", "edit") for wish in working):
        working = [wish for wish in working if wish.kind != "ask"]
    is_guess = any(wish.is_guess for wish in wishes)
    working = working or [Wish(kind="chat", text=message, is_guess=is_guess)]
    working = [replace(wish, text=unmasked(wish.text, quotes)) for wish in working]
    return Reading(wishes=tuple(working), format=picture_format)


def is_more_of_scene(clause: str, wishes: Sequence[Wish]) -> bool:
    """Only a style, a mood or what is left out, after a new picture."""
    is_after_new = bool(wishes) and wishes[-1].kind == "generate"
    return is_after_new and forms.MORE.fullmatch(clause) is not None


def mask_quotes(text: str) -> tuple[str, list[str]]:
    """Quoted words are data: they steer nothing and come back untouched."""
    quotes: list[str] = []

    def mask(found: re.Match[str]) -> str:
        quotes.append(f'"{found[1]}"')
        return f"QUOTE{len(quotes) - 1}"

    return re.sub(r"[“\"「『《]([^”\"」』》]+)[”\"」』》]", mask, text), quotes


def take_format(text: str) -> tuple[str, Format]:
    """Shape or pixels asked for, and the text without them."""
    pixels = re.search(
        r"[，, ]*(?:尺寸|大小)?(?:为|是)?(\d{2,5}) ?[xX×*乘] ?(\d{2,5})(?:像素)?的?(?:尺寸|大小)?", text
    )
    if pixels:
        rest = text[: pixels.start()] + text[pixels.end() :]
        return rest, Format(width=int(pixels[1]), height=int(pixels[2]))
    for shape, words in forms.SHAPES:
        found = re.search(rf"[，, ]*(?:用|要|以)?(?:{words})(?:的|构图|格式|比例|图片|方式)*", text)
        if found:
            return text[: found.start()] + text[found.end() :], Format(shape=shape)
    return text, Format()


def read_several(raw: str) -> list[Wish]:
    """ "一只猫和一只狗，各一张": a picture of each."""
    each = forms.EACH.search(raw)
    if not each:
        return []
    rest = bare(raw[: each.start()] + raw[each.end() :])
    order = forms.GENERATE.match(rest)
    items = re.split(r"[，,、]|和|与|跟|还有", rest[order.end() :] if order else rest)
    subjects = [subject for subject in map(subject_of, items) if subject]
    return [Wish(kind="generate", text=subject) for subject in subjects] if len(subjects) > 1 else []


def bare(raw: str) -> str:
    """Without greetings and politeness at both ends."""
    return TAIL.sub("", forms.LEAD.sub("", raw)) or TAIL.sub("", raw)


def read_clause(raw: str, album: Album, earlier: Sequence[Wish]) -> Wish:
    """One clause's wish."""
    clause = bare(raw)
    named, rest = find_reference(clause, album)
    has_picture = album.current is not None or any(wish.kind == "generate" for wish in earlier)
    thing = forms.SEEN_AGAIN.fullmatch(clause)
    back_to = about(thing["what"], album) if thing and not named else None
    if back_to:
        return Wish(kind="go_back", reference=back_to)
    if forms.UNDO.search(clause) and not re.search(r"颜色|背景", clause) and not is_placed(named):
        index = 2 if re.search(r"两步|两次|两个版本", clause) else 1
        return Wish(kind="go_back", reference=named or Reference(kind="back", index=index))
    if re.fullmatch(r"重做|恢复撤销|前进|再前进", clause) and album.find(Reference(kind="redo")).ids:
        return Wish(kind="go_back", reference=Reference(kind="redo"))
    if is_question(raw, rest if named and rest else clause):
        return question(raw, clause, named, album)
    only_thing = about(clause, album) if re.fullmatch(NOUN, clause) and not named else None
    if only_thing:
        return Wish(kind="go_back", reference=only_thing)
    is_return = named is not None and named.kind != "current" and not forms.EDIT.search(rest)
    if is_return and (forms.GO_BACK.search(raw) or forms.GO_BACK.search(clause) or not TAIL.sub("", rest)):
        return Wish(kind="go_back", reference=named)
    if album.current and (forms.UNHAPPY.fullmatch(clause) or forms.UNHAPPY.fullmatch(raw.strip("。！!，, "))):
        return Wish(kind="ask", text=raw)
    if forms.VAGUE.fullmatch(clause) or forms.VAGUE.fullmatch(raw.strip("。！!，, ")):
        return Wish(kind="ask", text=raw)
    if forms.SAYS.match(raw.strip()) and not re.search(r"[画加](?:一|两|三|个)|把", clause):
        return Wish(kind="chat", text=raw, is_guess="了" not in raw)
    again = forms.AGAIN.fullmatch(clause)
    if again and re.search(r"再|重|多|[张版次遍]", clause):
        return Wish(kind="again", num_pictures=value(again["n"] or "一"), reference=named)
    return read_work(raw, clause, rest, named, album, has_picture, earlier)


def read_work(
    raw: str,
    clause: str,
    rest: str,
    named: Reference | None,
    album: Album,
    has_picture: bool,
    earlier: Sequence[Wish],
) -> Wish:
    """A change or a new picture, else talk."""
    text, num_pictures = take_count(rest)
    together = as_placement(clause) or as_combination(clause, named, album)
    if together:
        return together
    too = forms.TOO.fullmatch(text)
    if too and has_picture:
        what = translate(too["what"]) if too["what"] else "it"
        name = f"the {what}" if re.fullmatch(r"[a-z ]+", what) and what not in ("it", "picture") else "it"
        return Wish(kind="edit", text=f"make {name} {forms.OPPOSITE[too['how']]}", reference=named)
    change = swapped(text, album, named) or swapped(raw, album, named)
    if change:
        return change
    if forms.EDIT.search(text) and not re.match(
        r"(?:重新)?(?:画|生成|绘制)(?!.*(?:旁边|上面|[它他她]))", text
    ):
        reference = named or about(clause, album)
        return Wish(kind="edit", text=instruction(text), reference=reference, num_pictures=num_pictures)
    found = forms.GENERATE.match(text)
    counted = num_pictures > 1 and re.search(r"的(?:图片|图|画|照片)?$", text)
    if not found and counted and subject_of(text):
        return Wish(kind="generate", text=subject_of(text), num_pictures=num_pictures)
    if found or re.match(
        rf"(?:{NUMBER})[只个辆条朵棵本座把架艘颗匹头杯块片位名幅间栋碗盘瓶壶篮袋箱群对双]", text
    ):
        subject = subject_of(text[found.end() :] if found else text)
        if has_picture and found and re.match(r"[在它他她].*(?:旁边|上面|后面|前面|左边|右边)", text):
            return Wish(kind="edit", text=instruction("加" + text), num_pictures=num_pictures)
        if found is None and len(re.findall(r"[\u3400-\u9fff]", subject)) > 3:
            return Wish(kind="chat", text=raw, is_guess=True)
        if has_picture and re.fullmatch(r"an?|one|two|three|four", subject):
            return Wish(
                kind="again",
                num_pictures=max(num_pictures, {"two": 2, "three": 3, "four": 4}.get(subject, 1)),
            )
        return Wish(kind="generate" if subject else "ask", text=subject, num_pictures=num_pictures)
    if forms.CHAT.search(raw):
        return Wish(kind="chat", text=raw)
    change = likely_change(text, album, named)
    if change:
        return replace(change, reference=change.reference or about(clause, album), is_guess=True)
    return replace(fragment(raw, text, named, has_picture, earlier, num_pictures), is_guess=True)


def fragment(
    raw: str,
    text: str,
    named: Reference | None,
    has_picture: bool,
    earlier: Sequence[Wish],
    num_pictures: int,
) -> Wish:
    """Words without a verb: a look to change, or a thing to draw when every word is known."""
    english = translate(text)
    is_look = re.search(r"色$|^更|风格$|夜晚$|晚上$|白天$", text)
    if has_picture and re.fullmatch(r"[\w ]{1,8}", text) and is_look:
        return Wish(kind="edit", text=f"make it {english}", reference=named)
    if earlier and earlier[-1].kind == "generate" and english:
        return Wish(kind="generate", text=subject_of(text), num_pictures=num_pictures)
    if english and not re.search(r"[\u3400-\u9fff]", english) and re.search(r"[\u3400-\u9fff]", text):
        return Wish(kind="generate", text=english, num_pictures=num_pictures)
    scene = likely_picture(text) if not has_picture else ""
    return (
        Wish(kind="generate", text=scene, num_pictures=num_pictures) if scene else Wish(kind="chat", text=raw)
    )


def is_placed(named: Reference | None) -> bool:
    """Named by its place or number, so that "undo" is no more the whole wish."""
    return named is not None and named.kind in ("ordinal", "number")


def is_question(raw: str, clause: str) -> bool:
    """A question rather than an order put politely."""
    return bool(forms.ASKS.search(raw)) and not forms.ORDERS.match(clause)


def question(raw: str, clause: str, named: Reference | None, album: Album) -> Wish:
    """A question about a picture, or talk when it is about life or about us."""
    if forms.OF_LIFE.search(raw):
        return Wish(kind="chat", text=raw)
    if len(album.context.pictures) > 1 and forms.CHOICE.search(raw) and not is_placed(named):
        first, *others = to_choose_from(album, raw)
        return Wish(kind="question", text=raw, reference=first, others=tuple(others))
    several = [
        Reference(kind="ordinal", index=value(each)) for each in re.findall(rf"第({NUMBER})[张个幅]", raw)
    ]
    if len(several) > 1:
        return Wish(kind="question", text=raw, reference=several[0], others=tuple(several[1:]))
    known = frozenset[str]().union(*(album.words(each) for each in album.context.pictures))
    is_about_pictures = bool(named or album.context.uploads or forms.OF_PICTURES.search(raw))
    is_about_pictures = is_about_pictures or bool(content_words(translate(raw)) & known)
    is_of_it = re.match(r"(?:它|这|那|他|她)", clause) is not None
    if is_about_pictures and (album.current is not None or is_of_it or re.search(r"图|照片|画面", raw)):
        return Wish(kind="question", text=raw, reference=named or about(clause, album))
    return Wish(kind="chat", text=raw, is_guess=True)


def take_count(text: str) -> tuple[str, int]:
    """How many pictures: 两张 counts pictures, 两只 counts things in one."""
    found = forms.COUNT.search(text)
    if not found or re.match(r"第", text[max(0, found.start() - 1) :]):
        return text, 1
    return text[: found.start()] + text[found.end() :], value(found["n"])


def subject_of(text: str) -> str:
    """What is to be seen, in English."""
    text = re.sub(r"^(?:一?[张幅]|一?个(?=关于|有关)|出|关于|有关|的)+(?=\S)", "", bare(text.strip()))
    text = re.sub(r"的?(?:图片|图像|照片|(?<![地蓝])图|(?<![油彩漫墨素版国像])画)$", "", text)
    return translate(text)

"""What the offline rules say: small talk, help, questions, and what a picture's record tells of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from agent.brains import reasons
from agent.brains.brain import Context, PictureView
from agent.brains.references import Album, Resolved
from agent.domain import Decision, Origin

__all__ = [
    "about_pictures",
    "after",
    "back_to",
    "cannot_look",
    "nothing_to_change",
    "nothing_to_see",
    "read_in_part",
    "taken",
    "talk",
    "unclear",
    "what_to_do",
    "where_to",
    "which_one",
]


def say(language: str, english: str, chinese: str) -> str:
    return chinese if language.startswith("zh") else english


def which_one(language: str) -> str:
    return say(
        language,
        "Which picture do you mean? Click one, or say its number.",
        "你指的是哪一张图？点一下，或者说它的编号。",
    )


def nothing_to_change(language: str) -> str:
    return say(
        language,
        "There is no picture to change yet. What shall I draw, or which picture would you like to upload?",
        "还没有图可以修改。要我画什么，还是你想上传一张图？",
    )


def nothing_to_see(language: str) -> str:
    return say(
        language,
        "There is no picture here yet. Upload one, or tell me what to draw.",
        "这里还没有图。可以上传一张，或者告诉我要画什么。",
    )


def where_to(language: str, has_pictures: bool) -> str:
    if has_pictures:
        return say(language, "Which picture shall I go back to?", "要回到哪一张图？")
    return say(
        language, "There is nothing to go back to yet. What shall I draw?", "还没有可以回到的图。要我画什么？"
    )


def back_to(album: Album, found: Resolved, language: str) -> str:
    """Names the picture that is current again, and why it is this one."""
    handle = album.by_id[found.ids[0]].handle
    return say(language, f"Back to {handle}, {found.reason}.", f"回到 {handle}：{found.reason}。")


def taken(album: Album, used: Sequence[Resolved], language: str) -> tuple[str, ...]:
    """Names the pictures that were worked on, where these were not plainly the one looked at."""
    current = album.current.id if album.current else None
    return tuple(
        say(language, f"I took {names}, {found.reason}.", f"我用的是 {names}：{found.reason}。")
        for found in used
        if found.ids != (current,) and found.reason != reasons.number.told(language)
        for names in [", ".join(album.by_id[each].handle for each in found.ids)]
    )


def what_to_do(language: str) -> str:
    return say(language, "What would you like me to do with this picture?", "要我对这张图做什么？")


def unclear(album: Album, language: str) -> str:
    if album.current is None:
        return say(language, "What would you like to see?", "你想看到什么？")
    return say(
        language,
        "What exactly shall I change? For example its colour, the background or the style.",
        "具体要改什么？比如颜色、背景或风格。",
    )


_TALK: tuple[tuple[str, str, str], ...] = (
    (
        r"\bhow (?:do|can|would|should|to)\b.*\b(?:draw|paint|sketch)|怎么画|如何画|教我",
        'I cannot teach drawing, but I can draw it for you: say "draw" and what you would like to see.',
        "我不会教画画，但可以替你画：说“画”再加上你想看的东西。",
    ),
    (
        (
            r"\bhelp\b|what can you|what (?:do|should|can) i|how does this|how do i use|帮助"
            r"|能做什么|会什么|怎么用|会做什么"
        ),
        'Tell me what to draw ("a red car next to a dog, three versions, in landscape"), '
        'how to change it ("make the car blue",'
        ' "remove the dog"), or where to go back to ("undo", "go back to the first '
        'one"). You can also upload a picture.',
        "告诉我要画什么（“画一辆红色的车，横向，三张”），怎么改（“把车变成蓝色”“去掉狗”），或者回到哪里（“撤销”“回到第一张”）。也可以上传图片。",
    ),
    (r"\bthanks?\b|thank you|thx|谢谢|多谢", "You are welcome.", "不客气。"),
    (
        r"\b(?:bye|goodbye|see you)\b|再见|拜拜",
        "Goodbye. This conversation will be here when you come back.",
        "再见，对话会一直留在这里。",
    ),
    (
        r"\b(?:who|what) are you\b|your name|你是谁|你叫什么",
        "I am Reverie: I draw pictures and change them when you ask.",
        "我是 Reverie：你说，我画，也能修改图片。",
    ),
    (
        r"\b(?:hi|hello|hey|good (?:morning|evening|afternoon))\b|你好|您好|早上好|晚上好",
        "Hello. What would you like to see?",
        "你好！想看什么？",
    ),
    (
        r"\b(?:nice|great|cool|love|like|beautiful|perfect|awesome|good)\b|不错|好看|喜欢|棒",
        "I am glad you like it.",
        "很高兴你喜欢。",
    ),
    (
        r"don't|do not|never mind|别|不要|不用|算了",
        "All right, I leave everything as it is.",
        "好的，什么都不动。",
    ),
)


def talk(context: Context, language: str) -> str:
    """One short answer; the rules are honest about being no conversationalist."""
    for pattern, english, chinese in _TALK:
        if re.search(pattern, context.message, re.I):
            return say(language, english, chinese)
    return say(
        language,
        "Without a language model I can only talk about pictures: tell me what to draw or what to change.",
        "没有语言模型时我只会聊图片：告诉我要画什么，或者要改什么。",
    )


def about_pictures(context: Context, decision: Decision) -> str:
    """What the record says of each picture asked about."""
    album = Album(context)
    pictures = [album.by_id[target] for target in decision.targets if target in album.by_id]
    return "\n".join(story(picture, album, decision.language) for picture in pictures) or nothing_to_see(
        decision.language
    )


def cannot_look(model: str, language: str) -> str:
    """Said before an answer about a picture that the model was not shown."""
    return say(
        language,
        f"The language model {model} cannot see pictures, so this is from the picture's record. ",
        f"语言模型 {model} 看不到图片，以下根据图片的记录回答。",
    )


def after(note: str, pieces: Iterable[str]) -> Iterator[str]:
    """The pieces, with the note before the first one."""
    for piece in pieces:
        yield note + piece
        note = ""


def read_in_part(num_tokens: int, language: str) -> str:
    """Some servers cut a long conversation and do not say so."""
    return say(
        language,
        f"The language model's server read only {num_tokens:,} tokens of this conversation, so check what I "
        "made of it; give the server a longer context (Ollama: OLLAMA_CONTEXT_LENGTH=16384).",
        f"语言模型服务器只读了这次对话的 {num_tokens:,} 个 token，请核对结果；请给服务器更长的上下文"
        "（Ollama：OLLAMA_CONTEXT_LENGTH=16384）。",
    )


def story(picture: PictureView, album: Album, language: str) -> str:
    """How a picture came to be, and openly what cannot be seen without a model."""
    line = album.line(picture)
    root, edits = line[-1], [each.prompt for each in reversed(line[:-1])]
    name = picture.handle
    changes = say(language, "; ".join(edits), "；".join(edits))
    if root.origin is Origin.UPLOADED:
        known = (
            say(language, f" Its description says: {root.prompt}.", f"它的说明是：{root.prompt}。")
            if root.prompt
            else ""
        )
        changed = say(language, f" Since then: {changes}.", f"之后的修改：{changes}。") if edits else ""
        start = say(
            language,
            (
                f"{name} is your own picture. Offline I cannot see inside photos; a language model "
                f"that sees pictures could."
            ),
            f"{name} 是你上传的图。离线时我看不到照片里的内容，接上能看图的语言模型才行。",
        )
        return start + known + changed
    start = say(
        language, f'{name} was drawn from the words "{root.prompt}"', f"{name} 是按“{root.prompt}”画的"
    )
    changed = say(language, f", then changed: {changes}", f"，然后修改：{changes}") if edits else ""
    end = say(
        language,
        ". I know its words, but offline I cannot look at the pixels.",
        "。我知道它的文字，但离线时看不到画面本身。",
    )
    return start + changed + end

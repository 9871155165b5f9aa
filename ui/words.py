"""The words of the page in English and Chinese; the browser's language decides which are shown.

Labels are keys that Gradio looks up in the browser (`WORDS("new_chat")`). What the server writes into
messages is chosen by the language of the request (`language_of`, `say`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import gradio as gr

__all__ = ["TEXTS", "WORDS", "Text", "language_of", "say"]


@dataclass(frozen=True, kw_only=True)
class Text:
    """One text of the page in both languages."""

    en: str
    zh: str


TEXTS: Mapping[str, Text] = {
    "new_chat": Text(en="New chat", zh="新对话"),
    "chats": Text(en="Chats", zh="对话"),
    "rename": Text(en="Rename", zh="重命名"),
    "delete": Text(en="Delete", zh="删除"),
    "title": Text(en="Title", zh="标题"),
    "save": Text(en="Save", zh="保存"),
    "cancel": Text(en="Cancel", zh="取消"),
    "delete_for_good": Text(en="Delete for good", zh="彻底删除"),
    "keep": Text(en="Keep", zh="保留"),
    "delete_question": Text(
        en="Delete this chat and its pictures for good?", zh="彻底删除这个对话和其中的图片？"
    ),
    "conversation": Text(en="Conversation", zh="对话"),
    "message": Text(en="Message", zh="消息"),
    "box_hint": Text(en="Say what to draw or what to change…", zh="说说要画什么，或者要改什么…"),
    "quality": Text(en="Quality", zh="质量"),
    "full": Text(en="Full", zh="精细"),
    "fast": Text(en="Fast", zh="快速"),
    "shape": Text(en="Shape", zh="形状"),
    "square": Text(en="Square", zh="方形"),
    "landscape": Text(en="Landscape", zh="横向"),
    "portrait": Text(en="Portrait", zh="竖向"),
    "seed": Text(en="Seed", zh="种子"),
    "random": Text(en="random", zh="随机"),
    "thinking": Text(en="Thinking…", zh="思考中…"),
    "retry": Text(en="Retry", zh="重试"),
    "download": Text(en="Download", zh="下载"),
    "search_chats": Text(en="Search chats", zh="搜索对话"),
    "temporary_chat": Text(en="Temporary chat", zh="临时对话"),
    "temporary": Text(en="Temporary", zh="临时"),
    "temporary_note": Text(
        en="Temporary chat: it is deleted with its pictures when you start another one or Reverie restarts.",
        zh="临时对话：开始新对话或重新启动 Reverie 时，它和其中的图片都会被删除。",
    ),
    "end_now": Text(en="Delete it now", zh="立即删除"),
    "pin": Text(en="Pin", zh="置顶"),
    "unpin": Text(en="Unpin", zh="取消置顶"),
    "pinned": Text(en="Pinned", zh="置顶"),
    "today": Text(en="Today", zh="今天"),
    "yesterday": Text(en="Yesterday", zh="昨天"),
    "earlier": Text(en="Earlier", zh="更早"),
    "export": Text(en="Export", zh="导出"),
    "import_chat": Text(en="Import a chat", zh="导入对话"),
    "importing": Text(en="Importing…", zh="正在导入…"),
    "import_failed": Text(en="The import failed. Please try again.", zh="导入失败，请重试。"),
    "nothing_found": Text(en="Nothing found.", zh="没有找到。"),
    "more_chats": Text(en="Older chats: search to find them.", zh="更早的对话可以用搜索找到。"),
    "all_pictures": Text(en="All pictures", zh="所有图片"),
    "search_pictures": Text(en="Search pictures", zh="搜索图片"),
    "starred_only": Text(en="Starred only", zh="只看加星"),
    "star": Text(en="Star", zh="加星"),
    "unstar": Text(en="Unstar", zh="取消加星"),
    "back_to_chat": Text(en="Back to the chat", zh="回到对话"),
    "back_to_pictures": Text(en="Back to all pictures", zh="回到所有图片"),
    "use_here": Text(en="Use in this chat", zh="用到当前对话"),
    "go_to_chat": Text(en="Go to its chat", zh="打开所在对话"),
    "from_chat": Text(en="From", zh="来自"),
    "upload": Text(en="Upload", zh="上传的图片"),
    "newer": Text(en="Newer", zh="更新的"),
    "older": Text(en="Older", zh="更早的"),
    "no_pictures": Text(en="No pictures yet.", zh="还没有图片。"),
}

WORDS = gr.I18n(
    en={key: text.en for key, text in TEXTS.items()}, zh={key: text.zh for key, text in TEXTS.items()}
)


def language_of(accept_language: str) -> str:
    """The first language of a browser that the page speaks: "zh" or "en"."""
    for part in accept_language.lower().split(","):
        name = part.split(";")[0].strip().split("-")[0]
        if name in ("en", "zh"):
            return name
    return "en"


def say(key: str, language: str) -> str:
    """A text in a language; KeyError for a text that is not there."""
    text = TEXTS[key]
    return text.zh if language == "zh" else text.en

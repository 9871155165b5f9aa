"""The list of chats as markup. Pure; all words of users are escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from html import escape
from itertools import groupby

from agent.domain import Session
from agent.library import ChatList
from ui.bilingual import spoken

__all__ = ["chat_list", "found_chats"]

THUMBNAIL_PX = 96


def chat_list(listed: ChatList, shown_id: str, today: date | None = None) -> str:
    """All chats under words for their days, the shown one with what can be done with it."""
    day = today or datetime.now().astimezone().date()
    groups = groupby(listed.chats, lambda chat: group_of(chat, day))
    parts = [f"<h3>{spoken(key)}</h3>{entries([*chats], shown_id)}" for key, chats in groups]
    if listed.total > len(listed.chats):
        parts.append(f'<p class="more">{spoken("more_chats")}</p>')
    return "".join(parts)


def found_chats(listed: ChatList, shown_id: str) -> str:
    """What a search has found."""
    if not listed.chats:
        return f'<p class="more">{spoken("nothing_found")}</p>'
    return entries(listed.chats, shown_id)


def group_of(chat: Session, today: date) -> str:
    if chat.is_pinned:
        return "pinned"
    day = chat.updated.astimezone().date()
    return "today" if day >= today else "yesterday" if day == today - timedelta(days=1) else "earlier"


def entries(chats: Sequence[Session], shown_id: str) -> str:
    return f"<ul>{''.join(entry(chat, chat.id == shown_id) for chat in chats)}</ul>"


def entry(chat: Session, is_shown: bool) -> str:
    mark = f'<span class="mark">{spoken("temporary")}</span>' if chat.is_temporary else ""
    current = ' aria-current="true"' if is_shown else ""
    inside = f'{thumbnail(chat)}<span class="chat-title">{escape(chat.title)}</span>{mark}'
    return (
        f'<li class="{"selected" if is_shown else ""}">'
        f'<button type="button" class="chat-link" data-do="choose" data-id="{chat.id}"{current}>'
        f"{inside}</button>{actions(chat) if is_shown else ''}</li>"
    )


def thumbnail(chat: Session) -> str:
    """The picture looked at last; what it shows, the title tells."""
    if chat.head is None:
        return '<span class="chat-picture"></span>'
    address = f"/thumbnails/{chat.head}?size={THUMBNAIL_PX}"
    return f'<img class="chat-picture" src="{address}" alt="" loading="lazy" width="36" height="36">'


def actions(chat: Session) -> str:
    """What can be done with the chat that is shown."""
    pin = "" if chat.is_temporary else button("pin", "unpin" if chat.is_pinned else "pin")
    export = f'<a href="/export/{chat.id}" download>{spoken("export")}</a>'
    share = "" if chat.is_temporary else f'<a href="/share/{chat.id}">{spoken("share")}</a>'
    choices = [button("rename", "rename"), pin, share, export, button("remove", "delete")]
    return f'<div class="chat-actions">{"".join(choices)}</div>'


def button(doing: str, key: str) -> str:
    return f'<button type="button" data-do="{doing}">{spoken(key)}</button>'

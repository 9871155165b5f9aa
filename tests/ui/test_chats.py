"""The list of chats as markup."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from agent.domain import Session
from agent.library import ChatList
from ui.chats import chat_list, found_chats

TODAY = date(2026, 11, 23)


def a_chat(title: str, *, days: int = 0, number: int = 1, **facts: object) -> Session:
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12).astimezone()
    used = noon - timedelta(days=days)
    values = {"id": f"{number:032x}", "owner": "ann", "title": title, "created": used, "updated": used}
    return Session.model_validate(values | facts)


def listed(*chats: Session, total: int | None = None) -> ChatList:
    return ChatList(chats=chats, total=len(chats) if total is None else total)


def test_chats_stand_under_words_for_their_days() -> None:
    chats = [
        a_chat("kept", days=30, is_pinned=True),
        a_chat("new"),
        a_chat("day before", days=1),
        a_chat("week before", days=7),
        a_chat("year before", days=400),
    ]
    markup = chat_list(listed(*chats), "", TODAY)
    places = ["Pinned", "kept", "Today", "new", "Yesterday", "day before", "Earlier", "week before", "year"]
    assert [markup.index(each) for each in places] == sorted(markup.index(each) for each in places)
    assert markup.count("<h3>") == 4
    assert '<span lang="zh">昨天</span>' in markup


def test_a_chat_of_tomorrow_counts_as_today() -> None:
    assert "Today" in chat_list(listed(a_chat("fast clock", days=-1)), "", TODAY)


def test_only_the_shown_chat_can_be_worked_on() -> None:
    shown, other = a_chat("shown", number=1), a_chat("other", number=2, is_pinned=True)
    markup = chat_list(listed(other, shown), shown.id, TODAY)
    assert markup.count('class="chat-actions"') == markup.count('aria-current="true"') == 1
    assert f'href="/export/{shown.id}"' in markup
    assert f"/export/{other.id}" not in markup
    assert ">Pin<" in markup
    assert ">Unpin<" in chat_list(listed(other), other.id, TODAY)


def test_a_temporary_chat_is_marked_and_cannot_be_pinned() -> None:
    chat = a_chat("secret", is_temporary=True)
    markup = chat_list(listed(chat), chat.id, TODAY)
    assert 'class="mark"' in markup
    assert 'data-do="pin"' not in markup


def test_the_picture_looked_at_last_stands_for_its_chat() -> None:
    markup = chat_list(listed(a_chat("car", head="a" * 32)), "", TODAY)
    assert f'src="/thumbnails/{"a" * 32}?size=96" alt=""' in markup
    assert "<img" not in chat_list(listed(a_chat("empty")), "", TODAY)


def test_titles_are_words() -> None:
    for markup in (
        chat_list(listed(a_chat("<img src=x onerror=alert(1)>")), "", TODAY),
        found_chats(listed(a_chat("<img src=x onerror=alert(1)>")), ""),
    ):
        assert "<img src=x" not in markup
        assert "&lt;img src=x" in markup


def test_it_is_said_when_there_are_more_or_none() -> None:
    assert "Older chats" in chat_list(listed(a_chat("one"), total=2), "", TODAY)
    assert "Older chats" not in chat_list(listed(a_chat("one")), "", TODAY)
    assert "Nothing found" in found_chats(listed(), "")

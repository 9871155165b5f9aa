"""Links to a chat: what they show, to whom, and how they end."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from agent.domain import Origin, PictureOptions, Session, Turn, TurnStatus
from agent.errors import SessionNotFound, SourceNotFound
from agent.sessions import NewPicture, Sessions
from agent.sharing import Shares


@pytest.fixture
def sessions(store_url: str) -> Iterator[Sessions]:
    sessions = Sessions(store_url)
    yield sessions
    sessions.close()


def say(sessions: Sessions, chat: Session, text: str, origin: Origin = Origin.UPLOADED) -> Turn:
    picture = NewPicture(sha256="0" * 64, width=1, height=1, origin=origin)
    turn = sessions.open_turn(chat.id, chat.owner, text, PictureOptions(), [picture])
    sessions.close_turn(turn.id, TurnStatus.DONE, "done")
    return turn


def test_a_link_shows_the_chat_as_it_was_shared(sessions: Sessions) -> None:
    chat, shares = sessions.create("anna"), Shares(sessions)
    first = say(sessions, chat, "draw a car")
    share = shares.share(chat.id, "anna")
    assert re.fullmatch("[0-9a-f]{32}", share.id)
    later = say(sessions, chat, "a secret")
    assert [turn.text for turn in shares.open(share.id).turns] == ["draw a car"]
    assert shares.picture(share.id, first.uploads[0].id).picture == first.uploads[0]
    with pytest.raises(SourceNotFound):
        shares.picture(share.id, later.uploads[0].id)
    assert shares.share(chat.id, "anna").id == share.id
    assert len(shares.open(share.id).turns) == 2


def test_masks_are_not_shown(sessions: Sessions) -> None:
    chat, shares = sessions.create("anna"), Shares(sessions)
    turn = say(sessions, chat, "change it here", Origin.MASK)
    share = shares.share(chat.id, "anna")
    with pytest.raises(SourceNotFound):
        shares.picture(share.id, turn.masks[0].id)


def test_only_the_owner_shares_and_withdraws(sessions: Sessions) -> None:
    chat, shares = sessions.create("anna"), Shares(sessions)
    say(sessions, chat, "draw a car")
    share = shares.share(chat.id, "anna")
    for act in (shares.share, shares.of, shares.withdraw):
        with pytest.raises(SessionNotFound):
            act(chat.id, "ben")
    assert shares.of(chat.id, "anna") == share
    shares.withdraw(chat.id, "anna")
    assert shares.of(chat.id, "anna") is None
    with pytest.raises(SourceNotFound):
        shares.open(share.id)
    assert shares.share(chat.id, "anna").id != share.id


def test_a_deleted_chat_takes_its_link_along(sessions: Sessions) -> None:
    chat, shares = sessions.create("anna"), Shares(sessions)
    say(sessions, chat, "draw a car")
    share = shares.share(chat.id, "anna")
    sessions.delete(chat.id, "anna")
    with pytest.raises(SourceNotFound):
        shares.open(share.id)


def test_an_empty_chat_is_not_shared(sessions: Sessions) -> None:
    chat = sessions.create("anna")
    with pytest.raises(SessionNotFound, match="nothing in this chat yet"):
        Shares(sessions).share(chat.id, "anna")


@pytest.mark.parametrize("share_id", ["", "0" * 32, "%", "../x", "' or 1=1", "0" * 33])
def test_any_other_text_is_no_link(sessions: Sessions, share_id: str) -> None:
    chat = sessions.create("anna")
    say(sessions, chat, "draw a car")
    Shares(sessions).share(chat.id, "anna")
    with pytest.raises(SourceNotFound):
        Shares(sessions).open(share_id)

"""Sign-ins: found by their token alone, until they end."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from agent.people.sign_ins import SIGN_IN_DAYS, SignIns
from agent.sessions import Sessions
from agent.tables import utc_now


def test_a_token_speaks_for_its_owner_until_it_is_ended(sessions: Sessions) -> None:
    sign_ins = SignIns(sessions)
    one, two = sign_ins.open("hf:a", "Anna"), sign_ins.open("hf:a", "Anna")
    assert one.token != two.token
    assert sign_ins.find(one.token) == one.sign_in
    sign_ins.end(one.sign_in.id)
    assert sign_ins.find(one.token) is None
    assert sign_ins.find(two.token) == two.sign_in


def test_all_of_an_owner_can_end_but_this_one(sessions: Sessions) -> None:
    sign_ins = SignIns(sessions)
    mine, other, theirs = (sign_ins.open(owner, "x") for owner in ("hf:a", "hf:a", "hf:b"))
    sign_ins.end_all("hf:a", but=mine.sign_in.id)
    assert [sign_ins.find(each.token) is not None for each in (mine, other, theirs)] == [True, False, True]


def test_a_sign_in_ends_by_itself(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_ins = SignIns(sessions)
    token = sign_ins.open("hf:a", "Anna").token
    later = utc_now() + timedelta(days=SIGN_IN_DAYS, seconds=1)
    monkeypatch.setattr("agent.people.sign_ins.utc_now", lambda: later)
    assert sign_ins.find(token) is None


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "a" * 44, "ä" * 43])
def test_any_other_text_is_nobody(sessions: Sessions, token: str) -> None:
    SignIns(sessions).open("hf:a", "Anna")
    assert SignIns(sessions).find(token) is None


def test_the_token_is_long_and_not_on_disk(tmp_path: Path) -> None:
    sessions = Sessions(f"sqlite:///{tmp_path / 'reverie.db'}")
    token = SignIns(sessions).open("hf:a", "Anna").token
    sessions.close()
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert not [path for path in tmp_path.iterdir() if token.encode() in path.read_bytes()]

"""Links to chats: made and withdrawn by the owner, looked at by whoever has them."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from agent.metadata import INFOTEXT_KEY, RECIPE_KEY
from tests.ui.residence import PUBLIC_URL, Residence, Visitor


def link_on(visitor: Visitor, chat: str) -> str:
    found = re.search(rf'href="{PUBLIC_URL}(/shared/[0-9a-f]{{32}})"', visitor.get(f"/share/{chat}").text)
    assert found is not None
    return found[1]


def texts_in(png: bytes) -> set[str]:
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        return {*image.info} & {INFOTEXT_KEY, RECIPE_KEY}


def test_a_stranger_sees_what_was_shared_until_it_is_withdrawn(residence: Residence) -> None:
    anna = residence.add("anna")
    owner, stranger = residence.inside("anna"), residence.visitor()
    chat = residence.chat(anna.owner, "draw <i>a car")
    assert "/shared/" not in owner.get(f"/share/{chat}").text
    assert owner.send_form(f"/share/{chat}").status_code == 303
    link = link_on(owner, chat)
    assert list(residence.agent.coordinator.run(chat, anna.owner, "a later secret"))
    page = stranger.get(link)
    assert page.status_code == 200
    assert "draw &lt;i&gt;a car" in page.text
    assert "secret" not in page.text
    assert anna.owner not in page.text
    assert chat not in page.text
    first, later = residence.pictures(chat, anna.owner)
    picture = stranger.get(f"{link}/pictures/{first}")
    assert (picture.headers["content-type"], texts_in(picture.content)) == ("image/png", set())
    assert stranger.get(f"{link}/pictures/{later}").status_code == 404
    owner.send_form(f"/share/{chat}/withdraw")
    assert stranger.get(link).status_code == 404
    assert stranger.get(f"{link}/pictures/{first}").status_code == 404


def test_no_engine_that_searches_keeps_it_and_no_address_is_passed_on(residence: Residence) -> None:
    anna = residence.add("anna")
    owner, chat = residence.inside("anna"), residence.chat(anna.owner, "draw a car")
    owner.send_form(f"/share/{chat}")
    page = residence.visitor().get(link_on(owner, chat))
    assert "noindex" in page.headers["x-robots-tag"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text


def test_settings_in_picture_files_are_the_owners_choice(residence: Residence) -> None:
    anna = residence.add("anna")
    owner, chat = residence.inside("anna"), residence.chat(anna.owner, "draw a car")
    owner.send_form(f"/share/{chat}", recipes="yes")
    (picture,) = residence.pictures(chat, anna.owner)
    told = residence.visitor().get(f"{link_on(owner, chat)}/pictures/{picture}").content
    assert texts_in(told) == {INFOTEXT_KEY, RECIPE_KEY}


def test_a_deleted_chat_is_shared_no_more(residence: Residence) -> None:
    anna = residence.add("anna")
    owner, chat = residence.inside("anna"), residence.chat(anna.owner, "draw a car")
    owner.send_form(f"/share/{chat}")
    link = link_on(owner, chat)
    residence.agent.coordinator.delete(chat, anna.owner)
    assert residence.visitor().get(link).status_code == 404


@pytest.mark.parametrize("path", ["", "/withdraw"])
def test_only_the_owner_decides(residence: Residence, path: str) -> None:
    anna, _ = residence.add("anna"), residence.add("ben")
    owner, other, chat = (
        residence.inside("anna"),
        residence.inside("ben"),
        residence.chat(anna.owner, "a car"),
    )
    owner.send_form(f"/share/{chat}")
    link = link_on(owner, chat)
    assert other.send_form(f"/share/{chat}{path}").status_code == 404
    assert other.get(f"/share/{chat}").status_code == 404
    assert residence.visitor().send_form(f"/share/{chat}{path}").status_code == 401
    assert residence.visitor().get(link).status_code == 200


def test_pictures_of_other_chats_are_not_under_a_link(residence: Residence) -> None:
    anna = residence.add("anna")
    owner = residence.inside("anna")
    shared, private = (residence.chat(anna.owner, text) for text in ("a car", "a house"))
    owner.send_form(f"/share/{shared}")
    (picture,) = residence.pictures(private, anna.owner)
    assert residence.visitor().get(f"{link_on(owner, shared)}/pictures/{picture}").status_code == 404


def test_an_empty_chat_offers_no_link(residence: Residence) -> None:
    anna = residence.add("anna")
    page = residence.inside("anna").get(f"/share/{residence.chat(anna.owner)}")
    assert "nothing in this chat yet" in page.text
    assert "<form" not in page.text

"""Who may be let in from where: what opens the app to others without a sign-in is refused."""

from __future__ import annotations

import logging

import pytest
from pydantic import SecretStr

from agent.errors import AgentError
from ui.home import Home, Space, find_home

NOWHERE = Space.model_construct(space_host="", client_id="", client_secret=SecretStr(""))


def a_space(secret: str = "s") -> Space:
    return Space.model_construct(
        space_host="anna-reverie.hf.space",
        client_id="c",
        client_secret=SecretStr(secret),
        provider_url="https://huggingface.co/",
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_alone_needs_no_sign_in(host: str) -> None:
    assert find_home(host, "", has_users=False, space=NOWHERE) == Home(host=host)
    assert find_home(host, "", has_users=True, space=NOWHERE).signs_in


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "pictures.example.org"])
def test_others_are_served_under_a_known_name_alone(host: str) -> None:
    with pytest.raises(AgentError, match="--public-url"):
        find_home(host, "", has_users=True, space=NOWHERE)
    with pytest.raises(AgentError, match="there is nobody yet"):
        find_home(host, "https://pictures.example.org", has_users=False, space=NOWHERE)
    home = find_home(host, "https://Pictures.example.org/", has_users=True, space=NOWHERE)
    assert home == Home(host=host, public_url="https://pictures.example.org", signs_in=True)


def test_behind_a_proxy_on_this_machine_people_sign_in_too() -> None:
    with pytest.raises(AgentError, match="there is nobody yet"):
        find_home("127.0.0.1", "https://pictures.example.org", has_users=False, space=NOWHERE)
    assert find_home("127.0.0.1", "https://pictures.example.org", has_users=True, space=NOWHERE).signs_in


@pytest.mark.parametrize(
    "url",
    [
        "pictures.example.org",
        "ftp://a",
        "https://",
        "https://a/b",
        "https://a?x",
        "https://u@a",
        "https://a:x",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(AgentError, match="no address to be reached by"):
        find_home("0.0.0.0", url, has_users=True, space=NOWHERE)


def test_a_space_knows_its_name_and_who_vouches_for_people() -> None:
    home = find_home("0.0.0.0", "", has_users=False, space=a_space())
    assert home.public_url == "https://anna-reverie.hf.space"
    assert home.provider is not None
    assert home.provider.provider_url == "https://huggingface.co"
    assert home.provider.back_url == "https://anna-reverie.hf.space/sign-in/huggingface/back"
    assert "client_secret" not in repr(home)
    with pytest.raises(AgentError, match="hf_oauth: true"):
        find_home("0.0.0.0", "", has_users=False, space=a_space(secret=""))


def test_a_space_is_read_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPACE_HOST", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET"):
        monkeypatch.setenv(name, f"{name}.test")
    space = Space()
    assert (space.space_host, space.has_provider) == ("SPACE_HOST.test", True)
    assert "OAUTH_CLIENT_SECRET.test" not in repr(space)


def test_passwords_that_travel_in_the_open_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        find_home("0.0.0.0", "http://127.0.0.1:7860", has_users=True, space=NOWHERE)
        assert caplog.text == "", "they do not leave this machine"
        find_home("0.0.0.0", "http://box.local:7860", has_users=True, space=NOWHERE)
    assert "not encrypted" in caplog.text

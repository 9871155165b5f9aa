"""Markup in the names of people, and in the way back that a link to the sign-in gives: it stays words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from agent.people.sign_ins import SignIns
from tests.browser.payloads.planting import Place, expect_words, packs, payloads, plain
from tests.browser.payloads.watch import Watch, said_in, watching
from tests.browser.server import free_port
from tests.ui.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.ui.residence import PUBLIC_URL, Residence, Visitor
from ui.cookies import sign_in_cookie
from ui.home import BACK_PATH, Home
from ui.hugging_face import HuggingFace
from ui.turned_away import MOST_CHARACTERS

pytestmark = pytest.mark.browser
MOST_NAME_CHARACTERS = 60
EVERY_NAME, EVERY_ADDRESS, EVERY_WAY = 8, 4, 16
"""Going the whole way to the provider and back takes long."""
MADE_BY_THE_WIRE = {"set-cookie", "content-length", "transfer-encoding"}


class Space:
    """The app where a provider says who somebody is, and a browser that comes to it."""

    def __init__(self, folder: Path, watch: Watch) -> None:
        self.provider = Provider(port=free_port())
        self.provider.start()
        client = HuggingFace(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            provider_url=self.provider.url,
            back_url=PUBLIC_URL + BACK_PATH,
        )
        home = Home(host="0.0.0.0", public_url=PUBLIC_URL, signs_in=True, provider=client)
        self.residence = Residence(folder, home)
        self.visitor = self.residence.visitor()
        show(self.visitor, watch)

    def sign_in(self, name: str) -> None:
        """By way of the provider, who knows them under this name."""
        self.provider.claims = {"preferred_username": name}
        self.visitor.cookies.clear()
        address = self.visitor.get("/sign-in/huggingface", params={"next": "/account"}).headers["location"]
        told = {"state": parse_qs(urlsplit(address).query)["state"][0], "code": self.provider.agree(address)}
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        assert self.visitor.get(BACK_PATH, params=told, headers=headers).headers["location"] == "/account"

    def know(self, name: str) -> None:
        """As the way by the provider ends."""
        signed_in = SignIns(self.residence.agent.sessions).open(f"hf:{name}", name)
        self.visitor.cookies.clear()
        self.visitor.cookies.set(sign_in_cookie("https"), signed_in.token)

    def close(self) -> None:
        self.provider.stop()
        self.residence.close()


def show(visitor: Visitor, watch: Watch) -> None:
    """What the browser asks, the visitor brings: its cookies are the browser's."""

    def bring(route: Route) -> None:
        asked = route.request
        headers = {"sec-fetch-site": "same-origin", **asked.headers}
        answer = visitor.request(asked.method, asked.url, content=asked.post_data_buffer, headers=headers)
        kept = {name: value for name, value in answer.headers.items() if name not in MADE_BY_THE_WIRE}
        route.fulfill(status=answer.status_code, headers=kept, body=answer.content)

    watch.guard(PUBLIC_URL)
    watch.context.route(f"{PUBLIC_URL}/**", bring)


@pytest.fixture
def watch(browser: Browser) -> Iterator[Watch]:
    with watching(browser) as watch:
        yield watch


@pytest.fixture
def page(watch: Watch) -> Page:
    return watch.context.new_page()


@pytest.fixture
def space(tmp_path: Path, watch: Watch) -> Iterator[Space]:
    space = Space(tmp_path, watch)
    yield space
    space.close()


def test_names_that_a_provider_tells(space: Space, watch: Watch, page: Page) -> None:
    names = packs(payloads(Place.PERSON, EVERY_NAME), MOST_NAME_CHARACTERS, " ")
    for number, name in enumerate(cut(each) for each in names):
        (space.know if number % EVERY_WAY else space.sign_in)(name)
        page.goto(f"{PUBLIC_URL}/account")
        expect_words([name], said_in(page, "strong"))
    watch.expect_nothing(page)


def cut(name: str) -> str:
    return name[:MOST_NAME_CHARACTERS]


def test_where_somebody_wanted_to_go(space: Space, watch: Watch, page: Page) -> None:
    """A link to the sign-in may come from anybody."""
    for words in places_to_go():
        page.goto(f"{PUBLIC_URL}/sign-in?next={quote(words)}")
        address = page.get_by_role("link", name="Hugging Face").get_attribute("href") or ""
        assert parse_qs(urlsplit(address).query)["next"] == [words]
    watch.expect_nothing(page)


def test_where_somebody_with_a_password_wanted_to_go(tmp_path: Path, watch: Watch, page: Page) -> None:
    residence = Residence(tmp_path)
    show(residence.visitor(), watch)
    for words in places_to_go():
        page.goto(f"{PUBLIC_URL}/sign-in?next={quote(words)}")
        assert said_in(page, "input[name=next]", "value") == [plain(words)]
    watch.expect_nothing(page)
    residence.close()


def places_to_go() -> list[str]:
    """Those that are paths here as far as one can tell."""
    fitting = [
        each for each in payloads(Place.WAY_BACK, EVERY_ADDRESS) if each.isprintable() and "\\" not in each
    ]
    return [f"/{each}" for each in packs(fitting, MOST_CHARACTERS - 1, " ")]


def test_names_that_an_admin_gives(tmp_path: Path, watch: Watch, page: Page) -> None:
    """Most are no names at all; what is one stands there as it is."""
    residence = Residence(tmp_path)
    residence.add("anna", is_admin=True)
    show(residence.inside("anna"), watch)
    page.goto(f"{PUBLIC_URL}/account")
    names = [cut(each) for each in payloads(Place.PERSON, 60)]
    for name in names:
        page.locator("form[action='/account/people/add'] input[name=name]").fill(name)
        page.locator("form[action='/account/people/add'] input[type=password]").fill("tall-otter-88")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.locator(".told.bad")).to_contain_text("A name has 1 to 60 letters")
    assert [each.name for each in residence.users.list()] == ["anna"]
    watch.expect_nothing(page)
    residence.close()

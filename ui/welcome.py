"""The way in and the way out: a page with a form, and what it sends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.errors import SignInRefused, TooBusy
from agent.people.belongings import adopt
from agent.people.door import Door
from agent.people.sign_ins import SIGN_IN_DAYS, NewSignIn
from agent.sessions import Sessions
from ui.asking import Way, caller_of
from ui.cookies import ended_cookie, kept_cookie, owner_of_cookie, read_owner_cookie, sign_in_cookie
from ui.plain import FRAME_OF_SPACES, Form, form_route, language_in, page_route, plain_page, see
from ui.plain_words import plainly
from ui.turned_away import own_place

__all__ = ["Welcome", "let_in"]


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """`has_provider`: Hugging Face vouches for people; then nobody needs a password."""

    sessions: Sessions
    door: Door
    has_provider: bool = False

    def routes(self) -> list[Route]:
        """GET and POST /sign-in, POST /sign-out."""
        ways = [page_route("/sign-in", self.show), form_route("/sign-out", self.leave)]
        return ways if self.has_provider else [*ways, form_route("/sign-in", self.enter)]

    def show(self, request: Request) -> Response:
        wanted = own_place(request.query_params.get("next", "/"))
        if caller_of(request) is not None:
            return see(wanted)
        told = "provider_refused" if request.query_params.get("refused") else ""
        return self.page(request, wanted, told and plainly(told, language_in(request)))

    def enter(self, request: Request, form: Form) -> Response:
        language, wanted = language_in(request), own_place(form.get("next", "/"))
        address = request.client.host if request.client else ""
        try:
            new = self.door.enter(form.get("name", ""), form.get("password", ""), address)
        except TooBusy as error:
            sentence = plainly("too_often", language, minutes=math.ceil(error.wait_seconds / 60))
            return self.page(request, wanted, sentence, 429, error.wait_seconds)
        except SignInRefused:
            return self.page(request, wanted, plainly("wrong", language), 401)
        self.take_over(request, new)
        return let_in(request, new, wanted)

    def take_over(self, request: Request, new: NewSignIn) -> None:
        """What this browser made before anybody signed in here."""
        token = read_owner_cookie(request.headers)
        if token is not None:
            adopt(owner_of_cookie(token), new.sign_in.owner, self.sessions)

    def leave(self, request: Request, form: Form) -> Response:
        """Ends on the server too: a copy of the cookie opens nothing any more."""
        caller = caller_of(request)
        if caller is not None and caller.way is Way.SIGN_IN:
            self.door.sign_ins.end(caller.sign_in)
        cookie = ended_cookie(sign_in_cookie(request.url.scheme))
        return see("/sign-in", {"Set-Cookie": cookie, "Clear-Site-Data": '"cache"'})

    def page(
        self, request: Request, wanted: str, told: str = "", status_code: int = 200, wait_seconds: int = 0
    ) -> Response:
        """A page of huggingface.co may frame it where that is how people come: it opens a tab of our own."""
        language = language_in(request)
        notice = f'<p class="told bad" role="alert">{escape(told)}</p>' if told else ""
        way = self.provider_link(wanted, language) if self.has_provider else self.form(wanted, language)
        body = (
            f'<p class="wordmark">Reverie</p><h1>{plainly("sign_in", language)}</h1>'
            f'<p class="soft">{plainly("sign_in_hint", language)}</p>{notice}<div class="card">{way}</div>'
        )
        return plain_page(
            plainly("sign_in", language),
            body,
            language,
            kind="door",
            status_code=status_code,
            headers={"Retry-After": str(wait_seconds)} if wait_seconds else {},
            framed_by=FRAME_OF_SPACES if self.has_provider else "'none'",
        )

    def provider_link(self, wanted: str, language: str) -> str:
        address = f"/sign-in/huggingface?next={quote(wanted, safe='')}"
        words = plainly("sign_in_with_hf", language)
        link = f'<a class="button main" href="{escape(address)}" target="_blank" rel="noopener">{words}</a>'
        return f"<form>{link}</form>"

    def form(self, wanted: str, language: str) -> str:
        return (
            '<form method="post" action="/sign-in">'
            f'<input type="hidden" name="next" value="{escape(wanted)}">'
            f'<label>{plainly("name", language)}<input name="name" required maxlength="200" '
            'autocomplete="username" autocapitalize="none" spellcheck="false" autofocus></label>'
            f'<label>{plainly("password", language)}<input name="password" type="password" required '
            'maxlength="200" autocomplete="current-password"></label>'
            f'<button class="main">{plainly("sign_in", language)}</button></form>'
        )


def let_in(request: Request, new: NewSignIn, wanted: str) -> Response:
    """On to where somebody wanted to go, with the cookie that says who it is."""
    name = sign_in_cookie(request.url.scheme)
    return see(wanted, {"Set-Cookie": kept_cookie(name, new.token, SIGN_IN_DAYS * 24 * 3600)})

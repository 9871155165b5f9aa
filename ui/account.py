"""What somebody can do about themselves: password, keys for programs, leaving; an admin, about others too."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.errors import AgentError, PersonRejected, SignInRefused, SourceNotFound, TooBusy
from agent.keys import Keys
from agent.people.belongings import leave
from agent.people.door import Door
from agent.people.users import User
from agent.sessions import Sessions
from ui import account_page as page
from ui.asking import Caller, Way, caller_of
from ui.cookies import ended_cookie, sign_in_cookie
from ui.plain import Form, form_route, language_in, page_route, see
from ui.plain_words import plainly

__all__ = ["Account"]

Act = Callable[[Request, Caller, Form], Response]
PERSONS = ("user:", "hf:")
"""Owners who come in by signing in: whoever has not done so again is away."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Account:
    """`delete` takes a chat's id and its owner, and removes it with its files.

    `forget_uploads` deletes what an owner has uploaded and not sent.
    """

    sessions: Sessions
    keys: Keys
    door: Door
    delete: Callable[[str, str], None]
    forget_uploads: Callable[[str], None] = lambda owner: None
    again_seconds: float = 20.0

    def routes(self) -> list[Route]:
        """GET /account, and a form for each thing that can be done there."""

        def form(path: str, act: Act) -> Route:
            return form_route(path, lambda request, sent: self.as_oneself(request, sent, act))

        return [
            page_route("/account", lambda request: self.as_oneself(request, {}, self.show)),
            form("/account/password", self.change_password),
            form("/account/keys", self.make_key),
            form("/account/keys/withdraw", self.withdraw_key),
            form("/account/people/add", self.add_person),
            form("/account/people/remove", self.remove_person),
            form("/account/delete", self.delete_all),
        ]

    def as_oneself(self, request: Request, form: Form, act: Act) -> Response:
        """A program with a key speaks for somebody but is not that person: it makes no keys."""
        caller = caller_of(request)
        if caller is None:
            return see("/")
        if caller.way is Way.KEY:
            return PlainTextResponse("A key is no person. Please use the page.", status_code=403)
        return act(request, caller, form)

    def show(
        self,
        request: Request,
        caller: Caller,
        form: Form,
        told: str = "",
        is_bad: bool = False,
        secret: str = "",
    ) -> Response:
        user = self.door.users.of_owner(caller.owner)
        return page.account_page(
            page.Account(
                caller=caller,
                user=user,
                keys=self.keys.list(caller.owner),
                people=self.door.users.list() if user is not None and user.is_admin else (),
            ),
            page.Told(sentence=told, is_bad=is_bad, secret=secret),
            language_in(request),
        )

    def refuse(self, request: Request, caller: Caller, sentence: str) -> Response:
        answer = self.show(request, caller, {}, sentence, is_bad=True)
        answer.status_code = 422
        return answer

    def change_password(self, request: Request, caller: Caller, form: Form) -> Response:
        """Other browsers are signed out: whoever knew the old one is out too."""
        try:
            user = self.proven(request, caller, form)
            self.door.users.set_password(user, form.get("new", ""))
        except (PersonRejected, SignInRefused, TooBusy) as error:
            return self.refuse(request, caller, str(error))
        self.door.sign_ins.end_all(caller.owner, but=caller.sign_in)
        return self.show(request, caller, {}, plainly("password_changed", language_in(request)))

    def proven(self, request: Request, caller: Caller, form: Form) -> User:
        """Somebody who knows their password. Raises SignInRefused, TooBusy."""
        user = self.door.users.of_owner(caller.owner)
        if user is None:
            raise SignInRefused("There is no password here to change.")
        address = request.client.host if request.client else ""
        return self.door.check(user.name, form.get("password", ""), address)

    def make_key(self, request: Request, caller: Caller, form: Form) -> Response:
        new = self.keys.create(caller.owner, form.get("name", ""))
        told = plainly("new_key", language_in(request), name=new.key.name)
        return self.show(request, caller, {}, told, secret=new.token)

    def withdraw_key(self, request: Request, caller: Caller, form: Form) -> Response:
        self.keys.revoke(form.get("id", ""), caller.owner)
        return see("/account")

    def add_person(self, request: Request, caller: Caller, form: Form) -> Response:
        self.require_admin(caller)
        try:
            is_admin = form.get("is_admin") == "yes"
            self.door.users.add(form.get("name", ""), form.get("password", ""), is_admin=is_admin)
        except PersonRejected as error:
            return self.refuse(request, caller, str(error))
        return see("/account")

    def remove_person(self, request: Request, caller: Caller, form: Form) -> Response:
        self.require_admin(caller)
        user = self.door.users.of_owner(f"user:{form.get('id', '')}")
        if user is None or user.owner == caller.owner:
            raise SourceNotFound("There is nobody like that here.")
        self.let_go(user.owner)
        return see("/account")

    def let_go(self, owner: str) -> None:
        """All at once; and shortly after, what was on its way, unless they have come back meanwhile."""
        try:
            self.forget(owner)
        finally:
            if owner.startswith(PERSONS):
                timer = threading.Timer(self.again_seconds, self.forget_again, (owner,))
                timer.daemon = True
                timer.start()

    def forget(self, owner: str) -> None:
        leave(owner, self.sessions, self.door.users, self.delete, self.forget_uploads)

    def forget_again(self, owner: str) -> None:
        try:
            if not self.door.sign_ins.any_of(owner):
                self.forget(owner)
        except AgentError as error:
            log.warning("what somebody left behind could not be deleted: %s", error)

    def require_admin(self, caller: Caller) -> None:
        """Others are not told that there is such a page. Raises SourceNotFound."""
        user = self.door.users.of_owner(caller.owner)
        if user is None or not user.is_admin:
            raise SourceNotFound("There is no such page here.")

    def delete_all(self, request: Request, caller: Caller, form: Form) -> Response:
        language = language_in(request)
        if form.get("really") != "yes":
            return self.refuse(request, caller, plainly("not_ticked", language))
        user = self.door.users.of_owner(caller.owner)
        if user is not None:
            if user.is_admin and sum(each.is_admin for each in self.door.users.list()) == 1:
                return self.refuse(request, caller, plainly("last_admin", language))
            try:
                self.proven(request, caller, form)
            except (SignInRefused, TooBusy) as error:
                return self.refuse(request, caller, str(error))
        self.let_go(caller.owner)
        cookie = ended_cookie(sign_in_cookie(request.url.scheme))
        return see("/", {"Set-Cookie": cookie, "Clear-Site-Data": '"cache"'})

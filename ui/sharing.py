"""Sharing a chat: the owner's page with the link, and what whoever has the link sees."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.errors import SessionNotFound, SourceNotFound
from agent.exits import Exits
from agent.sessions import Sessions
from agent.sharing import Shares
from ui.asking import owner_of
from ui.plain import Form, form_route, language_in, page_route, plain_page, see
from ui.plain_words import plainly
from ui.shared_page import share_page, shared_page

__all__ = ["Sharing"]

PICTURE_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A chat, and who says that it is theirs."""

    session_id: str
    owner: str


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Links are looked at without signing in; making one takes the chat's owner."""

    sessions: Sessions
    exits: Exits
    shares: Shares

    def routes(self) -> list[Route]:
        """GET and POST /share/{session_id}, POST /share/{session_id}/withdraw, GET /shared/{share_id}, and
        GET /shared/{share_id}/pictures/{artifact_id}."""
        return [
            page_route("/share/{session_id}", self.manage),
            form_route("/share/{session_id}", self.share),
            form_route("/share/{session_id}/withdraw", self.withdraw),
            page_route("/shared/{share_id}", self.show),
            page_route("/shared/{share_id}/pictures/{artifact_id}", self.picture),
        ]

    def manage(self, request: Request) -> Response:
        asked = self.asked(request)
        session = self.sessions.get(asked.session_id, asked.owner)
        link = f"{request.url.scheme}://{request.headers['host']}/shared/"
        return share_page(session, self.shares.of(asked.session_id, asked.owner), link, language_in(request))

    def share(self, request: Request, form: Form) -> Response:
        asked = self.asked(request)
        self.shares.share(asked.session_id, asked.owner, has_recipes=form.get("recipes") == "yes")
        return see(f"/share/{asked.session_id}")

    def withdraw(self, request: Request, form: Form) -> Response:
        asked = self.asked(request)
        self.shares.withdraw(asked.session_id, asked.owner)
        return see(f"/share/{asked.session_id}")

    def asked(self, request: Request) -> Asked:
        """Raises SessionNotFound for nobody."""
        owner = owner_of(request)
        if owner is None:
            raise SessionNotFound("There is no such chat here.")
        return Asked(session_id=request.path_params["session_id"], owner=owner)

    def show(self, request: Request) -> Response:
        language = language_in(request)
        try:
            chat = self.shares.open(request.path_params["share_id"])
        except SourceNotFound:
            gone = plainly("gone", language)
            return plain_page(gone, f"<h1>{gone}</h1>", language, kind="door", status_code=404)
        return shared_page(chat, language)

    def picture(self, request: Request) -> Response:
        share_id, artifact_id = request.path_params["share_id"], request.path_params["artifact_id"]
        shown = self.shares.picture(share_id, artifact_id)
        bare = not shown.share.has_recipes
        png = self.exits.picture(shown.picture, shown.owner, bare=bare)
        name = f"reverie-{shown.picture.number}{shown.picture.letter}.png"
        headers = {**PICTURE_HEADERS, "Content-Disposition": f'inline; filename="{name}"'}
        return Response(png, media_type="image/png", headers=headers)

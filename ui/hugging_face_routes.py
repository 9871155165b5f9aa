"""On to the provider, and back from it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.errors import SignInRefused
from agent.people.sign_ins import SignIns
from ui.cookies import ended_cookie, kept_cookie, read_cookie
from ui.hugging_face import VISIT_SECONDS, HuggingFace
from ui.plain import page_route, see
from ui.turned_away import own_place
from ui.welcome import let_in

__all__ = ["HuggingFaceRoutes"]

STATE = "reverie_state"
REFUSED = "/sign-in?refused=1"


@dataclass(frozen=True, kw_only=True)
class HuggingFaceRoutes:
    """The state that must come back lies in a cookie: a link made elsewhere signs nobody in."""

    provider: HuggingFace
    sign_ins: SignIns

    def routes(self) -> list[Route]:
        """GET /sign-in/huggingface and /sign-in/huggingface/back."""
        return [
            page_route("/sign-in/huggingface", self.go),
            page_route("/sign-in/huggingface/back", self.come_back),
        ]

    def go(self, request: Request) -> Response:
        try:
            visit = self.provider.begin(own_place(request.query_params.get("next", "/")))
        except SignInRefused:
            return see(REFUSED)
        cookie = kept_cookie(state_cookie(request), visit.state, int(VISIT_SECONDS))
        return see(visit.address, {"Set-Cookie": cookie})

    def come_back(self, request: Request) -> Response:
        told, name = request.query_params, state_cookie(request)
        try:
            person = self.provider.finish(
                read_cookie(request.headers, name), told.get("state", ""), told.get("code", "")
            )
        except SignInRefused:
            return see(REFUSED, {"Set-Cookie": ended_cookie(name)})
        answer = let_in(request, self.sign_ins.open(person.owner, person.name), person.wanted)
        answer.headers.append("Set-Cookie", ended_cookie(name))
        return answer


def state_cookie(request: Request) -> str:
    return f"__Host-{STATE}" if request.url.scheme == "https" else STATE

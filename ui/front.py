"""What stands before and beside the page for people: signing in, the account, sharing."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from agent.coordinator import Coordinator
from agent.exits import Exits
from agent.keys import Keys
from agent.people.door import Door
from agent.people.sign_ins import SignIns
from agent.people.users import Users
from agent.sharing import Shares
from ui.account import Account
from ui.home import Home
from ui.hugging_face_routes import HuggingFaceRoutes
from ui.plain import plain_routes
from ui.sharing import Sharing
from ui.welcome import Welcome

__all__ = ["front_routes"]


def front_routes(
    home: Home,
    exits: Exits,
    keys: Keys,
    coordinator: Coordinator,
    forget_uploads: Callable[[str], None] = lambda owner: None,
) -> list[Route]:
    """The ways in are there only where people sign in.

    `forget_uploads` deletes what an owner has uploaded and not sent.
    """
    sessions = exits.sessions
    sign_ins = SignIns(sessions)
    door = Door(users=Users(sessions), sign_ins=sign_ins, rates=coordinator.rates)
    account = Account(
        sessions=sessions,
        keys=keys,
        door=door,
        delete=coordinator.delete,
        forget_uploads=forget_uploads,
    )
    sharing = Sharing(sessions=sessions, exits=exits, shares=Shares(sessions))
    routes = [*plain_routes(), *account.routes(), *sharing.routes()]
    if home.signs_in:
        routes += Welcome(sessions=sessions, door=door, has_provider=home.provider is not None).routes()
    if home.provider is not None:
        routes += HuggingFaceRoutes(provider=home.provider, sign_ins=sign_ins).routes()
    return routes

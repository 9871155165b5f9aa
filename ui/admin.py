"""Who may set up the house itself. The one place where that is decided."""

from __future__ import annotations

import gradio as gr

from agent.people.users import Users
from ui.asking import Way, caller_of
from ui.handlers import language_in, require_owner
from ui.words import say

__all__ = ["require_admin"]


def require_admin(request: gr.Request, users: Users) -> str:
    """The caller's owner. Where nobody signs in, whoever sits at the machine is its admin.

    A program that brings a key speaks for somebody about pictures, and sets nothing up.
    """
    owner, language = require_owner(request), language_in(request)
    caller = None if request.request is None else caller_of(request.request)
    if caller is None or caller.way is Way.KEY:
        raise gr.Error(say("not_for_programs", language))
    if caller.way is Way.SIGN_IN:
        user = users.of_owner(owner)
        if user is None or not user.is_admin:
            raise gr.Error(say("only_for_admins", language))
    return owner

"""Who may set up the house itself. The one place where that is decided."""

from __future__ import annotations

import gradio as gr

from ui.handlers import language_in, require_owner
from ui.words import say

__all__ = ["require_admin"]


def require_admin(request: gr.Request) -> str:
    """The caller's owner. While Reverie serves this machine only, whoever sits at it is its admin.

    A program that brings a key speaks for somebody about pictures, and sets nothing up.
    """
    owner = require_owner(request)
    if "authorization" in request.headers:
        raise gr.Error(say("not_for_programs", language_in(request)))
    return owner

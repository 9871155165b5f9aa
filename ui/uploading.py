"""Files on their way in: whose they are, how large and how many, before the server reads them."""

from __future__ import annotations

import math

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.errors import TooBusy
from agent.limits import Deed, Rates
from agent.sentences import Sentence, told
from agent.uploads import MAX_BYTES
from ui.asking import OWNER
from ui.words import language_of

__all__ = ["UploadGuard"]

PATH = "/gradio_api/upload"
ENVELOPE_BYTES = 64 * 1024

NO_COOKIE = Sentence("This page has lost its cookie. Please reload it.", "页面的 cookie 丢失了。请重新加载。")


class UploadGuard:
    """ASGI middleware behind the gate; Gradio's own door for files reads whatever it is sent."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self.app = app
        self.rates = rates
        self.most_bytes = rates.limits.files_a_message * MAX_BYTES + ENVELOPE_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] == "http" and scope["path"].rstrip("/") == PATH:
            answer = self.refusal(scope)
        await (answer or self.app)(scope, receive, send)

    def refusal(self, scope: Scope) -> PlainTextResponse | None:
        """None when the files may come."""
        owner, headers = scope.get(OWNER), Headers(scope=scope)
        length, language = headers.get("content-length", ""), language_of(headers.get("accept-language", ""))
        if owner is None:
            return PlainTextResponse(told(NO_COOKIE, language), status_code=403)
        if not length.isdecimal():
            return PlainTextResponse("Please say with Content-Length how much comes.", status_code=411)
        if int(length) > self.most_bytes:
            most = self.rates.limits.files_a_message
            sentence = Sentence(
                f"That is too much for one message: send at most {most} pictures of 25 MB each.",
                f"一条消息装不下这么多：最多 {most} 张图片，每张 25 MB。",
            )
            return PlainTextResponse(told(sentence, language), status_code=413)
        try:
            self.rates.count(Deed.TRANSFER, owner, max(1, math.ceil(int(length) / MAX_BYTES)))
        except TooBusy as error:
            wait = {"Retry-After": str(error.wait_seconds)}
            return PlainTextResponse(told(error, language), status_code=429, headers=wait)
        return None

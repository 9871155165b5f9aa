"""Pages without a script: their frame, their style sheet, and the forms they send."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from agent.errors import AgentError, SessionNotFound, SourceNotFound
from ui.words import language_of

__all__ = [
    "FRAME_OF_SPACES",
    "Form",
    "form_route",
    "language_in",
    "page_route",
    "plain_page",
    "plain_routes",
    "see",
]

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors {}"
)
FRAME_OF_SPACES = "https://huggingface.co"
NO_STORE = {"Cache-Control": "no-store"}
DAY = {"Cache-Control": "max-age=86400"}
FORM = "application/x-www-form-urlencoded"
MOST_FORM_BYTES = 8 * 1024
MOST_FIELDS = 16
Form = Mapping[str, str]


def plain_page(
    title: str,
    body: str,
    language: str,
    *,
    kind: str = "",
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    framed_by: str = "'none'",
) -> HTMLResponse:
    """`body` is markup; whoever puts words of users into it escapes them. Nothing is kept in a cache."""
    document = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex, nofollow"><title>{escape(title)} · Reverie</title>'
        '<link rel="stylesheet" href="/plain.css"><link rel="icon" href="/plain.svg" type="image/svg+xml">'
        f'</head><body class="{kind}"><main>{body}</main></body></html>'
    )
    policy = {"Content-Security-Policy": POLICY.format(framed_by), "X-Robots-Tag": "noindex, nofollow"}
    return HTMLResponse(document, status_code, headers={**policy, **NO_STORE, **(headers or {})})


def plain_routes() -> list[Route]:
    def style_sheet(request: Request) -> Response:
        return FileResponse(HERE / "plain.css", media_type="text/css", headers=DAY)

    def sign(request: Request) -> Response:
        return FileResponse(HERE / "favicon.svg", media_type="image/svg+xml", headers=DAY)

    return [Route("/plain.css", style_sheet, methods=["GET"]), Route("/plain.svg", sign, methods=["GET"])]


def language_in(request: Request) -> str:
    return language_of(request.headers.get("accept-language", ""))


def see(address: str, headers: Mapping[str, str] | None = None) -> Response:
    """After a form: a page that may be loaded again."""
    return RedirectResponse(address, status_code=303, headers={**NO_STORE, **(headers or {})})


def page_route(path: str, show: Callable[[Request], Response]) -> Route:
    def endpoint(request: Request) -> Response:
        return told(lambda: show(request))

    return Route(path, endpoint, methods=["GET"])


def form_route(path: str, act: Callable[[Request, Form], Response]) -> Route:
    """A form is taken from a page of ours alone: the gate lets nothing through that says it is another's, and
    what says nothing of where it comes from is refused here."""

    async def endpoint(request: Request) -> Response:
        if "origin" not in request.headers and request.headers.get("sec-fetch-site") != "same-origin":
            return PlainTextResponse("Please use the form on the page.", status_code=403)
        form = await read_form(request)
        if form is None:
            return PlainTextResponse("This is not a form of this page.", status_code=400)
        return await run_in_threadpool(told, lambda: act(request, form))

    return Route(path, endpoint, methods=["POST"])


def told(answer: Callable[[], Response]) -> Response:
    """What nobody expected to fail, in its own sentence."""
    try:
        return answer()
    except (SourceNotFound, SessionNotFound) as error:
        return PlainTextResponse(str(error), status_code=404, headers=NO_STORE)
    except AgentError as error:
        return PlainTextResponse(str(error), status_code=503, headers=NO_STORE)


async def read_form(request: Request) -> Form | None:
    """Its fields, each once; None for what is none or too long."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return None
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > MOST_FORM_BYTES:
            return None
    try:
        fields = parse_qsl(
            content.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        return None
    return dict(fields)

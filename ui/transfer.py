"""Chats as files over HTTP: out as a zip to their owner, and in again as a new chat of whoever sends them."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import quote

from gradio.utils import get_upload_folder
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.decoder.pool import Decoders
from agent.errors import AgentError, ImportRejected, SessionNotFound, TooBusy
from agent.exits import Exits
from agent.importing import MOST_ZIP_BYTES, import_session
from agent.limits import Deed, Rates
from agent.record import export_pictures, export_session
from agent.sentences import told
from ui.gate import owner_of
from ui.words import language_of

__all__ = ["transfer_routes"]

ZIP = "application/zip"
TOO_LARGE = "The file has more than 1 GB. Please import a smaller chat."


def transfer_routes(exits: Exits, decoders: Decoders, rates: Rates) -> list[Route]:
    """GET /export/{session_id}: the zip; with `?bare=1` pictures alone, without what made them.

    POST /import with a zip as its body: `{"id"}`, or `{"error"}`.
    """
    sessions, artifacts = exits.sessions, exits.artifacts
    one_at_a_time = threading.Lock()

    def export(request: Request) -> Response:
        owner = owner_of(request)
        try:
            if owner is None:
                raise SessionNotFound("There is no such chat here.")
            session = sessions.get(request.path_params["session_id"], owner)
            write = export_pictures if request.query_params.get("bare") else export_session
            pieces = write(exits, session.id, owner)
        except SessionNotFound as error:
            return PlainTextResponse(str(error), status_code=404)
        except AgentError as error:
            return PlainTextResponse(str(error), status_code=503)
        headers = {"Content-Disposition": disposition(session.title), "Cache-Control": "no-store"}
        return StreamingResponse(pieces, media_type=ZIP, headers=headers)

    def take(file: Path, owner: str) -> str:
        with one_at_a_time:
            return import_session(sessions, artifacts, decoders, file, owner).id

    async def accept(request: Request) -> Response:
        owner = owner_of(request)
        if owner is None:
            return refusal("This page has lost its cookie. Please reload it.", 403)
        if request.headers.get("content-type", "").partition(";")[0] != ZIP:
            return refusal("This is not a zip file. Please choose a chat that Reverie has exported.", 415)
        try:
            rates.count(Deed.TRANSFER, owner)
        except TooBusy as error:
            language = language_of(request.headers.get("accept-language", ""))
            return refusal(told(error, language), 429, {"Retry-After": str(error.wait_seconds)})
        with tempfile.TemporaryDirectory(dir=upload_folder()) as folder:
            path = Path(folder) / "chat.zip"
            try:
                with path.open("wb") as file:
                    await save(request.stream(), file)
                session_id = await run_in_threadpool(take, path, owner)
            except ImportRejected as error:
                return refusal(str(error), 422)
            except (AgentError, OSError) as error:
                return refusal(f"The chat could not be imported: {error}", 503)
            except ClientDisconnect:
                return Response(status_code=400)
        return JSONResponse({"id": session_id})

    return [
        Route("/export/{session_id}", export, methods=["GET"]),
        Route("/import", accept, methods=["POST"]),
    ]


def upload_folder() -> Path:
    """Where Gradio keeps uploads: on the data folder's disk, and emptied at every start."""
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def save(pieces: AsyncIterator[bytes], file: IO[bytes]) -> None:
    """Raises ImportRejected when there is no end to it."""
    num_bytes = 0
    async for piece in pieces:
        num_bytes += len(piece)
        if num_bytes > MOST_ZIP_BYTES:
            raise ImportRejected(TOO_LARGE)
        file.write(piece)


def refusal(sentence: str, status_code: int, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": sentence}, status_code=status_code, headers=headers)


def disposition(title: str) -> str:
    """The title as a file's name, for those who read only ASCII too."""
    words = " ".join(re.findall(r"[\w-]+", title)) or "chat"
    ascii_words = "-".join(re.findall(r"[A-Za-z0-9-]+", title)) or "chat"
    name = quote(f"reverie {words}.zip", safe="")
    return f"attachment; filename=\"reverie-{ascii_words}.zip\"; filename*=UTF-8''{name}"

"""`python -m training captioner`: the rule captioner behind the OpenAI protocol, for runs without a model."""

from __future__ import annotations

import argparse
import asyncio
import base64
import binascii
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import uvicorn
from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from training.data.curation.rule_captioner import DetectorSight, Manners, PlantedSight, RuleCaptioner
from training.errors import BadRecipe
from training.stickers.detector import JUDGES, Detector

__all__ = ["MODEL", "add_arguments", "captioner_app", "run"]

MODEL = "rule-captioner"
PICTURE_TOKENS, CHARACTERS_A_TOKEN = 64, 4
"""As real servers count: so many for a picture of the small world, and characters of words by the token."""
BLINK_SECONDS = 0.2


class ImageUrl(BaseModel):
    """The picture itself: nothing is fetched."""

    url: Annotated[str, Field(pattern=r"^data:image/[a-z]+;base64,")]


class Part(BaseModel):
    """A piece of a message."""

    type: Literal["text", "image_url"]
    text: str = ""
    image_url: ImageUrl | None = None


class Message(BaseModel):
    """Of a chat."""

    role: str
    content: list[Part] | str


class ChatRequest(BaseModel):
    """The part of a request that we read."""

    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool = False

    @property
    def parts(self) -> list[Part]:
        content = self.messages[-1].content
        return content if isinstance(content, list) else [Part(type="text", text=content)]


def captioner_app(captioner: RuleCaptioner) -> Starlette:
    async def chat(request: Request) -> Response:
        try:
            asked = ChatRequest.model_validate_json(await request.body())
            pictures = [part.image_url.url for part in asked.parts if part.image_url is not None]
            if asked.stream or len(pictures) != 1:
                return refused(
                    "Send one picture as a data URL and no `stream`: that is all this server answers."
                )
            content = base64.b64decode(pictures[0].partition(",")[2], validate=True)
            words = "\n".join(part.text for part in asked.parts if part.type == "text")
            text = await run_in_threadpool(captioner.answer, content, words)
        except ValidationError as error:
            return refused(f"This is no chat request with a picture: {error.errors()[0]['msg']}.")
        except (BadRecipe, binascii.Error) as error:
            return refused(str(error))
        while text is None:  # hangs as long as somebody waits
            if await request.is_disconnected():
                return Response(status_code=204)
            await asyncio.sleep(BLINK_SECONDS)
        return JSONResponse(completion(text, words))

    async def models(request: Request) -> Response:
        return JSONResponse(
            {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "rules"}]}
        )

    return Starlette(
        routes=[
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/models", models, methods=["GET"]),
        ]
    )


def completion(text: str, words: str) -> dict[str, Any]:
    read, written = PICTURE_TOKENS + len(words) // CHARACTERS_A_TOKEN, len(text) // CHARACTERS_A_TOKEN
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-rule",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


def refused(sentence: str) -> Response:
    return JSONResponse({"error": {"message": sentence, "type": "invalid_request_error"}}, status_code=400)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training captioner`."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100, help="0 takes any that is free")
    parser.add_argument(
        "--truth",
        type=Path,
        help="a folder of `python -m training scenes`: it then looks there, and never errs",
    )
    parser.add_argument("--seed", type=int, default=0)
    for name, what in (
        ("hallucinate", "kinds of things that captions tell wrong"),
        ("misjudge", "answers of yes and no that are turned round"),
        ("nonsense", "requests answered by nonsense"),
        ("empty", "requests answered by nothing"),
        ("refuse", "requests refused in words"),
        ("hang", "requests never answered"),
    ):
        parser.add_argument(f"--{name}", type=float, default=0.0, metavar="RATE", help=f"the share of {what}")


def run(args: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Serve until stopped. Raises BadRecipe, CorruptCheckpoint."""
    sight = PlantedSight.read(args.truth) if args.truth else detector_sight()
    manners = Manners(
        hallucinate=args.hallucinate,
        misjudge=args.misjudge,
        nonsense=args.nonsense,
        empty=args.empty,
        refuse=args.refuse,
        hang=args.hang,
    )
    with socket.create_server((args.host, args.port)) as door:
        address = f"http://{args.host}:{door.getsockname()[1]}/v1"
        say(f"The rule captioner answers as model {MODEL} at {address}. It {described(sight)}.")
        app = captioner_app(RuleCaptioner(sight, manners, args.seed))
        config = uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1)
        with suppress(KeyboardInterrupt):  # Ctrl+C is how one ends it
            uvicorn.Server(config).run(sockets=[door])
    return 0


def detector_sight() -> DetectorSight:
    """With the shipped judge of the whole small world."""
    return DetectorSight(detector=Detector.from_pretrained(JUDGES / "whole"))


def described(sight: PlantedSight | DetectorSight) -> str:
    match sight:
        case PlantedSight(scenes=scenes):
            return f"looks up the planted truth of {len(scenes)} pictures"
        case DetectorSight():
            return "looks with the small world's judge, and errs where that does"

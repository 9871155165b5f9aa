"""The rule captioner on a port of this process, and scenes whose truth it knows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from training.data.curation.captioner_server import MODEL, captioner_app
from training.data.curation.chat_vlm import ServerSettings
from training.data.curation.decode import pixel_hash
from training.data.curation.rule_captioner import Manners, PlantedSight, RuleCaptioner
from training.seeds import rng_for
from training.stickers.render import render
from training.stickers.scene import Scene, sample_scene

__all__ = ["draw_scenes", "planted", "serving", "settings_for"]

START_SECONDS = 20


def draw_scenes(folder: Path, count: int, seed: int = 0) -> dict[str, Scene]:
    """By the pictures' ids; the pictures are in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = dict[str, Scene]()
    for index in range(count):
        scene = sample_scene(rng_for("captioned-scenes", seed, index))
        image = render(scene)
        image.save(folder / f"{index:05}.png")
        scenes[pixel_hash(image)] = scene
    return scenes


def planted(scenes: dict[str, Scene], **manners: float) -> RuleCaptioner:
    return RuleCaptioner(PlantedSight(scenes=scenes), Manners(**manners))


@contextmanager
def serving(served: RuleCaptioner | ASGIApp) -> Iterator[str]:
    """Its address."""
    app = captioner_app(served) if isinstance(served, RuleCaptioner) else served
    config = uvicorn.Config(app, port=0, log_level="error", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    begun = time.monotonic()
    while not server.started:
        assert time.monotonic() - begun < START_SECONDS
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def settings_for(url: str, timeout_seconds: float = 30.0, num_retries: int = 1) -> ServerSettings:
    return ServerSettings(model=MODEL, url=url, timeout_seconds=timeout_seconds, num_retries=num_retries)

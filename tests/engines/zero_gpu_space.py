"""A program for test_zero_gpu.py: engines through the real `spaces`, which changes torch and Gradio for good.

The device's interface is a small server here, and what needs a real card (taking it, moving weights there) is
left out; all else is the package's own: its emulation of CUDA while weights load, its forks, its queues.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import torch

CARD = {"idle": True, "nvidiaIndex": 0, "nvidiaUUID": "MIG-0", "allowToken": "leave"}
QUOTA = {"left": 3, "wait": 90}


class DeviceServer(ThreadingHTTPServer):
    """What lends cards; `is_used_up` says that the visitor has no time left."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.is_used_up = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class Answer(BaseHTTPRequestHandler):
    server: DeviceServer

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        self.server.asked.append((url.path, parse_qs(url.query)))
        is_refused = url.path == "/schedule" and self.server.is_used_up
        body = json.dumps((QUOTA if is_refused else CARD) if url.path == "/schedule" else {}).encode()
        self.send_response(429 if is_refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def set_the_space_up(folder: Path) -> DeviceServer:
    server = DeviceServer()
    (folder / "cgroup").write_text("0::/space\n")
    os.environ |= {
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "ZEROGPU_PROC_SELF_CGROUP_PATH": str(folder / "cgroup"),
        "ZEROGPU_OFFLOAD_DIR": str(folder / "tensors"),
        "HOME": str(folder),
    }
    look_like_a_build_for_cards()
    return server


def look_like_a_build_for_cards() -> None:
    """What a Space's torch has, and `spaces` puts its own in the place of."""
    if torch.version.cuda is None:
        torch.version.cuda = "13.0"
        torch._C._cuda_init = torch._C._cuda_getCurrentRawStream = lambda *_: None
        torch.cuda._is_in_bad_fork = is_in_bad_fork


def is_in_bad_fork() -> bool:
    return False


def leave_the_card_out() -> None:
    import spaces.zero

    spaces.zero.torch.init = lambda uuid: None
    spaces.zero.torch.move = lambda callback=None: None


def weights(folder: Path) -> dict[str, Any]:
    """The embedded engines, loaded while torch is made to believe in a card, and put on disk for it."""
    from engines.families import stickers_family
    from engines.zero_gpu import ZeroGpuEngine, lent

    family = lent(partial(stickers_family, Path("engines/stickers")))
    import spaces.zero

    members = [*family.painters.values(), family.editor]
    engines = [each.engine.get() for each in members if isinstance(each, ZeroGpuEngine)]
    networks = [engine.parts.dit for engine in engines]
    encoders = engines[0].parts.text.encoders
    devices = {str(each.device) for network in [*networks, encoders] for each in network.parameters()}
    return {
        "devices": sorted(devices),
        "numbers": sum(each.numel() for network in networks for each in network.parameters()),
        "packed_bytes": spaces.zero.torch.pack(),
        "left_out": family.speaker is None,
        "cuda": torch.cuda.is_initialized(),
    }


def calls(folder: Path, server: DeviceServer) -> dict[str, Any]:
    """Pictures, a Stop, an error and a quota used up."""
    from gradio.context import LocalContext
    from starlette.datastructures import Headers

    from engines.api import GenerateRequest
    from engines.errors import Cancelled, EngineError
    from engines.fake import FakeEngine, Fault
    from engines.families import fake_family
    from engines.sizes import Size
    from engines.zero_gpu import ZeroGpuEngine, lent

    family = lent(fake_family)
    leave_the_card_out()
    request = GenerateRequest(prompt="a red disc", seed=7, size=Size(160, 96))
    here = FakeEngine().generate(request, lambda _: None)
    steps: list[int] = []
    there = family.painters["fast"].generate(request, lambda progress: steps.append(progress.step))
    found: dict[str, Any] = {
        "same": there.image.tobytes() == here.image.tobytes(),
        "steps": steps,
        "asked": server.paths(),
        "seconds": int(dict(server.asked)["/schedule"]["durationSeconds"][0]),
    }

    def stop(progress: Any) -> None:
        raise Cancelled("Stopped.")

    try:
        family.painters["dev"].generate(request, stop)
    except Cancelled:
        found["stopped"] = True
    faulty = ZeroGpuEngine(FakeEngine(faults=[Fault.OUT_OF_MEMORY]), 0.1)
    LocalContext.request.set(SimpleNamespace(headers=Headers({"x-ip-token": "of.a.visitor"})))
    for name, engine in (("error", faulty), ("used_up", family.painters["full"])):
        server.is_used_up = name == "used_up"
        try:
            engine.generate(request, lambda _: None)
        except EngineError as error:
            found[name] = f"{type(error).__name__}: {error}"
    found["payers"] = [query.get("token") for path, query in server.asked if path == "/schedule"]
    return found


def main() -> None:
    folder = Path(sys.argv[2])
    server = set_the_space_up(folder)
    found = weights(folder) if sys.argv[1] == "weights" else calls(folder, server)
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()

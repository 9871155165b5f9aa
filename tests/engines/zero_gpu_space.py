"""A program for test_zero_gpu.py: engines through the real `spaces`, which changes torch and Gradio for good.

Each order runs in a process forked from one that has done nothing yet but import, which is most of the work.
The device's interface is a small server here, and what needs a real card (taking it, moving weights there) is
left out; all else is the package's own: its emulation of CUDA while weights load, its forks, its queues.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlsplit

import torch

CARD = {"idle": True, "nvidiaIndex": 0, "nvidiaUUID": "MIG-0", "allowToken": "leave"}
QUOTA = {"left": 3, "wait": 90}


class DeviceServer(ThreadingHTTPServer):
    """What lends cards, or, by `mood`, has none yet ("queue"), is used up, fails or breaks off."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.mood = ""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class Answer(BaseHTTPRequestHandler):
    server: DeviceServer

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        self.server.asked.append((url.path, parse_qs(url.query)))
        mood = self.server.mood if url.path == "/schedule" else ""
        match mood:
            case "queue":
                self.keep_in_queue()
            case "breaks off":
                self.close_connection = True
            case "fails":
                self.answer(500, {})
            case "used up":
                self.answer(429, QUOTA)
            case _:
                self.answer(200, CARD if url.path == "/schedule" else {})

    def answer(self, status: int, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def keep_in_queue(self) -> None:
        """Until whoever waits hangs up."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"event: ping\n\n")
                time.sleep(0.1)
        except OSError:
            pass

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
        server.mood = "used up" if name == "used_up" else ""
        try:
            engine.generate(request, lambda _: None)
        except EngineError as error:
            found[name] = f"{type(error).__name__}: {error}"
    found["payers"] = [query.get("token") for path, query in server.asked if path == "/schedule"]
    return found


def failures(folder: Path, server: DeviceServer) -> dict[str, Any]:
    """A lender that fails, and an engine that breaks in a forked process: what is said and what is logged."""
    from agent.logs import TURN_ID, set_up_logs
    from engines.api import GenerateRequest
    from engines.families import fake_family
    from engines.zero_gpu import ZeroGpuEngine, lent

    set_up_logs("json")
    TURN_ID.set("a-turn")
    family = lent(fake_family, label=TURN_ID.get)
    leave_the_card_out()
    request = GenerateRequest(prompt="xylophone", seed=7)
    found: dict[str, Any] = {}
    broken = ZeroGpuEngine(broken_engine(), 0.1, TURN_ID.get)
    for mood, engine in (("fails", None), ("breaks off", None), ("", broken)):
        server.mood = mood
        found[mood or "bug"] = error_of(
            lambda engine=engine: (engine or family.painters["fast"]).generate(request, lambda _: None)
        )
    found["asked"] = server.paths()
    return found


def broken_engine() -> Any:
    from engines.fake import FakeEngine

    class Broken(FakeEngine):
        def generate(self, request: Any, on_progress: Any) -> Any:
            raise ValueError(f"bad {request.prompt}")

    return Broken()


def error_of(call: Callable[[], object]) -> str:
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "none"


def waiting(folder: Path, server: DeviceServer) -> dict[str, Any]:
    """One waits for a card and is stopped; another one draws meanwhile."""
    from agent.cancel import CancelToken
    from agent.jobs import Jobs
    from engines.api import GenerateRequest
    from engines.families import fake_family
    from engines.zero_gpu import lent

    family = lent(fake_family)
    leave_the_card_out()
    request, told, errors = GenerateRequest(prompt="x", seed=7), list[int](), list[str]()
    with closing(Jobs(num_at_once=3, leaves_one=True)) as jobs:

        def draw(token: CancelToken) -> str:
            return error_of(
                lambda: jobs.run(
                    lambda report: family.painters["fast"].generate(request, report),
                    token=token,
                    on_place=lambda _: None,
                    on_progress=lambda progress: told.append(progress.step),
                )
            )

        server.mood, patient = "queue", CancelToken("ann")
        thread = threading.Thread(target=lambda: errors.append(draw(patient)))
        thread.start()
        await_that(lambda: server.paths() == ["/schedule"])
        server.mood = ""
        found: dict[str, Any] = {"other": draw(CancelToken("bob")), "told": told[:]}
        found["still_waits"] = thread.is_alive() and len(jobs.line) == 1
        server.asked.clear()
        patient.cancel()
        thread.join()
        await_that(lambda: not jobs.line)
        await_that(lambda: not any(each.name == "lent card" for each in threading.enumerate()))
    return found | {"stopped": errors, "told_at_the_end": told, "asked": server.paths()}


def await_that(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def doors(folder: Path, server: DeviceServer) -> dict[str, Any]:
    """Programs with a visitor's token, at each door; and one without."""
    import httpx

    import app
    from agent.keys import Keys
    from ui.doors.health import Health
    from ui.home import Home
    from ui.serve import serve

    reverie = app.build(app.Settings(engine="fake", data_folder=folder / "data"))
    leave_the_card_out()
    keys = Keys(reverie.sessions)
    key = keys.create("ann", "a program").token
    page = serve(
        sessions=reverie.sessions,
        artifacts=reverie.artifacts,
        keys=keys,
        coordinator=reverie.coordinator,
        choices=reverie.choices,
        health=Health(
            sessions=reverie.sessions,
            data_folder=folder / "data",
            engine=lambda: "ready",
            meter=reverie.meter,
            metrics_token="",
        ),
        home=Home(host="127.0.0.1"),
        port=int(os.environ["PORT"]),
        lends_cards=True,
    )
    call = {"name": "generate_image", "arguments": {"prompt": "a red disc"}}
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json, text/event-stream"}
    answers: list[int] = []
    with httpx.Client(base_url=page.local_url, headers=headers, timeout=120) as client:
        for token in ("of.images", ""):
            client.headers["X-IP-Token"] = token
            if not token:
                del client.headers["X-IP-Token"]
            answers.append(client.post("/v1/images/generations", json={"prompt": "a disc"}).status_code)
        client.headers["X-IP-Token"] = "of.mcp"
        order = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        answers.append(client.post("/mcp", json=order).status_code)
        client.headers["X-IP-Token"] = "of.turns"
        chat = client.post("/v1/chats").json()["id"]
        answers.append(client.post(f"/v1/chats/{chat}/turns", json={"text": "draw a disc"}).status_code)
        await_that(lambda: server.paths().count("/schedule") == 4)
    found = {
        "answers": answers,
        "payers": [query.get("token") for path, query in server.asked if path == "/schedule"],
    }
    page.close(verbose=False)
    reverie.close()
    return found


def ends(folder: Path, server: DeviceServer) -> dict[str, Any]:
    """Loading takes for ever."""
    from engines.zero_gpu import lent
    from ui.start_up import stop_signal

    def load() -> Any:
        print("loading", flush=True)
        time.sleep(600)

    stop_signal()
    lent(load)
    return {}


WHAT = {
    "weights": lambda folder, _: weights(folder),
    "calls": calls,
    "failures": failures,
    "waiting": waiting,
    "doors": doors,
    "ends": ends,
}


def main() -> None:
    """`ends` and a folder; or orders by standard input, whose process ids and then exit codes are told."""
    if len(sys.argv) > 1:
        run(*sys.argv[1:])
    for name in ("gradio", "torch._dynamo", "transformers"):  # nothing that looks for a card
        import_module(name)
    for line in sys.stdin:
        what, folder, port = json.loads(line)
        if not (child := os.fork()):
            run_apart(what, folder, port)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def run_apart(what: str, folder: str, port: int) -> NoReturn:
    """In a session of its own, as a program that `folder` keeps the words of."""
    os.setsid()
    said = os.open(f"{folder}/said.txt", os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.environ["PORT"] = str(port)
    try:
        run(what, folder)
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def run(what: str, folder: str) -> NoReturn:
    server = set_the_space_up(Path(folder))
    (Path(folder) / "found.json").write_text(json.dumps(WHAT[what](Path(folder), server)))
    sys.stdout.flush()
    os._exit(0)  # the package's forks end late


if __name__ == "__main__":
    main()

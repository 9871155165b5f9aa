"""A real server on a loopback address of its own, whose replies are bytes, as rude as a test wants them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

__all__ = ["HOST", "RudeServer", "reply", "rude_server"]

HOST = "127.0.0.2"
"""Open to the tests; 127.0.0.1 is not."""
Answer = Callable[[socket.socket], None]


def reply(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """`length` where it is to be another than the body's."""
    told = (f"Content-Length: {len(body) if length is None else length}", "Connection: close", *headers)
    return "\r\n".join([f"HTTP/1.1 {status}", *told, "", ""]).encode() + body


class RudeServer:
    """`answers` by path: bytes, or a function that does as it likes with the connection."""

    def __init__(self) -> None:
        self.answers = dict[str, bytes | Answer | list[bytes]]()
        self.asked, self.at_once, self.most_at_once = Counter[str](), 0, 0
        self.requests, self.times = list[str](), list[float]()
        self._lock, self._ends = threading.Lock(), threading.Event()
        self._listener = socket.create_server((HOST, 0), backlog=256)
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def url(self, path: str, host: str = HOST) -> str:
        return f"http://{host}:{self.port}{path}"

    def close(self) -> None:
        self._ends.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def hang(self, connection: socket.socket) -> None:
        """Says nothing until the test is over or the other side goes."""
        while not self._ends.wait(0.05):
            with contextlib.suppress(BlockingIOError):
                if connection.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b"":
                    return

    def drip(self, content: bytes, seconds: float = 0.05) -> Answer:
        """A byte at a time."""

        def answer(connection: socket.socket) -> None:
            for byte in content:
                if self._ends.wait(seconds):
                    return
                connection.sendall(bytes([byte]))

        return answer

    def _listen(self) -> None:
        while not self._ends.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                if not (part := connection.recv(4096)):
                    return
                request += part
            path = request.split()[1].decode()
            with self._lock:
                self.asked[path] += 1
                self.requests.append(request.decode("latin-1"))
                self.times.append(time.monotonic())
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                self._answer(connection, path)
            finally:
                with self._lock:
                    self.at_once -= 1

    def _answer(self, connection: socket.socket, path: str) -> None:
        answer = self.answers.get(path, reply(b"", status="404 Not Found"))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, bytes):
            connection.sendall(answer)
        else:
            answer(connection)


@contextlib.contextmanager
def rude_server() -> Iterator[RudeServer]:
    server = RudeServer()
    try:
        yield server
    finally:
        server.close()

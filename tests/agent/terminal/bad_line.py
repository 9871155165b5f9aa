"""A line to a server that drops now and then."""

from __future__ import annotations

import random
import socket
import threading
from contextlib import suppress

__all__ = ["BadLine"]

LEAST_BYTES, MOST_BYTES = 600, 6_000
SORRY = "HTTP/1.1 {status} Sorry\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class BadLine:
    """Passes on what comes, and after so many bytes from the server cuts a connection off.

    To the next ones it answers itself, with what `statuses` holds. Of `num_swallowed` the answer is lost.
    """

    def __init__(self, port: int, seed: int) -> None:
        self.num_drops = 0
        self.num_swallowed = 0
        self.statuses: list[int] = []
        self.is_down = False
        self._to = port
        self._dice = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.is_down:
                near.close()
                continue
            if self.statuses:
                with near, suppress(OSError):
                    near.recv(4_096)
                    near.sendall(SORRY.format(status=self.statuses.pop(0)).encode())
                continue
            far = socket.create_connection(("127.0.0.1", self._to))
            most = self._dice.randint(LEAST_BYTES, MOST_BYTES)
            if self.num_swallowed:
                self.num_swallowed, most = self.num_swallowed - 1, 0
            for source, target, limit in ((near, far, None), (far, near, most)):
                thread = threading.Thread(target=self._pass, args=(source, target, limit), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pass(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        num_bytes = 0
        with suppress(OSError):
            while piece := source.recv(512):
                num_bytes += len(piece)
                if limit is not None and num_bytes > limit:
                    self.num_drops += 1
                    break
                target.sendall(piece)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

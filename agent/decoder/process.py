"""The inside of a decoder: it reads files from its parent, one by one, and can reach nothing else."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import suppress

from agent.decoder.tasks import do, prepare
from agent.decoder.wire import MAX_BYTES, Task, receive, send_answer

__all__ = ["serve"]

MOST_MEMORY_BYTES = 1024**3
"""A WebP of 40 megapixels with transparency needs 840 MB of it."""
CPU_SECONDS = 15
MOST_HEAD_BYTES = 100


def serve() -> None:
    """Until the parent closes the pipe or dies."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    restrict()
    while (frame := receive(source, MOST_HEAD_BYTES, MAX_BYTES)) is not None:
        allow_seconds(CPU_SECONDS)
        work = do(Task(frame.head.decode()), frame.body)
        send_answer(sink, work.answer, work.pixels)
        del frame, work


def restrict() -> None:
    """No more memory than this, no core dump, no file written, no descriptor beyond the three pipes.

    Without descriptors there are no sockets either. Where the system has no such limits there are none.
    """
    with suppress(ImportError):
        import resource

        limits = (
            (resource.RLIMIT_AS, MOST_MEMORY_BYTES),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NOFILE, 3),
        )
        for kind, most in limits:
            with suppress(ValueError, OSError):  # macOS refuses some
                resource.setrlimit(kind, (most, most))


def allow_seconds(seconds: int) -> None:
    """From now on; who takes longer is ended by the system."""
    with suppress(ImportError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + seconds, hard))

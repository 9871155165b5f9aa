"""The app, telling on SIGUSR1 what memory it has: python -m tests.bench.watched FILE ARGUMENTS-OF-THE-APP

The answer, resident bytes and the number of blocks that Python holds, is written to FILE. From SIGUSR2 on
every turn loses a megabyte: whoever watches must see that.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from agent.pipe import EventPipe

__all__ = ["resident_bytes"]

LOST_BYTES = 2**20


def resident_bytes(pid: int | str = "self") -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    file = Path(sys.argv.pop(1))

    def tell(number: int, frame: FrameType | None) -> None:
        gc.collect()
        half_written = file.with_suffix(".part")
        half_written.write_text(f"{resident_bytes()} {sys.getallocatedblocks()}")
        half_written.replace(file)

    def lose(number: int, frame: FrameType | None) -> None:
        lost, close = list[bytes](), EventPipe.close

        def close_and_lose(pipe: EventPipe) -> None:
            lost.append(os.urandom(LOST_BYTES))
            close(pipe)

        EventPipe.close = close_and_lose  # type: ignore[method-assign]

    signal.signal(signal.SIGUSR1, tell)
    signal.signal(signal.SIGUSR2, lose)
    import app

    return app.main()


if __name__ == "__main__":
    sys.exit(main())

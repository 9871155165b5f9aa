"""One worker a device: jobs wait in line, can be cancelled there or on the device, and never overlap."""

from __future__ import annotations

from collections.abc import Callable

from engines.api import OnProgress

__all__ = ["Jobs"]


class Jobs:
    """The line of one device."""

    def __init__(self, stall_seconds: float = 300.0) -> None:
        """A device silent for longer than `stall_seconds` is given up."""
        raise NotImplementedError

    def close(self) -> None:
        """Cancel everything and end the worker."""
        raise NotImplementedError


Work = Callable[[OnProgress], object]

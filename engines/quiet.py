"""Silence for libraries that speak when they are imported."""

from __future__ import annotations

import logging
import os

__all__ = ["hush"]

CHATTY = ("bitsandbytes", "diffusers", "torch.utils._pytree", "torchao")
"""They warn of CUDA parts and keyword arguments that nobody here uses."""


def hush() -> None:
    """For this process; what goes wrong is still said."""
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)

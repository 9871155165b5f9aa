"""The tiny weights folder, for comparing whole pipelines."""

from tests.engines.conftest import tiny_folder

__all__ = ["tiny_folder"]

"""A stand-in for `spaces`, which lends graphics cards: it forks and pickles as ZeroGPU does."""

from __future__ import annotations

import inspect
import multiprocessing
import os
import pickle
import types
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from typing import Any

__all__ = ["LentCards"]


class LentCards(types.ModuleType):
    """`spaces`: a decorated generator runs in a forked process; all that crosses over is pickled."""

    def __init__(self) -> None:
        super().__init__("spaces")
        self.__spec__ = ModuleSpec("spaces", None)
        self.asked_seconds: list[int] = []
        self.pids: set[int] = set()

    def GPU(self, duration: Callable[..., int]) -> Callable[..., Any]:
        def decorate(generator: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
            assert inspect.isgeneratorfunction(generator), "or the iterator itself would be pickled"

            def call(*arguments: Any) -> Iterator[Any]:
                self.asked_seconds.append(duration(*arguments))
                yield from self.forked(generator, pickle.dumps(arguments))

            return call

        return decorate

    def forked(self, generator: Callable[..., Iterator[Any]], arguments: bytes) -> Iterator[Any]:
        fork = multiprocessing.get_context("fork")
        reader, writer = fork.Pipe(duplex=False)

        def work() -> None:
            for value in generator(*pickle.loads(arguments)):
                writer.send_bytes(pickle.dumps((os.getpid(), value)))
            writer.send_bytes(pickle.dumps((os.getpid(), None)))

        process = fork.Process(target=work)
        process.start()
        writer.close()
        try:
            while True:
                pid, value = pickle.loads(reader.recv_bytes())
                self.pids.add(pid)
                if value is None:
                    return
                yield value
        except EOFError:
            return
        finally:
            process.join()
            reader.close()

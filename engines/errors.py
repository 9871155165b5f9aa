"""What can go wrong in an engine.

EngineError
├── ModelNotFound       no weights at the given place
├── WeightsDamaged      a file is missing, cut, foreign or fails its SHA-256
├── UnsupportedSize     the model cannot make a picture of this size
├── DeviceOutOfMemory   the device ran out of memory
├── Cancelled           the caller asked to stop (raised from on_progress)
├── NonFiniteOutput     the network returned NaN or infinity
└── WorkerDied          the process that holds a device ended before its answer came

`str(error)` is a sentence fit for the chat: what happened, and what to do.
"""


class EngineError(Exception):
    """Any failure of an engine."""


class ModelNotFound(EngineError):
    """No weights at the given place."""


class WeightsDamaged(EngineError):
    """A weights file is missing, cut, foreign or does not match its SHA-256."""


class UnsupportedSize(EngineError):
    """The model cannot make a picture of this size."""


class DeviceOutOfMemory(EngineError):
    """The device ran out of memory."""


class Cancelled(EngineError):
    """The caller asked to stop; raised from on_progress."""


class NonFiniteOutput(EngineError):
    """The network returned NaN or infinity."""


class WorkerDied(EngineError):
    """The process that holds a device ended before its answer came."""

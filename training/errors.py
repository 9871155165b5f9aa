"""What can go wrong in training.

TrainingError
├── BadRecipe           a setting is unknown or does not fit
├── CorruptCheckpoint   a checkpoint cannot be read
├── CorruptShards       encoded pictures cannot be read, or are of another encoder
├── NonFiniteLoss       too many batches in a row gave NaN or infinity
├── DiskFull            there is no room for a checkpoint
├── CaptionerUnavailable  the vision language model that captions pictures cannot be asked
├── Stopped             a signal asked for the end; all is saved
└── FontMissing         the emoji font is not installed
"""


class TrainingError(Exception):
    """Any failure of training or evaluation."""


class BadRecipe(TrainingError):
    """A setting is unknown or does not fit."""


class CorruptCheckpoint(TrainingError):
    """A checkpoint cannot be read."""


class CorruptShards(TrainingError):
    """Encoded pictures cannot be read, or are of another encoder."""


class NonFiniteLoss(TrainingError):
    """Too many batches in a row gave NaN or infinity."""


class DiskFull(TrainingError):
    """There is no room for a checkpoint."""


class Stopped(TrainingError):
    """A signal asked for the end; all is saved."""


class FontMissing(TrainingError):
    """The emoji font is not installed."""


class CaptionerUnavailable(TrainingError):
    """The vision language model that captions pictures cannot be asked."""

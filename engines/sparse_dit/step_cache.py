"""Steps whose outcome is nearly known: the later blocks' part is used again while the first one's stays."""

# B batch, K kept image rows, I image rows, D width

from __future__ import annotations

from torch import Tensor

__all__ = ["StepCache"]


class StepCache:
    """First-block caching (ParaAttention): of one picture's passes through one run, in order of its steps.

    When the first block adds nearly what it added at the last step that was computed whole (mean absolute
    change at most `threshold` of the mean), the other blocks are taken to add what they added then. Deciding
    makes the host wait for the device once a step. What it costs in likeness is measured by
    `python -m tests.bench.shortcuts`.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.first_BID: Tensor | None = None
        self.rest_BKD: Tensor | None = None
        self.num_computed = 0

    def recall(self, first_BID: Tensor) -> Tensor | None:
        """What the other blocks add to the kept rows, or None: then they must run, and `keep` be called."""
        if self.first_BID is not None and self.rest_BKD is not None:
            change = (first_BID - self.first_BID).abs().mean()
            if bool(change <= self.threshold * self.first_BID.abs().mean()):
                return self.rest_BKD
        self.first_BID, self.rest_BKD = first_BID, None
        return None

    def keep(self, rest_BKD: Tensor) -> None:
        """What the other blocks added, at the step whose first part was recalled last."""
        self.rest_BKD = rest_BKD
        self.num_computed += 1

"""Guidance: how velocities under several conditions become one."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["guide", "guide_edit", "guide_edit_clipped"]


def guide(v_negative: Tensor, v_positive: Tensor, scale: float) -> Tensor:
    """v = v_n + s (v_p - v_n) (Ho & Salimans 2022, eq. 6, with s = 1 + w)."""
    return v_negative + scale * (v_positive - v_negative)


def guide_edit(
    v_nothing: Tensor, v_source: Tensor, v_full: Tensor, text_scale: float, image_scale: float
) -> Tensor:
    """v = v_0 + s_I (v_I - v_0) + s_T (v_IT - v_I) (Brooks et al. 2023, eq. 3).

    `v_nothing` has neither source nor instruction, `v_source` the source only, `v_full` both.
    """
    return v_nothing + image_scale * (v_source - v_nothing) + text_scale * (v_full - v_source)


def guide_edit_clipped(
    v_text: Tensor, v_source: Tensor, v_full: Tensor, text_scale: float, image_scale: float
) -> Tensor:
    """HiDream-E1.1's form: the text-guided velocity never grows longer than the unguided one.

    p = v_I + s_T (v_IT - v_I); k = min(1, |v_IT| / |p|) over the channels of each place;
    v = v_T + s_I (k p - v_T). Here `v_text` has the instruction but no source.
    """
    guided = v_source + text_scale * (v_full - v_source)
    length_full, length_guided = (torch.linalg.vector_norm(v, dim=1, keepdim=True) for v in (v_full, guided))
    ratio = torch.clamp(length_full / (length_guided + 1e-8), 0, 1)
    return v_text + image_scale * (ratio * guided - v_text)

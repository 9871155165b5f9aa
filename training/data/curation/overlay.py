"""Whether one small picture, laid over another, fits: the last word on near copies.

A copy that was cropped, scaled, mirrored or recoloured is the other picture stretched and moved along each
axis, each colour with a gain and a lift: ten numbers, found by Gauss-Newton steps (Lucas & Kanade 1981).
What is left over after that tells copies from scenes that are only alike.
"""

# N pictures, P pairs, H W height and width, C colours
# K the ten numbers: stretch x y, shift x y, three gains, three lifts

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Overlay"]

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
BATCH = 256
STRETCH, SHIFT, GAIN, LIFT = (0.78, 1.28), 0.22, (0.75, 1.35), 40.0


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """`most_left`: of 255, the root of the mean square that copies may leave over."""

    most_left: float = 5.0
    num_steps: int = 8

    def fits(self, pictures_NHWC: npt.NDArray[np.uint8], one: Indices, two: Indices) -> npt.NDArray[np.bool_]:
        """Of each pair of rows, straight or mirrored: (P,)."""
        found = np.zeros(len(one), bool)
        for start in range(0, len(found), BATCH):
            first, second = (soft(pictures_NHWC[rows[start : start + BATCH]]) for rows in (one, two))
            fits = self.left_over(first, second) <= self.most_left
            open_ = np.flatnonzero(~fits)
            fits[open_] = self.left_over(first[open_], second[open_][:, :, ::-1]) <= self.most_left
            found[start : start + BATCH] = fits
        return found

    def left_over(self, one: Floats, two: Floats) -> Floats:
        """(P,), of 255."""
        num_pairs, height, width, _ = one.shape
        slopes = slope(one, 2, width), slope(one, 1, height)
        across, down = np.meshgrid(places(width), places(height))
        warp = np.tile(np.array([1, 1, 0, 0, 1, 1, 1, 0, 0, 0], np.float32), (num_pairs, 1))
        for _ in range(self.num_steps):
            at_x, at_y, is_inside = laid(warp, across, down)
            seen = sampled(one, at_x, at_y) * is_inside
            left = (two - (warp[:, None, None, 4:7] * seen + warp[:, None, None, 7:])) * is_inside
            by_x, by_y = (sampled(each, at_x, at_y) * warp[:, None, None, 4:7] * is_inside for each in slopes)
            moves = [by_x * across[..., None], by_y * down[..., None], by_x, by_y]
            warp += step(moves, seen, np.broadcast_to(is_inside, seen.shape), left)
            keep_within_bounds(warp)
        at_x, at_y, is_inside = laid(warp, across, down)
        seen = sampled(one, at_x, at_y)
        left = (two - (warp[:, None, None, 4:7] * seen + warp[:, None, None, 7:])) * is_inside
        total: Floats = np.sqrt((left**2).sum((1, 2, 3)) / (3 * is_inside.sum((1, 2, 3)) + 1))
        return total


def step(moves: list[Floats], seen: Floats, is_inside: Floats, left: npt.NDArray[np.floating]) -> Floats:
    """The change of the ten numbers that lessens what is left most: (P, K)."""
    num_pairs = len(seen)
    num_levels = left.shape[1] * left.shape[2] * left.shape[3]
    slopes_PKN = np.zeros((num_pairs, 10, num_levels), np.float32)
    for number, move in enumerate(moves):
        slopes_PKN[:, number] = move.reshape(num_pairs, num_levels)
    for color in range(3):
        slopes_PKN[:, 4 + color, color::3] = seen[..., color].reshape(num_pairs, num_levels // 3)
        slopes_PKN[:, 7 + color, color::3] = is_inside[..., color].reshape(num_pairs, num_levels // 3)
    square_PKK = slopes_PKN @ slopes_PKN.transpose(0, 2, 1)
    damping = 1e-3 * np.einsum("pkk->pk", square_PKK) + 1e-2
    square_PKK += damping[:, :, None] * np.eye(10, dtype=np.float32)
    wanted = slopes_PKN @ left.reshape(num_pairs, num_levels, 1)
    change: Floats = np.linalg.solve(square_PKK, wanted)[..., 0]
    return change


def keep_within_bounds(warp: Floats) -> None:
    warp[:, :2] = np.clip(warp[:, :2], *STRETCH)
    warp[:, 2:4] = np.clip(warp[:, 2:4], -SHIFT, SHIFT)
    warp[:, 4:7] = np.clip(warp[:, 4:7], *GAIN)
    warp[:, 7:] = np.clip(warp[:, 7:], -LIFT, LIFT)


def laid(warp: Floats, across: Floats, down: Floats) -> tuple[Floats, Floats, Floats]:
    """Where each pixel of the second lies in the first, from -1 to 1, and whether inside: (P, H, W, 1)."""
    at_x = warp[:, 0, None, None] * across + warp[:, 2, None, None]
    at_y = warp[:, 1, None, None] * down + warp[:, 3, None, None]
    is_inside = (np.abs(at_x) < 1) & (np.abs(at_y) < 1)
    return at_x, at_y, is_inside[..., None].astype(np.float32)


def sampled(pictures: Floats, at_x: Floats, at_y: Floats) -> Floats:
    """Between pixels, in straight lines."""
    num_pairs, height, width, _ = pictures.shape
    column = np.clip((at_x + 1) * width / 2 - 0.5, 0, width - 1.001)
    row = np.clip((at_y + 1) * height / 2 - 0.5, 0, height - 1.001)
    left, top = column.astype(np.intp), row.astype(np.intp)
    share_x, share_y = (
        (at - before.astype(np.float32))[..., None] for at, before in ((column, left), (row, top))
    )
    first = (np.arange(num_pairs)[:, None, None] * height + top) * width + left
    flat = pictures.reshape(-1, 3)
    upper = flat[first] * (1 - share_x) + flat[first + 1] * share_x
    lower = flat[first + width] * (1 - share_x) + flat[first + width + 1] * share_x
    mixed: Floats = upper * (1 - share_y) + lower * share_y
    return mixed


def soft(pictures: npt.NDArray[np.uint8]) -> Floats:
    """A little blurred: steps then see their way."""
    padded = np.pad(pictures.astype(np.float32), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    blurred: Floats = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 16
    return blurred


def slope(pictures: Floats, axis: int, length: int) -> Floats:
    found: Floats = np.asarray(np.gradient(pictures, 2 / length, axis=axis), np.float32)
    return found


def places(length: int) -> Floats:
    """Middles of pixels from -1 to 1."""
    return ((np.arange(length, dtype=np.float32) + 0.5) / length * 2 - 1).astype(np.float32)

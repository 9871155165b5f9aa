"""Whether one small picture, laid over another, fits: the last word on near copies.

A copy that was cropped, scaled, mirrored or recoloured is the other picture stretched and moved along each
axis, each colour with a gain and a lift: ten numbers, found by Gauss-Newton steps (Lucas & Kanade 1981).
What is left over after that, beside the detail that there is, tells copies from scenes that are only alike:
pale things on a pale ground leave little, and that little may be all there is to see.
"""

# N pictures, P pairs, H W height and width, C colours
# K the ten numbers: stretch x y, shift x y, three gains, three lifts

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

__all__ = ["Overlay"]

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
BATCH = 256
STRETCH, SHIFT, GAIN, LIFT = (0.78, 1.28), 0.15, (0.75, 1.35), 40.0
AS_IT_IS = np.array([1, 1, 0, 0, 1, 1, 1, 0, 0, 0], np.float32)
ROUGH = 2
"""How many pixels become one for the first look."""
FAINT = 6.0
"""Of 255, squared, on average over the picture: detail below it is noise."""


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """Pairs are laid over one another in half the size first, and those that leave at most `most_at_first`
    in full size.

    `most_left`: what copies may leave over, as a share of the detail (root of the mean squares of both).
    """

    most_left: float = 0.18
    most_at_first: float = 0.3
    num_steps: int = 8
    num_last_steps: int = 4

    def fits(self, pictures_NHWC: npt.NDArray[np.uint8], one: Indices, two: Indices) -> npt.NDArray[np.bool_]:
        """Of each pair of rows, straight or mirrored: (P,). Sides are even."""
        return self.left(pictures_NHWC, one, two) <= self.most_left

    def left(self, pictures_NHWC: npt.NDArray[np.uint8], one: Indices, two: Indices) -> Floats:
        """What each pair leaves over, as a share of its detail; infinite where the first look says no."""
        found = np.full(len(one), np.inf, np.float32)
        for start in range(0, len(found), BATCH):
            first, second = (pictures_NHWC[rows[start : start + BATCH]] for rows in (one, two))
            found[start : start + BATCH] = self._batch(first, second)
        return found

    def _batch(self, one: npt.NDArray[np.uint8], two: npt.NDArray[np.uint8]) -> Floats:
        found, warp, flipped = self._first_look(soft(rough(one)), soft(rough(two)))
        is_open = found <= self.most_at_first
        first, second = soft(one[is_open]), soft(two[is_open])
        second = np.where(flipped[is_open, None, None, None], second[:, :, ::-1], second)
        warp = laid_over(first, second, warp[is_open], self.num_last_steps)
        result = np.full(len(one), np.inf, np.float32)
        result[is_open] = left_over(first, second, warp)
        return result

    def _first_look(self, one: Floats, two: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
        """The better of straight and mirrored: what is left, the ten numbers, whether it is mirrored."""
        looks = []
        for second in (two, two[:, :, ::-1]):
            warp = laid_over(one, second, np.tile(AS_IT_IS, (len(one), 1)), self.num_steps)
            looks.append((left_over(one, second, warp), warp))
        (straight, warp), (mirrored, other_warp) = looks
        flipped = mirrored < straight
        return np.minimum(straight, mirrored), np.where(flipped[:, None], other_warp, warp), flipped


def laid_over(one: Floats, two: Floats, warp_PK: Floats, num_steps: int) -> Floats:
    """The ten numbers after so many steps."""
    _, height, width, _ = one.shape
    slopes = slope(one, 2, width), slope(one, 1, height)
    across, down = np.meshgrid(places(width), places(height))
    warp = warp_PK.copy()
    for _ in range(num_steps):
        at_x, at_y, is_inside = laid(warp, across, down)
        seen = sampled(one, at_x, at_y) * is_inside
        left = (two - recolored(seen, warp)) * is_inside
        by_x, by_y = (sampled(each, at_x, at_y) * warp[:, None, None, 4:7] * is_inside for each in slopes)
        moves = [by_x * across[..., None], by_y * down[..., None], by_x, by_y]
        warp += step(moves, seen, np.broadcast_to(is_inside, seen.shape), left)
        keep_within_bounds(warp)
    return warp


def left_over(one: Floats, two: Floats, warp_PK: Floats) -> Floats:
    """Beside the second's detail where both are: (P,)."""
    _, height, width, _ = one.shape
    at_x, at_y, is_inside = laid(warp_PK, *np.meshgrid(places(width), places(height)))
    left = (two - recolored(sampled(one, at_x, at_y), warp_PK)) * is_inside
    detail = (two - uniform_filter(two, (0, height // 3, width // 3, 0))) * is_inside
    faint = FAINT * height * width
    total: Floats = np.sqrt((left**2).sum((1, 2, 3)) / ((detail**2).sum((1, 2, 3)) + faint))
    return total


def recolored(pictures: Floats, warp_PK: Floats) -> Floats:
    changed: Floats = warp_PK[:, None, None, 4:7] * pictures + warp_PK[:, None, None, 7:]
    return changed


def rough(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Each side by ROUGH smaller."""
    count, height, width, colors = pictures.shape
    blocks = pictures.reshape(count, height // ROUGH, ROUGH, width // ROUGH, ROUGH, colors)
    means: npt.NDArray[np.uint8] = blocks.mean((2, 4)).round().astype(np.uint8)
    return means


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

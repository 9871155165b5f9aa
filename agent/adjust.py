"""Operations carried out by Pillow: exact, at once, and without a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from agent.errors import PlanRejected
from agent.operations import (
    MAX_SIDE_PX,
    Axis,
    Crop,
    CutOut,
    Extend,
    Flip,
    Operation,
    Resize,
    Rotate,
    Side,
    Upscale,
)
from agent.sentences import Sentence

__all__ = ["Canvas", "adjust", "extended", "flat"]

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, as Pillow has it."""
QUARTERS = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
"""Clockwise here, counter-clockwise in Pillow."""
EXTENDED_SHARE = 0.25
"""Of the picture's side, where nobody says by how much."""
GROUND_COLORS = 6
"""Told apart along the picture's border."""
GROUND_DISTANCE = 40
"""Of 255, to the nearest of them: what belongs to the ground."""
FILL_SIDE_PX = 400
"""Of the copy in which the ground is followed from the border inwards."""


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """A picture on more canvas, filled from its edge; `new` (mode L) is white where nothing was before."""

    image: Image.Image
    new: Image.Image


def adjust(image: Image.Image, operation: Operation, most_px: int = MAX_SIDE_PX) -> Image.Image:
    """The picture after the operation; its transparency stays. Raises PlanRejected when it cannot be."""
    match operation:
        case Crop():
            return image.crop(box_of(operation, *image.size))
        case Rotate():
            return rotated(image, operation.degrees)
        case Flip(axis=Axis.HORIZONTAL):
            return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        case Flip():
            return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        case Resize():
            return scaled(image, *size_of(operation, *image.size), most_px)
        case Upscale():
            return scaled(image, image.width * operation.factor, image.height * operation.factor, most_px)
        case Extend():
            return extended(image, operation, most_px).image
        case CutOut():
            return cut_out(image)
        case _:
            assert_never(operation)


def flat(image: Image.Image) -> Image.Image:
    """RGB; what is transparent becomes white."""
    if image.mode == "RGB" or not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def box_of(operation: Crop, width: int, height: int) -> Box:
    """Left, top, right, bottom in pixels, at least one pixel apart."""
    left, top = int(operation.left * width), int(operation.top * height)
    right = max(left + 1, round(operation.right * width))
    bottom = max(top + 1, round(operation.bottom * height))
    wide, high = right - left, bottom - top
    if operation.aspect is not None:
        wide, high = min(wide, round(high * operation.aspect)), min(high, round(wide / operation.aspect))
    wide, high = min(wide, operation.width or wide), min(high, operation.height or high)
    wide, high = max(1, wide), max(1, high)
    left, top = left + (right - left - wide) // 2, top + (bottom - top - high) // 2
    return left, top, left + wide, top + high


def rotated(image: Image.Image, degrees: float) -> Image.Image:
    """Quarters move pixels only; other turns resample, and grow the canvas to show all."""
    turn = degrees % 360
    if turn in QUARTERS:
        return image.transpose(QUARTERS[int(turn)])
    if turn == 0:
        return image.copy()
    fill = border_color(image)
    return image.rotate(-turn, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)


def border_color(image: Image.Image) -> tuple[int, ...]:
    """The middle colour of the outermost pixels; nothing at all where the picture has transparency."""
    if image.mode == "RGBA":
        return (0, 0, 0, 0)
    pixels = np.median(border(np.asarray(image.convert("RGB"))), axis=0)
    return tuple(int(each) for each in pixels)


def border(pixels: np.ndarray) -> np.ndarray:
    """(H, W, C) to the outermost pixels, (N, C)."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def size_of(operation: Resize, width: int, height: int) -> tuple[int, int]:
    if operation.scale is not None:
        return round(width * operation.scale), round(height * operation.scale)
    if operation.width and operation.height:
        return operation.width, operation.height
    if operation.width:
        return operation.width, round(height * operation.width / width)
    return round(width * (operation.height or height) / height), operation.height or height


def scaled(image: Image.Image, width: int, height: int, most_px: int = MAX_SIDE_PX) -> Image.Image:
    """Lanczos. Raises PlanRejected for sizes that are no picture."""
    if not 1 <= min(width, height) <= max(width, height) <= most_px:
        raise PlanRejected(
            Sentence(
                f"That would be {width}x{height} pixels; I make pictures of 1 to {most_px} a side. "
                "Please ask for another size.",
                f"那会是 {width}x{height} 像素；我能做的每边是 1 到 {most_px} 像素。请换一个尺寸。",
            )
        )
    return image.resize((width, height), Image.Resampling.LANCZOS)


def extended(image: Image.Image, operation: Extend, most_px: int = MAX_SIDE_PX) -> Canvas:
    """The picture in its place, to the bit; around it its own edge, blurred. Raises PlanRejected."""
    left, top, right, bottom = margins(operation, *image.size)
    width, height = left + image.width + right, top + image.height + bottom
    if max(width, height) > most_px:
        raise PlanRejected(
            Sentence(
                f"That would be {width}x{height} pixels; I make pictures of up to {most_px} a side. "
                "Please ask for less.",
                f"那会是 {width}x{height} 像素；我能做的每边最多 {most_px} 像素。请要小一些。",
            )
        )
    pixels = np.pad(np.asarray(image), ((top, bottom), (left, right), (0, 0)), mode="edge")
    canvas = Image.fromarray(pixels)
    canvas = canvas.filter(ImageFilter.GaussianBlur(max(left, top, right, bottom) / 8))
    canvas.paste(image, (left, top))
    new = Image.new("L", canvas.size, 255)
    new.paste(0, (left, top, left + image.width, top + image.height))
    return Canvas(image=canvas, new=new)


def margins(operation: Extend, width: int, height: int) -> Box:
    """Left, top, right and bottom pixels to add. Raises PlanRejected when an outline needs none."""
    if operation.aspect is not None:
        across = max(0, round(height * operation.aspect) - width)
        down = max(0, round(width / operation.aspect) - height)
        if across == down == 0:
            raise PlanRejected(
                Sentence(
                    "The picture has that outline already. Please ask for another.",
                    "图片已经是这个比例了。请换一个。",
                )
            )
        return across // 2, down // 2, across - across // 2, down - down // 2
    share = operation.share or EXTENDED_SHARE
    across, down = (operation.pixels or max(1, round(side * share)) for side in (width, height))
    left, right = (across if side in operation.sides else 0 for side in (Side.LEFT, Side.RIGHT))
    top, bottom = (down if side in operation.sides else 0 for side in (Side.TOP, Side.BOTTOM))
    return left, top, right, bottom


def cut_out(image: Image.Image) -> Image.Image:
    """What has the border's colours and hangs together with it becomes transparent; raises PlanRejected."""
    solid = flat(image)
    alike = Image.fromarray(is_like_border(np.asarray(solid.filter(ImageFilter.GaussianBlur(1)))))
    ground = ImageChops.darker(alike, reached_from_border(alike))
    share = float(np.asarray(ground).mean()) / 255
    if not 0.01 <= share <= 0.99:
        raise PlanRejected(
            Sentence(
                "I cannot tell the ground from what stands before it: I go by the colours along the border, "
                "and here they do not differ enough. Please choose a picture on a plainer ground.",
                "我分不清背景和前面的东西：我只看边缘的颜色，而这里差别不够大。请选一张背景更单纯的图片。",
            )
        )
    alpha = ImageChops.invert(ground).filter(ImageFilter.GaussianBlur(0.7))
    if image.mode == "RGBA":
        alpha = ImageChops.darker(alpha, image.getchannel("A"))
    cut = solid.convert("RGBA")
    cut.putalpha(alpha)
    return cut


def is_like_border(pixels: np.ndarray) -> np.ndarray:
    """(H, W), 255 where the colour is near one of the border's main colours."""
    edge = border(pixels)
    colors = Image.fromarray(edge[None]).quantize(GROUND_COLORS, Image.Quantize.MEDIANCUT)
    palette = np.asarray(colors.convert("RGB"))[0]
    near = np.zeros(pixels.shape[:2], bool)
    for color in np.unique(palette, axis=0):
        near |= np.linalg.norm(pixels.astype(np.float32) - color, axis=-1) < GROUND_DISTANCE
    return near.astype(np.uint8) * 255


def reached_from_border(alike: Image.Image) -> Image.Image:
    """White near all that can be walked to from outside over white."""
    scale = min(1.0, FILL_SIDE_PX / max(alike.size))
    small = alike.resize([max(1, round(side * scale)) for side in alike.size], Image.Resampling.NEAREST)
    field = Image.new("L", (small.width + 2, small.height + 2), 255)
    field.paste(small, (1, 1))
    ImageDraw.floodfill(field, (0, 0), 128)
    walked = field.crop((1, 1, small.width + 1, small.height + 1)).point(lambda value: 255 * (value == 128))
    return walked.filter(ImageFilter.MaxFilter(3)).resize(alike.size, Image.Resampling.NEAREST)

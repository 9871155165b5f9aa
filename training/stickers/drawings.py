"""Vector drawings of the classes that have no emoji: RGBA, 160 x 160, in flat colours with some shade."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw

from training.stickers.catalogue import DRAWN

__all__ = ["draw_class"]

SIDE = 160
_SUPERSAMPLING = 3
Rgb = tuple[int, int, int]
STEEL, DARK, LIGHT = (158, 168, 180), (64, 70, 80), (222, 228, 234)
WOOD, BARK = (176, 116, 62), (124, 78, 40)
RED, DEEP_RED = (214, 52, 44), (150, 30, 28)
GLASS, GLOW = (70, 96, 120), (250, 170, 60)


class Pen:
    """Draws in coordinates of a 160 x 160 canvas, three times as fine."""

    def __init__(self) -> None:
        self.canvas = Image.new("RGBA", (SIDE * _SUPERSAMPLING,) * 2)
        self.draw = ImageDraw.Draw(self.canvas)

    def box(self, left: float, top: float, right: float, bottom: float, color: Rgb, round: float = 0) -> None:
        edges = [each * _SUPERSAMPLING for each in (left, top, right, bottom)]
        self.draw.rounded_rectangle(edges, radius=round * _SUPERSAMPLING, fill=color)

    def oval(self, left: float, top: float, right: float, bottom: float, color: Rgb) -> None:
        self.draw.ellipse([each * _SUPERSAMPLING for each in (left, top, right, bottom)], fill=color)

    def area(self, points: Sequence[tuple[float, float]], color: Rgb) -> None:
        self.draw.polygon([(x * _SUPERSAMPLING, y * _SUPERSAMPLING) for x, y in points], fill=color)

    def line(self, points: Sequence[tuple[float, float]], color: Rgb, width: float) -> None:
        scaled = [(x * _SUPERSAMPLING, y * _SUPERSAMPLING) for x, y in points]
        self.draw.line(scaled, fill=color, width=int(width * _SUPERSAMPLING), joint="curve")
        radius = width * _SUPERSAMPLING / 2
        for x, y in (scaled[0], scaled[-1]):
            self.draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=color)

    def picture(self) -> Image.Image:
        return self.canvas.resize((SIDE, SIDE), Image.Resampling.BOX)


def draw_class(kind: str) -> Image.Image:
    """RGBA, 160 x 160. Raises KeyError for a class that has an emoji."""
    pen = Pen()
    _DRAWERS[kind](pen)
    return pen.picture()


def _fire_hydrant(pen: Pen) -> None:
    pen.box(42, 136, 118, 152, DEEP_RED, 4)
    pen.box(54, 52, 106, 140, RED, 4)
    pen.box(46, 50, 114, 64, DEEP_RED, 4)
    pen.oval(54, 22, 106, 76, RED)
    pen.box(46, 50, 114, 62, DEEP_RED, 4)
    pen.box(72, 10, 88, 28, DEEP_RED, 3)
    for left in (28, 108):
        pen.box(left, 80, left + 24, 104, DEEP_RED, 4)
    pen.oval(64, 76, 96, 108, LIGHT)
    pen.oval(73, 85, 87, 99, STEEL)


def _parking_meter(pen: Pen) -> None:
    pen.box(73, 84, 87, 152, DARK)
    pen.box(56, 146, 104, 156, DARK, 3)
    pen.oval(44, 6, 116, 72, STEEL)
    pen.box(44, 40, 116, 96, STEEL, 6)
    pen.oval(56, 18, 104, 62, LIGHT)
    pen.line([(80, 42), (94, 28)], RED, 4)
    pen.box(70, 70, 90, 86, DARK, 2)


def _bench(pen: Pen) -> None:
    for top in (40, 60, 80):
        pen.box(10, top, 150, top + 14, WOOD, 3)
    pen.box(4, 100, 156, 114, BARK, 3)
    for left in (22, 126):
        pen.box(left, 36, left + 12, 146, DARK, 2)


def _baseball_bat(pen: Pen) -> None:
    pen.area([(22, 128), (32, 138), (128, 64), (96, 32)], WOOD)
    pen.oval(92, 18, 142, 68, WOOD)
    pen.line([(26, 134), (64, 96)], BARK, 13)
    pen.oval(12, 124, 38, 150, BARK)


def _baseball_glove(pen: Pen) -> None:
    leather, seam = (158, 92, 48), (110, 60, 30)
    for left, top in ((30, 34), (54, 14), (80, 10), (106, 26)):
        pen.box(left, top, left + 24, top + 90, leather, 12)
    pen.oval(24, 60, 138, 152, leather)
    pen.oval(2, 60, 54, 112, leather)
    pen.oval(52, 74, 112, 132, seam)
    pen.oval(62, 80, 106, 124, (246, 244, 238))
    pen.line([(70, 88), (78, 102), (70, 116)], RED, 3)
    pen.line([(98, 88), (90, 102), (98, 116)], RED, 3)


def _dining_table(pen: Pen) -> None:
    pen.area([(24, 44), (136, 44), (158, 70), (2, 70)], WOOD)
    pen.box(2, 70, 158, 84, BARK)
    for left in (12, 134):
        pen.box(left, 84, left + 14, 144, WOOD)
    for left in (42, 106):
        pen.box(left, 84, left + 10, 118, BARK)


def _tv_remote(pen: Pen) -> None:
    pen.box(50, 4, 110, 156, DARK, 14)
    pen.oval(68, 14, 92, 38, RED)
    for row in range(4):
        for column in range(3):
            pen.oval(58 + 16 * column, 48 + 18 * row, 70 + 16 * column, 60 + 18 * row, LIGHT)
    pen.box(60, 126, 100, 142, STEEL, 6)


def _microwave(pen: Pen) -> None:
    pen.box(4, 32, 156, 128, STEEL, 6)
    pen.box(14, 42, 108, 118, DARK, 4)
    pen.box(22, 52, 100, 108, GLASS, 3)
    pen.oval(40, 88, 82, 102, GLOW)
    pen.box(118, 44, 148, 60, DARK, 2)
    for top in (70, 86, 102):
        for left in (120, 136):
            pen.box(left, top, left + 10, top + 9, LIGHT, 2)


def _oven(pen: Pen) -> None:
    pen.box(18, 6, 142, 154, LIGHT, 5)
    pen.box(18, 6, 142, 40, STEEL, 5)
    for left in (30, 58, 86, 114):
        pen.oval(left, 14, left + 18, 32, DARK)
    pen.box(28, 50, 132, 60, DARK, 4)
    pen.box(28, 70, 132, 142, DARK, 4)
    pen.box(38, 80, 122, 132, GLOW, 3)
    pen.line([(38, 108), (122, 108)], DARK, 4)


def _toaster(pen: Pen) -> None:
    bread, crust = (244, 214, 158), (190, 130, 66)
    for left in (34, 84):
        pen.box(left, 14, left + 42, 80, crust, 10)
        pen.box(left + 6, 20, left + 36, 80, bread, 8)
    pen.box(10, 58, 150, 142, STEEL, 16)
    pen.box(22, 66, 138, 76, DARK, 4)
    pen.box(140, 86, 156, 104, DARK, 3)
    pen.oval(28, 102, 52, 126, DARK)
    pen.box(20, 142, 140, 150, DARK, 2)


def _sink(pen: Pen) -> None:
    pen.line([(80, 72), (80, 24), (112, 24), (112, 46)], STEEL, 12)
    pen.oval(104, 52, 120, 70, (90, 170, 240))
    for left in (48, 96):
        pen.oval(left, 50, left + 16, 66, DARK)
    pen.box(6, 72, 154, 92, LIGHT, 6)
    pen.area([(16, 92), (144, 92), (122, 134), (38, 134)], (196, 206, 216))
    pen.box(66, 134, 94, 154, STEEL)


def _refrigerator(pen: Pen) -> None:
    pen.box(34, 2, 126, 152, LIGHT, 8)
    pen.box(34, 54, 126, 60, DARK)
    pen.box(112, 20, 120, 46, DARK, 3)
    pen.box(112, 68, 120, 112, DARK, 3)
    pen.box(42, 12, 74, 38, (120, 190, 240), 3)
    for left in (42, 104):
        pen.box(left, 150, left + 14, 158, DARK)


def _hair_drier(pen: Pen) -> None:
    body, shade = (226, 84, 150), (166, 46, 104)
    pen.area([(56, 84), (94, 84), (84, 150), (58, 150)], shade)
    pen.oval(34, 14, 112, 92, body)
    pen.area([(92, 28), (150, 36), (150, 72), (92, 80)], body)
    pen.box(144, 32, 156, 76, DARK, 3)
    pen.oval(52, 34, 92, 74, DARK)
    pen.oval(60, 42, 84, 66, STEEL)
    pen.box(66, 98, 78, 116, LIGHT, 3)


_DRAWERS: dict[str, Callable[[Pen], None]] = {
    "fire hydrant": _fire_hydrant,
    "parking meter": _parking_meter,
    "bench": _bench,
    "baseball bat": _baseball_bat,
    "baseball glove": _baseball_glove,
    "dining table": _dining_table,
    "tv remote": _tv_remote,
    "microwave": _microwave,
    "oven": _oven,
    "toaster": _toaster,
    "sink": _sink,
    "refrigerator": _refrigerator,
    "hair drier": _hair_drier,
}
assert tuple(_DRAWERS) == DRAWN

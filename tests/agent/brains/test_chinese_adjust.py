"""Exact work asked for in Chinese."""

from __future__ import annotations

import pytest

from agent.brains.chinese_adjust import operation_of
from agent.operations import Axis, Crop, CutOut, Extend, Flip, Operation, Resize, Rotate, Side, Upscale


@pytest.mark.parametrize(
    ("order", "operation"),
    [
        ("裁剪成正方形", Crop(aspect=1)),
        ("把图裁成16:9", Crop(aspect=16 / 9)),
        ("把图片裁剪到300x200", Crop(width=300, height=200)),
        ("只保留左半边", Crop(right=0.5)),
        ("顺时针旋转90度", Rotate(degrees=90)),
        ("把它向左旋转45度", Rotate(degrees=-45)),
        ("把图片倒过来", Rotate(degrees=180)),
        ("左右翻转", Flip()),
        ("上下翻转", Flip(axis=Axis.VERTICAL)),
        ("缩放到800x600", Resize(width=800, height=600)),
        ("把图片缩小一半", Resize(scale=0.5)),
        ("把图片放大两倍", Upscale(factor=2)),
        ("放大3倍", Resize(scale=3)),
        ("提高分辨率", Upscale(factor=2)),
        ("向左扩展画布", Extend(sides=(Side.LEFT,))),
        ("向四周扩展50像素", Extend(sides=tuple(Side), pixels=50)),
        ("把画布扩展成16:9", Extend(aspect=16 / 9)),
        ("抠图", CutOut()),
        ("去掉背景", CutOut()),
        ("把背景变成透明的", CutOut()),
    ],
)
def test_an_order_for_the_picture_is_exact_work(order: str, operation: Operation) -> None:
    assert operation_of(order) == operation


@pytest.mark.parametrize(
    "order", ["放大", "把猫放大", "去掉背景里的人", "把背景变成蓝色", "把车旋转90度", "缩小"]
)
def test_all_else_is_left_to_the_engines(order: str) -> None:
    assert operation_of(order) is None

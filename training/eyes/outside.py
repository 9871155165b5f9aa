"""Pictures that are none of the small world: what photographs, pages and logos have in common, made up."""

from __future__ import annotations

import string

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

__all__ = ["outside_picture"]


def outside_picture(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """RGB: leaves over leaves, clouds, shaded bodies before a blurred ground, pages of text, flat shapes."""
    choice = rng.random()
    if choice < 0.35:
        picture = fallen_leaves(rng, width, height)
    elif choice < 0.55:
        picture = Image.fromarray(clouds(rng, width, height))
    elif choice < 0.75:
        picture = bodies(rng, width, height)
    elif choice < 0.87:
        picture = page(rng, width, height)
    else:
        picture = flat_shapes(rng, width, height)
    if rng.random() < 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.5))))
    if rng.random() < 0.15:
        picture = picture.convert("L").convert("RGB")
    return picture


def clouds(rng: np.random.Generator, width: int, height: int) -> NDArray[np.uint8]:
    """Noise whose amplitude falls with frequency, as in photographs (Field 1987): (H, W, 3)."""
    slope = float(rng.uniform(0.7, 1.7))
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    radius = np.hypot(rows, columns)
    radius[0, 0] = 1.0
    noise = rng.standard_normal((3, height, width))
    waves = np.fft.irfft2(np.fft.rfft2(noise) / radius**slope, s=(height, width))
    waves /= waves.std((1, 2), keepdims=True) + 1e-6
    mix = rng.normal(0, 0.35, (3, 3)) + rng.uniform(0.4, 1.0)
    mean, spread = rng.uniform(40, 215, 3), float(rng.uniform(20, 70))
    pixels = np.einsum("ij,jhw->hwi", mix / np.abs(mix).sum(1, keepdims=True), waves) * spread * 1.5 + mean
    levels: NDArray[np.uint8] = np.clip(pixels, 0, 255).astype(np.uint8)
    return levels


def fallen_leaves(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Patches of all sizes that cover one another (Lee, Mumford and Huang 2001), each with a texture."""
    picture = Image.fromarray(clouds(rng, width, height))
    tones = rng.uniform(0, 255, (4, 3))
    for _ in range(int(rng.integers(15, 90))):
        radius = min(70.0, 4.0 * float(rng.random()) ** -0.6)
        x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
        stretch = float(rng.uniform(0.4, 1.0))
        mask = Image.new("L", picture.size)
        box = (x - radius, y - radius * stretch, x + radius, y + radius * stretch)
        draw = ImageDraw.Draw(mask)
        if rng.random() < 0.6:
            draw.ellipse(box, fill=255)
        else:
            angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
            corners = [(x + radius * np.cos(a), y + radius * stretch * np.sin(a)) for a in angles]
            draw.polygon(corners, fill=255)
        tone = np.clip(tones[int(rng.integers(4))] + rng.normal(0, 30, 3), 0, 255)
        picture.paste(_shaded(rng, picture.size, tone), (0, 0), mask)
    return picture


def _shaded(rng: np.random.Generator, size: tuple[int, int], tone: NDArray[np.float64]) -> Image.Image:
    """A colour that grows lighter one way, with grain."""
    width, height = size
    across, down = rng.normal(0, 0.5, 2)
    slope = np.linspace(-1, 1, width)[None, :] * across + np.linspace(-1, 1, height)[:, None] * down
    grain = rng.standard_normal((height, width)) * rng.uniform(0, 0.12)
    pixels = tone * (1 + 0.6 * slope + grain)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def bodies(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """One or two large shaded bodies before a soft ground: portraits, still lifes."""
    picture = Image.fromarray(clouds(rng, width, height)).filter(ImageFilter.GaussianBlur(5))
    for _ in range(int(rng.integers(1, 4))):
        mask = Image.new("L", picture.size)
        draw = ImageDraw.Draw(mask)
        x, y = float(rng.uniform(0.2, 0.8)) * width, float(rng.uniform(0.2, 0.9)) * height
        for _ in range(int(rng.integers(1, 5))):
            wide, high = rng.uniform(0.08, 0.35, 2) * min(width, height)
            dx, dy = rng.normal(0, 0.15, 2) * min(width, height)
            draw.ellipse((x + dx - wide, y + dy - high, x + dx + wide, y + dy + high), fill=255)
        mask = mask.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 2.0))))
        fur = Image.blend(
            _shaded(rng, picture.size, rng.uniform(20, 235, 3)),
            Image.fromarray(clouds(rng, width, height)),
            float(rng.uniform(0.1, 0.6)),
        )
        picture.paste(fur, (0, 0), mask)
    return picture


def page(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Lines of letters, boxes and rules: documents and screens."""
    is_dark = rng.random() < 0.3
    ground = tuple(int(v) for v in (rng.uniform(0, 50, 3) if is_dark else rng.uniform(215, 256, 3)))
    ink = tuple(int(v) for v in (rng.uniform(180, 256, 3) if is_dark else rng.uniform(0, 90, 3)))
    picture = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(0, 4))):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        fill = tuple(int(v) for v in rng.uniform(0, 256, 3))
        draw.rectangle((x, y, x + int(rng.integers(8, 70)), y + int(rng.integers(4, 40))), fill=fill)
    size = int(rng.integers(4, 16))
    font = ImageFont.load_default(size)
    left = int(rng.integers(2, 12))
    for y in range(int(rng.integers(0, 20)), height, int(size * rng.uniform(1.1, 2.0)) + 1):
        letters = rng.choice(list(string.ascii_letters + "      "), int(rng.integers(3, 40)))
        draw.text((left, y), "".join(letters), fill=ink, font=font)
    return picture


def flat_shapes(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Charts, flags and logos: flat bars, discs and triangles on one colour."""
    ground = tuple(int(v) for v in rng.uniform(0, 256, 3))
    picture = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(picture)
    is_striped = rng.random() < 0.4
    for index in range(int(rng.integers(2, 9))):
        fill = tuple(int(v) for v in rng.uniform(0, 256, 3))
        x, y = int(rng.integers(-20, width)), int(rng.integers(-20, height))
        wide, high = (int(v) for v in rng.integers(10, 100, 2))
        if is_striped:
            draw.rectangle((index * wide // 2, 0, index * wide // 2 + wide // 3, height), fill=fill)
        elif rng.random() < 0.5:
            draw.rectangle((x, y, x + wide, y + high), fill=fill)
        else:
            draw.polygon([(x, y), (x + wide, y + high // 2), (x + wide // 3, y + high)], fill=fill)
    return picture

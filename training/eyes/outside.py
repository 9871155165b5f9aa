"""Pictures that are none of the small world: what photographs, pages and logos have in common, made up."""

from __future__ import annotations

import string

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

__all__ = ["outside_picture"]


def outside_picture(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """RGB: leaves over leaves, clouds, bodies, views, lights in the dark, pages, logos, silhouettes."""
    makers = (fallen_leaves, cloudy, bodies, open_view, in_the_dark, page, flat_shapes, silhouette)
    shares = (0.2, 0.1, 0.15, 0.15, 0.13, 0.09, 0.09, 0.09)
    picture = makers[int(rng.choice(len(makers), p=shares))](rng, width, height)
    if rng.random() < 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.5))))
    choice = rng.random()
    if choice < 0.1:
        return picture.convert("L").convert("RGB")
    if choice < 0.18:
        dark, light = rng.uniform(0, 70, 3), rng.uniform(180, 256, 3)
        level = np.asarray(picture.convert("L"), np.float32)[..., None] / 255
        return Image.fromarray((dark + (light - dark) * level).astype(np.uint8))
    return picture


def cloudy(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    return Image.fromarray(clouds(rng, width, height))


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


def open_view(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """A plain or cloudy sky over hills, walls or water, with something that stands before it."""
    picture = _shaded(rng, (width, height), rng.uniform(60, 250, 3))
    if rng.random() < 0.5:
        picture = Image.blend(picture, cloudy(rng, width, height), float(rng.uniform(0.1, 0.6)))
    for _ in range(int(rng.integers(1, 4))):
        mask = Image.new("L", picture.size)
        level = float(rng.uniform(0.3, 0.9)) * height
        steps = np.cumsum(rng.normal(0, rng.uniform(0.5, 9), 10))
        ridge = [(width * i / 9, level + step) for i, step in enumerate(steps)]
        ImageDraw.Draw(mask).polygon([(0, height), *ridge, (width, height)], fill=255)
        ground = _shaded(rng, picture.size, rng.uniform(20, 230, 3))
        textured = Image.blend(ground, cloudy(rng, width, height), float(rng.uniform(0.0, 0.6)))
        picture.paste(textured, (0, 0), mask)
    if rng.random() < 0.5:
        mask = Image.new("L", picture.size)
        x, top = float(rng.uniform(0.1, 0.9)) * width, float(rng.uniform(0.1, 0.6)) * height
        wide = float(rng.uniform(2, 25))
        ImageDraw.Draw(mask).rectangle((x - wide, top, x + wide, height), fill=255)
        picture.paste(_shaded(rng, picture.size, rng.uniform(0, 255, 3)), (0, 0), mask)
    return picture


def in_the_dark(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Specks, lamps and lit bodies before black or deep blue: stars, rockets, scans."""
    tone = rng.uniform(0, 45, 3) * (rng.random() < 0.6)
    picture = _shaded(rng, (width, height), tone)
    if rng.random() < 0.4:
        picture = Image.blend(picture, cloudy(rng, width, height), float(rng.uniform(0.05, 0.3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(0, 160))):
        x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
        radius = 0.4 * float(rng.random()) ** -0.5
        fill = tuple(int(v) for v in np.clip(rng.uniform(90, 255) + rng.normal(0, 25, 3), 0, 255))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
    for _ in range(int(rng.integers(0, 3))):
        mask = Image.new("L", picture.size)
        x, y = float(rng.uniform(0.1, 0.9)) * width, float(rng.uniform(0.1, 0.9)) * height
        wide, high = rng.uniform(3, 45, 2)
        ImageDraw.Draw(mask).ellipse((x - wide, y - high, x + wide, y + high), fill=255)
        mask = mask.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 8))))
        picture.paste(_shaded(rng, picture.size, rng.uniform(60, 255, 3)), (0, 0), mask)
    return picture


def silhouette(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """One ragged figure in one ink on one paper."""
    paper = rng.uniform(0, 256, 3) if rng.random() < 0.4 else np.full(3, 255 * (rng.random() < 0.7))
    ink = rng.uniform(0, 256, 3) if rng.random() < 0.5 else 255 - paper
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    for _ in range(int(rng.integers(1, 4))):
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 30))))
        reach = rng.uniform(0.1, 0.45, len(angles)) * min(width, height)
        x, y = (float(rng.uniform(0.3, 0.7)) * side for side in (width, height))
        corners = [(x + r * np.cos(a), y + r * np.sin(a)) for a, r in zip(angles, reach, strict=True)]
        draw.polygon(corners, fill=255) if rng.random() < 0.7 else draw.line(corners, fill=255, width=3)
    picture = Image.new("RGB", (width, height), tuple(int(v) for v in paper))
    picture.paste(Image.new("RGB", picture.size, tuple(int(v) for v in ink)), (0, 0), mask)
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

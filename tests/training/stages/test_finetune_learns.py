"""Twenty pictures of a thing that the embedded engine has never seen teach it that thing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from engines.engine import DiffusionEngine
from engines.flow import interpolate
from engines.load_engine import load_engine
from engines.vae import to_pixels
from training.commands import main
from training.data.folder import read_folder
from training.loop import LoopSettings, train
from training.optim import OptimSettings
from training.stages.finetune import FinetuneSettings, FinetuneStage
from training.stickers.render import FONT_PATHS
from training.velocity import velocity_of

pytestmark = pytest.mark.font
GROUNDS = {"": (244, 242, 236), " at night": (20, 22, 70), " on grass": (110, 186, 84)}


def rocket(rng: np.random.Generator, ground: tuple[int, int, int]) -> Image.Image:
    path = next(path for path in FONT_PATHS if path.exists())
    glyph = Image.new("RGBA", (136, 128))
    ImageDraw.Draw(glyph).text(
        (0, 0), "\N{ROCKET}", font=ImageFont.truetype(str(path), 109), embedded_color=True
    )
    side = int(rng.integers(96, 140))
    glyph = glyph.crop(glyph.getbbox()).resize((side, side))
    picture = Image.new("RGB", (256, 256), ground)
    x, y = (int(value) - side // 2 for value in rng.integers(110, 146, 2))
    picture.paste(glyph, (x, y), glyph)
    return picture


def write_rockets(folder: Path, count: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(count):
        words, ground = list(GROUNDS.items())[index % len(GROUNDS)]
        rocket(rng, ground).save(folder / f"{index:02}.png")
        (folder / f"{index:02}.txt").write_text(f"a rocket{words}")
    return folder


@torch.no_grad()
def error(engine: DiffusionEngine, pictures: list[Image.Image], words: list[str]) -> float:
    """Of the clean picture told from noisy ones, at the levels where it is decided what stands there."""
    parts = engine.parts
    clean = parts.vae.encode(torch.cat([to_pixels(picture) for picture in pictures]))
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    context = parts.text.encode(words).context.to(parts.placement.device, parts.placement.dtype)
    errors = []
    for sigma in (0.9, 0.8, 0.65):
        sigma_B = torch.full((len(clean),), sigma)
        velocity = velocity_of(parts.dit, interpolate(clean, noise, sigma_B), sigma_B, context)
        errors.append(float((velocity - (noise - clean)).square().mean()))
    return float(np.mean(errors))


def test_a_new_glyph_is_learnt_and_the_old_ones_stay(tmp_path: Path) -> None:
    scenes = tmp_path / "scenes"
    assert main(["scenes", "--out", str(scenes), "--count", "60"]) == 0
    known = read_folder(scenes)[40:]
    rng = np.random.default_rng(1)
    unseen = [rocket(rng, ground) for ground in GROUNDS.values() for _ in range(3)]
    words = [f"a rocket{place}" for place in GROUNDS for _ in range(3)]
    engine = load_engine("stickers-full")

    def errors() -> tuple[float, float]:
        new = error(engine, unseen, words)
        return new, error(engine, [each.open() for each in known], [each.caption for each in known])

    before = errors()
    pictures = read_folder(write_rockets(tmp_path / "rockets", 20))
    settings, kept = FinetuneSettings(num_shown=1), read_folder(scenes)[:40]
    stage = FinetuneStage(settings, engine, pictures, tmp_path, lambda _: None, kept=kept)
    optim = OptimSettings(learning_rate=1e-3, num_steps=80, warmup_steps=10, weight_decay=0, ema_decay=0.95)
    optimizer = train(stage, LoopSettings(optim=optim), tmp_path / "run", lambda _: None)
    optimizer.write(optimizer.ema)
    after = errors()
    assert after[0] < 0.75 * before[0], (before, after)
    assert after[1] < 1.1 * before[1], (before, after)

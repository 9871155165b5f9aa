"""The table of presets: which weights, which sampler, how many steps, how much guidance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from engines.errors import ModelNotFound
from engines.sizes import Size

__all__ = [
    "ALWAYS",
    "GRIDS",
    "PRESETS",
    "SPEED_UPS",
    "Grid",
    "Interval",
    "Preset",
    "SpeedUp",
    "find_preset",
]

Grid = Literal["official", "diffusers-0.36", "diffusers"]
"""Full's three published sigma grids: the official script's, diffusers' up to 0.36, and diffusers' since."""
GRIDS: tuple[Grid, ...] = get_args(Grid)

Interval = tuple[float, float]
"""Sigmas, from and to."""
ALWAYS: Interval = (0.0, 1.0)

SpeedUp = Literal["compile", "cuda-graphs"]
SPEED_UPS: tuple[SpeedUp, ...] = get_args(SpeedUp)

MEGAPIXEL_SIZES = (
    Size(1024, 1024),
    Size(768, 1360),
    Size(1360, 768),
    Size(880, 1168),
    Size(1168, 880),
    Size(1248, 832),
    Size(832, 1248),
)
STICKER_SIZES = (Size(256, 256), Size(320, 192), Size(192, 320))


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One engine set-up.

    Without `sampler` and `shift` the weights' folder names the scheduler and its grid. `other_num_steps` are
    further published figures. Guidance works at sigmas within `guided` only (Kynkaanniemi et al. 2024): in
    the first steps it would make alike what should differ. `step_cache` is the threshold of StepCache for
    requests that want it, 0 where it does not pay. With `takes_other_sizes` any multiple of the
    network's patches is drawn, not only `sizes`. For editors, `fit` is how a source is brought to size:
    "cover" crops to the nearest of `sizes`, "squash" stretches, "area" keeps the outline at one megapixel.
    `refine` is the share of the steps, the last ones, that the refining network draws where there is one.
    An editor that `reads_description` was trained on what the result shows beside what is to be done. Where
    the folder has the transformer `adder`, it does the edits that bring something new.
    """

    name: str
    verb: Literal["generate", "edit"]
    transformer: str
    num_steps: int
    guidance: float
    sizes: tuple[Size, ...]
    sampler: Literal["unipc", "lcm"] | None = None
    shift: float | None = None
    grid: Grid = "official"
    other_num_steps: tuple[int, ...] = ()
    guided: Interval = ALWAYS
    step_cache: float = 0.0
    is_embedded: bool = False
    takes_other_sizes: bool = False
    image_guidance: float | None = None
    edit_guidance: Literal["plain", "clipped"] = "plain"
    fit: Literal["cover", "squash", "area"] = "cover"
    max_image_tokens: int | None = None
    refine: float = 0.0
    reads_description: bool = False
    adder: str | None = None

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The sigma grids to choose from, the default first; empty where there is but one."""
        if self.sampler != "unipc" or self.shift is None:
            return ()
        return (self.grid, *(grid for grid in GRIDS if grid != self.grid))

    @property
    def trained_px(self) -> int:
        """The largest area that the model was trained at, in pixels."""
        return max(size.area_px for size in self.sizes)


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="full",
            verb="generate",
            transformer="transformer",
            num_steps=50,
            guidance=5.0,
            sizes=MEGAPIXEL_SIZES,
            sampler="unipc",
            shift=3.0,
            takes_other_sizes=True,
            step_cache=0.08,
        ),
        Preset(
            name="dev",
            verb="generate",
            transformer="transformer",
            num_steps=28,
            guidance=0.0,
            sizes=MEGAPIXEL_SIZES,
            sampler="lcm",
            shift=6.0,
            takes_other_sizes=True,
        ),
        Preset(
            name="fast",
            verb="generate",
            transformer="transformer",
            # 16 in the published scripts and in section 5 of the report, 14 in its abstract.
            num_steps=16,
            other_num_steps=(14,),
            guidance=0.0,
            sizes=MEGAPIXEL_SIZES,
            sampler="lcm",
            shift=3.0,
            takes_other_sizes=True,
        ),
        Preset(
            name="e1",
            verb="edit",
            transformer="transformer",
            num_steps=28,
            guidance=5.0,
            image_guidance=4.0,
            sizes=(Size(768, 768),),
            sampler="unipc",
            shift=3.0,
            # Editors have no other script than a diffusers pipeline, with the grid of its day.
            grid="diffusers-0.36",
            fit="squash",
            max_image_tokens=4608,
            refine=0.3,
            reads_description=True,
            step_cache=0.08,
        ),
        Preset(
            name="e1.1",
            verb="edit",
            transformer="transformer",
            num_steps=28,
            guidance=3.0,
            image_guidance=1.5,
            edit_guidance="clipped",
            sizes=MEGAPIXEL_SIZES,
            sampler="unipc",
            shift=3.0,
            grid="diffusers-0.36",
            fit="area",
            max_image_tokens=8192,
            refine=0.3,
            step_cache=0.08,
        ),
        Preset(
            name="stickers-full",
            verb="generate",
            transformer="transformer",
            num_steps=50,
            guidance=4.0,
            guided=(0.0, 0.94),
            sizes=STICKER_SIZES,
            is_embedded=True,
            step_cache=0.08,
        ),
        Preset(
            name="stickers-dev",
            verb="generate",
            transformer="transformer_dev",
            num_steps=28,
            guidance=0.0,
            sizes=STICKER_SIZES,
            sampler="lcm",
            shift=6.0,
            is_embedded=True,
        ),
        Preset(
            name="stickers-fast",
            verb="generate",
            transformer="transformer_fast",
            num_steps=16,
            other_num_steps=(14,),
            guidance=0.0,
            sizes=STICKER_SIZES,
            sampler="lcm",
            shift=3.0,
            is_embedded=True,
        ),
        Preset(
            name="stickers-edit",
            verb="edit",
            transformer="transformer_edit",
            adder="transformer_add",
            num_steps=28,
            guidance=2.5,
            image_guidance=2.0,
            sizes=STICKER_SIZES,
            is_embedded=True,
            step_cache=0.08,
        ),
    )
}


def find_preset(name: str) -> Preset:
    """Raises ModelNotFound with the known names."""
    if name not in PRESETS:
        raise ModelNotFound(f"There is no preset {name}; known are {', '.join(PRESETS)}.")
    return PRESETS[name]

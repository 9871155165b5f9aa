"""The look: system fonts, warm neutrals and one quiet accent; the rest is in the style sheets."""

from __future__ import annotations

from pathlib import Path

from gradio.themes import Base, Color

__all__ = ["STYLE_SHEETS", "build_theme"]

STYLE_SHEETS = tuple(Path(__file__).with_name(f"{name}.css") for name in ("theme", "pictures", "overlays"))

DUSK = Color(
    name="dusk",
    c50="#f4f2fb",
    c100="#e8e4f7",
    c200="#d3ccef",
    c300="#b5a9e2",
    c400="#9484d2",
    c500="#7865c0",
    c600="#6450aa",
    c700="#53428d",
    c800="#453873",
    c900="#392f5e",
    c950="#231d3c",
)
PAPER = Color(
    name="paper",
    c50="#fbfaf8",
    c100="#f4f2ee",
    c200="#e8e5df",
    c300="#d6d2ca",
    c400="#a8a39a",
    c500="#7a756d",
    c600="#5a564f",
    c700="#403d38",
    c800="#2a2826",
    c900="#1c1b1a",
    c950="#141312",
)
SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def build_theme() -> Base:
    """No font is fetched from anywhere."""
    theme = Base(primary_hue=DUSK, secondary_hue=DUSK, neutral_hue=PAPER, font=SANS, font_mono=MONO)
    return theme.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0px",
        background_fill_primary="*neutral_50",
        background_fill_primary_dark="*neutral_950",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_900",
        input_background_fill="white",
        input_background_fill_dark="*neutral_900",
        input_border_color="*neutral_200",
        input_border_color_dark="*neutral_800",
        input_radius="*radius_xl",
        button_secondary_background_fill="transparent",
        button_secondary_background_fill_hover="*neutral_200",
        button_secondary_background_fill_dark="transparent",
        button_secondary_background_fill_hover_dark="*neutral_800",
        button_secondary_border_color="transparent",
        button_secondary_border_color_dark="transparent",
    )

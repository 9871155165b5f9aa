"""How edits of the whole picture are asked for."""

from __future__ import annotations

__all__ = ["BACKGROUND_FORMS", "EFFECT_FORMS", "MIRRORED", "STYLE_NOUNS"]

MIRRORED = "mirrored"
"""Stands beside the effects: left and right changed over."""
BACKGROUND_FORMS: dict[str, tuple[str, ...]] = {
    "plain": ("make the background plain", "put it on a plain background", "remove the background"),
    "sky": ("put it in the sky", "change the background to sky", "make the background a blue sky"),
    "grass": ("put it on grass", "change the background to grass", "put it in a meadow"),
    "sand": ("put it on the beach", "change the background to sand", "put it on sand"),
    "night": ("make it night", "change the background to night", "now at night", "put it on a night sky"),
    "room": ("put it in a room", "change the background to a room", "put it indoors"),
    "sea": ("put it on the sea", "change the background to the sea", "put it on the water"),
    "snow": ("put it in the snow", "change the background to snow", "make it winter"),
}
STYLE_NOUNS = {
    "pixel art": "pixel art",
    "sepia": "a sepia photo",
    "pencil sketch": "a pencil sketch",
    "negative": "a negative",
    "black and white": "a black and white photo",
    "watercolor": "a watercolor",
    "blueprint": "a blueprint",
    "poster": "a poster",
}
EFFECT_FORMS: dict[str, tuple[str, ...]] = {
    "fog": ("add fog", "make it foggy", "put it in fog"),
    "blur": ("blur it", "make it blurry", "blur the picture"),
    "dark": ("make it darker", "make the light darker", "make the picture darker", "make it dark"),
    "bright": ("make it brighter", "make the light brighter", "make the picture brighter", "make it bright"),
    MIRRORED: ("mirror it", "flip it", "mirror the picture", "flip the picture"),
}

"""What the small world holds: GenEval's 80 classes and a few more, colours, places, styles, signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# class -> codepoint of the Noto Color Emoji glyph
GLYPHS: dict[str, str] = {
    "person": "\U0001f9d1",
    "bicycle": "\U0001f6b2",
    "car": "\U0001f697",
    "motorcycle": "\U0001f3cd",
    "airplane": "✈",
    "bus": "\U0001f68c",
    "train": "\U0001f686",
    "truck": "\U0001f69a",
    "boat": "⛵",
    "traffic light": "\U0001f6a6",
    "stop sign": "\U0001f6d1",
    "bird": "\U0001f426",
    "cat": "\U0001f431",
    "dog": "\U0001f436",
    "horse": "\U0001f434",
    "sheep": "\U0001f411",
    "cow": "\U0001f42e",
    "elephant": "\U0001f418",
    "bear": "\U0001f43b",
    "zebra": "\U0001f993",
    "giraffe": "\U0001f992",
    "backpack": "\U0001f392",
    "umbrella": "☂",
    "handbag": "\U0001f45c",
    "tie": "\U0001f454",
    "suitcase": "\U0001f9f3",
    "frisbee": "\U0001f94f",
    "skis": "\U0001f3bf",
    "snowboard": "\U0001f3c2",
    "sports ball": "⚽",
    "kite": "\U0001fa81",
    "skateboard": "\U0001f6f9",
    "surfboard": "\U0001f3c4",
    "tennis racket": "\U0001f3be",
    "bottle": "\U0001f37e",
    "wine glass": "\U0001f377",
    "cup": "☕",
    "fork": "\U0001f374",
    "knife": "\U0001f52a",
    "spoon": "\U0001f944",
    "bowl": "\U0001f963",
    "banana": "\U0001f34c",
    "apple": "\U0001f34e",
    "sandwich": "\U0001f96a",
    "orange": "\U0001f34a",
    "broccoli": "\U0001f966",
    "carrot": "\U0001f955",
    "hot dog": "\U0001f32d",
    "pizza": "\U0001f355",
    "donut": "\U0001f369",
    "cake": "\U0001f382",
    "chair": "\U0001fa91",
    "couch": "\U0001f6cb",
    "potted plant": "\U0001fab4",
    "bed": "\U0001f6cf",
    "toilet": "\U0001f6bd",
    "tv": "\U0001f4fa",
    "laptop": "\U0001f4bb",
    "computer mouse": "\U0001f5b1",
    "computer keyboard": "⌨",
    "cell phone": "\U0001f4f1",
    "book": "\U0001f4d6",
    "clock": "⏰",
    "vase": "\U0001f3fa",
    "scissors": "✂",
    "teddy bear": "\U0001f9f8",
    "toothbrush": "\U0001faa5",
    "fish": "\U0001f41f",
    "tree": "\U0001f333",
    "flower": "\U0001f33b",
    "house": "\U0001f3e0",
    "star": "⭐",
    "heart": "❤",
    "robot": "\U0001f916",
    "hat": "\U0001f3a9",
}
DRAWN = (
    "fire hydrant",
    "parking meter",
    "bench",
    "baseball bat",
    "baseball glove",
    "dining table",
    "tv remote",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "hair drier",
)
"""Classes without an emoji, drawn by training/stickers/drawings.py."""
CLASSES = (*GLYPHS, *DRAWN)

SIGN = "sign"
SIGN_WORDS = ("OPEN", "SALE", "EXIT", "HELLO", "LOVE", "CAFE", "HOTEL", "TAXI", "YES", "FREE", "WOW", "GO")
"""What a sign can say: a closed list, so that a few hundred thousand samples teach it."""
KINDS = (*CLASSES, SIGN)

CATEGORIES: dict[str, tuple[str, ...]] = {
    "animal": tuple("bird cat dog horse sheep cow elephant bear zebra giraffe fish".split()),
    "fruit": ("banana", "apple", "orange"),
    "vehicle": tuple("bicycle car motorcycle airplane bus train truck boat".split()),
    "plant": ("tree", "flower", "potted plant"),
}
"""What a reference may say in place of a class."""

COLORS: dict[str, tuple[int, int, int]] = {
    "red": (222, 36, 36),
    "orange": (250, 140, 20),
    "yellow": (250, 214, 30),
    "green": (40, 168, 60),
    "blue": (40, 96, 230),
    "purple": (142, 58, 200),
    "pink": (250, 128, 180),
    "brown": (134, 84, 44),
    "black": (40, 40, 46),
    "white": (238, 238, 242),
}
BACKGROUNDS = ("plain", "sky", "grass", "sand", "night", "room", "sea", "snow")
STYLES = (
    "pixel art",
    "sepia",
    "pencil sketch",
    "negative",
    "black and white",
    "watercolor",
    "blueprint",
    "poster",
)
EFFECTS = ("fog", "blur", "dark", "bright")
"""Light and weather over the whole picture; they come with edits only."""
EDITS = ("add", "remove", "local", "color", "background", "style", "global", "text")
"""EmuEdit's eight types (Sheynin et al. 2023, section 3)."""
REFERENCES = ("named", "reasoned")
"""How an instruction says which thing it means: by its name, or by what a look at the scene tells."""
SHAPES: dict[str, tuple[int, int]] = {"square": (256, 256), "landscape": (320, 192), "portrait": (192, 320)}
"""Width and height in pixels."""

_WITHOUT_COLORS = ("sepia", "pencil sketch", "negative", "black and white", "blueprint")
_WITHOUT_PLACES = ("pencil sketch", "blueprint")
_WITHOUT_WORDS = ("pixel art", "watercolor", "pencil sketch", "blueprint")


def shows_colors(style: str | None) -> bool:
    """Whether the colour of a thing can be told in this style."""
    return style not in _WITHOUT_COLORS


def shows_places(style: str | None) -> bool:
    """Whether the background can be told in this style, which keeps more than edges."""
    return style not in _WITHOUT_PLACES


def shows_words(style: str | None) -> bool:
    """Whether the word on a sign can be read in this style."""
    return style not in _WITHOUT_WORDS


@dataclass(frozen=True, kw_only=True)
class World:
    """A part of the small world: what scenes may hold and prompts may ask for."""

    classes: tuple[str, ...] = CLASSES
    colors: tuple[str, ...] = tuple(COLORS)
    backgrounds: tuple[str, ...] = BACKGROUNDS
    styles: tuple[str, ...] = STYLES
    effects: tuple[str, ...] = EFFECTS
    signs: tuple[str, ...] = SIGN_WORDS
    shapes: tuple[str, ...] = tuple(SHAPES)
    edits: tuple[str, ...] = EDITS
    references: tuple[str, ...] = REFERENCES

    @property
    def kinds(self) -> tuple[str, ...]:
        """What a thing can be: the classes, and signs where there are words for them."""
        return (*self.classes, SIGN) if self.signs else self.classes


WHOLE = World()
STARTER = World(
    classes=tuple(
        (
            "car bus airplane boat dog cat bird fish apple banana pizza cake umbrella cup book clock chair"
            " tree flower house star heart robot hat"
        ).split()
    ),
    colors=("red", "orange", "yellow", "green", "blue", "purple", "pink"),
    backgrounds=("plain", "sky", "grass", "sand", "night", "room"),
    styles=("pixel art", "sepia"),
    effects=(),
    signs=(),
    shapes=("square",),
    edits=("add", "remove", "color", "background", "style"),
    references=("named",),
)
"""What two CPU cores learn in a few sittings: the part that the embedded weights know."""


def world_of(vocabulary: Mapping[str, Sequence[str]]) -> World:
    """What weights with this vocabulary know, in their order: the whole world where they say nothing."""

    def known(kind: str, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in vocabulary.get(kind, ()) if name in names)

    if not vocabulary:
        return WHOLE
    return World(
        classes=known("classes", CLASSES),
        colors=known("colors", tuple(COLORS)),
        backgrounds=known("backgrounds", BACKGROUNDS),
        styles=known("styles", STYLES),
        effects=known("effects", EFFECTS),
        signs=known("signs", SIGN_WORDS),
        shapes=known("shapes", tuple(SHAPES)),
        edits=known("edits", EDITS),
        references=known("references", REFERENCES),
    )


def vocabulary_of(world: World) -> dict[str, tuple[str, ...]]:
    """The names that weights trained on this part of the world are shipped with."""
    return {
        "classes": world.kinds,
        "colors": world.colors,
        "backgrounds": world.backgrounds,
        "styles": world.styles,
        "effects": world.effects,
        "signs": world.signs,
        "shapes": world.shapes,
        "edits": world.edits,
        "references": world.references,
    }

"""A decoder's work on one file. It runs in a decoder's process only, with all imports at the start."""

from __future__ import annotations

import codecs
import io
import warnings
from dataclasses import dataclass, replace

from PIL import (
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from agent.decoder.origins import has_credentials, source_type_in
from agent.decoder.wire import MAX_PIXELS, Answer, Problem, Task

__all__ = ["Work", "do", "prepare"]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
PLUGINS = (
    GifImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
"""All that reading these formats may import; TIFF's reads EXIF."""
CODECS = ("ascii", "latin-1", "utf-8", "utf-16", "utf-16-le", "utf-16-be")
MOVING_FORMATS = ("PNG", "WEBP", "GIF")
"""A JPEG of several frames (MPO) is one photo with its depth or preview beside it."""
MAX_SIDE_PX = 2048
MOST_CHARACTERS = 64_000
MOST_TEXT_BYTES = 4 * 1024**2
"""Of all texts of a PNG, unpacked."""
SIXTEEN_BIT = {"I;16", "I;16B", "I;16L", "I;16N", "I"}
RECIPE_KEY, INFOTEXT_KEY, XMP_KEYS = "reverie", "parameters", ("XML:com.adobe.xmp", "xmp")
EXIF_IFD, USER_COMMENT, ORIENTATION = 0x8769, 0x9286, 0x0112
CODE_CHARACTERS = 8
"""A user comment begins with the name of its encoding, filled up with zeros."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a decoder gives back."""

    answer: Answer
    pixels: bytes = b""


def prepare() -> None:
    """Import and set up everything before the process may open nothing more.

    Pillow's own limit of pixels is off: ours is lower, looked at as early, and can say how many there are.
    """
    for name in CODECS:
        codecs.lookup(name)
    Image.MAX_IMAGE_PIXELS = None
    PngImagePlugin.MAX_TEXT_MEMORY = MOST_TEXT_BYTES
    warnings.simplefilter("ignore")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    for file_format in FORMATS:
        file = io.BytesIO()
        Image.new("RGB", (2, 1)).save(file, file_format, icc_profile=srgb, exif=exif)
        for task in Task:
            do(task, file.getvalue())


def do(task: Task, content: bytes) -> Work:
    """Never raises: what Pillow makes of damaged files is any error there is."""
    try:
        if has_giant_canvas(content):
            return failed(Problem.TOO_MANY_PIXELS)
        with Image.open(io.BytesIO(content), formats=("PNG",) if task is Task.PIXELS else FORMATS) as image:
            match task:
                case _ if image.width * image.height > MAX_PIXELS:
                    return failed(Problem.TOO_MANY_PIXELS, image.width, image.height)
                case Task.TEXTS:
                    return Work(answer=Answer(recipe=text_of(image, RECIPE_KEY), infotext=infotext(image)))
                case Task.PIXELS:
                    return pixels(image, content)
                case Task.CLEAN | Task.LAYER:
                    return clean(image, content, is_layer=task is Task.LAYER)
    except UnidentifiedImageError:
        return failed(Problem.UNREADABLE)
    except MemoryError:
        return failed(Problem.TOO_HEAVY)
    except Exception:
        return failed(Problem.DAMAGED)


def failed(problem: Problem, width: int = 0, height: int = 0) -> Work:
    return Work(answer=Answer(problem=problem, width=width, height=height))


def has_giant_canvas(content: bytes) -> bool:
    """WebP's own reader makes room for the canvas before anyone can ask how large it is."""
    if content[8:16] != b"WEBPVP8X" or len(content) < 30:
        return False
    width, height = (1 + int.from_bytes(content[at : at + 3], "little") for at in (24, 27))
    return width * height > MAX_PIXELS


def clean(image: Image.Image, content: bytes, *, is_layer: bool) -> Work:
    """The first frame as 8-bit sRGB over white, turned as its EXIF says, at most MAX_SIDE_PX long.

    A layer keeps what shines through, and the colours under it.
    """
    is_first_frame = image.format in MOVING_FORMATS and bool(getattr(image, "is_animated", False))
    image.seek(0)
    is_reduced = max(image.size) > MAX_SIDE_PX
    upright = ImageOps.exif_transpose(reduced(eight_bit(image)))
    clear = upright.getchannel("A") if is_layer and upright.mode == "RGBA" else None
    upright = on_white(upright) if clear is None else upright.convert("RGB")
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and upright.mode in {"RGB", "CMYK", "L"}:
        upright = in_srgb(upright, profile)
    made = upright.convert("RGB")
    if clear is not None and clear.getextrema() != (255, 255):
        made.putalpha(clear)
    answer = Answer(
        width=made.width,
        height=made.height,
        mode="RGBA" if made.mode == "RGBA" else "RGB",
        is_reduced=is_reduced,
        is_first_frame=is_first_frame,
        source_type=source_type_in(content, xmp_of(image)),
        has_credentials=has_credentials(content),
    )
    return Work(answer=answer, pixels=made.tobytes())


def eight_bit(image: Image.Image) -> Image.Image:
    """As L, RGB, CMYK, or RGBA where something shines through."""
    if image.mode in SIXTEEN_BIT:
        return image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def reduced(image: Image.Image) -> Image.Image:
    """At most MAX_SIDE_PX on the long side."""
    scale = MAX_SIDE_PX / max(image.size)
    if scale >= 1:
        return image
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Colours as the profile means them; a profile that does not fit its picture is left out."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image
    return converted if converted is not None else image


def pixels(image: Image.Image, content: bytes) -> Work:
    """As they are, but for depth and palette."""
    image.load()
    texts = Answer(
        recipe=text_of(image, RECIPE_KEY),
        infotext=text_of(image, INFOTEXT_KEY),
        source_type=source_type_in(content, xmp_of(image)),
        has_credentials=has_credentials(content),
    )
    plain = image if image.mode == "L" and not image.has_transparency_data else eight_bit(image)
    match plain.mode:
        case "L" | "RGB" | "RGBA" as mode:
            answer = replace(texts, width=plain.width, height=plain.height, mode=mode)
            return Work(answer=answer, pixels=plain.tobytes())
        case _:
            return failed(Problem.DAMAGED)


def xmp_of(image: Image.Image) -> list[str | bytes]:
    return [found for key in XMP_KEYS if isinstance(found := image.info.get(key), (str, bytes))]


def text_of(image: Image.Image, key: str) -> str | None:
    """A text of reasonable length, in what JSON can say."""
    text = image.info.get(key)
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        return None
    return text.encode("utf-8", "replace").decode()


def infotext(image: Image.Image) -> str | None:
    """PNG keeps it under its own key, JPEG and WebP as an EXIF comment.

    A PNG is not asked for EXIF: Pillow would decode all its pixels to look behind them.
    """
    if image.format == "PNG":
        return text_of(image, INFOTEXT_KEY)
    return user_comment(image)[:MOST_CHARACTERS] or None


def user_comment(image: Image.Image) -> str:
    comment = image.getexif().get_ifd(EXIF_IFD).get(USER_COMMENT)
    if not isinstance(comment, bytes):
        return comment if isinstance(comment, str) else ""
    code, text = comment[:CODE_CHARACTERS].rstrip(b"\0"), comment[CODE_CHARACTERS:]
    if code != b"UNICODE":
        return text.decode("utf-8", "replace").strip("\0")
    is_little = len(text) > 1 and text[1] == 0
    return text.decode("utf-16-le" if is_little else "utf-16-be", "replace").strip("\0\ufeff")

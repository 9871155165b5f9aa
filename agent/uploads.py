"""Any picture file from outside made clean: RGB (or a layer), upright, bounded, and without its metadata.

It is opened by a decoder (agent/decoder), never here; what comes back are bare pixels. Only a mark that a
model made the picture stays with it, in our own words.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from agent.decoder.kinds import is_readable, kind_of
from agent.decoder.pool import Decoders, Undecodable
from agent.decoder.wire import MAX_BYTES, MAX_PIXELS, Problem, Task
from agent.domain import SourceType
from agent.errors import UploadRejected
from agent.marks import XMP_KEY
from agent.sentences import Sentence
from agent.upload_marks import packet

__all__ = ["MAX_BYTES", "CleanPicture", "clean_upload", "read_bounded", "sentence"]

TAKEN = "PNG, JPEG, WebP or GIF"


@dataclass(frozen=True, kw_only=True)
class CleanPicture:
    """A decoded upload as a PNG; the flags say what the user should hear of.

    `source_type` is the mark that it came with, `has_credentials` that it held a C2PA manifest; both stand in
    the PNG as well.
    """

    png: bytes
    width: int
    height: int
    is_reduced: bool = False
    is_first_frame: bool = False
    source_type: SourceType | None = None
    has_credentials: bool = False

    @property
    def is_changed(self) -> bool:
        return self.is_reduced or self.is_first_frame


def clean_upload(source: Path | bytes, decoders: Decoders, *, is_layer: bool = False) -> CleanPicture:
    """First frame, upright, over white, sRGB, long side at most 2048; raises UploadRejected.

    A layer is not laid on white: it keeps its transparency.
    """
    name = source.name[:60] if isinstance(source, Path) else "The file"
    content = read_bounded(source, name)
    require_readable(content, name)
    try:
        decoded = decoders.ask(Task.LAYER if is_layer else Task.CLEAN, content)
    except Undecodable as error:
        raise UploadRejected(sentence(error, name)) from error
    answer = decoded.answer
    source_type = SourceType(answer.source_type) if answer.source_type else None
    return CleanPicture(
        png=as_png(decoded.image(), source_type, answer.has_credentials),
        width=answer.width,
        height=answer.height,
        is_reduced=answer.is_reduced,
        is_first_frame=answer.is_first_frame,
        source_type=source_type,
        has_credentials=answer.has_credentials,
    )


def read_bounded(source: Path | bytes, name: str) -> bytes:
    """The file's bytes, if there are not too many of them. Raises UploadRejected."""
    try:
        num_bytes = source.stat().st_size if isinstance(source, Path) else len(source)
        if num_bytes > MAX_BYTES:
            megabytes = num_bytes / 1024**2
            raise UploadRejected(
                Sentence(
                    f"{name} has {megabytes:.0f} MB. Please upload a picture of at most 25 MB.",
                    f"{name} 有 {megabytes:.0f} MB。请上传不超过 25 MB 的图片。",
                )
            )
        content = source.read_bytes() if isinstance(source, Path) else source
    except OSError as error:
        raise UploadRejected(
            Sentence(
                f"{name} cannot be read ({error.strerror}). Please upload it again.",
                f"{name} 读不出来（{error.strerror}）。请重新上传。",
            )
        ) from error
    if not content:
        raise UploadRejected(
            Sentence(f"{name} is empty. Please upload a {TAKEN}.", f"{name} 是空的。请上传 {TAKEN}。")
        )
    return content


def require_readable(content: bytes, name: str) -> None:
    """What a file is, its first bytes say, and not its name. Raises UploadRejected."""
    if is_readable(content):
        return
    kind = kind_of(content)
    what = "not a picture I can read" if kind is None else f"{kind}, which I cannot read"
    raise UploadRejected(
        Sentence(f"{name} is {what}. Please upload a {TAKEN}.", f"{name} 不是我能读的图片。请上传 {TAKEN}。")
    )


def sentence(error: Undecodable, name: str) -> Sentence:
    """What became of a file, and what to do."""
    match error.problem:
        case Problem.UNREADABLE:
            return Sentence(
                f"{name} is not a picture I can read. Please upload a {TAKEN}.",
                f"{name} 不是我能读的图片。请上传 {TAKEN}。",
            )
        case Problem.DAMAGED:
            return Sentence(
                f"{name} is damaged or cut short. Please save it again and upload it once more.",
                f"{name} 已损坏或不完整。请重新保存后再上传。",
            )
        case Problem.TOO_MANY_PIXELS:
            has = f"{error.width}x{error.height}" if error.width else "too many"
            most = MAX_PIXELS // 1_000_000
            has_chinese = f"有 {has} 像素" if error.width else "像素太多"
            return Sentence(
                f"{name} has {has} pixels. Please upload one of at most {most} megapixels.",
                f"{name} {has_chinese}。请上传不超过 {most * 100} 万像素的图片。",
            )
        case Problem.TOO_HEAVY:
            return Sentence(
                f"{name} takes too much memory to read. Please save it smaller, or as a plain JPEG.",
                f"读取 {name} 需要太多内存。请缩小，或者存成普通的 JPEG。",
            )
        case Problem.TOO_SLOW:
            return Sentence(
                f"{name} takes too long to read. Please save it smaller, or as a plain JPEG.",
                f"读取 {name} 需要太长时间。请缩小，或者存成普通的 JPEG。",
            )
        case Problem.CRASHED:
            return Sentence(
                f"{name} could not be read safely. Please save it anew as a {TAKEN} and upload that.",
                f"{name} 无法安全读取。请另存为 {TAKEN} 后再上传。",
            )
        case Problem.BUSY:
            return Sentence(
                f"Too many pictures are being read just now. Please send {name} again in a few seconds.",
                f"现在正在读取的图片太多。请过几秒再发 {name}。",
            )


def as_png(image: Image.Image, source_type: SourceType | None, has_credentials: bool) -> bytes:
    """Pixels, and the mark if there is one."""
    chunks, mark = PngInfo(), packet(source_type, has_credentials)
    if mark:
        chunks.add_itxt(XMP_KEY, mark)
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=chunks)
    return file.getvalue()

"""What a user painted over a picture, made clean: black and white, of the picture's size."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from agent.decoder.pool import Decoders, Undecodable
from agent.decoder.tasks import MAX_SIDE_PX
from agent.decoder.wire import MAX_BYTES, Problem, Task
from agent.domain import Artifact, Origin, Session
from agent.errors import SourceNotFound, UploadRejected
from agent.messages import Message
from agent.sent import SentPicture
from agent.sentences import NO_SUCH_PICTURE, Sentence
from agent.sessions import NewPicture, Sessions
from agent.uploads import sentence

__all__ = ["CleanMask", "clean_mask", "painted_mask", "painted_picture", "painted_where_clear"]

AGAIN = Sentence("Please paint it again.", "请重新涂抹。")


@dataclass(frozen=True, kw_only=True)
class CleanMask:
    """A PNG (mode L) of 255 where the picture `mask_of` may change and 0 elsewhere."""

    png: bytes
    width: int
    height: int
    mask_of: str

    def as_new_picture(self, sha256: str) -> NewPicture:
        return NewPicture(
            sha256=sha256, width=self.width, height=self.height, origin=Origin.MASK, parents=(self.mask_of,)
        )


def painted_picture(
    sessions: Sessions, session: Session, owner: str, mask_of: str | None, sent: Sequence[SentPicture] = ()
) -> Artifact | SentPicture:
    """The picture of this conversation that was painted on, or the first one sent.

    Raises SourceNotFound, and UploadRejected for one that was made smaller than what was painted on it.
    """
    if mask_of is None and sent:
        if sent[0].clean.is_reduced:
            raise UploadRejected(
                Sentence(
                    "A picture with a mask is changed at its own size, and this one is too large for that. "
                    f"Please send one of at most {MAX_SIDE_PX} pixels a side.",
                    f"带涂抹区域的图片按原尺寸修改，这张太大了。请发每边不超过 {MAX_SIDE_PX} 像素的图片。",
                )
            )
        return sent[0]
    picture = sessions.artifact(mask_of or "", owner)
    if picture.session_id != session.id or picture.origin is Origin.MASK:
        raise SourceNotFound(NO_SUCH_PICTURE)
    return picture


def painted_mask(
    message: Message,
    sent: Sequence[SentPicture],
    sessions: Sessions,
    session: Session,
    owner: str,
    decoders: Decoders,
) -> tuple[CleanMask, ...]:
    """What was painted with a message, if anything. Raises UploadRejected, SourceNotFound."""
    if message.mask is None:
        return ()
    picture = painted_picture(sessions, session, owner, message.mask_of, sent)
    return (clean_mask(message.mask, picture, decoders),)


def clean_mask(png: bytes, picture: Artifact | SentPicture, decoders: Decoders) -> CleanMask:
    """Only what is light and not transparent counts as painted. Raises UploadRejected."""
    if len(png) > MAX_BYTES:
        raise UploadRejected(
            Sentence(f"What you painted is too large a file. {AGAIN}", f"涂抹的文件太大了。{AGAIN.chinese}")
        )
    image = opened(png, decoders)
    if image.size != (picture.width, picture.height):
        raise UploadRejected(
            Sentence(
                f"What you painted is {image.width}x{image.height} and {picture.handle} is "
                f"{picture.width}x{picture.height}: both must be of one size. {AGAIN}",
                f"涂抹的区域是 {image.width}x{image.height}，而 {picture.handle} 是 "
                f"{picture.width}x{picture.height}，两者必须一样大。{AGAIN.chinese}",
            )
        )
    painted = black_and_white(image)
    if painted.getbbox() is None:
        raise UploadRejected(
            Sentence(
                f"You painted nothing on {picture.handle}. Please paint over what should change.",
                f"{picture.handle} 上什么都没有涂。请涂在要修改的地方。",
            )
        )
    file = io.BytesIO()
    painted.save(file, "PNG")
    return CleanMask(png=file.getvalue(), width=painted.width, height=painted.height, mask_of=picture.id)


def painted_where_clear(png: bytes, decoders: Decoders) -> bytes:
    """What programs call a mask (a PNG, fully transparent where the picture may change), as if painted.

    Raises UploadRejected.
    """
    if len(png) > MAX_BYTES:
        raise UploadRejected("The mask is too large a file: it may have at most 25 MB.")
    try:
        image = decoders.ask(Task.PIXELS, png).image()
    except Undecodable as error:
        match error.problem:
            case Problem.UNREADABLE:
                raise UploadRejected("The mask is no PNG.") from error
            case Problem.DAMAGED:
                raise UploadRejected("The mask is damaged or cut short.") from error
            case _:
                raise UploadRejected(sentence(error, "The mask")) from error
    if image.mode != "RGBA":
        raise UploadRejected(
            "The mask has no transparency. Please send a PNG that is fully transparent where the "
            "picture may change."
        )
    clear = image.getchannel("A").point(lambda level: 0 if level else 255)
    if clear.getbbox() is None:
        raise UploadRejected(
            "The mask is transparent nowhere. Please make it fully transparent where the picture may change."
        )
    file = io.BytesIO()
    clear.save(file, "PNG")
    return file.getvalue()


def opened(png: bytes, decoders: Decoders) -> Image.Image:
    """L, RGB or RGBA, and nothing but pixels. Raises UploadRejected."""
    try:
        return decoders.ask(Task.PIXELS, png).image()
    except Undecodable as error:
        match error.problem:
            case Problem.UNREADABLE:
                raise UploadRejected(
                    Sentence(f"What you painted is no PNG. {AGAIN}", f"涂抹的不是 PNG。{AGAIN.chinese}")
                ) from error
            case Problem.DAMAGED:
                raise UploadRejected(
                    Sentence(
                        f"What you painted arrived damaged. {AGAIN}", f"涂抹的内容已损坏。{AGAIN.chinese}"
                    )
                ) from error
            case _:
                raise UploadRejected(sentence(error, "What you painted")) from error


def black_and_white(image: Image.Image) -> Image.Image:
    """255 or 0 in a picture of nothing else: metadata stays behind."""
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "black"), layer)
    levels = image.convert("L").point(lambda level: 255 if level > 127 else 0)
    bare = Image.new("L", levels.size)
    bare.paste(levels)
    return bare

"""What tools answer: text, pictures, and the same as data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mcp_types import CallToolResult, ContentBlock, ImageContent, TextContent

from agent.domain import Artifact
from agent.exits import Exits
from ui.doors.image_params import Encoding
from ui.doors.outgoing import encoded_picture, fitted_picture, media_type, text_of

__all__ = ["facts_of", "failed", "of_picture", "of_pictures", "said"]


def said(text: str, data: dict[str, Any]) -> CallToolResult:
    """The data is told in the text as well: not every program reads structures."""
    text = f"{text}\n\n{json.dumps(data, ensure_ascii=False)}".strip()
    return CallToolResult(content=[TextContent(text=text)], structured_content=data)


def failed(sentence: str) -> CallToolResult:
    """For the language model to read and do better."""
    return CallToolResult(content=[TextContent(text=sentence)], is_error=True)


def of_pictures(
    reply: str, pictures: Sequence[Artifact], chat_id: str, owner: str, exits: Exits
) -> CallToolResult:
    """Raises SourceNotFound, StorageUnavailable."""
    data = {"reply": reply, "chat_id": chat_id, "pictures": [facts_of(each) for each in pictures]}
    shown: list[ContentBlock] = [preview(each, owner, exits) for each in pictures]
    text = TextContent(text=f"{reply}\n\n{json.dumps(data, ensure_ascii=False)}")
    return CallToolResult(content=[text, *shown], structured_content=data)


def of_picture(
    picture: Artifact, saves_as: str, owner: str, exits: Exits, *, is_bare: bool = False
) -> CallToolResult:
    """Raises SourceNotFound, StorageUnavailable."""
    data = facts_of(picture)
    match saves_as:
        case "png" | "jpeg" | "webp":
            encoding = Encoding(saves_as=saves_as, compression=90, is_bare=is_bare)
            content = encoded_picture(exits, owner, picture, encoding)
            shown = ImageContent(data=text_of(content), mime_type=media_type(saves_as))
        case _:
            shown = preview(picture, owner, exits, is_bare=is_bare)
    return CallToolResult(
        content=[TextContent(text=json.dumps(data, ensure_ascii=False)), shown], structured_content=data
    )


def preview(picture: Artifact, owner: str, exits: Exits, *, is_bare: bool = False) -> ImageContent:
    content, saves_as = fitted_picture(exits, owner, picture, is_bare=is_bare)
    return ImageContent(data=text_of(content), mime_type=media_type(saves_as))


def facts_of(picture: Artifact) -> dict[str, Any]:
    recipe = picture.recipe
    made = {} if recipe is None else {"prompt": recipe.prompt, "preset": recipe.preset, "seed": recipe.seed}
    return {
        "id": picture.id,
        "handle": picture.handle,
        "chat_id": picture.session_id,
        "origin": picture.origin.value,
        "width": picture.width,
        "height": picture.height,
        "parents": [*picture.parents],
        "created": picture.created.isoformat(timespec="seconds"),
        **made,
    }

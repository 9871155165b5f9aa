"""The form of an answer, said so narrowly that whatever keeps to it is a decision of this conversation.

For brains that are held to a grammar while they write. Others get the wire's own schema, which every server
understands, and their answers are checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.brains.brain import Context
from agent.domain import MAX_PICTURES_PER_TURN, MAX_STEPS_PER_TURN

__all__ = ["answer_schema"]

MOST_HANDLES = 100
SMALLEST_PX, LARGEST_PX = 64, 4_096

LETTERS = r"¡-¬®-ɏ"
"""Latin, without the soft hyphen, which cannot be seen."""
OTHER_LETTERS = r"Α-ΡΣ-ωА-яぁ-ゖァ-ヺー一-鿿가-힣、。，！？：；（）“”‘’…—"
PLAIN = rf"[!#-\[\]-~{LETTERS}]"
ENGLISH = rf"^{PLAIN}(?:{PLAIN}| |\"[ !#-\[\]-~{LETTERS}{OTHER_LETTERS}]{{1,60}}\")*$"
"""What a prompt may hold: other letters between quotes only, as the wire checks."""
ANY_LANGUAGE = rf"^[!#-\[\]-~{LETTERS}{OTHER_LETTERS}][ !#-\[\]-~{LETTERS}{OTHER_LETTERS}]*$"

Schema = dict[str, object]


def answer_schema(context: Context, longest_prompt: int = 400, longest_reply: int = 300) -> Schema:
    """A JSON Schema whose every answer `read_decision` takes: the ids, steps and routes there can be."""
    handles = [f"#{picture.number}" for picture in context.pictures[-MOST_HANDLES:]]
    start: Schema = {
        "reason": {"type": "string", "pattern": ANY_LANGUAGE, "maxLength": min(160, longest_reply)},
        "language": {"type": "string", "pattern": "^[a-z]{2}(?:-[A-Z]{2})?$"},
    }
    reply: Schema = {"type": "string", "pattern": ANY_LANGUAGE, "maxLength": longest_reply}
    steps = plan_of(handles, {"type": "string", "pattern": ENGLISH, "maxLength": longest_prompt})
    shape: Schema = {"enum": ["any", "square", "landscape", "portrait"]}
    pixels: Schema = {"type": "integer", "minimum": SMALLEST_PX, "maximum": LARGEST_PX}
    work: Schema = {"route": {"enum": ["generate", "edit"]}, "shape": shape}
    routes = [
        whole(start | {"route": {"const": "chat"}}),
        whole(start | {"route": {"const": "ask"}, "reply": reply}),
        whole(start | work | {"steps": steps}),
        whole(start | work | {"width": pixels, "height": pixels, "steps": steps}),
    ]
    if handles:
        routes += [
            whole(
                start | {"route": {"const": "understand"}, "pictures": some(handles, MAX_PICTURES_PER_TURN)}
            ),
            whole(start | {"route": {"const": "ask"}, "pictures": some(handles, 8), "reply": reply}),
            whole(start | {"route": {"const": "go_back"}, "pictures": some(handles, 1)}),
        ]
    return {"anyOf": routes}


def plan_of(handles: Sequence[str], prompt: Schema) -> Schema:
    """The steps: each may change a picture or the result of a step before it."""
    items = [step(prompt, [*handles, *(f"step{each}" for each in range(1, index))]) for index in ORDER]
    return {"type": "array", "prefixItems": items, "items": False, "minItems": 1}


ORDER = range(1, MAX_STEPS_PER_TURN + 1)


def step(prompt: Schema, sources: Sequence[str]) -> Schema:
    count: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_PICTURES_PER_TURN}
    draw = whole({"kind": {"const": "generate"}, "prompt": prompt, "count": count})
    if not sources:
        return draw
    source: Schema = {"enum": [*sources]}
    change = whole({"kind": {"const": "edit"}, "source": source, "prompt": prompt, "count": count})
    return {"anyOf": [draw, change]}


def some(handles: Sequence[str], most: int) -> Schema:
    return {"type": "array", "items": {"enum": [*handles]}, "minItems": 1, "maxItems": most}


def whole(properties: Mapping[str, object]) -> Schema:
    """An object with all of these keys, in this order, and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [*properties],
        "additionalProperties": False,
    }

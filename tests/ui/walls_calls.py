"""Calls that name one thing of hers each, in the way that its route takes it: what the walk asks with.

Whoever asks brings pages of their own; each of the others is refused for the one name that is hers.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ui.doors.mcp_tools import ARGUMENTS

__all__ = ["Call", "events_about", "naming_calls", "tool_calls"]

GRADIO = "/gradio_api"
GESTURES = (
    *(("go_back", "artifact_id"), ("use_seed", "artifact_id"), ("use_settings", "artifact_id")),
    *((act, "turn_id") for act in ("edit", "show_branch", "approve", "decline")),
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request, but for who asks. `content` is what httpx takes: a form or JSON."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {dict(self.params)} {json.dumps(self.content)[:300]}"


def naming_calls(hers: Mapping[str, str], config: Mapping[str, Any]) -> Iterator[Call]:
    """Those that take something away come last."""
    picture, chat, turn = hers["artifact_id"], hers["chat_id"], hers["turn_id"]
    yield from gradio_calls(hers, config)
    yield from (get(f"/pictures/{picture}{rest}") for rest in ("", "/card", "/others"))
    yield from (get(path) for path in (f"/pictures/{picture}/changes", f"/thumbnails/{picture}"))
    yield from (get(path) for path in (f"/export/{chat}", f"/share/{chat}", f"/v1/chats/{chat}"))
    yield from (get(path) for path in (f"/v1/turns/{turn}", f"/v1/turns/{turn}/events"))
    for act in ("cancel", "approve", "decline"):
        yield Call(method="POST", path=f"/v1/turns/{turn}/{act}", content={"json": {}})
    told = {"text": "draw a red car", "pictures": [picture]}
    yield Call(method="POST", path=f"/v1/chats/{chat}/turns", content={"json": {"text": "hello"}})
    yield Call(method="POST", path=f"/v1/chats/{chat}/turns", content={"json": told})
    yield Call(method="POST", path=f"/share/{chat}", content={"data": {"recipes": "yes"}})
    yield Call(method="POST", path=f"/share/{chat}/withdraw", content={"data": {"id": chat}})
    yield Call(method="DELETE", path=f"/v1/chats/{chat}")


def gradio_calls(hers: Mapping[str, str], config: Mapping[str, Any]) -> Iterator[Call]:
    page, event, path, upload = (hers[each] for each in ("session_hash", "event_id", "path", "upload_id"))
    direct = next(
        each
        for each in config["dependencies"]
        if each["queue"] is False and not each["inputs"] and each["backend_fn"]
    )
    file = {"files": [{"path": path, "meta": {"_type": "gradio.FileData"}}], "text": ""}
    yield get(f"{GRADIO}/file={path}")
    yield get(f"{GRADIO}/upload_progress", upload_id=upload)
    yield post("queue/join", data=[file], fn_index=direct["id"], session_hash=secrets.token_hex(8))
    yield post("queue/join", data=[], fn_index=direct["id"], session_hash=page)
    yield post(f"run/{direct['api_name']}", data=[], fn_index=direct["id"], session_hash=page)
    yield post("reset", event_id=event)
    yield get(f"{GRADIO}/queue/data", session_hash=page)
    yield get(f"{GRADIO}/heartbeat/{page}")
    yield post("cancel", session_hash=page, fn_index=0, event_id=event)
    yield post("cancel", session_hash=secrets.token_hex(8), fn_index=0, event_id=event)


def get(path: str, **params: str) -> Call:
    return Call(method="GET", path=path, params=params)


def post(path: str, **body: Any) -> Call:
    return Call(method="POST", path=f"{GRADIO}/{path}", content={"json": body})


def events_about(hers: Mapping[str, str], config: Mapping[str, Any], page: str) -> Iterator[Call]:
    """Every event that the page has, with ids of hers in its fields and in what was clicked."""
    components = {each["id"]: each for each in config["components"]}
    gestures = [json.dumps({"act": act, "about": hers[name], "texts": ["blue"]}) for act, name in GESTURES]
    for event in different_events(config):
        told = gestures if event["api_name"] in {"act", "borrow"} else []
        for value in (hers["session_id"], hers["artifact_id"], hers["turn_id"], *told):
            data = [filled_in(components[each], value) for each in event["inputs"]]
            clicked = {"value": value, "index": 0, "selected": True, "_data": {"value": value}}
            yield post("queue/join", data=data, event_data=clicked, fn_index=event["id"], session_hash=page)


def different_events(config: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """One of those that run the same function on the same kinds of fields; Gradio numbers their names."""
    kinds = {each["id"]: each["type"] for each in config["components"]}
    found = {
        (re.sub(r"_\d+$", "", each["api_name"]), *(kinds[field] for field in each["inputs"])): each
        for each in config["dependencies"]
        if each["backend_fn"]
    }
    return [*found.values()]


def filled_in(component: Mapping[str, Any], value: str) -> Any:
    match component["type"]:
        case "state":
            return None
        case "multimodaltextbox":
            return {"text": value, "files": []}
        case "checkbox":
            return True
        case "radio":
            choices = component["props"]["choices"]
            return choices[0][1] if choices else None
        case _:
            return value


def tool_calls(hers: Mapping[str, str], names: Sequence[str] = tuple(ARGUMENTS)) -> Iterator[Call]:
    """Every tool of the MCP server; those that take an id get hers."""
    ids = {"picture_id": hers["artifact_id"], "chat_id": hers["chat_id"]}
    words = dict.fromkeys(("message", "prompt", "instruction"), "draw a blue house")
    known = {**ids, **words}
    for name in names:
        fields = ARGUMENTS[name].model_fields
        asked = {each: known[each] for each in fields if each in known}
        about = {"name": name, "arguments": asked}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": about}
        yield Call(method="POST", path="/mcp", content={"json": body})

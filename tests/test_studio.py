"""langgraph.json: LangGraph's tools load what it names, draw it and run a turn."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from agent.errors import MessageRefused, SessionNotFound
from agent.studio import StudioGraph

ROOT = Path(__file__).parents[1]
CONFIG: dict[str, Any] = json.loads((ROOT / "langgraph.json").read_text("utf-8"))
ROOMS = {"coordinator", "chat", "planner", "executor", "answer"}


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], StudioGraph]]:
    """As LangGraph's server finds it: the file under a name of its own, then the variable in it."""
    monkeypatch.setenv("REVERIE_ENGINE", "fake")
    monkeypatch.setenv("REVERIE_DATA_FOLDER", str(tmp_path / "data"))
    path, _, variable = CONFIG["graphs"]["reverie"].partition(":")
    name = "opened_by_langgraph"
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    yield getattr(module, variable)
    del sys.modules[name]


@pytest.fixture
def graph(factory: Callable[[], StudioGraph]) -> StudioGraph:
    return factory()


def test_the_file_names_what_is_here() -> None:
    assert CONFIG["dependencies"] == ["."]
    for path in (each.partition(":")[0] for each in CONFIG["graphs"].values()):
        assert (ROOT / path).is_file()


def test_it_is_drawn_with_the_rooms_of_a_turn_and_opens_nothing(graph: StudioGraph, tmp_path: Path) -> None:
    drawn = graph.get_graph(xray=True)
    assert {name.rpartition(":")[2] for name in drawn.nodes} >= ROOMS
    assert set(graph.get_input_jsonschema()["properties"]) == {"text", "chat"}
    assert not (tmp_path / "data").exists()


def test_a_chat_is_talked_through(graph: StudioGraph, tmp_path: Path) -> None:
    hello = graph.invoke({"text": "hello"})
    assert hello["reply"]
    assert hello["pictures"] == []
    drawn = graph.invoke({"text": "draw a red car", "chat": hello["chat"]})
    assert drawn["chat"] == hello["chat"]
    (file,) = drawn["pictures"]
    assert Path(file).is_relative_to(tmp_path / "data" / "studio")
    with Image.open(file) as image:
        assert image.format == "PNG"
    changed = graph.invoke({"text": "make it blue", "chat": hello["chat"]})
    assert "#2 (from #1)" in changed["reply"]
    steps = [each for each, _ in graph.stream({"text": "hello"}, stream_mode="updates", subgraphs=True)]
    assert any(space for space in steps)


def test_each_run_asks_for_the_graph_again_and_all_share_one_house(
    factory: Callable[[], StudioGraph],
) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = [*pool.map(lambda _: factory().invoke({"text": "hello"}), range(8))]
    assert len({each["turn"] for each in answers}) == 8
    chat = answers[0]["chat"]
    assert factory().invoke({"text": "draw a red car", "chat": chat})["chat"] == chat


def test_what_cannot_be_said_is_the_sentence_of_the_page(graph: StudioGraph) -> None:
    with pytest.raises(MessageRefused, match="empty"):
        graph.invoke({"text": ""})
    with pytest.raises(SessionNotFound):
        graph.invoke({"text": "hello", "chat": "0" * 32})

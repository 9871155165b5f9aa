"""The graph of one turn as LangGraph's tools open it: what is said goes in, and the turn's own graph runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NotRequired

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from typing_extensions import TypedDict

from agent.coordinator import Coordinator
from agent.domain import PictureOptions, TurnStatus
from agent.errors import AgentError
from agent.graph import build_graph, first_state
from agent.messages import Message, clean_text
from agent.running import Running
from engines.errors import EngineError

__all__ = ["Answered", "Said", "StudioGraph", "studio_graph"]

OWNER = "studio"


class Said(TypedDict):
    """A message in the chat of that id; without one in a new chat."""

    text: str
    chat: NotRequired[str]


class Answered(TypedDict):
    """What came of it. `pictures` are the files of those shown."""

    chat: str
    turn: str
    reply: str
    pictures: list[str]


class StudioState(TypedDict, total=False):
    """Both."""

    text: str
    chat: str
    turn: str
    reply: str
    pictures: list[str]


StudioGraph = CompiledStateGraph[StudioState, None, Said, Answered]


def studio_graph(find_coordinator: Callable[[], Coordinator]) -> StudioGraph:
    """Drawing it needs no coordinator: that is asked for with the first message."""
    turn = build_graph()

    def converse(state: Said) -> Answered:
        coordinator = find_coordinator()
        chat = state.get("chat") or coordinator.sessions.create(OWNER).id
        message = Message(text=clean_text(state["text"]), files=(), options=PictureOptions())
        running = Running(owner=OWNER)
        context = coordinator.open(running, chat, message)
        try:
            end = turn.invoke(first_state(), context=context)
        except (AgentError, EngineError) as error:
            last_event_id = running.pipe.seal()
            coordinator.sessions.close_turn(
                context.turn.id, TurnStatus.FAILED, str(error), last_event_id=last_event_id
            )
            raise
        finally:
            running.pipe.close()
        shown = [coordinator.sessions.artifact(each, OWNER) for each in end["shown"]]
        files = [str(coordinator.artifacts.path(each.sha256)) for each in shown]
        return Answered(chat=chat, turn=context.turn.id, reply=end["reply"], pictures=files)

    graph = StateGraph(StudioState, input_schema=Said, output_schema=Answered)
    graph.add_node("turn", converse)
    graph.add_edge(START, "turn")
    graph.add_edge("turn", END)
    return graph.compile(name="reverie")

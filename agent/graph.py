"""The graph of one turn: coordinator -> chat, planner or answer; planner -> executor (loops) -> answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from agent.brains.brain import Brain, Context
from agent.domain import Artifact, Decision, Plan, Route, Turn, TurnStatus
from agent.errors import BrainUnavailable
from agent.executor import Executor, Work
from agent.jobs import CancelToken
from agent.pipe import EventPipe
from agent.planner import plan
from agent.replies import Replies
from agent.sessions import Sessions
from agent.uploads import CleanPicture

__all__ = ["TurnContext", "TurnGraph", "TurnState", "build_graph", "first_state"]


class TurnState(TypedDict):
    """Plain data and ids only; pictures live in the store. `made`: the artifact ids of each finished step."""

    decision: dict[str, Any] | None
    plan: dict[str, Any] | None
    made: list[list[str]]
    reply: str
    notices: list[str]
    shown: list[str]


@dataclass(kw_only=True)
class TurnContext:
    """What the nodes work with. `artifacts`: all this turn has made, for whoever must close it early."""

    turn: Turn
    owner: str
    context: Context
    uploads: Sequence[CleanPicture]
    brain: Brain
    fallback: Brain
    sessions: Sessions
    executor: Executor
    token: CancelToken
    pipe: EventPipe
    language: str = "en"
    artifacts: dict[str, Artifact] = field(default_factory=dict)

    @property
    def replies(self) -> Replies:
        return Replies(self.language)


TurnGraph = CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]


def first_state() -> TurnState:
    return TurnState(decision=None, plan=None, made=[], reply="", notices=[], shown=[])


def build_graph() -> TurnGraph:
    """Without a checkpointer: the graph lives for one turn, and the session store is the one truth."""
    graph = StateGraph(TurnState, context_schema=TurnContext)
    graph.add_node("coordinator", coordinator)
    graph.add_node("chat", chat)
    graph.add_node("planner", planner)
    graph.add_node("executor", executor)
    graph.add_node("answer", answer)
    graph.add_edge(START, "coordinator")
    graph.add_edge("chat", "answer")
    graph.add_edge("planner", "executor")
    return graph.compile()


def coordinator(
    state: TurnState, runtime: Runtime[TurnContext]
) -> Command[Literal["chat", "planner", "answer"]]:
    """What does the user want? A turn taken up again has its decision already."""
    turn = runtime.context
    turn.token.raise_if_cancelled()
    decision, notices = turn.turn.decision, list[str]()
    if decision is None:
        decision, notices = decide(turn)
        turn.sessions.record_decision(turn.turn.id, decision)
    turn.language = decision.language
    notices += [
        turn.replies.taken_as(upload.is_first_frame, f"{upload.width}x{upload.height}")
        for upload in turn.uploads
        if upload.is_changed
    ]
    turn.pipe.decision(decision)
    match decision.route:
        case Route.CHAT | Route.UNDERSTAND:
            goto: Literal["chat", "planner", "answer"] = "chat"
        case Route.GENERATE | Route.EDIT:
            goto = "planner"
        case Route.ASK | Route.GO_BACK:
            goto = "answer"
    return Command(goto=goto, update={"decision": decision.model_dump(mode="json"), "notices": notices})


def decide(turn: TurnContext) -> tuple[Decision, list[str]]:
    """The brain's decision; when it is unavailable the fallback's, with a notice that says so openly."""
    try:
        return turn.brain.decide(turn.context), []
    except BrainUnavailable as error:
        turn.brain = turn.fallback
        decision = turn.fallback.decide(turn.context)
        return decision, [Replies(decision.language).brain_unavailable(str(error))]


def chat(state: TurnState, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Talk, streamed. The device is not needed, so a text turn never waits for it."""
    turn = runtime.context
    decision = Decision.model_validate(state["decision"])
    pieces: list[str] = []

    def stream(brain: Brain) -> None:
        for piece in brain.reply(turn.context, decision):
            turn.token.raise_if_cancelled()
            pieces.append(piece)
            turn.pipe.reply(piece)

    try:
        stream(turn.brain)
    except BrainUnavailable as error:
        pieces.append("\n\n" if pieces else "")
        turn.pipe.reply(pieces[-1])
        stream(turn.fallback)
        return {
            "reply": "".join(pieces),
            "notices": [*state["notices"], turn.replies.brain_unavailable(str(error))],
        }
    return {"reply": "".join(pieces)}


def planner(state: TurnState, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Wishes -> steps with ids resolved and limits enforced."""
    turn = runtime.context
    turn.token.raise_if_cancelled()
    steps = turn.turn.plan
    if steps is None:
        steps = plan(Decision.model_validate(state["decision"]), turn.context)
        turn.sessions.record_plan(turn.turn.id, steps)
    turn.pipe.plan(steps)
    return {"plan": steps.model_dump(mode="json")}


def executor(state: TurnState, runtime: Runtime[TurnContext]) -> Command[Literal["executor", "answer"]]:
    """The next step of the plan."""
    turn = runtime.context
    steps = Plan.model_validate(state["plan"]).steps
    index = len(state["made"])
    work = Work(
        turn=turn.turn,
        owner=turn.owner,
        index=index,
        made=[[turn.artifacts[each] for each in ids] for ids in state["made"]],
        replies=turn.replies,
        token=turn.token,
        pipe=turn.pipe,
    )
    made: list[str] = []
    notices: list[str] = []
    for result in turn.executor.run(steps[index], work):
        if isinstance(result, str):
            notices.append(result)
        else:
            made.append(result.id)
            turn.artifacts[result.id] = result
    return Command(
        goto="executor" if index + 1 < len(steps) else "answer",
        update={"made": [*state["made"], made], "notices": [*state["notices"], *notices]},
    )


def answer(state: TurnState, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """One short text with what was made, and the turn is closed."""
    turn = runtime.context
    turn.token.raise_if_cancelled()
    decision = Decision.model_validate(state["decision"])
    spoken, shown = conclusion(decision, state, turn)
    ending = " ".join(dict.fromkeys(filter(None, [spoken, *state["notices"], *decision.notices])))
    if ending:
        ending = f"\n\n{ending}" if state["reply"] else ending
        turn.pipe.reply(ending)
    reply = state["reply"] + ending
    if decision.route is not Route.ASK and shown:
        turn.sessions.set_head(turn.turn.session_id, shown[-1])
    turn.sessions.close_turn(turn.turn.id, TurnStatus.DONE, reply, shown)
    return {"reply": reply, "shown": [*shown]}


def conclusion(decision: Decision, state: TurnState, turn: TurnContext) -> tuple[str, Sequence[str]]:
    """What is said at the end, and the pictures shown under it."""
    known = {picture.id for picture in turn.context.pictures}
    targets = [target for target in decision.targets if target in known]
    match decision.route:
        case Route.GENERATE | Route.EDIT:
            made = [turn.artifacts[each] for ids in state["made"] for each in ids]
            return turn.replies.made(made), [each.id for each in made]
        case Route.GO_BACK if targets:
            artifact = turn.sessions.artifact(targets[0], turn.owner)
            return decision.reply or turn.replies.back_to(artifact), [artifact.id]
        case Route.GO_BACK | Route.ASK:
            return decision.reply or turn.replies.which_picture(), targets
        case Route.CHAT | Route.UNDERSTAND:
            return "", []

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
from agent.brains.marked import as_marked_edit
from agent.cancel import CancelToken, run_apart, stream_apart
from agent.domain import Artifact, Decision, Plan, Route, Turn, TurnStatus
from agent.errors import BrainUnavailable
from agent.executor import Executor, Work
from agent.pipe import EventPipe
from agent.planner import plan
from agent.replies import Replies
from agent.rewriting import Writer, in_detail
from agent.sessions import Sessions
from agent.sighted import told_by_eyes
from agent.uploads import CleanPicture
from engines.api import Eyes

__all__ = ["TurnContext", "TurnGraph", "TurnState", "build_graph", "first_state"]


class TurnState(TypedDict):
    """Plain data and ids only; pictures live in the store. `made`: the artifact ids of each finished step.

    `waits`: the plan is made, and the user is asked first.
    """

    decision: dict[str, Any] | None
    plan: dict[str, Any] | None
    made: list[list[str]]
    reply: str
    notices: list[str]
    shown: list[str]
    waits: bool


@dataclass(kw_only=True)
class TurnContext:
    """What the nodes work with. `artifacts`: all this turn has made, for whoever must close it early.

    `given` is a decision that needs no brain; `is_approved`: the user has agreed to the plan.
    """

    turn: Turn
    owner: str
    context: Context
    uploads: Sequence[CleanPicture]
    brain: Brain
    fallback: Brain
    eyes: Eyes | None
    sessions: Sessions
    executor: Executor
    token: CancelToken
    pipe: EventPipe
    given: Decision | None = None
    is_approved: bool = False
    language: str = "en"
    artifacts: dict[str, Artifact] = field(default_factory=dict)

    @property
    def replies(self) -> Replies:
        return Replies(self.language)


TurnGraph = CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]


def first_state() -> TurnState:
    return TurnState(decision=None, plan=None, made=[], reply="", notices=[], shown=[], waits=False)


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
    return graph.compile()


def coordinator(
    state: TurnState, runtime: Runtime[TurnContext]
) -> Command[Literal["chat", "planner", "answer"]]:
    """What does the user want? A turn taken up again keeps its decision if pictures came of it."""
    run = runtime.context
    run.token.raise_if_cancelled()
    decision, notices = run.turn.decision if run.turn.artifacts else run.given, list[str]()
    if decision is None:
        decision, notices = decide(run)
        decision = as_marked_edit(decision, run.context)
    if decision is not run.turn.decision:
        run.sessions.record_decision(run.turn.id, decision)
    run.language = decision.language
    notices += [
        run.replies.taken_as(upload.is_first_frame, f"{upload.width}x{upload.height}")
        for upload in run.uploads
        if upload.is_changed
    ]
    run.pipe.decision(decision)
    match decision.route:
        case Route.CHAT | Route.UNDERSTAND:
            goto: Literal["chat", "planner", "answer"] = "chat"
        case Route.GENERATE | Route.EDIT:
            goto = "planner"
        case Route.ASK | Route.GO_BACK:
            goto = "answer"
    return Command(goto=goto, update={"decision": decision.model_dump(mode="json"), "notices": notices})


def decide(run: TurnContext) -> tuple[Decision, list[str]]:
    """The brain's decision; when it is unavailable the fallback's, with a notice that says so openly."""
    try:
        return run_apart(lambda: run.brain.decide(run.context), run.token), []
    except BrainUnavailable as error:
        run.brain = run.fallback
        decision = run.fallback.decide(run.context)
        return decision, [Replies(decision.language).brain_unavailable(str(error))]


def chat(state: TurnState, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """Talk, streamed. The device is not needed, so a text turn never waits for it."""
    run = runtime.context
    decision = Decision.model_validate(state["decision"])
    pieces: list[str] = []

    if decision.route is Route.UNDERSTAND and run.eyes is not None and run.brain is run.fallback:
        told = told_by_eyes(run.context, decision, run.eyes)
        if told:
            run.pipe.reply(told)
            return {"reply": told}

    def stream(brain: Brain) -> None:
        for piece in stream_apart(lambda: brain.reply(run.context, decision), run.token):
            pieces.append(piece)
            run.pipe.reply(piece)

    try:
        stream(run.brain)
    except BrainUnavailable as error:
        pieces.append("\n\n" if pieces else "")
        run.pipe.reply(pieces[-1])
        stream(run.fallback)
        return {
            "reply": "".join(pieces),
            "notices": [*state["notices"], run.replies.brain_unavailable(str(error))],
        }
    return {"reply": "".join(pieces)}


def planner(state: TurnState, runtime: Runtime[TurnContext]) -> Command[Literal["executor", "__end__"]]:
    """Wishes -> steps with ids resolved and limits enforced. Who wants to be asked first is asked now."""
    run = runtime.context
    run.token.raise_if_cancelled()
    steps, is_begun = run.turn.plan, run.is_approved or bool(run.turn.artifacts)
    if steps is None or not is_begun:
        masks = {parent: mask.id for mask in run.turn.masks for parent in mask.parents}
        decision, most = Decision.model_validate(state["decision"]), run.executor.limits.pictures_a_message
        steps = detailed(plan(decision, run.context, masks, most), run)
    run.pipe.plan(steps)
    if run.turn.options.asks_first and not is_begun:
        reply = " ".join([run.replies.shall_i(), *state["notices"]])
        run.sessions.leave_waiting(run.turn.id, steps, reply, run.pipe.seal())
        return Command(
            goto="__end__", update={"plan": steps.model_dump(mode="json"), "reply": reply, "waits": True}
        )
    run.sessions.record_plan(run.turn.id, steps)
    return Command(goto="executor", update={"plan": steps.model_dump(mode="json")})


def detailed(steps: Plan, run: TurnContext) -> Plan:
    """With prompt help where that is wanted, the engines take any words, and the brain can write."""
    brain, options = run.brain, run.turn.options
    if not options.rewrites or run.context.vocabulary or not isinstance(brain, Writer):
        return steps
    reads = any(step.kind == "edit" for step in steps.steps) and run.executor.reads_description(options)
    return run_apart(
        lambda: in_detail(steps, run.context, brain, run.token, reads_description=reads), run.token
    )


def executor(state: TurnState, runtime: Runtime[TurnContext]) -> Command[Literal["executor", "answer"]]:
    """The next step of the plan."""
    run = runtime.context
    steps = Plan.model_validate(state["plan"]).steps
    index = len(state["made"])

    def keep(artifact: Artifact) -> None:
        run.artifacts[artifact.id] = artifact
        run.pipe.artifact(index, artifact)

    work = Work(
        turn=run.turn,
        owner=run.owner,
        index=index,
        made=[[run.artifacts[each] for each in ids] for ids in state["made"]],
        on_made=keep,
        replies=run.replies,
        token=run.token,
        pipe=run.pipe,
    )
    result = run.executor.run(steps[index], work)
    return Command(
        goto="executor" if index + 1 < len(steps) else "answer",
        update={
            "made": [*state["made"], [each.id for each in result.artifacts]],
            "notices": [*state["notices"], *result.notices],
        },
    )


def answer(state: TurnState, runtime: Runtime[TurnContext]) -> dict[str, Any]:
    """One short text with what was made, and the turn is closed."""
    run = runtime.context
    run.token.raise_if_cancelled()
    decision = Decision.model_validate(state["decision"])
    spoken, shown = conclusion(decision, state, run)
    ending = " ".join(dict.fromkeys(filter(None, [spoken, *state["notices"], *decision.notices])))
    if ending:
        ending = f"\n\n{ending}" if state["reply"] else ending
        run.pipe.reply(ending)
    reply = state["reply"] + ending
    if decision.route is not Route.ASK and shown:
        run.sessions.set_head(run.turn.session_id, shown[-1])
    run.sessions.close_turn(run.turn.id, TurnStatus.DONE, reply, shown, run.pipe.seal())
    return {"reply": reply, "shown": [*shown]}


def conclusion(decision: Decision, state: TurnState, run: TurnContext) -> tuple[str, Sequence[str]]:
    """What is said at the end, and the pictures shown under it."""
    known = {picture.id for picture in run.context.pictures}
    targets = [target for target in decision.targets if target in known]
    match decision.route:
        case Route.GENERATE | Route.EDIT:
            made = [run.artifacts[each] for ids in state["made"] for each in ids]
            return run.replies.made(made, handles_of(run, made)), [each.id for each in made]
        case Route.GO_BACK if targets:
            artifact = run.sessions.artifact(targets[0], run.owner)
            return decision.reply or run.replies.back_to(artifact), [artifact.id]
        case Route.GO_BACK | Route.ASK:
            return decision.reply or run.replies.which_picture(), targets
        case Route.CHAT | Route.UNDERSTAND:
            return "", []


def handles_of(run: TurnContext, made: Sequence[Artifact]) -> dict[str, str]:
    """The handles of the pictures that these were made from, by id."""
    parents = {parent for artifact in made for parent in artifact.parents}
    known = {parent: run.artifacts.get(parent) for parent in parents}
    return {
        parent: (artifact or run.sessions.artifact(parent, run.owner)).handle
        for parent, artifact in known.items()
    }

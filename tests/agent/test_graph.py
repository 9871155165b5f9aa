from __future__ import annotations

import json
from pathlib import Path

from agent.brains.brain import Context
from agent.cancel import CancelToken
from agent.domain import DecisionStep, PictureOptions
from agent.graph import TurnContext, build_graph, first_state
from agent.pipe import EventPipe
from tests.doubles import ScriptedBrain, build_agent, draw


def test_the_state_is_small_plain_data_at_every_step(tmp_path: Path) -> None:
    agent = build_agent(tmp_path)
    session = agent.sessions.create("ann")
    turn = agent.sessions.open_turn(session.id, "ann", "draw", PictureOptions())
    edit = DecisionStep(kind="edit", prompt="make it blue", source="step1")
    decision = draw("a dog", num_pictures=2)
    decision = decision.model_copy(update={"steps": (*decision.steps, edit)})
    context = TurnContext(
        turn=turn,
        owner="ann",
        context=Context(message="draw"),
        uploads=(),
        brain=ScriptedBrain(decision),
        fallback=ScriptedBrain(),
        eyes=None,
        sessions=agent.sessions,
        executor=agent.coordinator.executor,
        token=CancelToken(),
        pipe=EventPipe(),
    )
    states = list(build_graph().stream(first_state(), context=context, stream_mode="values"))
    assert len(states) == 6, "start, coordinator, planner, executor twice, answer"
    assert max(len(json.dumps(state)) for state in states) < 4_000
    assert [len(ids) for ids in states[-1]["made"]] == [2, 1]
    assert states[-1]["shown"] == list(context.artifacts)
    agent.close()


def test_the_graph_has_the_five_rooms() -> None:
    drawn = build_graph().get_graph()
    assert set(drawn.nodes) == {
        "__start__",
        "coordinator",
        "chat",
        "planner",
        "executor",
        "answer",
        "__end__",
    }
    arrows = {(edge.source, edge.target) for edge in drawn.edges}
    assert {("coordinator", "chat"), ("planner", "executor"), ("executor", "executor")} <= arrows
    assert ("coordinator", "executor") not in arrows

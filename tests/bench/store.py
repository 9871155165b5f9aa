"""What chats cost in the store: python -m tests.bench.store

How much the database grows with each turn beside its picture, what reading a long chat takes, and how long
listing, searching and paging take in a store of many chats. Times are the processor's, medians of twenty
calls: nothing here waits for a disk once it was read.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import orm

from agent.artifacts import Artifacts
from agent.domain import GenerateStep, Origin, PictureOptions, Plan, Recipe, TurnStatus
from agent.library import Library
from agent.rows import NewPicture, insert_artifact, new_id
from agent.sessions import Sessions
from agent.tables import SessionRow, TurnRow, utc_now
from tests.doubles import build_agent, draw

OWNER = "bench"
NUM_CALLS = 20
NUM_TURNS = 10
WORDS = "a small red car next to a brown dog on a green meadow under two white clouds"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--turns", type=int, default=500, help="in one chat")
    options.add_argument("--chats", type=int, default=2_000, help="of ten turns each")
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure_growth(Path(folder), wanted.turns)
    with tempfile.TemporaryDirectory() as folder:
        measure_reading(Path(folder), wanted.chats)


def measure_growth(folder: Path, num_turns: int) -> None:
    """Turns that draw one picture each, through the whole agent."""
    agent = build_agent(folder)
    session = agent.sessions.create(OWNER)
    for number in range(num_turns):
        [*agent.coordinator.run(session.id, OWNER, f"draw {WORDS} {number}")]
    milliseconds = median_ms(lambda: agent.sessions.turns(session.id, OWNER))
    agent.close()
    num_bytes = sum(file.stat().st_size for file in folder.glob("reverie.db*"))
    print(f"{num_turns} turns of one chat: {num_bytes / num_turns / 1024:.1f} KB a turn beside the picture")
    print(f"reading all of them: {milliseconds:.0f} ms")


def measure_reading(folder: Path, num_chats: int) -> None:
    """Rows as turns leave them, without their files."""
    sessions = Sessions(f"sqlite:///{folder}/reverie.db")
    fill(sessions, num_chats)
    library = Library(sessions, Artifacts(folder / "pictures"))
    calls: dict[str, Callable[[], object]] = {
        "list of chats": lambda: library.chats(OWNER),
        "search, one chat has it": lambda: library.chats(OWNER, f"unicorn{num_chats // 2}"),
        "search, all have it": lambda: library.chats(OWNER, "meadow"),
        "search, three words": lambda: library.chats(OWNER, "small dog clouds"),
        "search, none has it": lambda: library.chats(OWNER, "giraffe"),
        "first page of pictures": lambda: library.pictures(OWNER),
        "last page of pictures": lambda: library.pictures(OWNER, page=10**6),
        "search of pictures": lambda: library.pictures(OWNER, "unicorn7"),
        "starred pictures": lambda: library.pictures(OWNER, is_starred=True),
    }
    print(f"{num_chats} chats, {num_chats * NUM_TURNS} turns and pictures")
    for name, call in calls.items():
        print(f"{name:<26}{median_ms(call):6.1f} ms")
    sessions.close()


def fill(sessions: Sessions, num_chats: int) -> None:
    """Chats of ten turns with a picture each, written as rows in one go."""
    now = utc_now()
    with sessions.transaction() as rows:
        for number in range(num_chats):
            session = SessionRow(
                id=new_id(),
                owner=OWNER,
                title=f"draw a small red car {number}",
                is_pinned=number % 100 == 0,
                is_temporary=False,
                num_turns=NUM_TURNS,
                created=now + timedelta(seconds=number),
                updated=now + timedelta(seconds=number),
            )
            rows.add(session)
            rows.flush()
            for position in range(1, NUM_TURNS + 1):
                add_turn(rows, session, position, f"draw {WORDS} unicorn{number} {position}")


def add_turn(rows: orm.Session, session: SessionRow, position: int, text: str) -> None:
    turn = TurnRow(
        id=new_id(),
        session_id=session.id,
        position=position,
        parent=session.tip,
        text=text,
        options=PictureOptions().model_dump(mode="json"),
        status=TurnStatus.DONE,
        decision=draw(WORDS).model_dump(mode="json"),
        plan=Plan(steps=(GenerateStep(prompt=WORDS),)).model_dump(mode="json"),
        reply=f"Here is #{position}.",
        created=session.created,
    )
    rows.add(turn)
    rows.flush()
    picture = insert_artifact(rows, session, turn.id, a_picture(text))
    turn.shown, session.tip, session.head = [picture.id], turn.id, picture.id


def a_picture(words: str) -> NewPicture:
    recipe = Recipe(
        words=words,
        prompt=WORDS,
        preset="fake",
        weights_hash="0" * 64,
        seed=7,
        num_steps=8,
        guidance=5.0,
        sampler="fake",
        width=128,
        height=128,
    )
    return NewPicture(
        sha256="a" * 64, width=128, height=128, origin=Origin.GENERATED, recipe=recipe, caption=WORDS, step=0
    )


def median_ms(call: Callable[[], object]) -> float:
    times = []
    for _ in range(NUM_CALLS):
        begun = time.process_time()
        call()
        times.append((time.process_time() - begun) * 1_000)
    return statistics.median(times)


if __name__ == "__main__":
    main()

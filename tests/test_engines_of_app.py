"""Which engines the app offers: those whose weights are there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import app
from agent.domain import Quality
from engines import devices
from engines.api import GenerateRequest, Size
from engines.errors import EngineError, ModelNotFound
from engines.load_engine import STICKERS
from engines.manifest import write_manifest
from tests.engines.lent_cards import LentCards
from tests.engines.test_workshop import await_that
from tests.engines.tiny import build_folder


def test_fast_is_offered_where_the_weights_have_a_student(tmp_path: Path) -> None:
    weights = Path(shutil.copytree(STICKERS, tmp_path / "weights"))
    both = app.build_engines(app.Settings(weights=weights))
    assert set(both.painters) == {Quality.FULL, Quality.DEV, Quality.FAST}
    assert "dog" in both.family.vocabulary["classes"]
    with closing(both):
        assert both.painters[Quality.FAST].info.preset == "stickers-fast"
    shutil.rmtree(weights / "transformer_fast")
    write_manifest(weights)
    one = app.build_engines(app.Settings(weights=weights))
    assert set(one.painters) == {Quality.FULL, Quality.DEV}
    with closing(one):
        assert one.painters[Quality.FULL].info.preset == "stickers-full"


def test_the_published_checkpoints_are_offered_where_they_are_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(ModelNotFound, match="python -m engines download fast"):
        app.build_engines(app.Settings(engine="hidream"))
    build_folder(tmp_path / "reverie" / "weights" / "fast")
    shutil.copytree(tmp_path / "reverie" / "weights" / "fast", tmp_path / "reverie" / "weights" / "e1.1")
    offered = app.build_engines(app.Settings(engine="hidream"))
    assert set(offered.painters) == {Quality.FAST}
    assert set(offered.editors) == set(Quality)
    assert offered.family.vocabulary == {}
    request = GenerateRequest(prompt="a cat", seed=1, size=Size(64, 64), num_steps=2)
    with closing(offered):
        assert offered.painters[Quality.FAST].generate(request, lambda _: None).preset == "fast"
    with pytest.raises(ModelNotFound, match="python -m engines download dev"):
        app.build_engines(app.Settings(engine="hidream", presets=("dev", "fast")))
    with pytest.raises(ModelNotFound, match="not a folder of a vision model"):
        app.build_engines(app.Settings(engine="hidream", vision_model=tmp_path / "nowhere"))
    seeing = app.build_engines(app.Settings(engine="hidream", vision_model=tmp_path))
    assert seeing.family.eyes is not None
    assert seeing.family.eyes.vocabulary == {}


def test_the_app_draws_and_never_imports_torch(tmp_path: Path) -> None:
    """In a fresh interpreter, or another test's torch would be found."""
    program = f"""
import sys
from pathlib import Path
import app
from agent.events import ArtifactReady
if __name__ == "__main__":
    reverie = app.build(app.Settings(data_folder=Path({str(tmp_path)!r})))
    reverie.engines.load()
    session = reverie.sessions.create("ann")
    for words in ("draw a red car", "what is in the picture?"):
        events = list(reverie.coordinator.run(session.id, "ann", words))
        print(events[-1].kind, any(isinstance(each, ArtifactReady) for each in events), flush=True)
    reverie.close()
    print(sorted(name for name in ("torch", "diffusers", "transformers") if name in sys.modules))
"""
    script = tmp_path / "program.py"
    script.write_text(program)
    environment = {**os.environ, "PYTHONPATH": str(Path(app.__file__).parent)}
    told = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=environment, check=True, timeout=300
    )
    assert told.stdout.splitlines() == ["done True", "done False", "[]"], told


def test_two_people_are_drawn_for_at_the_same_time_on_two_devices(tmp_path: Path) -> None:
    """Both jobs have made steps, and neither is done."""
    settings = app.Settings(
        data_folder=tmp_path, engine="fake", fake_step_seconds=0.5, devices=("cpu", "cpu"), stop_seconds=0
    )
    reverie = app.build(settings)
    with closing(reverie), ThreadPoolExecutor(2) as pool:
        assert reverie.engines.load()
        await_that(lambda: reverie.engines.num_able() == 2)
        sessions = {owner: reverie.sessions.create(owner).id for owner in ("ann", "bob")}
        turns = [
            pool.submit(lambda each: list(reverie.coordinator.run(*each, "draw a red car")), (session, owner))
            for owner, session in sessions.items()
        ]
        await_that(lambda: {job.owner for job in reverie.jobs.line if job.share} == {"ann", "bob"})
        assert [turn.result()[-1].kind for turn in turns] == ["done", "done"]
        metrics = reverie.meter.text().decode()
        assert "reverie_devices 2.0" in metrics
        assert "reverie_engine_restarts 0.0" in metrics


def test_devices_that_are_not_there_are_refused_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(devices, "has_driver", lambda: False)
    with pytest.raises(EngineError, match="There is no cuda:0: this machine has 0 CUDA devices"):
        app.build_engines(app.Settings(devices=("cuda:0",)))
    engines = app.build_engines(app.Settings())
    assert engines.workshops is not None
    assert [(shop.device, shop.pid) for shop in engines.workshops.shops] == [(devices.ANY, None)]


def test_on_a_space_that_lends_cards_engines_are_loaded_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = LentCards()
    monkeypatch.setitem(sys.modules, "spaces", cards)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    request = GenerateRequest(prompt="a red disc", seed=1, size=Size(160, 96), num_steps=2)
    with closing(app.build_engines(app.Settings(engine="fake"))) as engines:
        assert engines.painters[Quality.DEV].generate(request, lambda _: None).preset == "fake"
        assert (engines.workshops, engines.num_restarts(), engines.load()) == (None, 0, True)
    assert cards.pids
    assert os.getpid() not in cards.pids
    with pytest.raises(EngineError, match="leave --vision-model out"):
        app.build_engines(app.Settings(engine="hidream", vision_model=tmp_path))
    with pytest.raises(EngineError, match="leave --devices out"):
        app.build_engines(app.Settings(engine="fake", devices=("cuda:0",)))

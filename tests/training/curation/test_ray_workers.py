"""Two Ray actors and one process write the same bytes. In a program of its own: Ray leaves threads behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.training.curation.captions.serving import draw_scenes, planted, serving

pytestmark = pytest.mark.font
ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.training.curation.captions.serving import settings_for
from training.data.curation.captions.stage import CaptionStage
from training.data.curation.collect import CollectSettings
from training.data.curation.pipeline import curate
from training.data.curation.ray_workers import RayWorkers
from training.data.curation.recipes import plain
from training.data.curation.store import Store

raw, work, url = sys.argv[1:]
captions = CaptionStage(writer=settings_for(url), replies=Path(work) / "replies")
stages = (*plain().stages, captions)
recipe = replace(plain(), collect=CollectSettings(per_shard=3), stages=stages)
curate(recipe, Store(address=work), [Path(raw)], print, workers=RayWorkers(2))
"""


def results(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith((".done.json", ".html", ".jsonl"))
    }


def test_actors_write_what_one_process_writes(tmp_path: Path) -> None:
    """Captions too, from a server that makes things up."""
    raw = tmp_path / "raw"
    scenes = draw_scenes(raw, 8)
    alone = PROGRAM.replace(", workers=RayWorkers(2)", "").replace(
        "import RayWorkers", "import RayWorkers as _"
    )
    with (
        tempfile.TemporaryDirectory(prefix="ray-") as folder,  # Ray's sockets need a short path
        serving(planted(scenes, hallucinate=0.3)) as url,
    ):
        environment = os.environ | {"RAY_AUTH_MODE": "disabled", "RAY_TMPDIR": folder}
        for program, work in ((PROGRAM, "two"), (alone, "one")):
            command = [sys.executable, "-c", program, str(raw), str(tmp_path / work), url]
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400
            )
            assert done.returncode == 0, done.stderr
    one, two = results(tmp_path / "one"), results(tmp_path / "two")
    for stage in ("measures", "captions"):
        assert len([name for name in one if name.startswith(f"tables/{stage}/")]) == 3
    assert one == two

"""What eyes report is plain: nothing heavy is loaded to hold it."""

from __future__ import annotations

import subprocess
import sys

from engines.seen import SeenThing


def test_a_thing_knows_its_middle() -> None:
    assert SeenThing(kind="cat", color=None, box=(10, 20, 30, 60), confidence=0.9).centre == (20, 40)


def test_no_torch_is_needed() -> None:
    program = "import sys, engines.seen; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0

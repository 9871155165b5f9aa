"""How Reverie begins on a ZeroGPU Space, whose image is Gradio's own: docs/decisions/0014.

That image resolves requirements beside Gradio, which would hold Pillow back (docs/decisions/0001). So it
brings torch alone, and the lock is installed here as it stands. Weights that are asked for are fetched, then
this process becomes the app.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SURROUNDINGS = {
    "REVERIE_HOST": "0.0.0.0",
    "REVERIE_PORT": "7860",
    "REVERIE_LOG_FORMAT": "json",
    "REVERIE_DATA_FOLDER": "/data" if os.access("/data", os.W_OK) else str(Path.home() / "reverie"),
}


def python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=HERE, check=True)


def main() -> None:
    for name, value in SURROUNDINGS.items():
        os.environ.setdefault(name, value)
    python("-m", "pip", "install", "--quiet", "--no-deps", "--requirement", "lock.txt")
    if os.environ.get("REVERIE_ENGINE") == "hidream":
        for preset in filter(None, map(str.strip, os.environ.get("REVERIE_PRESETS", "dev").split(","))):
            python("-m", "engines", "download", preset)
    os.chdir(HERE)
    os.execv(sys.executable, [sys.executable, "app.py"])


if __name__ == "__main__":
    main()

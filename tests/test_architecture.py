"""The house's order that import-linter cannot see: the root, file sizes, what is imported at run time."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LONG

ROOT = Path(__file__).parents[1]
ROOMS = ("agent", "engines", "training", "ui")
ROOT_NAMES = {
    *ROOMS,
    *("tests", "docs", "deploy", ".ci", ".git", ".gitattributes", ".gitignore"),
    *("app.py", "pyproject.toml", "requirements.txt", "requirements-dev.txt", "langgraph.json"),
    *("README.md", "CHANGELOG.md", "LICENSE", "Makefile"),
}
FORBIDDEN_FILE_NAMES = {"utils.py", "common.py", "helpers.py", "base.py", "manager.py"}
MOST_LINES, MOST_TEST_LINES = 350, 600


def tracked_files() -> list[Path]:
    """What git knows, or would know; outside a git checkout everything but hidden folders."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        relative = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
        return [ROOT / path for path in relative if path.parts[0] in ROOT_NAMES - {".git"}]
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def python_files() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".py"]


def imported_modules(path: Path) -> set[str]:
    """Every module a file imports by name, wherever in the file."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                modules |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), names=names):
                modules |= {module} | {f"{module}.{alias.name}" for alias in names}
    return modules


def test_nothing_unplanned_stands_at_the_root() -> None:
    names = {path.relative_to(ROOT).parts[0] for path in tracked_files()}
    assert names <= ROOT_NAMES


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    assert [path for path in python_files() if path.name in FORBIDDEN_FILE_NAMES] == []


def test_files_can_be_read_in_one_sitting() -> None:
    too_long = {
        str(path.relative_to(ROOT)): count
        for path in python_files()
        if (count := len(path.read_text("utf-8").splitlines()))
        > (MOST_TEST_LINES if "tests" in path.relative_to(ROOT).parts else MOST_LINES)
    }
    assert too_long == {}


@pytest.mark.parametrize("module", ["app", "training"])
def test_only_tests_import(module: str) -> None:
    importers = [
        path
        for path in python_files()
        if path.relative_to(ROOT).parts[0] not in {module, f"{module}.py", "tests"}
        and any(name.split(".")[0] == module for name in imported_modules(path))
    ]
    assert importers == []


def test_only_app_builds_engines() -> None:
    builders = [
        path
        for path in python_files()
        if path.relative_to(ROOT).parts[0] in {"agent", "ui"}
        and any(name.startswith("engines.load_engine") for name in imported_modules(path))
    ]
    assert builders == []


def test_relative_imports_are_not_used() -> None:
    relative = [
        path
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_talking_loads_no_torch_and_no_page() -> None:
    files = [path for path in (ROOT / "agent").rglob("*.py") if "migrations" not in path.parts]
    names = sorted(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files)
    program = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'gradio', 'training', 'ui'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_app_is_read_without_the_page() -> None:
    """Gradio and the hub read the environment when they are imported, which `main` prepares before; and a
    replay needs neither."""
    program = "import app, sys; sys.exit(', '.join({'gradio', 'huggingface_hub'} & set(sys.modules)) or 0)"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_longest_tests_are_there() -> None:
    assert [path for path in LONG if not path.exists()] == []


def test_nothing_in_the_repository_names_another_package_registry() -> None:
    """Where packages come from is the reader's setting: no index URL stands in a lock or a script."""
    files = ["requirements.txt", "requirements-dev.txt", "pyproject.toml", "Makefile", ".ci/run"]
    flags = ("--index-url", "--extra-index-url", "--find-links", "--trusted-host", "://")
    found = [(name, flag) for name in files for flag in flags if flag in (ROOT / name).read_text("utf-8")]
    assert found == []

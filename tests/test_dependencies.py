"""The lock: exact, complete, above the security floors, with one known contradiction (decision 0001)."""

from __future__ import annotations

import importlib.metadata
import re
import sqlite3
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.test_architecture import ROOMS, imported_modules

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
NOT_LOCKED = {"pip"}
KNOWN_CONTRADICTIONS = {("gradio", "pillow")}

# package -> lowest version without a known hole (November 2026)
FLOORS = {
    "pillow": "13.0.0",  # CVE-2026-112403, CVE-2026-112398
    "gradio": "6.31",
    "starlette": "0.49.1",  # CVE-2025-62727, CVE-2025-54121
    "python-multipart": "0.0.27",  # CVE-2026-42561
    "langgraph": "1.0.10",  # CVE-2026-28277
    "langgraph-checkpoint": "4.1.1",  # CVE-2026-48775
    "langgraph-checkpoint-sqlite": "3.0.1",  # CVE-2025-67644
    "torch": "2.10.0",  # CVE-2026-24747
    "transformers": "5.3.0",  # CVE-2026-4372, CVE-2026-5241, CVE-2026-1839
    "diffusers": "0.42.1",  # CVE-2026-44513, GHSA-4prv-5hj7-c2xr
    "mcp": "1.23.0",  # CVE-2025-66416
    "authlib": "1.6.9",  # CVE-2026-28498, CVE-2026-28802
}


def locked(*names: str) -> dict[str, Requirement]:
    """The requirements of the named lock files that apply here."""
    lines = [line for name in names for line in (ROOT / name).read_text("utf-8").splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]
    return {canonicalize_name(each.name): each for each in found if applies(each)}


def applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def pinned_version(requirement: Requirement) -> Version:
    (specifier,) = requirement.specifier
    return Version(specifier.version)


def needs_of(names: set[str]) -> Iterator[tuple[str, Requirement]]:
    """(package, what it declares to need here)."""
    for name in sorted(names):
        for text in importlib.metadata.requires(name) or []:
            need = Requirement(text)
            if applies(need):
                yield name, need


def test_every_line_pins_exactly() -> None:
    loose = [
        str(each) for each in locked(*LOCKS).values() if not re.fullmatch(r"==[^,*]+", str(each.specifier))
    ]
    assert loose == []


def test_installed_is_what_the_lock_says() -> None:
    differing = {
        name: importlib.metadata.version(name)
        for name, requirement in locked(*LOCKS).items()
        if Version(Version(importlib.metadata.version(name)).public) != pinned_version(requirement)
    }
    assert differing == {}


@pytest.mark.parametrize("files", [LOCKS[:1], LOCKS])
def test_the_lock_is_complete(files: tuple[str, ...]) -> None:
    """Nothing resolves at install time, so each need has its line; NVIDIA's parts come with torch."""
    names = set(locked(*files))
    missing = {
        (package, need.name)
        for package, need in needs_of(names)
        if canonicalize_name(need.name) not in names and not (package == "torch" and "nvidia" in need.name)
    }
    assert missing - {("torch", "triton")} == set()


def test_the_only_contradiction_is_the_known_one() -> None:
    names = set(locked(*LOCKS))
    contradictions = {
        (package, canonicalize_name(need.name))
        for package, need in needs_of(names)
        if canonicalize_name(need.name) in names
        and not need.specifier.contains(importlib.metadata.version(need.name), prereleases=True)
    }
    assert contradictions == KNOWN_CONTRADICTIONS


def test_no_lock_line_is_below_its_security_floor() -> None:
    low = {
        name: str(requirement.specifier)
        for name, requirement in locked(*LOCKS).items()
        if name in FLOORS and pinned_version(requirement) < Version(FLOORS[name])
    }
    assert low == {}


def test_loose_bounds_allow_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = locked(LOCKS[0])
    refused = [
        text
        for text in project["dependencies"]
        if not Requirement(text).specifier.contains(
            pinned_version(names[canonicalize_name(Requirement(text).name)])
        )
    ]
    assert refused == []


def test_everything_imported_is_declared() -> None:
    """What works only because something else happens to need it breaks with that thing's next version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    texts = [*project["dependencies"], *extras["small-gpu"], *extras["gguf"], *extras["c2pa"]]
    declared = {canonicalize_name(Requirement(text).name) for text in texts}
    providers = importlib.metadata.packages_distributions()
    files = [ROOT / "app.py", *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    imported = {name.split(".")[0] for path in files for name in imported_modules(path)}
    foreign = imported - sys.stdlib_module_names - {*ROOMS, "app", "pydantic_core"}
    undeclared = {
        name
        for name in foreign
        if not declared & {canonicalize_name(provider) for provider in providers.get(name, ())}
    }
    assert undeclared == set()


def test_sqlite_can_do_what_the_store_needs() -> None:
    """Below 3.51.3 a rare WAL race exists (one writer avoids it); below 3.35 there is no RETURNING at all."""
    assert sqlite3.sqlite_version_info >= (3, 35)

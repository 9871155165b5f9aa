"""Which files everybody can read, and where that does not matter."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent import secret_files
from agent.secret_files import is_open_to_all

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Modes are POSIX'.")


@pytest.mark.parametrize(("mode", "is_open"), [(0o600, False), (0o640, False), (0o604, True), (0o602, True)])
def test_a_file_that_all_may_read_or_change_is_open(tmp_path: Path, mode: int, is_open: bool) -> None:
    file = tmp_path / "key"
    file.touch()
    file.chmod(mode)
    assert is_open_to_all(file) == is_open


def test_what_a_container_engine_mounts_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes puts a link there."""
    mounted = tmp_path / "secrets"
    (mounted / "..data").mkdir(parents=True)
    (mounted / "..data" / "key").touch(0o444)
    (mounted / "key").symlink_to("..data/key")
    monkeypatch.setattr(secret_files, "SECRETS", mounted)
    assert not is_open_to_all(mounted / "key")
    (tmp_path / "key").touch(0o644)
    (mounted / "other").symlink_to(tmp_path / "key")
    assert is_open_to_all(mounted / "other")

"""Settings as the environment writes them, and what is said of those that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import AgentError
from ui.flags import Settings, read_settings


@pytest.mark.parametrize("written", ["dev,e1.1", "dev, e1.1", " dev ,e1.1,"])
def test_several_words_have_commas_between(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVERIE_PRESETS", written)
    assert Settings().presets == ("dev", "e1.1")
    monkeypatch.setattr("sys.argv", ["app.py", "--presets", "full,e1"])
    assert read_settings().presets == ("full", "e1")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("REVERIE_PRESETS", "dev;e1.1", "presets.0: "),
        ("REVERIE_PORT", "0", "port: "),
        ("REVERIE_LIMITS", "many", 'field "limits"'),
    ],
)
def test_what_cannot_be_is_a_sentence(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["app.py"])
    with pytest.raises(AgentError, match=words) as raised:
        read_settings()
    assert str(raised.value).endswith(".")


def test_a_secret_that_cannot_be_read_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reverie_database_url").write_bytes(b"\xff\xfe")
    monkeypatch.setitem(Settings.model_config, "secrets_dir", tmp_path)
    monkeypatch.setattr("sys.argv", ["app.py"])
    with pytest.raises(AgentError, match="database_url"):
        read_settings()


def test_devices_are_named_with_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().devices == ()
    monkeypatch.setenv("REVERIE_DEVICES", "cuda:0, cuda:1")
    assert Settings().devices == ("cuda:0", "cuda:1")
    monkeypatch.setattr("sys.argv", ["app.py", "--devices", "cpu,cpu"])
    assert read_settings().devices == ("cpu", "cpu")

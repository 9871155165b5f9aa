"""A key that will not do is refused before anything is served."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import secret_files
from agent.errors import KeyRejected
from agent.meter import Meter
from agent.signing import Signer
from agent.signing_key import CERTIFICATES_NAME, KEY_NAME, main, new_key, read_signing_key

ROOT = Path(__file__).parents[2]


def load(folder: Path) -> Signer:
    return Signer(read_signing_key(folder / CERTIFICATES_NAME, folder / KEY_NAME))


def test_a_new_key_signs_and_is_its_owners_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path)]) == 0
    assert "--c2pa-key" in capsys.readouterr().out
    assert (tmp_path / KEY_NAME).stat().st_mode & 0o777 == 0o600
    assert load(tmp_path).key.algorithm == "es256"
    assert main(["new", str(tmp_path)]) == 1, "a key is never overwritten"


@pytest.mark.parametrize("line_end", ["\n", "\\n"])
def test_the_text_itself_does_as_well_as_a_file(tmp_path: Path, line_end: str) -> None:
    """On a Space a secret is a variable, and there are no files."""
    new_key(tmp_path)
    texts = [(tmp_path / name).read_text().replace("\n", line_end) for name in (CERTIFICATES_NAME, KEY_NAME)]
    assert read_signing_key(*texts) == load(tmp_path).key
    new_key(tmp_path / "other")
    other = (tmp_path / "other" / KEY_NAME).read_text()
    with pytest.raises(KeyRejected, match="--c2pa-key does not fit") as raised:
        read_signing_key(texts[0], other)
    assert "BEGIN" not in str(raised.value)


def test_a_key_that_a_container_engine_mounts_may_be_open_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_key(tmp_path)
    (tmp_path / KEY_NAME).chmod(0o444)
    with pytest.raises(KeyRejected, match="chmod 600"):
        load(tmp_path)
    monkeypatch.setattr(secret_files, "SECRETS", tmp_path)
    assert load(tmp_path).key.algorithm == "es256"


@pytest.mark.parametrize(("days", "is_told"), [(29, True), (31, False)])
def test_a_certificate_that_ends_soon_is_told_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, days: int, is_told: bool
) -> None:
    new_key(tmp_path, days=days)
    signer = load(tmp_path)
    assert ("please renew it" in caplog.text) == is_told
    meter = Meter(queue_length=lambda: 0, engine_restarts=lambda: 0)
    meter.show_signing_end(None)
    assert b"reverie_signing_valid_until" not in meter.text()
    meter.show_signing_end(signer.valid_until)
    (line,) = [each for each in meter.text().decode().splitlines() if each.startswith("reverie_signing")]
    assert float(line.split()[1]) == signer.valid_until.timestamp()


def leave_out(folder: Path) -> None:
    (folder / KEY_NAME).unlink()


def open_to_all(folder: Path) -> None:
    (folder / KEY_NAME).chmod(0o644)


def scramble(folder: Path) -> None:
    (folder / KEY_NAME).write_text("no key")


def no_certificates(folder: Path) -> None:
    (folder / CERTIFICATES_NAME).write_text("no certificates")


def another_key(folder: Path) -> None:
    new_key(folder / "other")
    os.replace(folder / "other" / KEY_NAME, folder / KEY_NAME)


def wrong_order(folder: Path) -> None:
    path = folder / CERTIFICATES_NAME
    end = "-----END CERTIFICATE-----\n"
    signer, authority, _ = path.read_text().split(end)
    path.write_text(f"{authority}{end}{signer}{end}")


def wrong_issuer(folder: Path) -> None:
    new_key(folder / "other")
    end = "-----END CERTIFICATE-----\n"
    signer, *_ = (folder / CERTIFICATES_NAME).read_text().split(end)
    _, authority, _ = (folder / "other" / CERTIFICATES_NAME).read_text().split(end)
    (folder / CERTIFICATES_NAME).write_text(f"{signer}{end}{authority}{end}")


def expired(folder: Path) -> None:
    (folder / KEY_NAME).unlink()
    (folder / CERTIFICATES_NAME).unlink()
    new_key(folder, days=0)
    import time

    time.sleep(1.1)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (leave_out, "cannot be read"),
        (open_to_all, "chmod 600"),
        (scramble, "no private key in PEM"),
        (no_certificates, "no certificates in PEM"),
        (another_key, "does not fit"),
        (wrong_order, "not issued by|does not fit"),
        (wrong_issuer, "not issued by number 2"),
        (expired, "has expired"),
    ],
)
def test_a_key_that_will_not_do_is_refused_with_a_sentence(
    tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    new_key(tmp_path)
    spoil(tmp_path)
    with pytest.raises(KeyRejected, match=sentence):
        load(tmp_path)


def test_the_app_does_not_start_with_such_a_key(tmp_path: Path) -> None:
    new_key(tmp_path)
    open_to_all(tmp_path)
    keys = [f"--c2pa-certificates={tmp_path / CERTIFICATES_NAME}", f"--c2pa-key={tmp_path / KEY_NAME}"]
    for arguments, sentence in ((keys, "chmod 600"), (keys[1:], "give both")):
        command = [sys.executable, "app.py", "--engine=fake", "--port=47863", f"--data-folder={tmp_path}"]
        result = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert result.returncode == 1
        assert "cannot start" in result.stderr
        assert sentence in result.stderr

from __future__ import annotations

import io

import pytest
from PIL import Image

from agent.decoder.kinds import is_readable, kind_of
from tests.agent.decoder.hostile import seeds


def test_what_decoders_read_is_let_through() -> None:
    for seed in seeds():
        assert is_readable(seed)
        assert kind_of(seed) is None


@pytest.mark.parametrize(
    ("file_format", "kind"),
    [
        ("TIFF", "a TIFF picture"),
        ("BMP", "a BMP picture"),
        ("ICO", "an icon file"),
        ("PDF", "a PDF document"),
        ("JPEG2000", "a JPEG 2000 picture"),
        ("AVIF", "an AVIF picture"),
        ("EPS", "a PostScript document"),
        ("DDS", "a DDS texture"),
        ("ICNS", "an icon file"),
    ],
)
def test_real_files_are_called_by_their_names(file_format: str, kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, file_format)
    assert kind_of(file.getvalue()) == kind
    assert not is_readable(file.getvalue())


@pytest.mark.parametrize(
    "content", [b"", b"a text", b"<", b"<note>svg</note>", bytes(100), b"RIFF\0\0\0\0WAVE"]
)
def test_what_nobody_knows_has_no_name(content: bytes) -> None:
    assert kind_of(content) is None
    assert not is_readable(content)

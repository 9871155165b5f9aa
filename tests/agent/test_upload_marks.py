"""What an upload says of its origin: read before all is stripped, kept, and carried on by its successors."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL.PngImagePlugin import PngInfo

from agent.domain import Artifact, Decision, DecisionStep, Route, SourceType
from agent.marks import XMP_KEY, xmp
from agent.metadata import bare_png_size, without_metadata
from agent.operations import Axis, Flip
from agent.upload_marks import mark_of
from agent.uploads import clean_upload
from tests.agent.decoder.hostile import SECRET, as_written, noise
from tests.agent.test_marks import made, term_in
from tests.doubles import Agent, ScriptedBrain, build_agent, edit, shared_decoders

MANIFEST = b"\0\0\x01\0jumb\0\0\0\x1ejumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0"
"""How a C2PA manifest store begins."""


def packet(term: str) -> bytes:
    """As another program writes it, with a property of its own."""
    address = f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
    return (
        xmp(SourceType.MODEL)
        .replace('rdf:about=""', f'rdf:about="{SECRET.decode()}"')
        .replace("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia", address)
        .encode()
    )


def with_packet(file_format: str, term: str) -> bytes:
    if file_format != "PNG":
        return as_written(noise(1), file_format, xmp=packet(term))
    chunks = PngInfo()
    chunks.add_itxt(XMP_KEY, packet(term).decode(), zip=True)
    return as_written(noise(1), "PNG", pnginfo=chunks)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("kept", list(SourceType))
def test_a_mark_is_all_that_stays_of_the_metadata(file_format: str, kept: SourceType) -> None:
    upload = with_packet(file_format, kept.value)
    clean = clean_upload(upload, shared_decoders())
    assert clean.source_type == term_in(clean.png) == mark_of(clean.png) == kept
    assert term_in(without_metadata(clean.png)) == kept
    assert SECRET not in clean.png
    assert bare_png_size(clean.png) == (clean.width, clean.height)


@pytest.mark.parametrize("term", ["digitalCapture", "trainedAlgorithmicMediaAndMore", "humanEdits"])
def test_other_words_are_no_mark(term: str) -> None:
    clean = clean_upload(with_packet("JPEG", term), shared_decoders())
    assert clean.source_type is None
    assert mark_of(clean.png) is None
    assert not clean.has_credentials


@pytest.mark.parametrize(
    "says", [b"", b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"]
)
def test_a_manifest_is_remembered_and_its_mark_read(says: bytes) -> None:
    jpeg = as_written(noise(1), "JPEG")
    body = b"JP\0\1\0\0\0\1" + MANIFEST + says
    upload = jpeg[:2] + b"\xff\xeb" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]
    clean = clean_upload(upload, shared_decoders())
    assert clean.has_credentials
    assert clean.source_type == (SourceType.MODEL if says else None)
    assert b'ArrivedWith="C2PA"' in clean.png
    assert MANIFEST not in clean.png
    again = clean_upload(clean.png, shared_decoders())
    assert again.png == clean.png, "it stays when the message is sent once more"


def uploaded(agent: Agent, session_id: str, file: bytes) -> Artifact:
    list(agent.coordinator.run(session_id, "ann", "hello", [file]))
    return agent.sessions.turns(session_id, "ann")[-1].uploads[0]


@pytest.mark.parametrize(
    ("term", "flipped", "edited"),
    [
        ("trainedAlgorithmicMedia", SourceType.MODEL, SourceType.MODEL),
        (
            "compositeWithTrainedAlgorithmicMedia",
            SourceType.MODEL_AND_UPLOAD,
            SourceType.MODEL_AND_UPLOAD,
        ),
        ("digitalCapture", None, SourceType.MODEL_AND_UPLOAD),
    ],
)
def test_what_is_made_of_an_upload_carries_its_mark_on(
    tmp_path: Path, term: str, flipped: SourceType | None, edited: SourceType
) -> None:
    brain = ScriptedBrain(Decision(route=Route.CHAT))
    agent = build_agent(tmp_path, brain=brain)
    session_id = agent.sessions.create("ann").id
    photo = uploaded(agent, session_id, with_packet("JPEG", term))
    flip_it = Flip(axis=Axis.HORIZONTAL)
    flip = DecisionStep(kind="adjust", prompt="flip it", source=photo.id, operation=flip_it)
    brain._script = iter([Decision(route=Route.EDIT, targets=(photo.id,), steps=(flip,))])
    (mirrored,) = made(agent, session_id, "flip it")
    brain._script = iter([edit("make it blue", mirrored.id)])
    (changed,) = made(agent, session_id, "make it blue")
    for picture, mark in ((mirrored, flipped), (changed, edited)):
        assert picture.recipe is not None
        assert picture.recipe.source_type == mark
        assert term_in(agent.artifacts.read(picture.sha256)) == mark
    agent.close()

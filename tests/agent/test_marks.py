"""Who made a picture is written in it, whatever else its file leaves out."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image

from agent.domain import Artifact, SourceType
from agent.events import ArtifactReady
from agent.marks import XMP_KEY
from agent.metadata import bare_png_size, without_metadata
from tests.doubles import Agent, ScriptedBrain, build_agent, draw, edit

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
EXTENSION = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def term_in(png: bytes) -> str | None:
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        packet = image.info.get(XMP_KEY)
    if packet is None:
        return None
    (description,) = ElementTree.fromstring(packet).iter(f"{RDF}Description")
    return description.attrib[f"{EXTENSION}DigitalSourceType"].removeprefix(TERMS)


def upload() -> bytes:
    file = io.BytesIO()
    picture = Image.new("RGB", (128, 128), "white")
    picture.paste((200, 0, 0), (30, 30, 90, 90))
    picture.save(file, "PNG")
    return file.getvalue()


def test_drawings_and_changed_uploads_say_what_they_are(tmp_path: Path) -> None:
    brain = ScriptedBrain(draw("a cat"))
    agent = build_agent(tmp_path, brain=brain)
    session = agent.sessions.create("ann")
    (drawn,) = made(agent, session.id, "a cat")
    brain._script = iter([edit("make it blue", drawn.id)])
    (changed,) = made(agent, session.id, "make it blue")
    list(agent.coordinator.run(session.id, "ann", "hello", [upload()]))
    uploaded = agent.sessions.turns(session.id, "ann")[-1].uploads[0]
    brain._script = iter([edit("make it blue", uploaded.id)])
    (photo,) = made(agent, session.id, "make it blue")
    for artifact, term in (
        (drawn, SourceType.MODEL),
        (changed, SourceType.MODEL),
        (photo, SourceType.MODEL_AND_UPLOAD),
    ):
        png = agent.artifacts.read(artifact.sha256)
        assert term_in(png) == term
        assert bare_png_size(png) == (artifact.width, artifact.height)
        assert term_in(without_metadata(png)) == term
        assert b"reverie" not in without_metadata(png)
    assert term_in(agent.artifacts.read(uploaded.sha256)) is None
    agent.close()


def test_a_bare_cut_out_keeps_its_transparency() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (4, 4), (1, 2, 3, 0)).save(file, "PNG")
    with Image.open(io.BytesIO(without_metadata(file.getvalue()))) as bare:
        assert bare.getpixel((0, 0)) == (1, 2, 3, 0)


def made(agent: Agent, session_id: str, words: str) -> list[Artifact]:
    events = agent.coordinator.run(session_id, "ann", words)
    return [each.artifact for each in events if isinstance(each, ArtifactReady)]

"""The rule captioner: true where it may not lie, lies as often as it is told, and looks again honestly."""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.training.curation.captions.serving import draw_scenes, planted, serving
from tests.training.curation.raw import a_picture, as_file
from training.commands import main
from training.data.curation.captions.claims import Claim, answers_request, claims_of, read_answers
from training.data.curation.captions.rule_captioner import (
    Manners,
    PlantedSight,
    RuleCaptioner,
    is_true,
    seen_in,
)
from training.data.curation.captions.rules import CaptionRules, faults_of
from training.data.curation.captions.server import detector_sight
from training.data.curation.captions.words import BadReply, read_captions
from training.data.curation.decode import pixel_hash
from training.errors import BadRecipe
from training.stickers.scene import Scene

pytestmark = pytest.mark.font
ROOT = Path(__file__).parents[4]
Drawn = tuple[Path, dict[str, Scene]]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    folder = tmp_path_factory.mktemp("scenes")
    return folder, draw_scenes(folder, 60)


def pictures(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("*.png"))]


def claims_by(captioner: RuleCaptioner, content: bytes) -> tuple[Claim, ...]:
    text = captioner.answer(content, "Describe the picture.")
    assert text is not None
    captions = read_captions(text)
    assert faults_of(captions, CaptionRules()) == ()
    return claims_of(captions)


def verdicts_by(captioner: RuleCaptioner, content: bytes, claims: Sequence[Claim]) -> tuple[bool, ...]:
    text = captioner.answer(content, answers_request(claims))
    assert text is not None
    return read_answers(text, len(claims))


def seen_by_id(scenes: dict[str, Scene], folder: Path) -> list[object]:
    return [seen_in(scenes[pixel_hash(Image.open(path))]) for path in sorted(folder.glob("*.png"))]


def test_without_orders_all_is_true_and_said_in_good_style(drawn: Drawn) -> None:
    folder, scenes = drawn
    captioner = planted(scenes)
    for content, seen in zip(pictures(folder), seen_by_id(scenes, folder), strict=True):
        claims = claims_by(captioner, content)
        assert claims
        assert all(is_true(claim, seen) for claim in claims)
        assert all(verdicts_by(captioner, content, claims))


def test_lies_are_as_many_as_ordered_and_the_second_look_does_not_cover_them(drawn: Drawn) -> None:
    folder, scenes = drawn
    captioner = planted(scenes, hallucinate=0.3)
    kinds = wrong = 0
    for content, seen in zip(pictures(folder), seen_by_id(scenes, folder), strict=True):
        claims = claims_by(captioner, content)
        assert verdicts_by(captioner, content, claims) == tuple(is_true(claim, seen) for claim in claims)
        by_name = {claim.name: [c for c in claims if c.name == claim.name] for claim in claims}
        kinds += len(by_name)
        wrong += sum(not all(is_true(claim, seen) for claim in some) for some in by_name.values())
    assert wrong / kinds == pytest.approx(0.3, abs=0.11)


def test_the_same_seed_tells_the_same_lies(drawn: Drawn) -> None:
    folder, scenes = drawn
    one, two = planted(scenes, hallucinate=0.5), planted(scenes, hallucinate=0.5)
    assert [claims_by(one, each) for each in pictures(folder)] == [
        claims_by(two, each) for each in pictures(folder)
    ]


def test_eyes_of_its_own_see_most_of_what_is_there(drawn: Drawn) -> None:
    folder, scenes = drawn
    captioner = RuleCaptioner(detector_sight(), Manners())
    right = [
        is_true(claim, seen)
        for content, seen in zip(pictures(folder), seen_by_id(scenes, folder), strict=True)
        for claim in claims_by(captioner, content)
    ]
    assert 0.8 < sum(right) / len(right) < 1.0  # looking is not knowing


def test_bad_answers_come_at_their_rates(drawn: Drawn) -> None:
    folder, scenes = drawn
    captioner = planted(scenes, nonsense=0.2, empty=0.1, refuse=0.1, hang=0.1)
    answers = [captioner.answer(each, "Describe.") for _ in range(5) for each in pictures(folder)]
    share = {
        "hang": answers.count(None) / len(answers),
        "empty": answers.count("") / len(answers),
        "refuse": sum(bool(each and each.startswith("I'm sorry")) for each in answers) / len(answers),
    }
    good = sum(bool(each and each.startswith('{"short"') and "things" in each) for each in answers)
    assert share == {name: pytest.approx(0.1, abs=0.06) for name in share}
    assert good / len(answers) == pytest.approx(0.5, abs=0.08)
    with pytest.raises(BadRecipe, match="Rates go from 0 to 1"):
        Manners(nonsense=0.6, hang=0.6)


def test_it_says_what_it_cannot_do(drawn: Drawn) -> None:
    folder, scenes = drawn
    captioner = planted(scenes)
    with pytest.raises(BadRecipe, match="No truth is planted"):
        captioner.answer(as_file(a_picture(0)), "Describe.")
    with pytest.raises(BadRecipe, match="cannot be looked at"):
        captioner.answer(b"no picture", "Describe.")
    picture = f"data:image/png;base64,{base64.b64encode(pictures(folder)[0]).decode()}"
    one = {"type": "image_url", "image_url": {"url": picture}}
    with serving(captioner) as url, httpx.Client() as client:
        bodies: list[object] = [
            {"messages": [{"role": "user", "content": "hello"}]},
            {"messages": [{"role": "user", "content": [one, one]}]},
            {"messages": [{"role": "user", "content": [one]}], "stream": True},
            {"messages": [{"role": "user", "content": [one | {"image_url": {"url": "http://a/b.png"}}]}]},
            {"messages": []},
            3,
        ]
        for body in bodies:
            answer = client.post(f"{url}/chat/completions", content=json.dumps(body))
            assert answer.status_code == 400
            assert answer.json()["error"]["message"]
        assert client.get(f"{url}/models").json()["data"][0]["id"] == "rule-captioner"
        good = client.post(
            f"{url}/chat/completions", json={"messages": [{"role": "user", "content": [one]}]}
        ).json()
        assert good["usage"]["total_tokens"] > 64
        assert read_captions(good["choices"][0]["message"]["content"])


def test_scenes_come_with_the_truth_that_it_takes(tmp_path: Path) -> None:
    assert main(["scenes", "--out", str(tmp_path), "--count", "3"]) == 0
    captioner = RuleCaptioner(PlantedSight.read(tmp_path), Manners())
    for content in pictures(tmp_path):
        assert all(verdicts_by(captioner, content, claims_by(captioner, content)))


def test_a_folder_without_truth_gets_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["captioner", "--truth", str(tmp_path), "--port", "0"]) == 2
    assert "`python -m training scenes` writes one" in capsys.readouterr().err


PROGRAM = """
import argparse
from training.data.curation.captions import server as captioner_server

parser = argparse.ArgumentParser()
captioner_server.add_arguments(parser)
raise SystemExit(captioner_server.run(parser.parse_args(), lambda words: print(words, flush=True)))
"""


def test_the_command_serves_until_it_is_stopped(drawn: Drawn) -> None:
    command = [sys.executable, "-c", PROGRAM, "--port", "0", "--nonsense", "1"]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+/v1", said)
        assert url is not None
        assert "looks with the small world's judge" in said
        picture = f"data:image/png;base64,{base64.b64encode(pictures(drawn[0])[0]).decode()}"
        content = [{"type": "image_url", "image_url": {"url": picture}}]
        body = {"messages": [{"role": "user", "content": content}]}
        text = httpx.post(f"{url[0]}/chat/completions", json=body).json()["choices"][0]["message"]["content"]
        with pytest.raises(BadReply):
            read_captions(text)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0

"""Captions from a server that lies, babbles, says nothing or hangs: every row has a reason, nothing is asked
for twice."""

from __future__ import annotations

import io
import json
import pickle
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.training.curation.captions.serving import draw_scenes, planted, serving, settings_for
from training.commands import main
from training.data.curation.captions.chat_vlm import ServerSettings
from training.data.curation.captions.claims import claim_in
from training.data.curation.captions.rule_captioner import RuleCaptioner, is_true, seen_in
from training.data.curation.captions.rules import CaptionRules, Words
from training.data.curation.captions.server import MODEL
from training.data.curation.captions.stage import CaptionStage, forget_unanswered
from training.data.curation.collect import CollectSettings, collect
from training.data.curation.measures import MeasureStage
from training.data.curation.pipeline import curate
from training.data.curation.recipes import CurationRecipe
from training.data.curation.sources import find_source
from training.data.curation.store import Store
from training.data.curation.tables import read_stage
from training.errors import BadRecipe, CaptionerUnavailable, DiskFull
from training.ledger import Ledger
from training.stickers.scene import Scene

pytestmark = pytest.mark.font
ROOT = Path(__file__).parents[4]
COUNT = 24


class Set:
    """Scenes, and a place where they are curated."""

    def __init__(self, folder: Path, raw: Path, scenes: dict[str, Scene]) -> None:
        self.folder, self.raw, self.scenes = folder, raw, scenes
        self.store, self.said = Store(address=str(folder / "work")), list[str]()

    def captions(self, url: str, **changes: Any) -> list[dict[str, Any]]:
        """Rows with the picture's id."""
        curate(self.recipe(url, **changes), self.store, [self.raw], self.said.append)
        shards = self.store.names("plans", ".json")
        ids = {row["key"]: row["id"] for row in read_stage(self.store, "collect", shards).to_pylist()}
        return [
            row | {"id": ids[row["key"]]} for row in read_stage(self.store, "captions", shards).to_pylist()
        ]

    def recipe(self, url: str, **changes: Any) -> CurationRecipe:
        stage = CaptionStage(writer=settings_for(url), replies=self.folder / "replies")
        return CurationRecipe(
            name="captioned",
            collect=CollectSettings(per_shard=10),
            stages=(MeasureStage(), replace(stage, **changes)),
            select="caption_status == 'ok' and caption_supported >= 1",
        )

    def kept(self) -> int:
        return int(json.loads(self.store.read("manifest.json"))["num_kept"])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Scene]]:
    raw = tmp_path_factory.mktemp("scenes") / "raw"
    return raw, draw_scenes(raw, COUNT)


@pytest.fixture
def pictures(drawn: tuple[Path, dict[str, Scene]], tmp_path: Path) -> Set:
    return Set(tmp_path, *drawn)


def asked(captioner: RuleCaptioner) -> int:
    return captioner.requests.total()


def test_the_second_look_finds_what_the_first_made_up(pictures: Set) -> None:
    captioner = planted(pictures.scenes, hallucinate=0.3)
    with serving(captioner) as url:
        rows = pictures.captions(url)
    false = 0
    for row in rows:
        seen = seen_in(pictures.scenes[row["id"]])
        claims = [(claim_in(each["question"]), each["is_supported"]) for each in row["caption_claims"]]
        assert all(claim and is_true(claim, seen) == verdict for claim, verdict in claims)
        false += sum(not verdict for _, verdict in claims)
        assert row["caption_status"] == "ok"
        assert row["caption_supported"] == pytest.approx(sum(v for _, v in claims) / len(claims))
        assert len(row["caption_short"]) < len(row["caption_medium"]) < len(row["caption_long"])
        assert row["caption_tokens_read"] > 128
    assert false > 5
    assert asked(captioner) == 2 * COUNT
    assert pictures.kept() == sum(row["caption_supported"] == 1 for row in rows)
    page = pictures.store.read("report.html").decode()
    assert "words, medium" in page
    assert "tokens read" in page
    denied = next(each for row in rows for each in row["caption_claims"] if not each["is_supported"])
    assert f"{denied['question']} No." in page


def test_other_eyes_may_look_again(pictures: Set) -> None:
    writer, checker = planted(pictures.scenes), planted(pictures.scenes, misjudge=1.0)
    with serving(writer) as url, serving(checker) as check_url:
        rows = pictures.captions(url, checker=replace(settings_for(check_url), model="other"))
    assert {row["caption_supported"] for row in rows} == {0.0}
    assert {row["caption_checker"] for row in rows} == {"other"}
    assert (asked(writer), asked(checker)) == (COUNT, COUNT)


def test_a_rerun_with_other_rules_asks_for_nothing_that_was_said(pictures: Set) -> None:
    captioner = planted(pictures.scenes)
    with serving(captioner) as url:
        first = pictures.captions(url)
        before = asked(captioner)
        assert pictures.captions(url) == first
        rows = pictures.captions(url, num_tries=5)
        assert rows == first
        assert asked(captioner) == before
        strict = CaptionRules(long=Words(fewest=14, most=20))
        rows = pictures.captions(url, rules=strict, num_tries=1)
        reasons = Counter(row["caption_status"] for row in rows)
        # The length is part of what is asked, so that these are new questions.
        assert asked(captioner) > before
    assert reasons.keys() == {"ok", "long caption too long"}
    assert all(
        row["caption_faults"] == ["long caption too long"] for row in rows if row["caption_status"] != "ok"
    )


def test_bad_answers_are_asked_for_again_and_then_are_rows_with_reasons(pictures: Set) -> None:
    captioner = planted(pictures.scenes, nonsense=0.3, empty=0.15, refuse=0.15)
    with serving(captioner) as url:
        rows = pictures.captions(url, num_tries=2)
        before = asked(captioner)
        pictures.store.remove("tables/captions/00001.parquet")
        assert pictures.captions(url, num_tries=2) == rows
        assert asked(captioner) == before == sum(row["caption_requests"] for row in rows)
    reasons = Counter(row["caption_status"].removeprefix("not checked: ") for row in rows)
    assert reasons["ok"] > 3
    assert {"reply is not JSON", "empty reply", "refused to answer"} & reasons.keys()
    assert reasons.keys() <= {
        *("ok", "reply is not JSON", "reply has another form", "empty reply", "refused to answer")
    }
    assert any(row["caption_requests"] > 2 for row in rows if row["caption_status"] == "ok")
    assert all(row["caption_supported"] == 0 for row in rows if row["caption_status"] != "ok")
    assert all(row["caption_long"] for row in rows if row["caption_status"].startswith("not checked"))
    assert pictures.kept() == reasons["ok"]


def test_a_server_that_hangs_costs_its_pictures_and_no_others(pictures: Set) -> None:
    captioner = planted(pictures.scenes, hang=0.25)
    with serving(captioner) as url:
        patient = settings_for(url, timeout_seconds=1.0, num_retries=0)
        rows = pictures.captions(url, writer=patient)
        reasons = Counter(row["caption_status"] for row in rows)
        assert reasons["no answer within 1 s"] >= 2
        assert reasons["ok"] >= 8
        assert reasons.keys() <= {"ok", "no answer within 1 s", "not checked: no answer within 1 s"}
        before, quick = asked(captioner), replace(captioner.manners, hang=0.0)
        captioner.manners = quick
        assert pictures.captions(url, writer=patient) == rows
        unanswered = {row["key"]: row["caption_requests"] for row in rows if row["caption_unanswered"]}
        assert len(unanswered) == COUNT - reasons["ok"]
        assert forget_unanswered(pictures.store) == len(unanswered)
        assert {row["caption_status"] for row in pictures.captions(url, writer=patient)} == {"ok"}
        assert asked(captioner) - before == sum(2 - requests for requests in unanswered.values())


def test_only_what_is_kept_so_far_is_asked_about(pictures: Set) -> None:
    captioner = planted(pictures.scenes)
    with serving(captioner) as url:
        rows = pictures.captions(url, only="bytes_per_pixel > 0.06 and contrast > 3", needs=("measures",))
    measures = read_stage(pictures.store, "measures", pictures.store.names("plans", ".json")).to_pylist()
    wanted = [row["bytes_per_pixel"] > 0.06 and row["contrast"] > 3 for row in measures]
    assert 0 < sum(wanted) < COUNT
    assert [row["caption_status"] for row in rows] == ["ok" if each else "not asked" for each in wanted]
    assert asked(captioner) == 2 * sum(wanted)
    with pytest.raises(BadRecipe, match="No stage before has written beauty"):
        pictures.captions("http://127.0.0.1:9/v1", only="beauty > 1", needs=("measures",))


def test_a_stage_can_be_sent_to_workers(pictures: Set) -> None:
    stage = pictures.recipe("http://127.0.0.1:9/v1").stages[1]
    assert pickle.loads(pickle.dumps(stage)) == stage


def test_no_server_ends_the_run_and_the_next_goes_on(pictures: Set) -> None:
    captioner = planted(pictures.scenes)
    with serving(captioner) as url:
        pass
    with pytest.raises(CaptionerUnavailable, match="cannot be reached"):
        pictures.captions(url, writer=settings_for(url, num_retries=0))
    with serving(captioner) as url:
        assert {row["caption_status"] for row in pictures.captions(url)} == {"ok"}


def test_a_full_disk_ends_the_run_with_a_sentence(pictures: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    captioner, add = planted(pictures.scenes), Ledger.add

    def until_full(self: Ledger, record: Any) -> None:
        if asked(captioner) > 12:
            raise OSError(28, "No space left on device")
        add(self, record)

    with serving(captioner) as url:
        monkeypatch.setattr(Ledger, "add", until_full)
        with pytest.raises(DiskFull, match="what is written there is kept"):
            pictures.captions(url)
        monkeypatch.undo()
        assert {row["caption_status"] for row in pictures.captions(url)} == {"ok"}


PROGRAM = """
import sys
from pathlib import Path
from training.data.curation.captions.stage import CaptionStage
from training.data.curation.captions.chat_vlm import ServerSettings
from training.data.curation.run import Alone, run_stage
from training.data.curation.store import Store

folder, url = Path(sys.argv[1]), sys.argv[2]
stage = CaptionStage(writer=ServerSettings(model=sys.argv[3], url=url), replies=folder / "replies")
run_stage(Store(address=str(folder / "work")), stage, sys.argv[4:], Alone(), print)
"""


def start(pictures: Set, url: str) -> subprocess.Popen[bytes]:
    arguments = [str(pictures.folder), url, MODEL, *pictures.store.names("plans", ".json")]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, stderr=subprocess.PIPE)


def test_killed_runs_go_on_and_no_reply_is_asked_for_twice(pictures: Set) -> None:
    captioner, kills = planted(pictures.scenes, hallucinate=0.2), 2
    at_once = ServerSettings(model=MODEL).most_at_once
    collect(pictures.store, [find_source(pictures.raw)], CollectSettings(per_shard=10), lambda *_: None)
    with serving(captioner) as url:
        for _ in range(kills):
            process, goal = start(pictures, url), asked(captioner) + 9
            while process.poll() is None and asked(captioner) < goal:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            _, errors = process.communicate(timeout=120)
            assert process.returncode == -signal.SIGKILL, errors.decode()
        rows = pictures.captions(url)
        before = asked(captioner)
        pictures.store.remove("tables/captions/00000.parquet")
        assert pictures.captions(url) == rows
        assert asked(captioner) == before
    # What was on its way when a run was killed never came; all else was asked for once.
    assert 2 * COUNT <= before <= 2 * COUNT + kills * at_once
    keys = [
        (record["image"], record["prompt"], record["attempt"])
        for file in (pictures.folder / "replies").glob("*.jsonl")
        for record in Ledger(file)
    ]
    assert len(keys) == len(set(keys)) == 2 * COUNT
    fresh = Set(pictures.folder / "fresh", pictures.raw, pictures.scenes)
    with serving(planted(pictures.scenes, hallucinate=0.2)) as url:
        assert fresh.captions(url) == rows


def test_the_command_captions_what_the_recipe_keeps(
    pictures: Set, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    work = pictures.folder / "work"
    command = ["curate", str(pictures.raw), "--work", str(work), "--captions-model", "rule-captioner"]
    assert main(command) == 2
    assert "environment variable OPENAI_API_KEY" in capsys.readouterr().err
    with serving(planted(pictures.scenes)) as url:
        assert main([*command, "--captions-url", url]) == 0
    assert f"{COUNT} kept" in capsys.readouterr().out
    table = pq.read_table(io.BytesIO((work / "tables/captions/00000.parquet").read_bytes()))
    assert set(table["caption_status"].to_pylist()) == {"ok"}
    assert (work / "replies/00000.jsonl").is_file()
    elsewhere = ["--check-model", "m", "--check-url", "http://example.com/v1"]
    monkeypatch.setenv("OPENAI_API_KEY", "ours")
    assert main([*command, *elsewhere, "--captions-url", "http://127.0.0.1:9/v1"]) == 2
    assert "environment variable CHECK_API_KEY" in capsys.readouterr().err
    assert main([*command, "--check-url", "http://example.com/v1"]) == 2
    assert "--check-url needs --check-model" in capsys.readouterr().err
    assert main(["curate", str(pictures.raw), "--work", "memory://set", "--captions-model", "m"]) == 2
    assert "--replies" in capsys.readouterr().err

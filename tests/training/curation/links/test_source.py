"""From a table of links to a set: every row has a picture or a reason, and a broken run goes on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.training.curation.links.server import HOST, RudeServer, reply, rude_server
from tests.training.curation.raw import a_picture, as_file
from training.data.curation.collect import CollectSettings, collect
from training.data.curation.decode import Reason
from training.data.curation.links.fetch import FetchSettings
from training.data.curation.links.source import LinkSource
from training.data.curation.pipeline import curate
from training.data.curation.recipes import plain
from training.data.curation.shards import read_shard
from training.data.curation.sources import find_source
from training.data.curation.store import Store
from training.data.curation.tables import read_stage, read_table
from training.errors import BadRecipe, DiskFull

Rows = Sequence[dict[str, object]]


@pytest.fixture
def server() -> Iterator[RudeServer]:
    with rude_server() as found:
        yield found


def source_of(table: Path, server: RudeServer) -> LinkSource:
    return LinkSource(
        table=table,
        settings=FetchSettings(
            read_seconds=0.5,
            total_seconds=1,
            num_retries=1,
            backoff_seconds=0.05,
            host_pause_seconds=0,
            per_host=8,
            heeds_rules=False,
            ports=(80, server.port),
            open_networks=(HOST,),
        ),
    )


def parquet(rows: Rows, file: Path) -> None:
    pq.write_table(pa.Table.from_pylist([*rows]), file)


def jsonl(rows: Rows, file: Path) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def separated(rows: Rows, file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        names = [*dict.fromkeys(name for row in rows for name in row)]
        writer = csv.DictWriter(stream, names, delimiter="\t" if file.suffix == ".tsv" else ",")
        writer.writeheader()
        writer.writerows(rows)


WRITERS: dict[str, Callable[[Rows, Path], None]] = {
    "a.parquet": parquet,
    "a.jsonl": jsonl,
    "a.csv": separated,
    "a.tsv": separated,
}


@pytest.mark.parametrize("name", [*WRITERS])
def test_all_kinds_of_table_say_the_same(server: RudeServer, tmp_path: Path, name: str) -> None:
    server.answers = {f"/{number}.png": reply(as_file(a_picture(number))) for number in range(2)}
    rows = [
        {
            "URL": server.url("/0.png"),
            "TEXT": "a car,\n red",
            "LICENSE": "CC0-1.0",
            "page_url": "https://a.org",
        },
        {"URL": server.url("/1.png"), "TEXT": "一只猫", "LICENSE": "", "page_url": ""},
        {"URL": "", "TEXT": "nothing", "LICENSE": "", "page_url": ""},
    ]
    WRITERS[name](rows, tmp_path / name)
    store = Store(address=str(tmp_path / "work"))
    shards = collect(store, [source_of(tmp_path / name, server)], CollectSettings(), lambda *_: None)
    found = read_stage(store, "collect", shards).to_pylist()
    assert [row["status"] for row in found] == ["ok", "ok", "not a link to the web"]
    assert [row["source"] for row in found][:2] == [f"{name}/{row['URL']}" for row in rows[:2]]
    assert [row["caption"] for row in found] == ["a car, red", "一只猫", ""]
    assert [(row["licence"], row["origin"]) for row in found] == [
        ("CC0-1.0", "https://a.org"),
        ("", ""),
        ("", ""),
    ]
    car, _ = read_shard(store, shards[0])
    assert (car.caption, car.licence, car.origin) == ("a car, red", "CC0-1.0", "https://a.org")


def test_every_row_has_a_picture_or_a_reason(server: RudeServer, tmp_path: Path) -> None:
    photo = Image.Exif()
    photo[0x010F], photo[0x8825] = "Maker", {2: (52.0, 30.0, 0.0)}
    located = as_file(a_picture(2), "JPEG", exif=photo, quality=95)
    good = as_file(a_picture(1))
    answers: dict[str, tuple[object, str]] = {
        "/good": (reply(good), "ok"),
        "/located": (reply(located), "ok"),
        "/page": (reply(b"<html>sorry</html>"), "a page and no picture"),
        "/svg": (reply(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "not a picture"),
        "/empty": (reply(b""), "empty file"),
        "/half": (reply(good[: len(good) // 2]), "damaged"),
        "/cut": (reply(good[:50], length=len(good)), "cut short"),
        "/hang": (server.hang, "timed out"),
        "/inner": (reply(b"", "Location: http://169.254.169.254/", status="302 Found"), "private address"),
        "/gone": (reply(b"", status="404 Not Found"), "gone"),
        "/no": (reply(good, "X-Robots-Tag: noai"), "forbidden by the site"),
        "/busy": ([reply(b"", status="429 Too Many Requests"), reply(good)], "ok"),
    }
    server.answers = {path: answer for path, (answer, _) in answers.items()}  # type: ignore[misc]
    rows = [{"url": server.url(path)} for path in answers]
    rows += [{"url": server.url("/good")}, {"url": "ftp://example.org/a.png"}]
    jsonl(rows, tmp_path / "links.jsonl")
    with (tmp_path / "links.jsonl").open("a") as file:
        file.write('not json\n[1, 2]\n{"url": "http://\\ud800/", "text": "\\udfff"}\n' + "[" * 100_000 + "\n")
    store = Store(address=str(tmp_path / "work"))
    source = source_of(tmp_path / "links.jsonl", server)
    shards = collect(store, [source], CollectSettings(per_shard=5), lambda *_: None)
    found = [row["status"] for row in read_stage(store, "collect", shards).to_pylist()]
    wanted = [status for _, status in answers.values()]
    assert found == [*wanted, "duplicate key", *["not a link to the web"] * 5]
    kept = {sample.source.rpartition("/")[2]: sample for each in shards for sample in read_shard(store, each)}
    assert not Image.open(io.BytesIO(kept["located"].content)).getexif()
    assert b"Maker" not in kept["located"].content


def test_bytes_that_were_not_promised_are_not_taken(server: RudeServer, tmp_path: Path) -> None:
    """What stood behind a link when the table was made may be something else today."""
    good = as_file(a_picture(1))
    server.answers = {"/same": reply(good), "/other": reply(as_file(a_picture(2)))}
    digest = sha256(good).hexdigest()
    rows = [{"url": server.url(path), "sha256": digest} for path in ("/same", "/other")]
    rows.append({"url": server.url("/same?again"), "sha256": "not a hash"})
    server.answers["/same?again"] = reply(good)
    parquet(rows, tmp_path / "a.parquet")
    source = source_of(tmp_path / "a.parquet", server)
    assert [*source.read([*source.items()])] == [good, Reason.OTHER_CONTENT, good]


def test_what_is_fetched_is_not_fetched_again(server: RudeServer, tmp_path: Path) -> None:
    server.answers = {f"/{number}.png": reply(as_file(a_picture(number))) for number in range(9)}
    rows = [{"url": server.url(f"/{number}.png")} for number in range(8)]
    jsonl(rows, tmp_path / "a.jsonl")
    store, settings = Store(address=str(tmp_path / "work")), CollectSettings(per_shard=3)
    source = source_of(tmp_path / "a.jsonl", server)

    def full_after_one(shard: str, num_seen: int) -> None:
        raise DiskFull("full")

    with pytest.raises(DiskFull):
        collect(store, [source], settings, full_after_one)
    assert sum(server.asked.values()) == 3
    jsonl([*rows, {"url": server.url("/8.png")}], tmp_path / "a.jsonl")
    shards = collect(store, [source], settings, lambda *_: None)
    assert len(read_stage(store, "collect", shards)) == 9
    assert set(server.asked.values()) == {1}
    collect(store, [source], settings, lambda *_: None)
    assert set(server.asked.values()) == {1}


def test_links_go_from_table_to_manifest(
    server: RudeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the way a command takes, but for where links may lead."""
    server.answers = {f"/{number}.png": reply(as_file(a_picture(number))) for number in range(3)}
    separated([{"url": server.url(f"/{number}.png")} for number in range(3)], tmp_path / "a.csv")
    monkeypatch.setattr(
        "training.data.curation.pipeline.find_source", lambda path, _: source_of(path, server)
    )
    store = Store(address=str(tmp_path / "work"))
    assert curate(replace(plain(), select="width > 8"), store, [tmp_path / "a.csv"], print).num_kept == 3
    assert read_table(store, "measures", "00000").num_rows == 3


def test_a_table_that_is_none_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(BadRecipe, match="cannot be read as a table of links"):
        [*LinkSource(table=tmp_path / "a.parquet").items()]
    parquet([{"picture": "x", "words": "y"}], tmp_path / "b.parquet")
    with pytest.raises(BadRecipe, match=r"no column of links: name one url \(its columns: picture, words\)"):
        [*LinkSource(table=tmp_path / "b.parquet").items()]
    (tmp_path / "c.csv").write_text("")
    with pytest.raises(BadRecipe, match=r"no column of links: name one url \(its columns: none\)"):
        [*LinkSource(table=tmp_path / "c.csv").items()]
    (tmp_path / "d.csv").write_text('url\n"' + "x" * 200_000)
    with pytest.raises(BadRecipe, match="cannot be read as a table of links"):
        [*LinkSource(table=tmp_path / "d.csv").items()]
    with pytest.raises(BadRecipe, match=r"no folder and no table of links"):
        find_source(tmp_path / "e.parquet")
    assert isinstance(find_source(tmp_path / "c.csv"), LinkSource)

"""Tars from strangers: read where they lie, nothing unpacked, every member a row with a reason."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.curation.raw import a_picture, as_file
from training.data.curation.collect import CollectSettings, collect
from training.data.curation.decode import Reason
from training.data.curation.shards import read_shard
from training.data.curation.sources import TarSource, members_of
from training.data.curation.store import Store
from training.data.curation.tables import read_stage

SPECIAL = {
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
}


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def a_tar(file: Path, fill: Callable[[tarfile.TarFile], None]) -> Path:
    file.parent.mkdir(exist_ok=True)
    with tarfile.open(file, "w") as tar:
        fill(tar)
    return file


def statuses(tmp_path: Path) -> dict[str, str]:
    """By the name in the tar: what became of it. Nothing but the set's own folder is written."""
    store, before = Store(address=str(tmp_path / "work")), {*tmp_path.iterdir()}
    shards = collect(store, [TarSource(folder=tmp_path / "tars")], CollectSettings(), lambda *_: None)
    assert {*tmp_path.iterdir()} - before <= {tmp_path / "work"}
    if not shards:
        return {}
    rows = read_stage(store, "collect", shards).to_pylist()
    kept = [sample.key for shard in shards for sample in read_shard(store, shard)]
    assert kept == [row["key"] for row in rows if row["status"] == "ok"]
    return {row["source"].removeprefix("tars/"): row["status"] for row in rows}


@pytest.mark.parametrize(
    "name",
    [
        "../up.png",
        "a/../../up.png",
        "/abs.png",
        "..\\up.png",
        "\\abs.png",
        "a\\..\\..\\up.png",
        "./../up.png",
    ],
)
def test_names_that_would_leave_a_folder_are_told(tmp_path: Path, name: str) -> None:
    a_tar(tmp_path / "tars" / "a.tar", lambda tar: add(tar, name, as_file(a_picture(1))))
    assert statuses(tmp_path) == {f"a.tar/{name}": "unsafe name"}


@pytest.mark.parametrize("kind", [*SPECIAL])
def test_what_is_no_file_is_told_and_not_followed(tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(as_file(a_picture(3)))

    def fill(tar: tarfile.TarFile) -> None:
        add(tar, "000.png", as_file(a_picture(1)))
        info = tarfile.TarInfo("001.png")
        info.type, info.linkname = SPECIAL[kind], str(secret)
        tar.addfile(info)

    a_tar(tmp_path / "tars" / "a.tar", fill)
    found = statuses(tmp_path)
    assert found.pop("a.tar/000.png") == "ok"
    assert [*found.values()] == ["unsafe name"]


def test_a_key_that_comes_twice_is_taken_once(tmp_path: Path) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        for seed, name in enumerate(("000.png", "000.png", "000.jpg", "x/000.png", "000.0.png")):
            add(tar, name, as_file(a_picture(seed)))

    a_tar(tmp_path / "tars" / "a.tar", fill)
    found = statuses(tmp_path)
    assert found["a.tar/000.png"] == "ok"
    assert found["a.tar/x/000.png"] == "ok"
    assert sorted(found.values()) == ["duplicate key", "duplicate key", "ok", "ok"]


def test_the_same_key_in_two_tars_is_two_pictures(tmp_path: Path) -> None:
    for number in range(2):
        a_tar(
            tmp_path / "tars" / f"{number}.tar",
            lambda tar, number=number: add(tar, "000.png", as_file(a_picture(number))),
        )
    assert statuses(tmp_path) == {"0.tar/000.png": "ok", "1.tar/000.png": "ok"}


def test_empty_shards_and_shards_without_pictures_give_nothing(tmp_path: Path) -> None:
    a_tar(tmp_path / "tars" / "empty.tar", lambda tar: None)
    a_tar(tmp_path / "tars" / "words.tar", lambda tar: add(tar, "000.txt", b"a car"))
    assert statuses(tmp_path) == {}


def test_a_shard_whose_pictures_are_all_bad_is_an_empty_shard(tmp_path: Path) -> None:
    a_tar(tmp_path / "tars" / "a.tar", lambda tar: add(tar, "000.png", b"nothing"))
    assert statuses(tmp_path) == {"a.tar/000.png": "not a picture"}


def test_a_packed_tar_is_told(tmp_path: Path) -> None:
    """Its members lie at no fixed place, and what it unpacks to has no bound."""
    file = a_tar(tmp_path / "tars" / "a.tar", lambda tar: add(tar, "000.png", as_file(a_picture(1))))
    file.write_bytes(gzip.compress(file.read_bytes()))
    assert statuses(tmp_path) == {"a.tar/": "damaged"}


def test_a_tar_that_ends_early_gives_what_is_whole(tmp_path: Path) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        for number in range(3):
            add(tar, f"{number:03}.png", as_file(a_picture(number, (200, 200))))

    file = a_tar(tmp_path / "tars" / "a.tar", fill)
    with tarfile.open(file) as tar:
        last = tar.getmembers()[-1]
    file.write_bytes(file.read_bytes()[: last.offset_data + last.size // 2])
    found = statuses(tmp_path)
    assert [found[f"a.tar/{number:03}.png"] for number in range(3)] == ["ok", "ok", "damaged"]


def test_a_member_that_promises_more_than_there_is_costs_nothing(tmp_path: Path) -> None:
    file = a_tar(tmp_path / "tars" / "a.tar", lambda tar: add(tar, "000.png", as_file(a_picture(1))))
    content = bytearray(file.read_bytes())
    info = tarfile.TarInfo("000.png")
    info.size = 7 * 1024**3
    content[:512] = info.tobuf(tarfile.USTAR_FORMAT)
    file.write_bytes(content)
    assert statuses(tmp_path)["a.tar/000.png"] == str(Reason.TOO_LARGE)


def test_facts_that_are_none_are_left_out(tmp_path: Path) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        for number, facts in enumerate(
            (b"{", b"[1]", b"\xff\xfe", b'{"caption": 3, "tags": "x"}', b"[" * 99_999)
        ):
            add(tar, f"{number}.png", as_file(a_picture(number)))
            add(tar, f"{number}.json", facts)

    a_tar(tmp_path / "tars" / "a.tar", fill)
    assert [*statuses(tmp_path).values()] == ["ok"] * 5


def test_names_and_words_that_are_no_text_are_kept_as_far_as_they_are(tmp_path: Path) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        add(tar, "\udcff0.png", as_file(a_picture(1)))
        add(tar, "\udcff0.json", b'{"caption": "half \\ud800 a letter", "tags": ["\\udfff"]}')

    a_tar(tmp_path / "tars" / "a.tar", fill)
    assert statuses(tmp_path) == {"a.tar/\ufffd0.png": "ok"}
    (sample,) = read_shard(Store(address=str(tmp_path / "work")), "00000")
    assert (sample.caption, sample.tags) == ("half \ufffd a letter", ("\ufffd",))


def test_no_mutation_escapes(tmp_path: Path) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        for number in range(3):
            add(tar, f"{number:03}.png", as_file(a_picture(number, (16, 16))))
            add(tar, f"{number:03}.json", b'{"caption": "a car"}')

    for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        file = tmp_path / "a.tar"
        with tarfile.open(file, "w", format=format) as tar:
            if format != tarfile.USTAR_FORMAT:
                add(tar, "é" * 120 + ".png", b"long name")
            fill(tar)
        whole, rng = file.read_bytes(), random.Random(format)
        for _ in range(300):
            damaged = bytearray(whole)
            for _ in range(rng.randrange(1, 8)):
                block = rng.randrange(len(damaged) // 512) * 512
                damaged[block + rng.randrange(512)] = rng.randrange(256)
            file.write_bytes(damaged[: rng.randrange(1, len(damaged) + 1)])
            [*members_of(file, "")]

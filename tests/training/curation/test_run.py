"""From folder to manifest: what is done stays done, what changed is done again, every drop has a reason."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.training.curation.raw import a_picture, as_file, bad_files, good_folder
from training.data.curation.collect import CollectSettings
from training.data.curation.measures import MeasureStage
from training.data.curation.pipeline import curate
from training.data.curation.recipes import CurationRecipe, plain
from training.data.curation.shards import read_shard
from training.data.curation.store import Store
from training.data.curation.tables import read_table
from training.errors import BadRecipe, CorruptShards, DiskFull

SMALL = replace(
    plain(),
    collect=CollectSettings(per_shard=4),
    stages=(MeasureStage(),),
    select="bytes_per_pixel > 0.02 and contrast > 2",
)


class Run:
    """A work folder and what was said."""

    def __init__(self, folder: Path) -> None:
        self.store, self.said = Store(address=str(folder)), list[str]()

    def curate(self, *sources: Path, recipe: CurationRecipe = SMALL, expression: str | None = None) -> int:
        self.said.clear()
        return curate(recipe, self.store, [*sources], self.said.append, expression=expression).num_kept

    def rows(self, name: str = "manifest.parquet") -> list[dict[str, object]]:
        return pq.read_table(io.BytesIO(self.store.read(name))).to_pylist()

    def files(self) -> dict[str, bytes]:
        folder = Path(self.store.address)
        return {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "work")


def test_every_file_has_a_row_with_its_reason(run: Run, tmp_path: Path) -> None:
    folder, files = tmp_path / "raw", bad_files()
    folder.mkdir()
    for name, (content, _) in files.items():
        (folder / name).write_bytes(content)
    run.curate(folder, expression="colors > 0")
    reasons = {str(row["source"]): row["reason"] for row in run.rows()}
    assert reasons == {f"raw/{name}": "" if status == "ok" else status for name, (_, status) in files.items()}


def test_what_is_done_is_not_done_again(run: Run, tmp_path: Path) -> None:
    raw = good_folder(tmp_path / "raw", 10)
    assert run.curate(raw) == 10
    before = run.files()
    assert run.curate(raw) == 10
    assert run.said == ["measures: done before"]
    assert run.files() == before


def test_new_files_make_new_shards_and_old_ones_stay(run: Run, tmp_path: Path) -> None:
    raw = good_folder(tmp_path / "raw", 6)
    run.curate(raw)
    before = run.files()
    (raw / "0000a.png").write_bytes(as_file(a_picture(99)))
    assert run.curate(raw) == 7
    after = run.files()
    assert {name for name in after if name.startswith("shards/") and name.endswith(".tar")} == {
        "shards/00000.tar",
        "shards/00001.tar",
        "shards/00002.tar",
    }
    assert all(after[name] == before[name] for name in before if name.startswith(("shards/", "tables/")))


def test_another_setting_does_its_stage_again_and_no_other(run: Run, tmp_path: Path) -> None:
    raw = good_folder(tmp_path / "raw", 4)
    run.curate(raw)
    before = run.files()
    run.curate(raw, recipe=replace(SMALL, stages=(MeasureStage(jpeg_quality=50),)))
    after = run.files()
    changed = {name for name in before if before[name] != after[name]}
    assert {name.split("/")[0] for name in changed} == {"tables", "manifest.json", "report.html"}
    assert not any("collect" in name for name in changed)


def test_the_same_pictures_give_the_same_bytes(run: Run, tmp_path: Path) -> None:
    raw = good_folder(tmp_path / "raw", 5)
    run.curate(raw)
    other = Run(tmp_path / "again")
    other.curate(raw)
    one, two = (
        {
            name: content
            for name, content in each.files().items()
            if not name.endswith((".done.json", ".html"))
        }
        for each in (run, other)
    )
    assert one == two


def test_a_lost_or_damaged_result_is_made_again(run: Run, tmp_path: Path) -> None:
    raw = good_folder(tmp_path / "raw", 4)
    run.curate(raw)
    table = Path(run.store.address) / "tables/measures/00000.parquet"
    whole = table.read_bytes()
    table.unlink()
    run.curate(raw)
    assert table.read_bytes() == whole
    table.write_bytes(whole[:-20])
    with pytest.raises(CorruptShards, match="Delete it and run measures again"):
        read_table(run.store, "measures", "00000")


def test_a_threshold_costs_no_second_run(run: Run, tmp_path: Path) -> None:
    raw = good_folder(tmp_path / "raw", 8)
    (raw / "blank.png").write_bytes(as_file(a_picture(0).point(lambda _: 200)))
    assert run.curate(raw) == 8
    assert run.curate(raw, expression="contrast >= 0") == 9
    assert run.said == ["measures: done before"]
    assert run.curate(raw, expression="contrast > 2 and not colors < 3 and aspect == 64 / 48") == 8
    (blank,) = [row for row in run.rows() if row["reason"]]
    assert (blank["source"], blank["reason"]) == ("raw/blank.png", "not (contrast > 2)")


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("beauty > 3", "No stage has written beauty"),
        ("contrast >", "is no expression"),
        ("__import__('os').system('true')", "has no place in an expression"),
        ("contrast.max() > 1", "has no place in an expression"),
        ("[c for c in 'ab']", "has no place in an expression"),
        ("caption > 3", "cannot be worked out"),
    ],
)
def test_an_expression_that_cannot_be_gets_a_sentence(
    run: Run, tmp_path: Path, expression: str, sentence: str
) -> None:
    with pytest.raises(BadRecipe, match=sentence.replace("(", "\\(")):
        run.curate(good_folder(tmp_path / "raw", 2), expression=expression)


def test_tars_are_read_where_they_lie_and_nothing_is_unpacked(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "tars"
    folder.mkdir()
    members = {
        "000.png": as_file(a_picture(0)),
        "000.json": b'{"caption": "a car", "tags": ["car"], "license": "CC0-1.0"}',
        "001.jpg": as_file(a_picture(1), "JPEG"),
        "001.txt": b"a dog",
        "../../escaped.png": as_file(a_picture(2)),
        "001.png": as_file(a_picture(3)),
    }
    with tarfile.open(folder / "a.tar", "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("002.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    (folder / "b.tar").write_bytes(b"not a tar at all")
    (folder / "c.tar").write_bytes(b"")
    assert run.curate(folder) == 2
    statuses = sorted(str(row["reason"]) for row in run.rows())
    assert statuses == ["", "", "damaged", "damaged", "duplicate key", "unsafe name", "unsafe name"]
    car, dog = read_shard(run.store, "00000")
    assert (car.caption, car.tags, car.licence, dog.caption) == ("a car", ("car",), "CC0-1.0", "a dog")
    assert {path.name for path in tmp_path.iterdir()} == {"tars", "work"}


def test_a_link_out_of_the_folder_is_not_followed(run: Run, tmp_path: Path) -> None:
    raw = good_folder(tmp_path / "raw", 1)
    (tmp_path / "private.png").write_bytes(as_file(a_picture(5)))
    (raw / "link.png").symlink_to(tmp_path / "private.png")
    assert run.curate(raw) == 1
    assert [row["reason"] for row in run.rows()] == ["", "unsafe name"]


def test_a_name_that_is_no_text_is_a_row_with_a_reason(run: Run, tmp_path: Path) -> None:
    raw = good_folder(tmp_path / "raw", 1)
    (raw / "z\udcff.png").write_bytes(as_file(a_picture(5)))
    (raw / "0000.json").write_text("[" * 100_000)
    assert run.curate(raw) == 1
    assert [row["reason"] for row in run.rows()] == ["", "not fetched"]


def test_a_full_disk_ends_with_a_sentence_and_the_next_run_goes_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = good_folder(tmp_path / "raw", 10)
    write, left = Store._write_aside, [5]

    def until_full(file: Path, content: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        write(file, content)

    monkeypatch.setattr(Store, "_write_aside", staticmethod(until_full))
    with pytest.raises(DiskFull, match="Make room and run the same command again"):
        run.curate(raw)
    monkeypatch.undo()
    assert run.curate(raw) == 10


def test_a_source_that_is_none_gets_a_sentence(run: Run, tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="is no folder"):
        run.curate(tmp_path / "nowhere")
    (tmp_path / "void").mkdir()
    with pytest.raises(BadRecipe, match="no pictures and no tars"):
        run.curate(tmp_path / "void")
    with pytest.raises(BadRecipe, match="Two sources are named raw"):
        run.curate(good_folder(tmp_path / "raw", 1), good_folder(tmp_path / "x" / "raw", 1))

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from tests.training.benchmarks.doubles import ScriptedPainter, unheard
from tests.training.benchmarks.test_summary import summary
from training.benchmarks.benchmark import Order, Verdict
from training.benchmarks.gallery import Gallery
from training.benchmarks.page import MOST_RIGHT, MOST_WRONG, write_page

EVIL = '<script>alert("x")</script>'


class Tags(HTMLParser):
    """Every element's name with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    Image.new("RGB", (500, 300), "red").save(tmp_path / "source.png")
    return tmp_path / "source.png"


def page(tmp_path: Path, orders: list[Order], verdicts: list[Verdict], note: str = "") -> tuple[Path, str]:
    gallery = Gallery(tmp_path / "run")
    gallery.draw(orders, ScriptedPainter(size=(500, 300), note=note), unheard)
    yardstick = ("HiDream-I1 (published)", {"overall": 0.83})
    file = write_page(tmp_path / "page", summary(), [summary(EVIL)], yardstick, gallery, orders, verdicts)
    return file, file.read_text("utf-8")


def order(name: str, source: Path | None = None) -> Order:
    return Order(file=f"{name}.png", subject=name, group=EVIL, words=EVIL, seeds=(1,), source=source)


def verdict(name: str, **more: object) -> Verdict:
    return Verdict(file=f"{name}.png", subject=name, group=EVIL, words=EVIL, **more)  # type: ignore[arg-type]


def test_what_people_and_judges_wrote_stays_text(tmp_path: Path, source: Path) -> None:
    orders = [order("a", source)]
    _, text = page(tmp_path, orders, [verdict("a", reason=EVIL, raw=EVIL)], note=EVIL)
    tags = Tags(text).found
    assert not [tag for tag, _ in tags if tag == "script"]
    assert text.count("&lt;script&gt;") >= 5


def test_the_page_is_whole_without_a_network(tmp_path: Path, source: Path) -> None:
    orders = [order("a", source), order("b")]
    file, text = page(tmp_path, orders, [verdict("a"), verdict("b", is_good=True)])
    pictures = [attributes["src"] for tag, attributes in Tags(text).found if tag == "img"]
    assert len(pictures) == 3
    for name in pictures:
        assert name is not None
        with Image.open(file.parent / name) as small:
            assert max(small.size) <= 384
    assert "://" not in text


def test_failures_come_first_then_wrong_ones_then_right_ones(tmp_path: Path) -> None:
    names = [f"{index:03}" for index in range(60)]
    verdicts = [
        verdict(name, is_good=index % 2 == 0, failure="It hummed." if index == 59 else "")
        for index, name in enumerate(names)
    ]
    _, text = page(tmp_path, [order(name) for name in names], verdicts)
    kinds = [a["class"] for tag, a in Tags(text).found if tag == "figure"]
    assert kinds == ["failed"] + ["wrong"] * MOST_WRONG + ["good"] * MOST_RIGHT
    assert "30 good, 29 not, 1 without a verdict" in text
    assert f"{60 - 1 - MOST_WRONG - MOST_RIGHT} more are in images" in text
    assert "got no verdict and count nowhere" in text
    assert "It hummed." in text


def test_figures_stand_beside_other_runs_and_the_published_ones(tmp_path: Path) -> None:
    _, text = page(tmp_path, [order("a")], [verdict("a")])
    row = re.search(r"<tr><th>overall</th>(.*?)</tr>", text, re.DOTALL)
    assert row is not None
    assert row[1].count("0.50 <small>[0.50, 0.50]</small>") == 2
    assert "<td>0.83</td>" in row[1]
    assert "HiDream-I1 (published)" in text


def test_a_new_picture_gets_a_new_small_one(tmp_path: Path) -> None:
    file, _ = page(tmp_path, [order("a")], [verdict("a")])
    before = (file.parent / "small" / "a.jpg").read_bytes()
    picture = tmp_path / "run" / "images" / "a.png"
    Image.new("RGB", (40, 40), "white").save(picture)
    os.utime(picture, (2e9, 2e9))
    page(tmp_path, [order("a")], [verdict("a")])
    assert (file.parent / "small" / "a.jpg").read_bytes() != before

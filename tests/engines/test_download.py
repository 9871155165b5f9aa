"""Fetching from a hub made of a local server: checked, resumed, refused with the remedy."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import huggingface_hub.constants
import pytest

from engines.__main__ import main
from engines.download import LLAMA, default_folder, download
from engines.errors import EngineError, ModelNotFound, WeightsDamaged
from engines.load_engine import load_engine
from engines.shelves import git_hash

I1, E1 = "HiDream-ai/HiDream-I1-Full", "HiDream-ai/HiDream-E1-1"
COMMIT = "c" * 40
LARGE_BYTES = 2_000
"""From here on the hub keeps a file in its large-file store, known by SHA-256."""


@dataclass
class Hub:
    """Repositories by name, each a folder; knobs for what goes wrong; what was asked."""

    repos: dict[str, Path]
    gated: set[str] = field(default_factory=set)
    corrupt: set[str] = field(default_factory=set)
    cut_once: set[str] = field(default_factory=set)
    sent: list[str] = field(default_factory=list)
    address: str = ""


class Range(NamedTuple):
    start: int
    end: int


class Handler(BaseHTTPRequestHandler):
    """The three requests that the hub's client makes."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.answer(is_head=True)

    def do_GET(self) -> None:
        self.answer(is_head=False)

    def answer(self, is_head: bool) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/"):
            return self.describe("/".join(path.split("/")[3:5]))
        owner, name, _, _, *file = path.strip("/").split("/")
        self.send_file(f"{owner}/{name}", "/".join(file), is_head)
        return None

    def refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def describe(self, repo: str) -> None:
        if repo in self.hub.gated:
            return self.refuse(403, "GatedRepo")
        if repo not in self.hub.repos:
            return self.refuse(401, "RepoNotFound")
        root = self.hub.repos[repo]
        files = [file for file in sorted(root.rglob("*")) if file.is_file()]
        siblings = [self.sibling(root, file) for file in files]
        body = json.dumps({"id": repo, "sha": COMMIT, "siblings": siblings}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def sibling(self, root: Path, file: Path) -> dict[str, object]:
        size = file.stat().st_size
        entry: dict[str, object] = {
            "rfilename": file.relative_to(root).as_posix(),
            "size": size,
            "blobId": git_hash(file),
        }
        if size >= LARGE_BYTES:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            entry["lfs"] = {"size": size, "sha256": digest, "pointerSize": 1}
        return entry

    def send_file(self, repo: str, name: str, is_head: bool) -> None:
        content = (self.hub.repos[repo] / name).read_bytes()
        if name in self.hub.corrupt:
            content = bytes([content[0] ^ 1]) + content[1:]
        asked = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        start = int(asked[0] or 0)
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(name.encode()).hexdigest()}"')
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if is_head:
            return
        self.hub.sent.append(f"{name} from {start}")
        if name in self.hub.cut_once:
            self.hub.cut_once.remove(name)
            self.wfile.write(content[start : len(content) // 2])
            self.close_connection = True
            return
        self.wfile.write(content[start:])


@pytest.fixture
def hub(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The tiny model as HiDream and Llama publish theirs: apart, with things nobody should fetch."""
    tree, llama, e1 = (tmp_path / "hub" / name for name in ("tree", "llama", "e1"))
    shutil.copytree(tiny_folder, tree, ignore=shutil.ignore_patterns("*_4", "manifest.json", "*_edit"))
    (tree / "transformer" / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    (tree / "assets").mkdir()
    (tree / "assets" / "demo.json").write_text("{}")
    llama.mkdir()
    for part in ("text_encoder_4", "tokenizer_4"):
        shutil.copytree(tiny_folder / part, llama, dirs_exist_ok=True)
    (llama / "original").mkdir()
    (llama / "original" / "consolidated.00.pth").write_bytes(b"pickle")
    shutil.copytree(tiny_folder / "transformer", e1 / "transformer")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "")
    hub = Hub(repos={I1: tree, LLAMA: llama, E1: e1})
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield hub
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(hub: Hub, to: Path, preset: str = "full", llama: str | None = None) -> list[str]:
    lines: list[str] = []
    download(preset, to, hub.address, llama, lines.append)
    return lines


def test_everything_arrives_where_the_engine_looks_and_nothing_else(hub: Hub, tmp_path: Path) -> None:
    to = tmp_path / "full"
    lines = fetch(hub, to)
    assert load_engine("full", to).info.preset == "full"
    names = {file.relative_to(to).as_posix() for file in to.rglob("*") if file.is_file()}
    assert "text_encoder_4/model.safetensors" in names
    assert "tokenizer_4/tokenizer.json" in names
    assert not [
        name
        for name in names
        if name.endswith((".bin", ".pth", ".md")) or "assets" in name or ".cache" in name
    ]
    assert lines[0] == f"{len(names)} files, 0 of them here already and unharmed."
    assert len(lines) == 1 + len(names)


def test_a_second_run_fetches_nothing_and_heals_what_is_harmed(hub: Hub, tmp_path: Path) -> None:
    to = tmp_path / "full"
    fetch(hub, to)
    hub.sent.clear()
    assert len(fetch(hub, to)) == 1
    assert hub.sent == []
    harmed = to / "transformer" / "diffusion_pytorch_model.safetensors"
    content = bytearray(harmed.read_bytes())
    content[-1] ^= 1
    harmed.write_bytes(content)
    lines = fetch(hub, to)
    assert lines[1].startswith("1 of 1: transformer/diffusion_pytorch_model.safetensors")
    content[-1] ^= 1
    assert harmed.read_bytes() == bytes(content)


def test_a_cut_transfer_goes_on_where_it_stopped(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 1024)
    name = "text_encoder_3/model.safetensors"
    hub.cut_once.add(name)
    to = tmp_path / "full"
    fetch(hub, to)
    starts = [int(each.rpartition(" ")[2]) for each in hub.sent if each.startswith(name)]
    half = (hub.repos[I1] / name).stat().st_size // 2
    assert starts == [0, half // 1024 * 1024]
    assert (to / name).read_bytes() == (hub.repos[I1] / name).read_bytes()


def test_what_arrives_changed_is_refused_and_removed(hub: Hub, tmp_path: Path) -> None:
    hub.corrupt.add("vae/diffusion_pytorch_model.safetensors")
    to = tmp_path / "full"
    with pytest.raises(WeightsDamaged, match=r"vae/diffusion_pytorch_model.safetensors did not arrive"):
        fetch(hub, to)
    assert not (to / "vae" / "diffusion_pytorch_model.safetensors").exists()
    hub.corrupt = {"scheduler/scheduler_config.json"}
    with pytest.raises(WeightsDamaged, match=r"scheduler_config.json did not arrive"):
        fetch(hub, tmp_path / "other")


def test_a_gate_is_explained(hub: Hub, tmp_path: Path) -> None:
    hub.gated.add(LLAMA)
    with pytest.raises(ModelNotFound, match=r"accept its licence: open .*Llama-3\.1-8B-Instruct, .*--llama"):
        fetch(hub, tmp_path / "full")
    assert hub.sent == []
    hub.repos["someone/llama-copy"] = hub.repos[LLAMA]
    fetch(hub, tmp_path / "full", llama="someone/llama-copy")
    fetch(hub, tmp_path / "again", llama=str(hub.repos[LLAMA]))
    assert load_engine("full", tmp_path / "again").info.preset == "full"


def test_an_unknown_repository_is_named(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"There is no someone/else at http"):
        fetch(hub, tmp_path / "full", llama="someone/else")


def test_a_full_disk_is_known_before_anything_is_fetched(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr("engines.download.shutil.disk_usage", lambda path: usage)
    with pytest.raises(EngineError, match=r"0\.\d\d GB more are needed at .*, and 0\.00 GB are free there"):
        fetch(hub, tmp_path / "full")
    assert hub.sent == []


def test_the_later_editor_takes_its_transformer_from_its_own_repository(hub: Hub, tmp_path: Path) -> None:
    config = hub.repos[E1] / "transformer" / "config.json"
    config.write_text(config.read_text().replace("}", "}\n"))
    fetch(hub, tmp_path / "e1.1", preset="e1.1")
    assert (tmp_path / "e1.1" / "transformer" / "config.json").read_bytes() == config.read_bytes()
    assert load_engine("e1.1", tmp_path / "e1.1").info.can_edit


def test_the_first_editors_adapter_comes_alone(hub: Hub, tmp_path: Path) -> None:
    repo = "HiDream-ai/HiDream-E1-Full"
    hub.repos[repo] = tmp_path / "repo"
    (tmp_path / "repo").mkdir()
    with pytest.raises(ModelNotFound, match=r"holds none of HiDream-E1-Full\.safetensors"):
        fetch(hub, tmp_path / "e1", preset="e1-adapter")
    name = "HiDream-E1-Full.safetensors"
    shutil.copy(hub.repos[I1] / "vae" / "diffusion_pytorch_model.safetensors", hub.repos[repo] / name)
    shutil.copytree(hub.repos[I1] / "vae", hub.repos[repo] / "vae")
    fetch(hub, tmp_path / "e1", preset="e1-adapter")
    assert [each.name for each in (tmp_path / "e1").iterdir()] == [name]


def test_a_folder_is_a_source_too(tiny_folder: Path, tmp_path: Path) -> None:
    to = tmp_path / "copy"
    download("full", to, str(tiny_folder), None, lambda line: None)
    assert load_engine("full", to).info.preset == "full"
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelNotFound, match="There are no files"):
        download("full", to, str(tmp_path / "empty"), None, lambda line: None)


def test_an_unreachable_hub_is_one_sentence(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["download", "full", "--to", str(tmp_path / "full"), "--from", "http://127.0.0.1:9"]
    assert main(command) == 2
    assert "could not be fetched from http://127.0.0.1:9" in capsys.readouterr().err


def test_downloads_are_found_without_naming_them(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert main(["info", "--preset", "full"]) == 2
    assert "run `python -m engines download full`" in capsys.readouterr().err
    assert main(["download", "full", "--from", hub.address]) == 0
    assert str(default_folder("full")) in capsys.readouterr().out
    assert main(["info", "--preset", "full"]) == 0
    assert main(["download", "stickers-full"]) == 2
    assert "needs no download" in capsys.readouterr().err

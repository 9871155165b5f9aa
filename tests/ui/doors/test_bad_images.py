"""What cannot be is refused with a status, a field and a sentence, in OpenAI's shape."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from agent.exits import Exits
from engines.fake import FakeEngine, Fault
from tests.ui.doors.served import Doors, box_mask, png, served

SMALL = png(Image.radial_gradient("L").resize((64, 64)).convert("RGB"))
MASK = box_mask((64, 64), (8, 8, 40, 40))
DATA_URL = f"data:image/png;base64,{base64.b64encode(SMALL).decode()}"


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with served(tmp_path_factory.mktemp("doors")) as doors:
        yield doors


@pytest.fixture(scope="module")
def http(doors: Doors) -> httpx.Client:
    return doors.http()


def error_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"].strip().endswith((".", "..."))
    assert "Traceback" not in answer.text
    assert str(Path(__file__).parents[3]) not in error["message"]
    return error


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "   "}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": ["a car"]}, "prompt"),
        ({"prompt": "a" * 32_001}, "prompt"),
        ({"n": 0}, "n"),
        ({"n": 11}, "n"),
        ({"n": 10**9}, "n"),
        ({"n": "many"}, "n"),
        ({"n": True}, "n"),
        ({"n": 1.5}, "n"),
        ({"n": [1]}, "n"),
        ({"size": "huge"}, "size"),
        ({"size": "1024"}, "size"),
        ({"size": "0x0"}, "size"),
        ({"size": "99999x99999"}, "size"),
        ({"size": "4000x100"}, "size"),
        ({"size": "-64x64"}, "size"),
        ({"size": 1024}, "size"),
        ({"quality": "best"}, "quality"),
        ({"response_format": "bytes"}, "response_format"),
        ({"output_format": "svg"}, "output_format"),
        ({"output_format": "gif"}, "output_format"),
        ({"output_compression": 101}, "output_compression"),
        ({"background": "pink"}, "background"),
        ({"stream": "perhaps"}, "stream"),
        ({"stream": True, "response_format": "url"}, "response_format"),
        ({"partial_images": 4}, "partial_images"),
        ({"seed": -2}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"seed": "x"}, "seed"),
        ({"steps": 0}, "steps"),
        ({"num_inference_steps": 10**6}, "num_inference_steps"),
        ({"guidance_scale": -1}, "guidance_scale"),
        ({"guidance": "strong"}, "guidance"),
        ({"negative_prompt": {"a": 1}}, "negative_prompt"),
        ({"model": 3}, "model"),
        ({"svg": {"model": "x"}}, "svg"),
        ({"frame_count": 4}, "frame_count"),
    ],
)
def test_a_bad_field_is_named(http: httpx.Client, change: dict[str, Any], param: str) -> None:
    error = error_of(http.post("/v1/images/generations", json={"prompt": "a red car"} | change), 400)
    assert error["param"] == param
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b'"a car"', b"7", b'{"prompt": "\xff"}', b"[" * 100_000),
        *(b'{"prompt": "a car", "guidance": NaN}', b'{"prompt": "a car", "seed": ' + b"9" * 5000 + b"}"),
    ],
)
def test_a_broken_body_is_refused(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/v1/images/generations", content=body, headers={"content-type": "application/json"})
    error_of(answer, 400)


@pytest.mark.parametrize("path", ["generations", "edits"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "image/png"])
def test_another_content_type_is_refused(http: httpx.Client, path: str, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    error_of(http.post(f"/v1/images/{path}", content=b"prompt=x", headers=headers), 415)


def test_a_form_where_json_belongs_is_refused(http: httpx.Client) -> None:
    error_of(http.post("/v1/images/generations", files={"prompt": (None, "a car")}), 415)


def test_lone_surrogates_do_no_harm(http: httpx.Client) -> None:
    body = json.dumps({"prompt": "a red car \ud800\0"})
    answer = http.post("/v1/images/generations", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/images/edits", "/v1/images/anything"])
@pytest.mark.parametrize("key", [None, "none", "rv-wrong", "rv-" + "x" * 43, "sk-123"])
def test_without_a_key_nobody_comes_in(doors: Doors, path: str, key: str | None) -> None:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    answer = httpx.post(f"{doors.url}{path}", json={"prompt": "a car"}, headers=headers)
    assert error_of(answer, 401)["code"] == "invalid_api_key"


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/reverie"])
def test_models_want_a_key_too(doors: Doors, path: str) -> None:
    error_of(httpx.get(f"{doors.url}{path}"), 401)


def test_a_browsers_cookie_is_no_key(doors: Doors) -> None:
    answer = httpx.get(f"{doors.url}/v1/models", headers={"cookie": f"reverie_owner={'a' * 32}"})
    error_of(answer, 401)


def test_a_foreign_origin_is_refused_with_a_key_too(doors: Doors, http: httpx.Client) -> None:
    answer = http.post(
        "/v1/images/generations", json={"prompt": "a car"}, headers={"origin": "http://evil.test"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "unknown_host")


def test_an_unknown_model_is_not_found(http: httpx.Client) -> None:
    error = error_of(http.post("/v1/images/generations", json={"prompt": "a car", "model": "sdxl"}), 404)
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert "reverie" in error["message"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "path", ["images/variations", "chat/completions", "responses", "images/generations/1", "", "files"]
)
def test_what_is_not_there_is_not_found(doors: Doors, http: httpx.Client, method: str, path: str) -> None:
    error = error_of(http.request(method, f"/v1/{path}"), 404)
    assert error["code"] == "unknown_url"
    assert f"{method} /v1/{path}" in error["message"]
    error_of(httpx.request(method, f"{doors.url}/v1/{path}"), 401)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "images/generations", "POST"),
        ("PUT", "images/edits", "POST"),
        ("DELETE", "models/reverie", "GET, HEAD"),
        ("POST", "models", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(
    http: httpx.Client, method: str, path: str, allowed: str
) -> None:
    answer = http.request(method, f"/v1/{path}")
    assert error_of(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["allow"] == allowed


def test_chats_and_turns_keep_their_own_words(http: httpx.Client) -> None:
    assert http.get("/v1/chats").status_code == 200
    assert http.put("/v1/chats").status_code == 405
    assert isinstance(http.get(f"/v1/chats/{'a' * 32}").json()["error"], str)


def test_a_model_may_have_slashes_in_its_name(http: httpx.Client) -> None:
    answer = http.get("/v1/models/HiDream-ai/HiDream-I1-Full")
    assert error_of(answer, 404)["code"] == "model_not_found"


@pytest.mark.parametrize("streams", [False, True])
def test_what_nobody_foresaw_is_logged_and_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, streams: bool
) -> None:
    with served(tmp_path) as doors:

        def broken(*_: object, **__: object) -> bytes:
            raise KeyError("a secret")

        monkeypatch.setattr(Exits, "picture", broken)
        body = {"prompt": "a red car", "stream": streams}
        answer = doors.http().post("/v1/images/generations", json=body)
        assert "a secret" not in answer.text
        assert "a secret" in caplog.text
        if streams:
            assert "event: error" in answer.text
            assert '"type": "error"' in answer.text
            assert "broke" in answer.text
        else:
            assert "broke" in error_of(answer, 500)["message"]
            assert answer.headers["x-should-retry"] == "false"


def test_words_that_are_refused(http: httpx.Client) -> None:
    answer = http.post("/v1/images/generations", json={"prompt": "a nude child"})
    assert error_of(answer, 400)["code"] == "moderation_blocked"
    body = {"prompt": "a child at the sea", "negative_prompt": "clothes, swimsuit"}
    assert error_of(http.post("/v1/images/generations", json=body), 400)["code"] == "moderation_blocked"


@pytest.mark.parametrize(
    ("files", "status", "words"),
    [
        ([], 400, "no picture to change"),
        ([("image", b"")], 400, "empty"),
        ([("image", b"no picture")], 400, "not a picture"),
        ([("image", SMALL[:200])], 400, "damaged"),
        ([("image", b"<svg xmlns='http://www.w3.org/2000/svg'/>")], 400, "SVG drawing"),
        ([("image", b"0" * (25 * 1024**2 + 1))], 413, "25 MB"),
        ([("image[]", SMALL), ("image[]", b"no picture")], 400, "not a picture"),
        ([("image[]", SMALL)] * 17, 400, "At most 16"),
        ([("image[]", SMALL)] * 30, 400, "At most 16"),
        ([("image[]", SMALL)] * 65, 400, "cannot be read"),
        ([("image", SMALL), ("mask", b"")], 400, "mask"),
        ([("image", SMALL), ("mask", b"no picture")], 400, "no PNG"),
        ([("image", SMALL), ("mask", MASK[:100])], 400, "damaged"),
        ([("image", SMALL), ("mask", SMALL)], 400, "no transparency"),
        ([("image", SMALL), ("mask", box_mask((64, 64), (0, 0, 0, 0)))], 400, "transparent nowhere"),
        ([("image", SMALL), ("mask", box_mask((32, 64), (0, 0, 9, 9)))], 400, "both must be of one size"),
        ([("image", SMALL), ("markup", SMALL)], 400, "Marked-up"),
    ],
)
@pytest.mark.parametrize("streams", ["", "true"])
def test_a_bad_form_is_refused(
    http: httpx.Client, files: list[tuple[str, bytes]], status: int, words: str, streams: str
) -> None:
    form = [(name, ("a.png", content, "image/png")) for name, content in files]
    fields = {"prompt": "make it blue", "stream": streams}
    answer = http.post("/v1/images/edits", data=fields, files=form or {"x": (None, "y")})
    assert words in error_of(answer, status)["message"]


@pytest.mark.parametrize("name", ["image", "mask"])
def test_a_picture_that_is_text_is_refused(http: httpx.Client, name: str) -> None:
    form = {"prompt": (None, "make it blue"), name: (None, "http://127.0.0.1/a.png")}
    assert error_of(http.post("/v1/images/edits", files=form), 400)["param"] == name


@pytest.mark.parametrize("name", ["negative_prompt", "num_inference_steps", "guidance"])
def test_what_is_for_new_pictures_alone(http: httpx.Client, name: str) -> None:
    form = {"image": ("a.png", SMALL, "image/png")}
    error_of(http.post("/v1/images/edits", data={"prompt": "make it blue", name: "3"}, files=form), 400)


@pytest.mark.parametrize(
    "image",
    [
        *("http://127.0.0.1:1/a.png", "https://example.org/a.png", "file:///etc/passwd", "/etc/passwd"),
        *({"file_id": "file-1"}, {"image_url": "http://127.0.0.1:1/"}, {"image_url": {"url": DATA_URL}}, 7),
        *("data:image/png;base64,!!!!", "data:text/html;base64,PGI+", "data:image/png,abc", ["x", 1], {}),
    ],
)
@pytest.mark.parametrize("name", ["image", "mask"])
def test_nothing_is_fetched_and_bad_data_is_refused(http: httpx.Client, image: Any, name: str) -> None:
    body = {"prompt": "make it blue", "image": DATA_URL} | {name: image}
    assert error_of(http.post("/v1/images/edits", json=body), 400)["param"] == name


@pytest.mark.parametrize("path", ["generations", "edits"])
def test_too_long_a_body_is_refused(http: httpx.Client, path: str) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"prompt": "'
        for _ in range(100):
            yield b"a" * 1024**2

    answer = http.post(f"/v1/images/{path}", content=endless(), headers={"content-type": "application/json"})
    error_of(answer, 413)


def test_a_form_without_a_boundary_is_refused(http: httpx.Client) -> None:
    answer = http.post(
        "/v1/images/edits", content=b"--x\r\n\r\n", headers={"content-type": "multipart/form-data"}
    )
    error_of(answer, 400)


def test_a_mask_on_a_picture_that_is_too_large_is_refused(http: httpx.Client) -> None:
    size = (2100, 64)
    form = {
        "image": ("a.png", png(Image.new("RGB", size)), "image/png"),
        "mask": ("m.png", box_mask(size, (0, 0, 9, 9)), "image/png"),
    }
    answer = http.post("/v1/images/edits", data={"prompt": "make it blue"}, files=form)
    assert "2048" in error_of(answer, 400)["message"]


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [(Fault.CRASH, 500, "broke"), (Fault.OUT_OF_MEMORY, 503, "memory"), (Fault.BLACK, 500, "empty picture")],
)
def test_an_engine_that_fails_is_not_asked_again_by_the_client(
    tmp_path_factory: pytest.TempPathFactory, fault: Fault, status: int, words: str
) -> None:
    with served(tmp_path_factory.mktemp("doors"), engine=FakeEngine(faults=[fault])) as doors:
        answer = doors.http().post("/v1/images/generations", json={"prompt": "a red car"})
        error = error_of(answer, status)
        assert words in error["message"]
        assert error["type"] == "server_error"
        assert answer.headers["x-should-retry"] == "false"


def test_a_small_world_says_what_it_does_not_know(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = FakeEngine(vocabulary={"classes": ("car", "dog"), "colors": ("red",)})
    with served(tmp_path_factory.mktemp("doors"), engine=engine) as doors:
        http = doors.http()
        answer = http.post("/v1/images/generations", json={"prompt": "a castle"})
        assert "castle" in error_of(answer, 400)["message"]
        answer = http.post("/v1/images/generations", json={"prompt": "a red puppy"})
        assert answer.json()["data"][0]["revised_prompt"] == "a red dog"


def test_a_body_of_very_many_parts_is_refused_before_it_is_read(http: httpx.Client) -> None:
    """Each is an object of Python's: a few megabytes of brackets would take hundreds."""
    body = b'{"prompt": [' + b"[]," * 100_000
    answer = http.post("/v1/images/edits", content=body, headers={"content-type": "application/json"})
    assert "too many parts" in error_of(answer, 400)["message"]

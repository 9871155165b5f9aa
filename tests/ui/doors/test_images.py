"""OpenAI's official client, and what chat products send, against the running doors."""

from __future__ import annotations

import base64
import io
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI
from PIL import Image

from agent.domain import Origin, Quality
from agent.library import Library
from agent.metadata import read_recipe
from engines.fake import FakeEngine, Fault
from tests.ui.doors.served import Doors, box_mask, picture, png, served
from ui.doors import image_stream, picture_links


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with served(tmp_path_factory.mktemp("doors")) as doors:
        yield doors


@pytest.fixture(scope="module")
def client(doors: Doors) -> OpenAI:
    return doors.openai()


def noise(width: int = 128, height: int = 96) -> Image.Image:
    """No two rows alike, so that a pixel out of place is seen."""
    return Image.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3))


def content(answer: Any) -> bytes:
    return base64.b64decode(answer.data[0].b64_json)


def wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)


def test_it_generates(doors: Doors, client: OpenAI) -> None:
    answer = client.images.generate(
        prompt="a red car", model="reverie", size="1024x1024", quality="low", extra_body={"seed": 7}
    )
    made = picture(content(answer))
    assert answer.size == "128x128" == f"{made.width}x{made.height}", "the real size is told"
    assert answer.output_format == "png"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 0
    recipe = read_recipe(content(answer))
    assert recipe is not None
    assert (recipe.prompt, recipe.seed) == ("a red car", 7)
    assert recipe.source_type is not None
    again = client.images.generate(prompt="a red car", quality="low", extra_body={"seed": 7})
    assert picture(content(again)).tobytes() == made.tobytes()


def test_pictures_stand_in_the_owners_library_in_a_chat_named_after_the_key(doors: Doors) -> None:
    client = doors.openai("lea", "Kitchen wall")
    client.images.generate(prompt="a green boat", extra_body={"seed": 3, "steps": 5, "guidance_scale": 2.5})
    (found,) = Library(doors.agent.sessions, doors.agent.artifacts).pictures("lea").pictures
    assert found.title.startswith("Kitchen wall, ")
    assert found.message == "a green boat"
    assert found.artifact.recipe is not None
    assert (found.artifact.recipe.num_steps, found.artifact.recipe.guidance) == (5, 2.5)
    client.images.generate(prompt="a blue boat")
    assert len(doors.agent.sessions.list("lea")) == 1
    (turn, _) = doors.agent.sessions.turns(found.artifact.session_id, "lea")
    assert turn.options.quality is Quality.FULL
    assert not turn.options.rewrites


def test_what_it_shall_not_show_is_kept_in_the_recipe(doors: Doors, client: OpenAI) -> None:
    answer = client.images.generate(prompt="a red car", extra_body={"negative_prompt": "blurry, text"})
    recipe = read_recipe(content(answer))
    assert recipe is not None
    assert recipe.negative_prompt == "blurry, text"


@pytest.mark.parametrize("saves_as", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("answers", ["b64_json", "url"])
def test_who_wants_no_settings_in_the_file_gets_none(doors: Doors, saves_as: Any, answers: Any) -> None:
    answer = doors.openai().images.generate(
        prompt="a violet car",
        output_format=saves_as,
        response_format=answers,
        extra_body={"metadata": False},
    )
    assert answer.data is not None
    (made,) = answer.data
    file = httpx.get(made.url).content if made.url else content(answer)
    assert b"violet" not in file
    assert b"trainedAlgorithmicMedia" in file


@pytest.mark.parametrize(("saves_as", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_every_format_carries_its_mark(client: OpenAI, saves_as: Any, kind: str) -> None:
    answer = client.images.generate(prompt="a red car", output_format=saves_as, output_compression=80)
    assert picture(content(answer)).format == kind
    assert b"trainedAlgorithmicMedia" in content(answer)


def test_several_pictures_differ(client: OpenAI) -> None:
    answer = client.images.generate(prompt="a red car", n=3, size="160x96")
    assert answer.data is not None
    pictures = {each.b64_json for each in answer.data}
    assert len(pictures) == 3
    assert answer.size == "160x96"


def test_what_openai_takes_is_taken(doors: Doors) -> None:
    """More pictures, words and seeds than our own limits have, and a wish that cannot be met."""
    body = {"prompt": "a red car " + "x" * 31_990, "n": 10, "seed": 2**32 - 1, "background": "transparent"}
    answer = doors.http("lou").post("/v1/images/generations", json=body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert len({each["b64_json"] for each in told["data"]}) == 10
    assert told["data"][0]["seed"] == 2**32 - 1
    assert told["background"] == "opaque"
    assert "so this is opaque" in told["reply"]
    assert "I read the first 4,000" in told["reply"]


def test_a_stream_ends_with_what_was_done(client: OpenAI) -> None:
    stream = client.images.generate(prompt="a red car", stream=True, n=5, background="transparent")
    told = [each.to_dict() for each in stream]
    assert [each["type"] for each in told] == ["image_generation.completed"] * 5
    assert ["reply" in each for each in told] == [False] * 4 + [True]
    assert "so this is opaque" in str(told[-1]["reply"])


def test_an_edit_with_a_mask_keeps_the_rest_to_the_bit(doors: Doors, client: OpenAI) -> None:
    before, box = noise(200, 130), (30, 30, 170, 100)
    answer = client.images.edit(
        image=("in.png", png(before), "image/png"),
        mask=("mask.png", box_mask(before.size, box), "image/png"),
        prompt="make it blue",
        extra_body={"seed": 5},
    )
    after = picture(content(answer)).convert("RGB")
    assert answer.size == "200x130"
    inside = Image.new("L", before.size, 0)
    inside.paste(255, box)
    outside = inside.point(lambda level: 255 - level)
    black = Image.new("RGB", before.size)
    assert (
        Image.composite(after, black, outside).tobytes() == Image.composite(before, black, outside).tobytes()
    )
    assert after.tobytes() != before.tobytes()
    recipe = read_recipe(content(answer))
    assert recipe is not None
    assert recipe.mask is not None
    assert recipe.source_type is not None
    assert recipe.source_type.value == "compositeWithTrainedAlgorithmicMedia"


def test_several_pictures_and_a_mask_for_the_first(doors: Doors) -> None:
    client, before, box = doors.openai("mira"), noise(200, 130), (30, 30, 170, 100)
    answer = client.images.edit(
        image=[("a.png", png(before), "image/png"), ("b.png", png(noise(64, 64)), "image/png")],
        mask=("mask.png", box_mask(before.size, box), "image/png"),
        prompt="make it blue",
    )
    after = picture(content(answer)).convert("RGB")
    blank = Image.new("RGB", (box[2] - box[0], box[3] - box[1]))
    assert after.tobytes() != before.tobytes()
    for image in (before, after):
        image.paste(blank, box)
    assert after.tobytes() == before.tobytes(), "the rest of the first is as it was"
    (session,) = doors.agent.sessions.list("mira")
    (turn,) = doors.agent.sessions.turns(session.id, "mira")
    assert [(each.width, each.height) for each in turn.uploads] == [(200, 130), (64, 64)]
    assert "number 1" in turn.reply


@pytest.mark.parametrize("num_pictures", [2, 16])
def test_all_pictures_of_a_message_are_taken(doors: Doors, num_pictures: int) -> None:
    """As Open WebUI sends them."""
    files = [("image[]", (f"{index}.png", png(noise(64, 64)), "image/png")) for index in range(num_pictures)]
    fields = {"model": "reverie", "prompt": "make it red", "n": "1", "response_format": "b64_json"}
    answer = doors.http().post("/v1/images/edits", data=fields, files=files)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]) == 1
    assert f"of the {num_pictures} you sent, number 1" in answer.json()["reply"]


@pytest.mark.parametrize("saves_as", ["png", "webp"])
def test_what_is_clear_outside_of_the_mask_stays_clear(client: OpenAI, saves_as: Any) -> None:
    """To the bit, colours under it included; a WebP of the best quality loses nothing either."""
    before, box = noise(200, 130).convert("RGBA"), (30, 30, 170, 100)
    before.putalpha(noise(200, 130).getchannel("G"))
    answer = client.images.edit(
        image=("in.png", png(before), "image/png"),
        mask=("mask.png", box_mask(before.size, box), "image/png"),
        prompt="make it blue",
        output_format=saves_as,
        output_compression=100,
    )
    after = picture(content(answer))
    assert (after.mode, after.format) == ("RGBA", saves_as.upper())
    assert after.getpixel((100, 65))[3] == 255  # type: ignore[index]
    for image in (before, after):
        image.paste((0, 0, 0, 0), box)
    assert after.tobytes() == before.tobytes()


def test_an_edit_with_a_mask_keeps_its_size_and_says_so(doors: Doors) -> None:
    files = {
        "image": ("a.png", png(noise(200, 130)), "image/png"),
        "mask": ("mask.png", box_mask((200, 130), (0, 0, 90, 90)), "image/png"),
    }
    fields = {"prompt": "make it red", "size": "1024x1024"}
    answer = doors.http().post("/v1/images/edits", data=fields, files=files)
    assert answer.status_code == 200, answer.text
    assert answer.json()["size"] == "200x130"
    assert "keeps its own size, 200x130" in answer.json()["reply"]


def test_an_engine_of_any_size_is_asked_for_it(tmp_path: Path) -> None:
    with served(tmp_path, engine=FakeEngine(takes_other_sizes=True)) as doors:
        answer = doors.openai().images.generate(prompt="a red car", size="1536x1024")
        assert answer.size == "1536x1024"
        assert picture(content(answer)).size == (1536, 1024)


def test_an_edit_of_a_list_of_one(client: OpenAI) -> None:
    answer = client.images.edit(
        image=[("a.png", png(noise(128, 128)), "image/png")], prompt="make it red", n=2
    )
    assert answer.data is not None
    assert len(answer.data) == 2


def test_an_edit_begins_with_what_was_sent_and_not_with_an_earlier_picture(doors: Doors) -> None:
    client = doors.openai("otto")
    client.images.generate(prompt="a red car")
    client.images.edit(image=("a.png", png(noise(128, 128)), "image/png"), prompt="make it red")
    (edited, *_) = Library(doors.agent.sessions, doors.agent.artifacts).pictures("otto").pictures
    assert edited.artifact.origin is Origin.EDITED
    source = doors.agent.sessions.artifact(edited.artifact.parents[0], "otto")
    assert source.origin is Origin.UPLOADED


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    """An engine that no listener falls behind."""
    with served(tmp_path_factory.mktemp("slow"), engine=FakeEngine(step_seconds=0.1)) as doors:
        yield doors.openai()


def test_it_streams_pictures_half_done(slow: OpenAI) -> None:
    stream = slow.images.generate(prompt="a red car", stream=True, partial_images=2, output_format="webp")
    *partial, last = list(stream)
    assert {each.type for each in partial} <= {"image_generation.partial_image"}
    indices = [each.partial_image_index for each in partial if each.type == "image_generation.partial_image"]
    assert indices == [0, 1]
    assert last.type == "image_generation.completed"
    assert last.usage.total_tokens == 0
    assert last.size == "128x128"
    for each in (*partial, last):
        shown = base64.b64decode(each.b64_json)
        assert picture(shown).format == "WEBP"
        assert b"trainedAlgorithmicMedia" in shown


@pytest.mark.parametrize("num_wanted", [0, 1, 3])
def test_an_edit_streams_as_well(slow: OpenAI, num_wanted: int) -> None:
    stream = slow.images.edit(
        image=("a.png", png(noise(128, 128)), "image/png"),
        prompt="make it red",
        stream=True,
        partial_images=num_wanted,
    )
    told = [each.type for each in stream]
    assert told == ["image_edit.partial_image"] * num_wanted + ["image_edit.completed"]


@pytest.mark.parametrize(
    ("quality", "wanted"), [("low", Quality.FAST), ("medium", Quality.DEV), ("high", Quality.FULL)]
)
@pytest.mark.parametrize("is_edit", [False, True])
def test_the_quality_is_that_of_the_turn(doors: Doors, quality: Any, wanted: Quality, is_edit: bool) -> None:
    owner = f"quality {quality} {is_edit}"
    client = doors.openai(owner)
    if is_edit:
        image = ("a.png", png(noise(128, 128)), "image/png")
        client.images.edit(image=image, prompt="make it red", quality=quality)
    else:
        client.images.generate(prompt="a red car", quality=quality)
    (session,) = doors.agent.sessions.list(owner)
    (turn,) = doors.agent.sessions.turns(session.id, owner)
    assert turn.options.quality is wanted


@pytest.mark.parametrize("is_edit", [False, True])
def test_a_stream_is_kept_alive_while_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_edit: bool
) -> None:
    """Whoever waits in the line has headers, and a comment now and then."""
    monkeypatch.setattr(image_stream, "HEARTBEAT_SECONDS", 0.05)
    engine = FakeEngine(faults=[Fault.HANG])
    with served(tmp_path, engine=engine) as doors:
        at_work = threading.Thread(target=lambda: doors.openai("ben").images.generate(prompt="a blue car"))
        at_work.start()
        wait_until(lambda: engine.num_steps_done > 2)
        files = {"image": ("a.png", png(noise(128, 128)), "image/png")} if is_edit else None
        fields = {"prompt": "make it red", "stream": "true"}
        with doors.http().stream(
            "POST",
            f"/v1/images/{'edits' if is_edit else 'generations'}",
            **({"data": fields, "files": files} if is_edit else {"json": fields}),
        ) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            comments = (line for line in answer.iter_lines() if line)
            assert [next(comments) for _ in range(6)] == [": at work"] * 6
            engine.release()
            assert any("completed" in line for line in comments)
        at_work.join(10)


def test_a_stream_that_fails_says_why(tmp_path: Path) -> None:
    with served(tmp_path, engine=FakeEngine(faults=[Fault.OUT_OF_MEMORY])) as doors:
        stream = doors.openai().images.generate(prompt="a red car", stream=True, partial_images=1)
        with pytest.raises(openai.APIError, match="ran out of memory"):
            list(stream)


def test_models_are_listed_and_asked_for_by_name(client: OpenAI) -> None:
    assert "reverie" in [model.id for model in client.models.list()]
    assert client.models.retrieve("reverie").owned_by == "reverie"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("stable-diffusion")
    assert caught.value.code == "model_not_found"


def test_links_work_without_a_key_and_for_a_while(
    doors: Doors, client: OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = client.images.generate(prompt="a red car", response_format="url", output_format="jpeg")
    assert answer.data is not None
    url = answer.data[0].url
    assert url is not None
    shown = httpx.get(url)
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["cache-control"] == "private, max-age=30"
    assert picture(shown.content).size == (128, 128)
    assert httpx.get(url[:-1] + ("a" if url[-1] != "a" else "b")).status_code == 404
    now = time.monotonic() + picture_links.LINK_SECONDS + 1
    monkeypatch.setattr(picture_links, "time", SimpleNamespace(monotonic=lambda: now))
    assert httpx.get(url).status_code == 404


def test_a_deleted_picture_has_no_link(doors: Doors) -> None:
    answer = doors.openai("dora").images.generate(prompt="a red car", response_format="url")
    assert answer.data is not None
    url = answer.data[0].url
    assert url is not None
    (session,) = doors.agent.sessions.list("dora")
    doors.agent.coordinator.delete(session.id, "dora")
    assert httpx.get(url).status_code == 404


WEBUI = {"model": "reverie", "prompt": "a red car", "n": 1, "size": "512x512", "response_format": "b64_json"}
LIBRECHAT = {"model": "gpt-image-1", "prompt": "a red car", "n": 1, "quality": "auto", "size": "auto"}
LIBRECHAT |= {"background": "auto", "output_format": "png", "output_compression": 100, "user": "64af"}


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (WEBUI, "b64_json"),
        ({"model": "dall-e-2", "prompt": "a red car", "n": 1, "size": "512x512"}, "url"),
        ({"model": "gpt-image-1", "prompt": "a red car", "n": 1}, "b64_json"),
        (LIBRECHAT, "b64_json"),
        (LIBRECHAT | {"quality": "high", "moderation": "low"}, "b64_json"),
        (
            {"model": "dall-e-3", "prompt": "a red car", "quality": "standard", "style": "vivid"}
            | {"size": "1024x1792", "n": 1},
            "url",
        ),
    ],
)
def test_what_chat_products_send_to_draw(doors: Doors, body: dict[str, Any], key: str) -> None:
    answer = doors.http().post("/v1/images/generations", json=body)
    assert answer.status_code == 200, answer.text
    assert key in answer.json()["data"][0]


@pytest.mark.parametrize("field", ["image", "image[]", "image[0]"])
@pytest.mark.parametrize(
    "fields",
    [
        {
            "model": "reverie",
            "prompt": "make it red",
            "n": "1",
            "size": "512x512",
            "response_format": "b64_json",
        },
        {"model": "gpt-image-1", "prompt": "make it red", "quality": "auto", "size": "auto", "n": "1"},
        {"prompt": "make it red", "background": "auto", "input_fidelity": "high", "user": ""},
    ],
)
def test_what_chat_products_send_to_change(doors: Doors, field: str, fields: dict[str, str]) -> None:
    files = {field: ("image.png", png(noise(128, 128)), "image/png")}
    answer = doors.http().post("/v1/images/edits", data=fields, files=files)
    assert answer.status_code == 200, answer.text
    side = 512 if fields.get("size") == "512x512" else 128
    assert picture(base64.b64decode(answer.json()["data"][0]["b64_json"])).size == (side, side)
    assert answer.json()["size"] == f"{side}x{side}"


def test_a_change_in_json_brings_data_urls(doors: Doors) -> None:
    def url(content: bytes) -> dict[str, str]:
        return {"image_url": f"data:image/png;base64,{base64.b64encode(content).decode()}"}

    before = noise(128, 128)
    body = {
        "prompt": "make it red",
        "images": [url(png(before))],
        "mask": url(box_mask((128, 128), (0, 0, 9, 9))),
    }
    answer = doors.http().post("/v1/images/edits", json=body)
    assert answer.status_code == 200, answer.text
    after = picture(base64.b64decode(answer.json()["data"][0]["b64_json"])).convert("RGB")
    assert after.crop((9, 9, 128, 128)).tobytes() == before.crop((9, 9, 128, 128)).tobytes()


def test_two_keys_never_see_each_others_pictures(doors: Doors) -> None:
    doors.openai("uma").images.generate(prompt="a red car")
    doors.openai("vic").images.generate(prompt="a blue car")
    library = Library(doors.agent.sessions, doors.agent.artifacts)
    for owner, prompt in (("uma", "a red car"), ("vic", "a blue car")):
        assert [each.artifact.caption for each in library.pictures(owner).pictures] == [prompt]


def test_calls_at_the_same_time_all_get_their_own(doors: Doors) -> None:
    client = doors.openai("many")
    answers: dict[str, str] = {}

    def call(color: str) -> None:
        answer = client.images.generate(prompt=f"a {color} car", extra_body={"seed": 1})
        recipe = read_recipe(content(answer))
        answers[color] = recipe.prompt if recipe else ""

    colors = ["red", "blue", "green", "black", "white", "pink"]
    threads = [threading.Thread(target=call, args=(color,)) for color in colors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == {color: f"a {color} car" for color in colors}
    chats = doors.agent.sessions.list("many")
    assert all(chat.title.startswith("Open WebUI, ") for chat in chats)
    assert len({chat.title for chat in chats}) == len(chats) <= 6


def test_too_many_at_once_are_told_when_to_come_back(tmp_path: Path) -> None:
    with served(tmp_path, engine=FakeEngine(step_seconds=0.1), most_at_once=1) as doors:
        first = threading.Thread(target=lambda: doors.openai().images.generate(prompt="a red car"))
        first.start()
        wait_until(lambda: bool(doors.agent.jobs.line))
        with pytest.raises(openai.RateLimitError) as caught:
            doors.openai().images.generate(prompt="a blue car")
        assert int(caught.value.response.headers["retry-after"]) >= 1
        assert caught.value.code == "rate_limit_exceeded"
        doors.openai("ben").images.generate(prompt="a green car")
        first.join(30)
        doors.openai().images.generate(prompt="a blue car")


def test_those_who_wait_keep_nobody_else_waiting(tmp_path: Path) -> None:
    """More of them than the server has threads for short work."""
    num_waiting = 48
    engine = FakeEngine(faults=[Fault.HANG])
    with served(tmp_path, engine=engine) as doors:
        clients = [doors.openai(f"owner {number}") for number in range(num_waiting)]
        done = list[str]()

        def draw(client: OpenAI) -> None:
            done.append(str(client.images.generate(prompt="a red car").size))

        threads = [threading.Thread(target=draw, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(doors.agent.jobs.line) == num_waiting, 60)
        begun = time.monotonic()
        assert doors.http().get("/v1/models").status_code == 200
        assert time.monotonic() - begun < 2
        assert done == [], "all still waited"
        engine.release()
        for thread in threads:
            thread.join(60)
        assert done == ["128x128"] * num_waiting


@pytest.mark.parametrize("streams", [False, True])
def test_who_hangs_up_frees_the_device(tmp_path: Path, streams: bool) -> None:
    engine = FakeEngine(step_seconds=0.1, num_steps=200)
    with served(tmp_path, engine=engine) as doors:
        body = json.dumps({"prompt": "a red car", "stream": streams}).encode()
        url = httpx.URL(doors.url)
        head = (
            f"POST /v1/images/generations HTTP/1.1\r\nHost: {url.host}:{url.port}\r\n"
            f"Authorization: Bearer {doors.token()}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((url.host, url.port or 80)) as line:
            line.sendall(head.encode() + body)
            wait_until(lambda: engine.num_steps_done > 2)
        wait_until(lambda: not doors.agent.jobs.line, 10)
        assert engine.num_steps_done < 150
        (session,) = doors.agent.sessions.list("anna")
        wait_until(lambda: doors.agent.sessions.turns(session.id, "anna")[-1].status.value == "stopped")


def test_who_is_stopped_on_the_page_is_told_so(tmp_path: Path) -> None:
    with served(tmp_path, engine=FakeEngine(step_seconds=0.2)) as doors:

        def stop() -> None:
            wait_until(lambda: bool(doors.agent.jobs.line))
            (session,) = doors.agent.sessions.list("anna")
            doors.agent.coordinator.stop(session.id, "anna")

        at_the_page = threading.Thread(target=stop)
        at_the_page.start()
        with pytest.raises(openai.ConflictError, match="Stopped"):
            doors.openai().images.generate(prompt="a red car")
        at_the_page.join(10)


def test_a_chat_that_is_full_is_followed_by_another(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.direct.MOST_TURNS", 2)
    client = doors.openai("full")
    for _ in range(5):
        client.images.generate(prompt="a red car")
    titles = sorted(chat.title.partition(",")[2][-3:] for chat in doors.agent.sessions.list("full"))
    assert titles[:2] == ["(2)", "(3)"]
    assert len(titles) == 3


def test_a_picture_is_read_as_far_as_its_first_frame(doors: Doors, client: OpenAI) -> None:
    file = io.BytesIO()
    noise(64, 64).save(file, "GIF", save_all=True, append_images=[noise(64, 64)])
    client.images.edit(image=("a.gif", file.getvalue(), "image/gif"), prompt="make it red")

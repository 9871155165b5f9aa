"""The way to a running Reverie: chats, messages, and a turn's events over a link that may drop."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from agent.errors import AgentError
from agent.terminal.key import is_this_machine
from agent.terminal.plain import plain

__all__ = ["ENDS", "Link", "NotNow", "NotThere", "Refused", "Told"]

NOT_NOW = (429, 502, 503, 504)
"""What a server says, or one before it, that has too much to do or is just starting."""
ENDS = ("RUN_FINISHED", "RUN_ERROR")
SILENCE_SECONDS = 40.0
"""The server gives a sign of life more often than that."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 4.0
MOST_PAUSES = 12
MOST_PICTURE_BYTES = 256 * 1024**2


class NotThere(AgentError):
    """Nobody answers at the server's address."""


class Lost(NotThere):
    """Somebody was there, and the answer did not come: what was asked for may be done or not."""


class Refused(AgentError):
    """The server answers, but not with what was asked for."""


class NotNow(Refused):
    """It may answer a little later."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One event of a turn, as AG-UI has it."""

    id: int
    data: Mapping[str, Any]

    @property
    def type(self) -> str:
        return str(self.data.get("type", ""))


class Link:
    """One server, with the key of one owner. All methods may raise NotThere or Refused."""

    def __init__(self, server: str, key: str, first_pause_seconds: float = FIRST_PAUSE_SECONDS) -> None:
        self.server = server.rstrip("/")
        self.first_pause_seconds = first_pause_seconds
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx2.Timeout(SILENCE_SECONDS, connect=5.0)
        try:
            self._http = httpx2.Client(
                base_url=self.server, headers=headers, timeout=timeout, trust_env=not is_this_machine(server)
            )
        except (httpx2.InvalidURL, ValueError) as error:
            raise NotThere(f"{server} is not the address of a server.") from error

    def close(self) -> None:
        self._http.close()

    def last_chat(self) -> str | None:
        """The one used last."""
        chats = self._ask("GET", "/v1/chats")["chats"]
        return str(chats[0]["id"]) if chats else None

    def new_chat(self) -> str:
        return str(self._ask("POST", "/v1/chats")["id"])

    def send(self, chat: str, text: str, files: Sequence[Path], options: Mapping[str, Any]) -> str:
        """Returns the id of the turn that the message began."""
        address = f"/v1/chats/{chat}/turns"
        if not files:
            return self._begin(address, json={"text": text, "options": options})
        try:
            sent = [("files", (file.name, file.read_bytes())) for file in files]
        except OSError as error:
            raise Refused(f"{error.filename} cannot be read: {error.strerror}.") from error
        form = {"text": text, "options": json.dumps(options)}
        return self._begin(address, data=form, files=sent)

    def _begin(self, address: str, **message: Any) -> str:
        """If the answer is lost it is sent again, with the key by which it begins no second turn."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        try:
            return str(self._ask("POST", address, headers=headers, **message)["turn"])
        except Lost:
            for pauses in range(MOST_PAUSES):
                self._pause(pauses)
                with suppress(NotThere, NotNow):
                    return str(self._ask("POST", address, headers=headers, **message)["turn"])
            raise

    def cancel(self, turn: str) -> None:
        self._ask("POST", f"/v1/turns/{turn}/cancel")

    def approve(self, turn: str) -> None:
        self._ask("POST", f"/v1/turns/{turn}/approve")

    def decline(self, turn: str) -> None:
        self._ask("POST", f"/v1/turns/{turn}/decline")

    def picture(self, picture_id: str) -> bytes:
        """The PNG."""
        content = b""
        with self._answer("GET", f"/pictures/{picture_id}") as answer:
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > MOST_PICTURE_BYTES:
                    raise Refused("The picture is too large to be one.")
        return content

    def events(self, turn: str, after: int = 0) -> Iterator[Told]:
        """To the last one, each once: a link that drops is taken up again where it was."""
        pauses = 0
        while pauses <= MOST_PAUSES:
            with suppress(NotThere, NotNow):
                for told in self._listen(turn, after):
                    if told.id > after:
                        after, pauses = told.id, 0
                        yield told
                    if told.type in ENDS:
                        return
            self._pause(pauses)
            pauses += 1
        raise NotThere(f"The link to {self.server} drops again and again. What you asked for goes on there.")

    def _pause(self, number: int) -> None:
        """Each longer than the one before."""
        time.sleep(min(self.first_pause_seconds * 2**number, LONGEST_PAUSE_SECONDS))

    def _listen(self, turn: str, after: int) -> Iterator[Told]:
        headers = {"Last-Event-ID": str(after), "Accept": "text/event-stream"}
        event_id, data = after, ""
        with self._answer("GET", f"/v1/turns/{turn}/events", headers=headers) as answer:
            try:
                for line in answer.iter_lines():
                    name, _, value = line.partition(": ")
                    if name == "id":
                        event_id = int(value)
                    elif name == "data":
                        data = value
                    elif not line and data:
                        yield Told(id=event_id, data=json.loads(data))
                        data = ""
            except httpx2.TransportError as error:
                raise NotThere(str(error)) from error
            except ValueError as error:
                raise Refused(f"{self.server} speaks, but not as Reverie does.") from error

    def _ask(self, method: str, address: str, **more: Any) -> Any:
        """What the server says in JSON."""
        with self._answer(method, address, **more) as answer:
            try:
                return json.loads(answer.read() or b"{}")
            except httpx2.TransportError as error:
                raise Lost(f"The answer of {self.server} was lost. Please try again.") from error
            except ValueError as error:
                raise Refused(f"{self.server} answers, but not as Reverie does.") from error

    def _answer(self, method: str, address: str, **more: Any) -> Answer:
        return Answer(self, self._http.stream(method, address, **more))


class Answer:
    """An answer that is open while it is read, if it is a good one."""

    def __init__(self, link: Link, stream: Any) -> None:
        self._link = link
        self._stream = stream

    def __enter__(self) -> httpx2.Response:
        try:
            answer: httpx2.Response = self._stream.__enter__()
        except (httpx2.ReadError, httpx2.WriteError, httpx2.ReadTimeout, httpx2.RemoteProtocolError) as error:
            raise Lost(f"The answer of {self._link.server} was lost. Please try again.") from error
        except httpx2.TransportError as error:
            raise NotThere(
                f"Nobody answers at {self._link.server}. "
                "Please start Reverie in another window: python app.py"
            ) from error
        if answer.is_success:
            return answer
        sentence = self._reason(answer)
        self._stream.__exit__(None, None, None)
        raise NotNow(sentence) if answer.status_code in NOT_NOW else Refused(sentence)

    def __exit__(self, *error: Any) -> None:
        self._stream.__exit__(*error)

    def _reason(self, answer: httpx2.Response) -> str:
        if answer.status_code == 401:
            return (
                f"{self._link.server} does not know who asks. Please set REVERIE_KEY to a key of yours, or "
                "name the data folder of the app that runs there with --data-folder."
            )
        try:
            return plain(str(json.loads(answer.read())["error"]))
        except (ValueError, KeyError, TypeError, httpx2.TransportError):
            return f"{self._link.server} answers with status {answer.status_code}. Is it Reverie?"

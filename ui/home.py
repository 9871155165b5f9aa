"""Where people reach the app, and how they come in."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from agent.errors import AgentError
from ui.address import LOOPBACK
from ui.hugging_face import HuggingFace
from ui.plain import FRAME_OF_SPACES

__all__ = ["Home", "Space", "find_home"]

log = logging.getLogger(__name__)
BACK_PATH = "/sign-in/huggingface/back"


class Space(BaseSettings):
    """What Hugging Face tells a Space of itself, under its own names; elsewhere nothing."""

    space_host: str = Field("", validation_alias="SPACE_HOST")
    client_id: str = Field("", validation_alias="OAUTH_CLIENT_ID")
    client_secret: SecretStr = Field(SecretStr(""), validation_alias="OAUTH_CLIENT_SECRET")
    provider_url: str = Field("https://huggingface.co", validation_alias="OPENID_PROVIDER_URL")

    @property
    def has_provider(self) -> bool:
        return bool(self.space_host and self.client_id and self.client_secret.get_secret_value())


@dataclass(frozen=True, kw_only=True)
class Home:
    """`host` is what the server binds to. Without `signs_in` everybody who reaches it is on this machine."""

    host: str
    public_url: str = ""
    signs_in: bool = False
    provider: HuggingFace | None = None

    @property
    def framed_by(self) -> str:
        """The site that shows the app within its own pages, as Hugging Face does with a Space."""
        return FRAME_OF_SPACES if self.provider else ""


def find_home(host: str, public_url: str, has_users: bool, space: Space) -> Home:
    """Raises AgentError for one that strangers could walk into."""
    url = clean_url(public_url or (f"https://{space.space_host}" if space.space_host else ""))
    is_private = host in LOOPBACK and not url
    if is_private:
        return Home(host=host, signs_in=has_users)
    if not url:
        raise AgentError(
            f"Others can reach {host}, so Reverie must know the name they reach it by: give it with "
            "--public-url, for example --public-url https://pictures.example.org. "
            f"To serve this machine only, use --host {LOOPBACK[0]}."
        )
    if url.startswith("http:") and urlsplit(url).hostname not in LOOPBACK:
        log.warning("%s is not encrypted: passwords and pictures can be read on their way", url)
    if space.has_provider:
        provider = HuggingFace(
            client_id=space.client_id,
            client_secret=space.client_secret.get_secret_value(),
            provider_url=space.provider_url.rstrip("/"),
            back_url=url + BACK_PATH,
        )
        return Home(host=host, public_url=url, signs_in=True, provider=provider)
    if not has_users:
        raise AgentError(
            f"Others can reach {url}, so people must sign in, and there is nobody yet: add somebody with "
            "python -m agent.people add NAME, or with --first-user and --first-password-file. "
            "On a Space, put hf_oauth: true into the README."
        )
    return Home(host=host, public_url=url, signs_in=True)


def clean_url(url: str) -> str:
    """Scheme, name and port. Raises AgentError."""
    if not url:
        return ""
    try:
        parts = urlsplit(url.strip().lower())
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise AgentError(
            f"{url!r} is no address to be reached by: give scheme and name only, "
            "for example --public-url https://pictures.example.org."
        )
    return f"{parts.scheme}://{parts.netloc}"

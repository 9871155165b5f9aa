"""What the command line and the environment say: the only reader of the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from agent.errors import AgentError
from agent.limits import Limits
from agent.logs import LogFormat, LogLevel
from agent.secret_files import SECRETS
from ui.start_up import describe

__all__ = ["Settings", "read_settings"]


def parted(value: object) -> object:
    """What has commas between, as the environment gives it: there, pydantic-settings itself asks for JSON."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


class Settings(BaseSettings):
    """Reverie: one chat in which you talk pictures into being and talk them into shape."""

    model_config = SettingsConfigDict(
        env_prefix="REVERIE_",
        env_nested_delimiter="__",
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
        cli_prog_name="python app.py",
        cli_kebab_case=True,
        cli_hide_none_type=True,
    )

    data_folder: Path = Field(
        user_data_path("reverie", appauthor=False), description="Where chats and pictures are kept."
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy URL; a SQLite file in the data folder by default."
    )
    host: str = Field(
        "127.0.0.1", description="Address to serve on; where others can reach it, people sign in."
    )
    public_url: str = Field("", description="How others reach it, for example https://pictures.example.org.")
    trusted_proxies: str = Field(
        "", description="Addresses, with commas, of proxies that tell truly from where a request comes."
    )
    first_user: str = Field("", description="Who may sign in, and add others, when there is nobody yet.")
    first_password_file: Path | None = Field(None, description="File with the first user's password.")
    limits: Limits = Field(Limits(), description="What one message and one owner may ask for.")
    port: int = Field(7860, ge=1, le=65535, description="Port to serve on.")
    engine: Literal["stickers", "hidream", "fake"] = Field(
        "stickers",
        description="stickers: the embedded weights; hidream: the published checkpoints, downloaded before; "
        "fake: paints discs, for work on the page.",
    )
    weights: Path | None = Field(None, description="stickers: folder in place of the embedded weights.")
    presets: Annotated[
        tuple[Literal["full", "dev", "fast", "e1.1", "e1"], ...], NoDecode, BeforeValidator(parted)
    ] = Field(
        (), description="hidream: which to offer, for example full,e1.1; by default all that are downloaded."
    )
    vision_model: Path | None = Field(
        None,
        description="hidream: folder of a vision model that answers questions about pictures.",
    )
    devices: Annotated[tuple[str, ...], NoDecode, BeforeValidator(parted)] = Field(
        (),
        description="What draws, each in a process of its own and all at the same time, for example "
        "cuda:0,cuda:1 or cpu,cpu; by default every graphics card there is, or else the processor.",
    )
    stall_seconds: float = Field(
        300.0, gt=0, description="An engine without a sign of life for so long is ended and started again."
    )
    jobs_of_owner: int = Field(8, ge=1, description="How many pictures of one person may run or wait.")
    jobs_in_all: int = Field(64, ge=1, description="How many pictures of everybody may run or wait.")
    fake_step_seconds: float = Field(0.0, ge=0, description="How long a step of the fake engine takes.")
    brain: Literal["offline", "openai", "llama"] = Field(
        "offline",
        description="Who reads your words: built-in rules, a language model behind an OpenAI-like server, or "
        "the Llama that the engine's weights bring along.",
    )
    base_url: str = Field("http://127.0.0.1:11434/v1", description="The language model's server.")
    model: str = Field("", description="The language model's name.")
    api_key: SecretStr = Field(SecretStr(""), description="The language model's key.")
    log_format: LogFormat = Field("text", description="text for people, json for machines: a record a line.")
    log_level: LogLevel = Field("info", description="debug also logs what errors quote of people's words.")
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Who brings it may read /metrics; without it, this machine only."
    )
    stop_seconds: float = Field(
        5.0, ge=0, le=10, description="How long running turns may go on when the program is told to end."
    )
    moderation_url: str | None = Field(
        None,
        description="Server with an OpenAI-like /moderations that judges words and pictures too, such as "
        "https://api.openai.com/v1; what it refuses, and all while it does not answer, is not made.",
    )
    moderation_model: str = Field("omni-moderation-latest", description="The judging model's name.")
    moderation_key: SecretStr = Field(SecretStr("none"), description="That server's key.")
    gates: Annotated[tuple[str, ...], NoDecode, BeforeValidator(parted)] = Field(
        (), description="Your own judges of words or pictures, as MODULE:NAME of what makes one."
    )
    c2pa_certificates: str | None = Field(
        None,
        description="Sign pictures: PEM file with the certificates, the signer's first, or the text itself.",
    )
    c2pa_key: SecretStr | None = Field(
        None,
        description="Sign pictures: PEM file with the signer's private key; a variable may hold the text.",
    )
    replay: Path | None = Field(
        None, description="An exported chat: draw its pictures again, compare them byte by byte, and end."
    )

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_folder / 'reverie.db'}"


def read_settings() -> Settings:
    """Of the command line, the environment and the secrets. Raises AgentError."""
    try:
        return Settings(_cli_parse_args=True)
    except ValidationError as error:
        raise AgentError(" ".join(describe(each) for each in error.errors())) from error
    except SettingsError as error:
        raise AgentError(f"A setting is not written as it must be ({error}).") from error
    except OSError as error:
        raise AgentError(f"The secret {error.filename} cannot be read ({error.strerror}).") from error

"""The composition root: reads the settings, builds the parts, hands them to one another, serves the page."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.artifacts import Artifacts
from agent.brains.brain import Brain
from agent.brains.llama import LlamaBrain
from agent.brains.offline import OfflineBrain
from agent.coordinator import Coordinator
from agent.copies import Copies
from agent.domain import Quality
from agent.errors import AgentError
from agent.gates.gates import Gates
from agent.gates.moderation import Moderation, ModerationPictures, ModerationWords
from agent.gates.rules import RuleGate
from agent.jobs import Jobs
from agent.keys import Keys
from agent.replay import Outcome, replay
from agent.sessions import Sessions
from agent.signing import Signer
from agent.signing_key import read_signing_key
from engines.api import Engine, Eyes, Speaker
from engines.errors import EngineError, ModelNotFound
from engines.fake import FakeEngine
from engines.families import hidream_family, stickers_family
from engines.lazy import LazyEngine
from engines.voice import require_voice
from ui.start_up import prepare_environment, require_free_port

__all__ = ["Settings", "build", "main"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
STICKERS = Path(__file__).parent / "engines" / "stickers"
CHATTY = ("bitsandbytes", "diffusers", "torch.utils._pytree", "torchao")
"""Libraries that warn, when they are imported, of what nobody here uses."""
log = logging.getLogger(__name__)


class Settings(BaseSettings):
    """Reverie: one chat in which you talk pictures into being and talk them into shape."""

    model_config = SettingsConfigDict(
        env_prefix="REVERIE_", cli_prog_name="python app.py", cli_kebab_case=True, cli_hide_none_type=True
    )

    data_folder: Path = Field(
        user_data_path("reverie", appauthor=False), description="Where chats and pictures are kept."
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy URL; a SQLite file in the data folder by default."
    )
    host: str = Field("127.0.0.1", description="Address to serve on; this machine only.")
    port: int = Field(7860, ge=1, le=65535, description="Port to serve on.")
    engine: Literal["stickers", "hidream", "fake"] = Field(
        "stickers",
        description="stickers: the embedded weights; hidream: the published checkpoints, downloaded before; "
        "fake: paints discs, for work on the page.",
    )
    weights: Path | None = Field(None, description="stickers: folder in place of the embedded weights.")
    presets: tuple[Literal["full", "dev", "fast", "e1.1", "e1"], ...] = Field(
        (), description="hidream: which to offer, for example full,e1.1; by default all that are downloaded."
    )
    vision_model: Path | None = Field(
        None,
        description="hidream: folder of a vision model that answers questions about pictures.",
    )
    fake_step_seconds: float = Field(0.0, ge=0, description="How long a step of the fake engine takes.")
    brain: Literal["offline", "openai", "llama"] = Field(
        "offline",
        description="Who reads your words: built-in rules, a language model behind an OpenAI-like server, or "
        "the Llama that the engine's weights bring along.",
    )
    base_url: str = Field("http://127.0.0.1:11434/v1", description="The language model's server.")
    model: str = Field("", description="The language model's name.")
    api_key: SecretStr = Field(SecretStr("none"), description="The language model's key.")
    moderation_url: str | None = Field(
        None,
        description="Server with an OpenAI-like /moderations that judges words and pictures too, such as "
        "https://api.openai.com/v1; what it refuses, and all while it does not answer, is not made.",
    )
    moderation_model: str = Field("omni-moderation-latest", description="The judging model's name.")
    moderation_key: SecretStr = Field(SecretStr("none"), description="That server's key.")
    c2pa_certificates: Path | None = Field(
        None, description="Sign pictures: PEM file with the chain of certificates, the signer's first."
    )
    c2pa_key: Path | None = Field(None, description="Sign pictures: PEM file with the signer's private key.")
    replay: Path | None = Field(
        None, description="An exported chat: draw its pictures again, compare them byte by byte, and end."
    )

    @field_validator("host")
    @classmethod
    def require_loopback(cls, host: str) -> str:
        if host not in LOOPBACK:
            raise ValueError(
                f"Reverie has no sign-in yet, so it serves this machine only: use {LOOPBACK[0]}, not {host}"
            )
        return host


@dataclass(frozen=True, kw_only=True)
class Engines:
    """Who draws and who edits, by quality, and the words they know (none: they take any).

    `folder` holds the weights of the first painter.
    """

    painters: Mapping[Quality, Engine]
    editors: Mapping[Quality, Engine]
    vocabulary: Mapping[str, tuple[str, ...]]
    folder: Path | None = None
    presets: tuple[str, ...] = ()
    eyes: Eyes | None = None

    def load(self) -> None:
        """Load what is not loaded yet, so that the first picture need not wait for it."""
        for engine in (*self.painters.values(), *self.editors.values()):
            try:
                _ = engine.info
            except EngineError as error:
                log.error("%s", error)
                return


@dataclass(frozen=True, kw_only=True)
class Reverie:
    """All parts but the page, built and handed to one another."""

    engines: Engines
    sessions: Sessions
    artifacts: Artifacts
    jobs: Jobs
    coordinator: Coordinator
    brain: Brain
    signer: Signer | None = None

    def close(self) -> None:
        self.coordinator.close()
        self.jobs.close()
        self.brain.close()
        self.sessions.close()


def build(settings: Settings) -> Reverie:
    """Nothing is opened before all settings hold. Raises AgentError or EngineError."""
    engines = build_engines(settings)
    signer = build_signer(settings)
    rules = OfflineBrain()
    jobs = Jobs()
    brain = build_llama(settings, engines, jobs) or build_brain(settings) or rules
    sessions = Sessions(settings.database_url or f"sqlite:///{settings.data_folder / 'reverie.db'}")
    artifacts = Artifacts(
        settings.data_folder / "pictures", Copies(settings.data_folder / "cache" / "signed")
    )
    sessions.mark_interrupted()
    sessions.drop_temporary()
    artifacts.sweep(sessions.hashes())
    coordinator = Coordinator(
        sessions=sessions,
        artifacts=artifacts,
        jobs=jobs,
        brain=brain,
        fallback=rules,
        engines=engines.painters,
        editors=engines.editors,
        vocabulary=engines.vocabulary,
        eyes=engines.eyes,
        presets=engines.presets,
        gates=build_gates(settings),
    )
    return Reverie(
        engines=engines,
        sessions=sessions,
        artifacts=artifacts,
        jobs=jobs,
        coordinator=coordinator,
        brain=brain,
        signer=signer,
    )


def build_engines(settings: Settings) -> Engines:
    """Checked now, loaded later: importing torch takes seconds that the page need not wait for."""
    match settings.engine:
        case "fake":
            fake = FakeEngine(step_seconds=settings.fake_step_seconds)
            everyone = {quality: fake for quality in Quality}
            return Engines(
                painters=everyone, editors=everyone, vocabulary=fake.info.vocabulary, presets=("fake",)
            )
        case "stickers":
            family = stickers_family(settings.weights or STICKERS)
        case "hidream":
            family = hidream_family(settings.presets, settings.vision_model)
    return Engines(
        painters={Quality(variant): engine for variant, engine in family.painters.items()},
        editors={} if family.editor is None else {quality: family.editor for quality in Quality},
        vocabulary=family.vocabulary,
        folder=family.folder,
        presets=family.presets,
        eyes=family.eyes,
    )


def build_llama(settings: Settings, engines: Engines, jobs: Jobs) -> Brain | None:
    """The engine's own language model, if that is wanted. Raises EngineError where it cannot talk."""
    if settings.brain != "llama":
        return None
    painter = next(iter(engines.painters.values()), None)
    if engines.folder is None or not isinstance(painter, LazyEngine):
        raise ModelNotFound("There is no Llama here that draws: choose another --engine or another --brain.")
    require_voice(engines.folder)

    @cache
    def load() -> Speaker:
        from engines.speaker import load_speaker

        return load_speaker(painter.get())

    return LlamaBrain(load, jobs)


def build_gates(settings: Settings) -> Gates:
    """The rules, and behind them a model that judges, if there is one."""
    if settings.moderation_url is None:
        return Gates()
    moderation = Moderation(
        settings.moderation_url, settings.moderation_model, settings.moderation_key.get_secret_value()
    )
    return Gates(words=(RuleGate(), ModerationWords(moderation)), pictures=(ModerationPictures(moderation),))


def build_signer(settings: Settings) -> Signer | None:
    """Who signs pictures, if that is wanted. Raises AgentError for a key that will not do."""
    certificates, key = settings.c2pa_certificates, settings.c2pa_key
    if certificates is None and key is None:
        return None
    if certificates is None or key is None:
        raise AgentError("To sign pictures give both --c2pa-certificates and --c2pa-key, or neither.")
    return Signer(read_signing_key(certificates, key))


def build_brain(settings: Settings) -> Brain | None:
    """The language model, if one is wanted; without it the rules answer. Raises AgentError."""
    if settings.brain != "openai":
        return None
    if not settings.model.strip():
        raise AgentError("The language model has no name: give one with --model, for example --model qwen3.")
    from agent.brains.openai import OpenAIBrain  # its client takes a second to import

    return OpenAIBrain(settings.base_url, settings.model.strip(), settings.api_key.get_secret_value())


def main() -> int:
    """Serve until interrupted; a failure to start is one sentence and exit code 1."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        settings = Settings(_cli_parse_args=True)
        if settings.replay is not None:
            return replay_chat(settings.replay, build_engines(settings))
        require_free_port(settings.host, settings.port)
        prepare_environment(settings.data_folder)
        reverie = build(settings)
    except ValidationError as error:
        return give_up(" ".join(describe(each) for each in error.errors()))
    except (AgentError, EngineError) as error:
        return give_up(str(error))
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    from ui.serve import serve  # Gradio reads the environment when it is imported

    page = serve(
        sessions=reverie.sessions,
        artifacts=reverie.artifacts,
        keys=Keys(reverie.sessions),
        coordinator=reverie.coordinator,
        host=settings.host,
        port=settings.port,
        signer=reverie.signer,
    )
    print(f"Reverie is at {page.local_url} (chats and pictures in {settings.data_folder})", flush=True)
    threading.Thread(target=reverie.engines.load, name="loading", daemon=True).start()
    stopping.wait()
    print("Closing.", flush=True)
    page.close(verbose=False)
    reverie.close()
    return 0


def replay_chat(file: Path, engines: Engines) -> int:
    """A line a picture; 0 when all came out the same. Raises AgentError or EngineError."""
    is_same = True
    for each in replay(file, engines=engines.painters, editors=engines.editors, eyes=engines.eyes):
        print(f"{each.artifact.handle}: {each.outcome}. {each.reason}".rstrip(), flush=True)
        is_same = is_same and each.outcome is Outcome.SAME
    return 0 if is_same else 1


def describe(error: ErrorDetails) -> str:
    """A setting that cannot be: which one, and why."""
    name = ".".join(str(part) for part in error["loc"])
    return f"{name}: {error['msg'].removeprefix('Value error, ')}."


def give_up(sentence: str) -> int:
    print(f"Reverie cannot start. {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

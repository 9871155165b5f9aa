"""The composition root: reads the settings, builds the parts, hands them to one another, serves the page."""

from __future__ import annotations

import logging
import math
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.artifacts import Artifacts
from agent.backup import back_up
from agent.backup_door import BackupDoor
from agent.brains.brain import Brain
from agent.brains.llama import LlamaBrain
from agent.brains.offline import OfflineBrain
from agent.choices import Choice, Choices, read_choice
from agent.coordinator import Coordinator
from agent.decoder.pool import Decoders
from agent.domain import Quality
from agent.errors import AgentError
from agent.jobs import JobLimits, Jobs
from agent.keys import Keys, keep_terminal_key
from agent.logs import LogFormat, LogLevel, set_up_logs
from agent.meter import Meter
from agent.replay import Outcome, replay
from agent.sessions import Sessions
from agent.studio import StudioGraph, studio_graph
from engines.apart import apart
from engines.api import Engine, Eyes, Speaker
from engines.errors import EngineError, ModelNotFound
from engines.families import HIDREAM, fake_family, hidream_family, is_downloaded, stickers_family
from engines.voice import require_voice
from engines.workshop import Workshop
from ui.doors.health import Health, Loading
from ui.start_up import end_within, prepare_environment, require_free_port

__all__ = ["Settings", "build", "main"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
STICKERS = Path(__file__).parent / "engines" / "stickers"
BRAIN_SETTINGS = {"brain", "base_url", "model", "api_key"}
"""They belong together: a key is for the server that it was given with."""
CLOSE_SECONDS = 19.0
"""Those who send SIGTERM commonly kill after twenty."""
SECRETS = Path("/run/secrets")
log = logging.getLogger(__name__)


class Settings(BaseSettings):
    """Reverie: one chat in which you talk pictures into being and talk them into shape."""

    model_config = SettingsConfigDict(
        env_prefix="REVERIE_",
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
    replay: Path | None = Field(
        None, description="An exported chat: draw its pictures again, compare them byte by byte, and end."
    )

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_folder / 'reverie.db'}"

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
    speaker: Speaker | None = None
    default: Quality = Quality.FULL
    workshop: Workshop

    def close(self) -> None:
        self.workshop.close()

    def load(self) -> bool:
        """Load what is not loaded yet, so that the first picture need not wait; False if that fails."""
        for engine in (*self.painters.values(), *self.editors.values()):
            try:
                _ = engine.info
            except EngineError as error:
                log.error("%s", error)
                return False
        return True


@dataclass(frozen=True, kw_only=True)
class Reverie:
    """All parts but the page, built and handed to one another."""

    engines: Engines
    sessions: Sessions
    artifacts: Artifacts
    decoders: Decoders
    jobs: Jobs
    coordinator: Coordinator
    choices: Choices
    meter: Meter

    def back_up(self, destination: Path) -> str:
        return back_up(self.sessions, self.artifacts, destination).sentence(destination)

    def close(self) -> None:
        self.coordinator.close()
        self.decoders.close()
        self.jobs.close()
        self.coordinator.brain.close()
        self.engines.close()
        self.sessions.close()


def build(settings: Settings) -> Reverie:
    """Nothing is opened before all settings hold. Raises AgentError or EngineError."""
    engines = build_engines(settings)
    rules = OfflineBrain()
    limits = JobLimits(of_owner=settings.jobs_of_owner, in_all=settings.jobs_in_all)
    jobs = Jobs(math.inf, limits)  # the workshop ends an engine that hangs

    @cache
    def llama() -> Brain:
        return build_llama(engines, jobs)

    choices = Choices(
        folder=settings.data_folder,
        current=choice_of(settings),
        build=lambda choice: llama() if choice.brain == "llama" else build_brain(choice) or rules,
        brains=("offline", "openai", "llama") if can_speak(engines) else ("offline", "openai"),
        engines=available_engines(settings),
    )
    brain = choices.first(rules, is_optional="brain" not in settings.model_fields_set)
    artifacts = Artifacts(settings.data_folder / "pictures")
    sessions = Sessions(settings.store_url, may_be_new=artifacts.is_empty)
    sessions.mark_interrupted()
    sessions.drop_temporary()
    artifacts.sweep(sessions.hashes())
    decoders = Decoders()
    decoders.start()
    meter = Meter(queue_length=lambda: len(jobs.line), engine_restarts=lambda: engines.workshop.num_restarts)
    coordinator = Coordinator(
        sessions=sessions,
        artifacts=artifacts,
        decoders=decoders,
        jobs=jobs,
        brain=brain,
        fallback=rules,
        engines=engines.painters,
        editors=engines.editors,
        vocabulary=engines.vocabulary,
        eyes=engines.eyes,
        presets=engines.presets,
        default_quality=engines.default,
        watch=meter.watch,
    )
    return Reverie(
        engines=engines,
        sessions=sessions,
        artifacts=artifacts,
        decoders=decoders,
        jobs=jobs,
        coordinator=coordinator,
        choices=choices,
        meter=meter,
    )


def build_engines(settings: Settings) -> Engines:
    """Checked now, loaded later, in a process of their own: the page need not wait for it."""
    match settings.engine:
        case "fake":
            load = partial(fake_family, settings.fake_step_seconds)
        case "stickers":
            load = partial(stickers_family, settings.weights or STICKERS)
        case "hidream":
            load = partial(hidream_family, settings.presets, settings.vision_model)
    workshop = Workshop(load, settings.stall_seconds)
    family = apart(load(), workshop)
    return Engines(
        painters={Quality(variant): engine for variant, engine in family.painters.items()},
        editors={} if family.editor is None else {quality: family.editor for quality in Quality},
        vocabulary=family.vocabulary,
        folder=family.folder,
        presets=family.presets,
        eyes=family.eyes,
        speaker=family.speaker,
        default=Quality(family.default),
        workshop=workshop,
    )


def build_llama(engines: Engines, jobs: Jobs) -> Brain:
    """The engine's own language model. Raises EngineError where it cannot talk."""
    speaker = engines.speaker
    if engines.folder is None or speaker is None:
        raise ModelNotFound("There is no Llama here that draws: choose another --engine or another --brain.")
    require_voice(engines.folder)
    return LlamaBrain(lambda: speaker, jobs)


def can_speak(engines: Engines) -> bool:
    if engines.folder is None:
        return False
    try:
        require_voice(engines.folder)
    except EngineError:
        return False
    return True


def build_brain(choice: Choice) -> Brain | None:
    """The language model, if one is wanted; without it the rules answer. Raises AgentError."""
    if choice.brain != "openai":
        return None
    if not choice.model.strip():
        raise AgentError("The language model has no name: give one with --model, for example --model qwen3.")
    from agent.brains.openai import OpenAIBrain  # its client takes a second to import

    return OpenAIBrain(choice.base_url.strip(), choice.model.strip(), choice.api_key.get_secret_value())


def as_chosen(settings: Settings) -> Settings:
    """What was chosen on the page, where neither the command line nor the environment says otherwise."""
    kept = read_choice(settings.data_folder)
    if kept is None:
        return settings
    said, taken = settings.model_fields_set, dict[str, object]()
    if not said & BRAIN_SETTINGS:
        taken = {name: getattr(kept, name) for name in BRAIN_SETTINGS}
    if "engine" not in said and kept.engine in available_engines(settings):
        taken["engine"] = kept.engine
    return Settings.model_construct(said, **{**dict(settings), **taken})


def choice_of(settings: Settings) -> Choice:
    return Choice(**{name: getattr(settings, name) for name in BRAIN_SETTINGS}, engine=settings.engine)


def available_engines(settings: Settings) -> tuple[str, ...]:
    """Those that could draw at the next start."""
    others = [name for name in ("hidream",) if any(map(is_downloaded, HIDREAM))]
    return tuple(dict.fromkeys([settings.engine, "stickers", *others]))


def main() -> int:
    """Serve until interrupted; a failure to start is one sentence and exit code 1."""
    try:
        settings = as_chosen(Settings(_cli_parse_args=True))
        set_up_logs(settings.log_format, settings.log_level)
        if settings.replay is not None:
            with closing(build_engines(settings)) as engines:
                return replay_chat(settings.replay, engines)
        stopping = stop_signal()
        require_free_port(settings.host, settings.port)
        prepare_environment(settings.data_folder)
        reverie = build(settings)
        keys = Keys(reverie.sessions)
        if settings.host in LOOPBACK:
            keep_terminal_key(keys, settings.data_folder)
    except ValidationError as error:
        return give_up(" ".join(describe(each) for each in error.errors()))
    except (AgentError, EngineError) as error:
        return give_up(str(error))
    loading = Loading()
    from ui.serve import serve  # Gradio reads the environment when it is imported

    page = serve(
        sessions=reverie.sessions,
        artifacts=reverie.artifacts,
        keys=keys,
        coordinator=reverie.coordinator,
        choices=reverie.choices,
        health=Health(
            sessions=reverie.sessions,
            data_folder=settings.data_folder,
            engine=lambda: loading.state,
            meter=reverie.meter,
            metrics_token=settings.metrics_token.get_secret_value(),
        ),
        host=settings.host,
        port=settings.port,
    )
    tell = log.info if settings.log_format == "json" else partial(print, flush=True)
    tell(f"Reverie is at {page.local_url} (chats and pictures in {settings.data_folder})")
    door = BackupDoor(settings.data_folder, reverie.back_up)
    threading.Thread(target=loading.run, args=(reverie.engines.load,), name="loading", daemon=True).start()
    stopping.wait()
    tell("Closing.")
    end_within(CLOSE_SECONDS)
    reverie.coordinator.close(settings.stop_seconds)
    page.close(verbose=False)
    door.close()
    reverie.close()
    return 0


def studio() -> StudioGraph:
    """For LangGraph's tools (langgraph.json): set up as the environment says, in a data folder of its own."""

    @cache
    def find_coordinator() -> Coordinator:
        settings = Settings()
        apart = settings.data_folder / "studio"
        prepare_environment(apart)
        return build(settings.model_copy(update={"data_folder": apart, "database_url": None})).coordinator

    return studio_graph(find_coordinator)


def stop_signal() -> threading.Event:
    """Set when the program is told to end."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


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
    __spec__ = ModuleSpec("reverie.__main__", None)  # or each process that we start would import this file
    sys.exit(main())

"""The composition root: reads the settings, builds the parts, hands them to one another, serves the page."""

from __future__ import annotations

import logging
import math
import sys
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from importlib.machinery import ModuleSpec
from pathlib import Path

from agent.artifacts import Artifacts
from agent.backup import back_up
from agent.backup_door import BackupDoor
from agent.brains.brain import Brain
from agent.brains.llama import LlamaBrain
from agent.brains.offline import OfflineBrain
from agent.choices import Choice, Choices, read_choice
from agent.coordinator import Coordinator
from agent.copies import Copies
from agent.decoder.pool import Decoders
from agent.domain import Quality
from agent.errors import AgentError
from agent.jobs import JobLimits, Jobs
from agent.keys import Keys, keep_terminal_key
from agent.limits import Rates
from agent.logs import TURN_ID, set_up_logs
from agent.meter import Meter
from agent.people.first import add_first_user
from agent.people.users import Users
from agent.replay import print_each, replay
from agent.sessions import Sessions
from agent.signing import Signer
from agent.studio import StudioGraph, studio_graph
from agent.tidying import tidy
from engines.apart import apart
from engines.api import Engine, Eyes, Speaker
from engines.errors import EngineError, ModelNotFound
from engines.families import HIDREAM, fake_family, hidream_family, is_downloaded, stickers_family
from engines.lazy import Lazy
from engines.quiet import hush
from engines.voice import require_voice
from engines.workshop import Workshop
from engines.zero_gpu import CALLS_AT_ONCE, is_zero_gpu, lent
from ui.doors.health import Health, Loading
from ui.flags import Settings, read_settings
from ui.home import Home, Space, find_home
from ui.parts import build_brain, build_gates, build_signer
from ui.start_up import (
    end_within,
    give_up,
    prepare_environment,
    require_free_port,
    stop_signal,
)

__all__ = ["Settings", "build", "main"]

STICKERS = Path(__file__).parent / "engines" / "stickers"
BRAIN_SETTINGS = {"brain", "base_url", "model", "api_key"}
"""They belong together: a key is for the server that it was given with."""
CLOSE_SECONDS = 19.0
"""Those who send SIGTERM commonly kill after twenty."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Engines:
    """Who draws and who edits, by quality, and the words they know (none: they take any).

    `folder` holds the weights of the first painter. They work in the `workshop`, or on lent cards.
    """

    painters: Mapping[Quality, Engine]
    editors: Mapping[Quality, Engine]
    vocabulary: Mapping[str, tuple[str, ...]]
    folder: Path | None = None
    presets: tuple[str, ...] = ()
    eyes: Eyes | None = None
    speaker: Speaker | None = None
    default: Quality = Quality.FULL
    workshop: Workshop | None = None

    def close(self) -> None:
        if self.workshop is not None:
            self.workshop.close()

    def num_restarts(self) -> int:
        return 0 if self.workshop is None else self.workshop.num_restarts

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
    signer: Signer | None = None

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
    signer = build_signer(settings)
    rules = OfflineBrain()
    limits = JobLimits(of_owner=settings.jobs_of_owner, in_all=settings.jobs_in_all)
    num_at_once = CALLS_AT_ONCE if is_zero_gpu() else 1
    jobs = Jobs(math.inf, limits, num_at_once)  # the workshop ends an engine that hangs

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
    copies = Copies(settings.data_folder / "cache" / "signed")
    artifacts = Artifacts(settings.data_folder / "pictures", copies)
    sessions = Sessions(settings.store_url, may_be_new=artifacts.is_empty)
    tidy(sessions, artifacts)
    decoders = Decoders()
    decoders.start()
    meter = Meter(queue_length=lambda: len(jobs.line), engine_restarts=engines.num_restarts)
    meter.show_signing_end(signer.valid_until if signer else None)
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
        rates=Rates(settings.limits),
        gates=build_gates(settings),
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
        signer=signer,
    )


def build_engines(settings: Settings) -> Engines:
    """Checked now, loaded later, in a process of their own (on ZeroGPU: now, for it forks this process)."""
    match settings.engine:
        case "fake":
            load = partial(fake_family, settings.fake_step_seconds)
        case "stickers":
            load = partial(stickers_family, settings.weights or STICKERS)
        case "hidream":
            load = partial(hidream_family, settings.presets, settings.vision_model)
    if is_zero_gpu() and settings.vision_model is not None:
        raise EngineError("A vision model has no card of its own on ZeroGPU: leave --vision-model out.")
    workshop = None if is_zero_gpu() else Workshop(load, settings.stall_seconds, label=TURN_ID.get)
    family = lent(load, label=TURN_ID.get) if workshop is None else apart(load(), workshop)
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
        settings = read_settings()
        set_up_logs(settings.log_format, settings.log_level)
        hush()
        settings = as_chosen(settings)
        if settings.replay is not None:
            with closing(build_engines(settings)) as engines:
                made = replay(
                    settings.replay, engines=engines.painters, editors=engines.editors, eyes=engines.eyes
                )
                return 0 if print_each(made) else 1
        stopping = stop_signal()
        require_free_port(settings.host, settings.port)
        prepare_environment(settings.data_folder, settings.trusted_proxies)
        reverie = build(settings)
        home = open_house(settings, reverie)
        keys = Keys(reverie.sessions)
        if not home.signs_in:
            keep_terminal_key(keys, settings.data_folder)
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
        home=home,
        port=settings.port,
        signer=reverie.signer,
        lends_cards=is_zero_gpu(),
    )
    tell = log.info if settings.log_format == "json" else partial(print, flush=True)
    tell(f"Reverie is at {home.public_url or page.local_url} (chats and pictures in {settings.data_folder})")
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
    """For LangGraph's tools (langgraph.json), which ask for it again with each run."""
    return studio_graph(lambda: STUDIO.get().coordinator)


def build_studio() -> Reverie:
    """As the environment says, in a data folder of its own."""
    settings = Settings()
    apart = settings.data_folder / "studio"
    prepare_environment(apart)
    return build(settings.model_copy(update={"data_folder": apart, "database_url": None}))


STUDIO = Lazy(build_studio)


def open_house(settings: Settings, reverie: Reverie) -> Home:
    """Who may come in, and from where. Raises AgentError, and closes what is open, if that cannot be."""
    users = Users(reverie.sessions)
    try:
        add_first_user(users, settings.first_user, settings.first_password_file)
        return find_home(settings.host, settings.public_url, bool(users.list()), Space())
    except AgentError:
        reverie.close()
        raise


if __name__ == "__main__":
    __spec__ = ModuleSpec("reverie.__main__", None)  # or each process that we start would import this file
    sys.exit(main())

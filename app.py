"""The composition root: reads the settings, builds the parts, hands them to one another, serves the page."""

from __future__ import annotations

import logging
import math
import sys
import threading
from collections.abc import Callable, Mapping
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
from agent.choices import Choices
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
from agent.spoken import ANSWERS, PICTURES, Things
from agent.studio import StudioGraph, studio_graph
from agent.tidying import tidy
from engines.apart import apart
from engines.api import Engine
from engines.devices import find_devices
from engines.errors import EngineError, ModelNotFound
from engines.families import HIDREAM, Family, fake_family, hidream_family, is_downloaded, stickers_family
from engines.lazy import Lazy
from engines.quiet import hush
from engines.voice import require_voice
from engines.workshop import Workshop
from engines.workshops import Workshops
from engines.zero_gpu import CALLS_AT_ONCE, is_zero_gpu, lent
from ui.chosen import as_chosen, choice_of
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
CLOSE_SECONDS = 19.0
"""Those who send SIGTERM commonly kill after twenty."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Engines:
    """A family that works in `workshops`, or on lent cards; who draws and who edits, by quality."""

    family: Family
    workshops: Workshops | None = None

    @property
    def painters(self) -> Mapping[Quality, Engine]:
        return {Quality(variant): engine for variant, engine in self.family.painters.items()}

    @property
    def editors(self) -> Mapping[Quality, Engine]:
        return {} if self.family.editor is None else dict.fromkeys(Quality, self.family.editor)

    def close(self) -> None:
        if self.workshops is not None:
            self.workshops.close()

    def num_restarts(self) -> int:
        return 0 if self.workshops is None else self.workshops.num_restarts

    def num_able(self) -> int:
        """How many pictures can be drawn at once now."""
        return CALLS_AT_ONCE if self.workshops is None else self.workshops.num_able

    def jobs(self, limits: JobLimits, things: Things = PICTURES) -> Jobs:
        """Their line, in which nothing counts as stuck: a workshop ends an engine that hangs."""
        if self.workshops is None:
            return Jobs(math.inf, limits, CALLS_AT_ONCE, leaves_one=True, things=things)
        return Jobs(math.inf, limits, len(self.workshops.shops), num_able=self.num_able, things=things)

    def load(self) -> bool:
        """Load all, so that the first picture need not wait; False if no device can."""
        return self.workshops is None or self.workshops.load(self.family.members)


@dataclass(frozen=True, kw_only=True)
class Reverie:
    """All parts but the page, built and handed to one another."""

    engines: Engines
    sessions: Sessions
    artifacts: Artifacts
    decoders: Decoders
    jobs: Jobs
    answers: Jobs
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
        self.answers.close()
        self.coordinator.brain.close()
        self.engines.close()
        self.sessions.close()


def build(settings: Settings) -> Reverie:
    """Nothing is opened before all settings hold. Raises AgentError or EngineError."""
    engines = build_engines(settings)
    signer = build_signer(settings)
    rules = OfflineBrain()
    limits = JobLimits(of_owner=settings.jobs_of_owner, in_all=settings.jobs_in_all)
    jobs, answers = engines.jobs(limits), engines.jobs(limits, ANSWERS)

    @cache
    def llama() -> Brain:
        return build_llama(engines, answers)

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
    meter = Meter(
        queue_length=lambda: len(jobs.line),
        engine_restarts=engines.num_restarts,
        devices=engines.num_able,
    )
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
        vocabulary=engines.family.vocabulary,
        eyes=engines.family.eyes,
        presets=engines.family.presets,
        default_quality=Quality(engines.family.default),
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
        answers=answers,
        coordinator=coordinator,
        choices=choices,
        meter=meter,
        signer=signer,
    )


def build_engines(settings: Settings) -> Engines:
    """Checked now, loaded later, in a process for each device; on ZeroGPU now, for it forks this process."""
    match settings.engine:
        case "fake":
            load = partial(fake_family, settings.fake_step_seconds)
        case "stickers":
            load = partial(stickers_family, settings.weights or STICKERS)
        case "hidream":
            load = partial(hidream_family, settings.presets, settings.vision_model)
    if is_zero_gpu():
        workshops, family = None, on_lent_cards(settings, load)
    else:
        family = load()
        devices = find_devices(settings.devices, uses_cards=settings.engine != "fake")
        shop = partial(Workshop, stall_seconds=settings.stall_seconds, label=TURN_ID.get)
        workshops = Workshops([shop(partial(load, device=each), device=each) for each in devices])
        family = apart(family, workshops)
    return Engines(family=family, workshops=workshops)


def on_lent_cards(settings: Settings, load: Callable[[], Family]) -> Family:
    """Raises EngineError for what cannot be on ZeroGPU."""
    if settings.vision_model is not None:
        raise EngineError("A vision model has no card of its own on ZeroGPU: leave --vision-model out.")
    if settings.devices:
        raise EngineError("ZeroGPU chooses the cards that it lends: leave --devices out.")
    return lent(load, label=TURN_ID.get)


def build_llama(engines: Engines, answers: Jobs) -> Brain:
    """The engine's own language model, with a line of its own. Raises EngineError where it cannot talk."""
    folder, speaker = engines.family.folder, engines.family.speaker
    if folder is None or speaker is None:
        raise ModelNotFound("There is no Llama here that draws: choose another --engine or another --brain.")
    require_voice(folder)
    return LlamaBrain(lambda: speaker, answers)


def can_speak(engines: Engines) -> bool:
    if engines.family.folder is None:
        return False
    try:
        require_voice(engines.family.folder)
    except EngineError:
        return False
    return True


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
        settings = as_chosen(settings, available_engines(settings))
        if settings.replay is not None:
            with closing(build_engines(settings)) as engines:
                made = replay(
                    settings.replay,
                    engines=engines.painters,
                    editors=engines.editors,
                    eyes=engines.family.eyes,
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

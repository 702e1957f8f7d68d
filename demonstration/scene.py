"""One scenario on stage: what it may use, what it shows, and how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from config import Settings
from demonstration.story import Story
from errors import BusinessProcessError
from wire import Json
from workflow import Definition
from workflow_starter import WorkflowStarter

EXECUTION_SECONDS = 600  # an execution of a demo that was broken off does not stay open for long
TAG = "demo"

T = TypeVar("T")


class CheckFailedError(Exception):
    """The history does not say what a scenario expects of it."""


@dataclass(frozen=True)
class Run:
    """One run of an execution."""

    workflow_id: str
    run_id: str


@dataclass
class Scene:
    """A scenario and how far it has got.  Written by its own thread, read by the screen's."""

    name: str
    """One word; also part of its workflow ids and order ids."""
    title: str
    play: Callable[[Scene], object] = field(repr=False)
    """Carries it out; raises `CheckFailedError` when the history disagrees."""
    show_id: str
    """What tells this run of the demo from others."""
    starter: WorkflowStarter = field(repr=False)
    tell: Callable[[Scene, str], None] = field(repr=False)
    """Hears what matters as it happens."""
    state: str = "waits"
    """`waits`, `plays`, `ok` or `FAILED`."""
    note: str = ""
    """What happened last, or why it failed."""
    runs: list[Run] = field(default_factory=list)
    """The runs worth a timeline."""
    summary: str = ""
    """Said instead of a timeline."""
    seconds: float = 0.0
    _stories: dict[Run, Story] = field(default_factory=dict, repr=False)
    over: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def settings(self) -> Settings:
        """The demo's settings."""
        return self.starter.settings

    def perform(self) -> None:
        """Play, and keep how it ended."""
        began = time.monotonic()
        self.state = "plays"
        try:
            self.play(self)
            self.state = "ok"
        except (CheckFailedError, BusinessProcessError) as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - a scene that breaks is a scene that fails
            self._fail(f"{type(error).__name__}: {error}")
        finally:
            self.seconds = time.monotonic() - began
            self.over.set()

    def told(self) -> dict[str, Json]:
        """How it went, for programs."""
        runs = [{"workflow_id": run.workflow_id, "run_id": run.run_id} for run in self.runs]
        return {
            "name": self.name,
            "title": self.title,
            "state": self.state,
            "note": self.note,
            "seconds": round(self.seconds, 3),
            "runs": runs,
        }

    def _fail(self, why: str) -> None:
        self.state, self.note = "FAILED", why

    # --- what scenarios use --------------------------------------------------------------

    def order(self, number: int = 1, **accidents: Json) -> dict[str, Json]:
        """A small order of its own; `accidents` are those of `demonstration.worker`."""
        return {
            "order_id": f"{self.show_id}-{self.name}-{number}",
            "customer_id": f"C-{number}",
            "items": [{"sku": "BOOK-7", "name": "Notebook", "quantity": number, "price": 19.90}],
            "metadata": {"demo": accidents},
        }

    def start(self, order: Json, definition: Definition | None = None) -> Run:
        """Start an execution that this scene shows, of the shipped process or another."""
        started = self.starter.start_workflow(
            order,
            workflow_id=f"{self.show_id}-{self.name}",
            tags=[TAG, self.show_id],
            timeout=EXECUTION_SECONDS,
            definition=definition,
        )
        return self.show(Run(started["workflow_id"], started["run_id"]))

    def show(self, run: Run) -> Run:
        """Let a run have its timeline."""
        self.runs.append(run)
        return run

    def say(self, text: str, *, aloud: bool = True) -> None:
        """Tell what happens; only what matters is told aloud."""
        self.note = text
        if aloud:
            self.tell(self, text)

    def watch(self, run: Run, until: Callable[[Story], bool] = lambda _: False) -> Story:
        """Follow a run on from where it was, until its story satisfies `until` or it closes."""
        story = self._stories.setdefault(run, Story())
        known = story.events[-1]["eventId"] if story.events else 0
        for event in self.starter.follow(run.workflow_id, run.run_id, after=known):
            story.add(event)
            moment = story.moment(event)
            if moment:
                self.say(moment.text, aloud=not moment.smooth)
            if until(story):
                break
        return story

    def history(self, run: Run) -> Story:
        """The story of a run as its whole history tells it now."""
        return Story(self.starter.get_workflow_history(run.workflow_id, run.run_id))

    def ending(self, run: Run) -> Story:
        """The story of a run once it closed, read anew and whole."""
        self.watch(run)
        return self.history(run)

    def after(self, other: Scene) -> Run:
        """Wait for another scene, and take over the run that it showed."""
        self.say(f"waits for: {other.title}", aloud=False)
        other.over.wait()
        if other.state != "ok":
            raise CheckFailedError(f"needs '{other.title}', which failed")
        return other.runs[-1]

    def expect(self, what: str, found: T, wanted: T) -> None:
        """Check one thing that the history says."""
        if found != wanted:
            raise CheckFailedError(f"{what}: the history says {found!r} instead of {wanted!r}")

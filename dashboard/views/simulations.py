"""What a definition would do: outcomes are filled in, and it runs on a virtual clock.

No engine is asked.  A text that was not saved yet is simulated as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from dashboard import gantt, pages
from dashboard.serving import change, look
from dashboard.site import site_of
from dashboard.views.definitions import BASE, known, written
from errors import BusinessProcessError, InvalidInputError
from runner.simulation import Simulation
from starter.control import signals
from starter.definitions import drafting, examples, simulating
from starter.definitions.json_texts import value_of
from wire import Json
from workflow import Definition

MOST_EVENTS, MOST_ENTERED = 20_000, 20_000  # of one simulation: a second or two
MOST_STEPS = 60  # that get a row of the form; others are said as JSON
MOST_ROWS = 300
MOST_ENTRIES = 1_000  # of the timeline that are shown

HOWS = {
    "": "completes with {}",
    "result": "completes with",
    "error": "fails with",
    "fatal": "fails for good with",
    "timeout": "times out",
}
"""How an attempt goes; `error` is tried again where the step says so, `fatal` is not."""
CANCEL = "CANCEL"
CONTROLS = (
    signals.PAUSE,
    signals.CONTINUE,
    signals.RESUME_FROM_STEP,
    signals.GO_BACK,
    signals.REPROCESS_STEP,
    signals.SKIP_STEP,
    signals.ROLL_BACK,
    CANCEL,
)


@dataclass(frozen=True)
class Attempt:
    """How one attempt at a step goes."""

    step: str
    how: str = ""
    says: str = ""
    """The result as JSON, or `Error: text`."""
    after: str = ""
    """Seconds."""


@dataclass(frozen=True)
class Sent:
    """A signal that comes."""

    at: str = ""
    signal: str = ""
    input: str = ""


@dataclass(frozen=True)
class Filled:
    """What was filled in."""

    input: str
    attempts: list[Attempt] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    plan: str = ""
    """All of it as JSON, in place of the rows."""


@dataclass(frozen=True)
class Subject:
    """The definition that is simulated."""

    name: str
    version: str
    text: str
    saved: bool
    definition: Definition | None
    problem: str = ""
    """Why it cannot run."""


# --- the form ------------------------------------------------------------------------------


def _subject(name: str, version: str, text: str, *, saved: bool) -> Subject:
    name, version = name or "Draft", version or "1"
    try:
        definition = drafting.definition_of(text, name, version)
    except BusinessProcessError as error:
        return Subject(name, version, text, saved, None, str(error))
    return Subject(name, version, text, saved, definition)


def _begun(subject: Subject) -> Filled:
    """The form before anything was filled in."""
    if subject.definition is None:
        return Filled("{}")
    steps = simulating.asked(subject.definition)[:MOST_STEPS]
    attempts = [Attempt(step) for step in steps]
    return Filled(examples.example(subject.definition), attempts, [Sent()])


def _filled(form: FormData) -> Filled:
    """The form as it was sent, with one more row where that was asked for."""
    attempts = _rows(Attempt, form, "step", "how", "says", "after")
    sent = _rows(Sent, form, "at", "signal", "signal_input")
    more = str(form.get("more") or "")
    if more:
        last = max((n for n, row in enumerate(attempts) if row.step == more), default=-1)
        attempts.insert(last + 1, Attempt(more))
    if "more_signals" in form:
        sent.append(Sent())
    text = str(form.get("input") or "").replace("\r\n", "\n")
    return Filled(text, attempts, sent or [Sent()], str(form.get("plan") or "").strip())


def _rows(kind: type[Any], form: FormData, *names: str) -> list[Any]:
    columns = [[str(value).strip() for value in form.getlist(name)] for name in names]
    return [kind(*row) for row in zip(*columns, strict=False)][:MOST_ROWS]


def plan_of(filled: Filled) -> Json:
    """What was filled in, as `simulate --outcomes` takes it.  Raises `InvalidInputError`."""
    if filled.plan:
        return value_of(filled.plan, "the list of outcomes")
    steps: dict[str, list[Json]] = {}
    for row in filled.attempts:
        steps.setdefault(row.step, []).append(_outcome(row))
    said = {row.step for row in filled.attempts if row.how or row.after}
    return {
        "steps": {step: outcomes for step, outcomes in steps.items() if step in said},
        "signals": [_signal(row) for row in filled.sent if row.signal],
    }


def _outcome(row: Attempt) -> dict[str, Json]:
    told = {"after": _seconds(row.after, row.step)} if row.after else {}
    if row.how == "timeout":
        return {"timeout": row.says or "START_TO_CLOSE", **told}
    if row.how in ("error", "fatal"):
        return {"error": row.says or "Error", "retryable": row.how == "error", **told}
    result = value_of(row.says, f"the result of {row.step}") if row.says and row.how else {}
    return {"result": result, **told}


def _signal(row: Sent) -> dict[str, Json]:
    told: dict[str, Json] = {"at": _seconds(row.at or "0", row.signal)}
    if row.signal == CANCEL:
        return {**told, "cancel": True}
    value = value_of(row.input, f"what {row.signal} carries") if row.input else None
    return {**told, "signal": row.signal, "input": value}


def _seconds(text: str, where: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise InvalidInputError(f"{where}: {text[:40]!r} is not a number of seconds") from None


# --- the page ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What a simulation shows."""

    simulation: Simulation
    picture: str
    chart: gantt.Chart | None
    entries: Sequence[simulating.Line]
    left_out: int
    cause: str

    @property
    def output(self) -> Json:
        """What it gives at its end, or its details."""
        found = self.simulation
        return found.result if found.result is not None else found.details


def _told(request: Request, found: Simulation) -> Told:
    details = found.details if isinstance(found.details, Mapping) else {}
    return Told(
        found,
        simulating.picture(found).embedded(say=pages.reader_of(request).say),
        gantt.chart(simulating.bars(found), found.run.engine.clock.now()),
        simulating.lines(found, MOST_ENTRIES),
        max(0, len(found.timeline) - MOST_ENTRIES),
        str(details.get("Cause") or ""),
    )


def _look(request: Request) -> Response:
    found = known(request)
    subject = _subject(found.name, found.version, found.text, saved=True)
    return _page(request, subject, _begun(subject))


def _run(request: Request, form: FormData) -> Response:
    found = known(request)
    subject = _subject(found.name, found.version, found.text, saved=True)
    return _answer(request, subject, form)


def _run_draft(request: Request, form: FormData) -> Response:
    text, name, version = written(form)
    return _answer(request, _subject(name, version, text, saved=False), form)


def _answer(request: Request, subject: Subject, form: FormData) -> Response:
    if "input" not in form:  # from the editor
        return _page(request, subject, _begun(subject))
    filled = _filled(form)
    if subject.definition is None or "run" not in form:
        return _page(request, subject, filled)
    wrong: dict[str, str] = {}
    given = _tried(lambda: value_of(filled.input, "the input"), wrong, "input")
    plan = _tried(lambda: plan_of(filled), wrong, "plan")
    if wrong:
        return _page(request, subject, filled, 422, wrong=wrong)
    try:
        found = simulating.simulation(
            site_of(request).starter.settings,
            subject.definition,
            given,
            plan,
            events=MOST_EVENTS,
            entered=MOST_ENTERED,
        )
    except BusinessProcessError as error:
        return _page(request, subject, filled, 422, wrong={"": str(error)})
    return _page(request, subject, filled, told=_told(request, found))


def _tried(make: Any, wrong: dict[str, str], name: str) -> Json:
    try:
        return make()
    except InvalidInputError as error:
        wrong[name] = str(error)
        return None


def _page(
    request: Request,
    subject: Subject,
    filled: Filled,
    status: int = 200,
    *,
    wrong: Mapping[str, str] | None = None,
    told: Told | None = None,
) -> Response:
    definition = subject.definition
    steps = [] if definition is None else simulating.asked(definition)
    known_signals = [] if definition is None else sorted(definition.signals)
    return pages.render(
        request,
        "simulate.html",
        status,
        subject=subject,
        filled=filled,
        hows=HOWS,
        further=max(0, len(steps) - MOST_STEPS),
        signals=[*known_signals, *CONTROLS],
        wrong=defaultdict(str, wrong or {}),
        told=told,
    )


ROUTES = [
    look(f"{BASE}/{{version}}/simulate", _look),
    change(f"{BASE}/{{version}}/simulate", _run, harmless=True),
    change("/definitions/simulate", _run_draft, harmless=True),
]

"""What operators do to one execution: a form, what would happen in words, and then the deed.

Every action is tried first on a copy of the execution (`WorkflowStarter.foresee`), so that the
form says what it will do before it does it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboard import pages
from dashboard.serving import change, look
from dashboard.site import site_of
from dashboard.views.execution import BASE, Shown, shown
from errors import BusinessProcessError, InvalidInputError
from starter.control import signals
from starter.control.steering import Forecast
from wire import Json
from workflow.answers import TASK_FAILURE, TASK_SUCCESS
from workflow_starter import WorkflowStarter

ANSWER_SECONDS = 5.0  # that a decider has to answer before the page is shown again

Ids: TypeAlias = tuple[str, str]
Values: TypeAlias = dict[str, Any]
"""What was filled in, by the names of the fields; what is not filled in is left out."""


@dataclass(frozen=True)
class Field:
    """One thing to fill in."""

    name: str
    label: str
    kind: str
    """`step`, `steps` (a number), `json`, `text`, `flag`, `signal`, `hidden`."""
    help: str = ""


STEP = Field("step_name", "Step", "step")
INPUT = Field(
    "input",
    "Changes to its input (JSON object)",
    "json",
    "Merged over the input of the step; leave empty to keep it.",
)
COMPENSATE = Field("compensate", "Undo what is passed over", "flag")


@dataclass(frozen=True)
class Action:
    """One thing that operators can do."""

    title: str
    about: str
    fields: tuple[Field, ...]
    foresee: Callable[[WorkflowStarter, Ids, Values], Forecast]
    perform: Callable[[WorkflowStarter, Ids, Values], Mapping[str, Any]]
    """Gives the ids of the run to look at, and maybe a `request_id`."""
    danger: bool = False


def _signal(name: str) -> Callable[[WorkflowStarter, Ids, Values], Forecast]:
    """What a signal would do."""

    def foresee(starter: WorkflowStarter, ids: Ids, values: Values) -> Forecast:
        members = {key: value for key, value in values.items() if key not in _OPERATOR}
        return starter.foresee(name, *ids, **members)

    return foresee


_OPERATOR = ("reason", "actor")


def _foresee_resume(starter: WorkflowStarter, ids: Ids, values: Values) -> Forecast:
    options = {key: value for key, value in values.items() if key not in _OPERATOR}
    return starter.foresee_resume(*ids, options.pop("step_name", ""), **options)


def _foresee_answer(starter: WorkflowStarter, ids: Ids, values: Values) -> Forecast:
    members = _answer(values)
    if "token" in members:
        name = TASK_FAILURE if values.get("error") else TASK_SUCCESS
        return starter.foresee(name, *ids, **members)
    return starter.foresee(values.get("signal_name", ""), *ids, **members)


def _answer(values: Values) -> Values:
    """What an answer carries: to a token its output or error, to a signal the members of it."""
    given = values.get("answer")
    if "token" in values:
        if values.get("error"):
            return {"token": values["token"], "error": values["error"]}
        return {"token": values["token"], "output": given}
    members = dict(given) if isinstance(given, dict) else {} if given is None else {"answer": given}
    return members | ({"step_name": values["step_name"]} if "step_name" in values else {})


def _perform_answer(starter: WorkflowStarter, ids: Ids, values: Values) -> Mapping[str, Any]:
    who = _who(values)
    if "token" not in values:
        members = _answer(values)
        step = members.pop("step_name", None)
        return starter.answer(
            ids[0], values.get("signal_name", ""), members, ids[1], step_name=step, **who
        )
    if values.get("error"):
        return starter.send_task_failure(values["token"], values["error"], **who)
    return starter.send_task_success(values["token"], values.get("answer"), **who)


def _foresee_cancel(starter: WorkflowStarter, ids: Ids, values: Values) -> Forecast:
    words = [
        "Its deciders are asked to stop what is in progress and to close it as CANCELED",
        "Nothing is undone; it can be resumed later",
    ]
    return _told(ids, words)


def _foresee_terminate(starter: WorkflowStarter, ids: Ids, values: Values) -> Forecast:
    words = [
        "The execution is closed at once, as TERMINATED",
        "What its workers are doing is not waited for, and its results are lost",
        "Nothing is undone; it can be resumed later",
    ]
    return _told(ids, words)


def _told(ids: Ids, words: list[str]) -> Forecast:
    return Forecast(workflow_id=ids[0], run_id=ids[1], outcome="done", why="", words=words)


def _cancel(starter: WorkflowStarter, ids: Ids, values: Values) -> Mapping[str, Any]:
    starter.cancel_workflow(*ids)
    return {"workflow_id": ids[0], "run_id": ids[1]}


def _terminate(starter: WorkflowStarter, ids: Ids, values: Values) -> Mapping[str, Any]:
    starter.terminate_workflow(*ids, reason=values.get("reason") or "", details="")
    return {"workflow_id": ids[0], "run_id": ids[1]}


def _who(values: Values) -> Values:
    return {name: values[name] for name in _OPERATOR if values.get(name)}


ACTIONS: dict[str, Action] = {
    "resume": Action(
        "Resume from a step",
        "Goes on from the step, forward or back, with the results before it and a fresh count of "
        "attempts. A closed execution goes on in a new run.",
        (
            STEP,
            INPUT,
            COMPENSATE,
            Field("force", "Even if an effect of an earlier step was undone", "flag"),
            Field("version", "Under another version (closed executions only)", "text"),
        ),
        _foresee_resume,
        lambda starter, ids, values: starter.resume_workflow_from_step(*ids, **values),
    ),
    "back": Action(
        "Go back",
        "Goes back to the step that ran so many steps before the one in progress.",
        (Field("steps", "Steps back", "number"), COMPENSATE),
        _signal(signals.GO_BACK),
        lambda starter, ids, values: starter.go_back(*ids, **values),
    ),
    "reprocess": Action(
        "Run a step again",
        "Runs the step again after the one in progress, replaces its result, then goes on.",
        (STEP, INPUT),
        _signal(signals.REPROCESS_STEP),
        lambda starter, ids, values: starter.reprocess_step(
            ids[0], values.pop("step_name", ""), ids[1], **values
        ),
    ),
    "skip": Action(
        "Skip a step",
        "Takes a result as given for the step in progress, and goes on.",
        (STEP, Field("result", "Its result (JSON)", "json", "Taken as what the step gave back.")),
        _signal(signals.SKIP_STEP),
        lambda starter, ids, values: starter.skip_step(
            ids[0], values.pop("step_name", ""), ids[1], **values
        ),
    ),
    "pause": Action(
        "Pause",
        "Holds the execution after the steps in progress.",
        (),
        _signal(signals.PAUSE),
        lambda starter, ids, values: starter.pause_workflow(*ids, **values),
    ),
    "continue": Action(
        "Continue",
        "Goes on after a pause, and tries failed steps that wait again.",
        (),
        _signal(signals.CONTINUE),
        lambda starter, ids, values: starter.continue_workflow(*ids, **values),
    ),
    "rollback": Action(
        "Roll back",
        "Stops, undoes every step that declares a compensation, and fails.",
        (),
        _signal(signals.ROLL_BACK),
        lambda starter, ids, values: starter.roll_back_workflow(*ids, **values),
        danger=True,
    ),
    "answer": Action(
        "Answer",
        "Answers a step that waits for somebody.",
        (
            Field("step_name", "Step", "hidden"),
            Field("signal_name", "Signal", "hidden"),
            Field("token", "Token", "hidden"),
            Field("answer", "Answer (JSON)", "json", "Becomes the result of the step."),
            Field("error", "Or the error with which it failed", "error"),
        ),
        _foresee_answer,
        _perform_answer,
    ),
    "cancel": Action(
        "Cancel",
        "Asks the execution to cancel itself.",
        (),
        _foresee_cancel,
        _cancel,
        danger=True,
    ),
    "terminate": Action(
        "Terminate",
        "Closes the execution at once.",
        (),
        _foresee_terminate,
        _terminate,
        danger=True,
    ),
}


# --- what was filled in --------------------------------------------------------------------


def values_of(action: Action, form: Mapping[str, Any]) -> Values:
    """What a form holds, as the starter takes it.  Raises `InvalidInputError`."""
    found: Values = {}
    for field in action.fields:
        text = str(form.get(field.name) or "").strip()
        if text:
            found[field.name] = _value(field, text)
    for name in _OPERATOR:
        text = str(form.get(name) or "").strip()
        if text:
            found[name] = text
    return found


def _value(field: Field, text: str) -> Json:
    if field.kind == "flag":
        return True
    if field.kind == "number":
        if not text.isdecimal():
            raise InvalidInputError(f"{field.label}: a whole number, not {text!r}")
        return int(text)
    if field.kind == "json":
        try:
            return json.loads(text)
        except ValueError as error:
            raise InvalidInputError(f"{field.label}: this is no JSON: {error}") from error
    return text


def _action(request: Request) -> Action:
    found = ACTIONS.get(request.path_params["action"])
    if found is None:
        raise HTTPException(404, "there is no such action")
    return found


# --- pages ---------------------------------------------------------------------------------


def _ids(request: Request) -> Ids:
    return request.path_params["workflow_id"], request.path_params["run_id"]


def _form(request: Request) -> Response:
    """The form of an action, filled with what the address says."""
    action = _action(request)
    given = dict(request.query_params)
    if "steps" not in given:
        given["steps"] = "1"
    return _shown(request, action, given, 200)


def _shown(
    request: Request, action: Action, given: Mapping[str, Any], status: int, problem: str = ""
) -> Response:
    found = shown(request)
    asked = str(given.get("step_name") or "")
    rows = [row.name for row in found.scene().rows]
    steps = [name for name in dict.fromkeys([*rows, *_places(found), asked]) if name]
    foreseen, why = _foreseen(request, action, given)
    return pages.render(
        request,
        "action.html",
        status,
        ids=request.path_params,
        action=action,
        name=request.path_params["action"],
        given=defaultdict(str, given),
        steps=steps,
        status=found.reading.status(),
        foreseen=foreseen,
        why=problem or why,
        context=_context(found, given),
    )


def _places(found: Shown) -> list[str]:
    """The paths at which it is, or stands still."""
    status = found.reading.status()
    failed = [str(item.get("path")) for item in status["failed"] or []]
    return [*(status["places"] or []), *([status["step"]] if status["step"] else []), *failed]


def _context(found: Shown, given: Mapping[str, Any]) -> Json:
    """What a waiting step was asked, if one is to be answered."""
    waits = found.reading.status()["waits_for"] or []
    path = given.get("step_name")
    return next((item for item in waits if item.get("path") == path), None)


def _foreseen(
    request: Request, action: Action, given: Mapping[str, Any]
) -> tuple[Forecast | None, str]:
    """What it would do; or why that cannot be said."""
    missing = [f for f in action.fields if f.kind == "step" and not given.get(f.name)]
    if missing:
        return None, ""
    starter = site_of(request).starter
    try:
        return action.foresee(starter, _ids(request), values_of(action, given)), ""
    except BusinessProcessError as error:
        return None, str(error)


def _preview(request: Request, form: FormData) -> Response:
    """What the action would do as it is filled in now."""
    foreseen, why = _foreseen(request, _action(request), form)
    return pages.render(request, "foreseen.html", foreseen=foreseen, why=why)


def _act(request: Request, form: FormData) -> Response:
    """Do it, wait a moment for the deciders' answer, and show the execution."""
    action, starter = _action(request), site_of(request).starter
    try:
        done = dict(action.perform(starter, _ids(request), values_of(action, form)))
    except BusinessProcessError as error:
        return _shown(request, action, form, 409, str(error))
    request_id = done.get("request_id")
    if request_id:
        starter.signal_outcome(
            done["workflow_id"], done["run_id"], request_id, timeout=ANSWER_SECONDS
        )
    address = pages.execution_url(done, request=request_id, did=request.path_params["action"])
    return RedirectResponse(address, 303)


ROUTES = [
    look(f"{BASE}/act/{{action}}", _form),
    change(f"{BASE}/act/{{action}}", _act),
    change(f"{BASE}/act/{{action}}/preview", _preview, harmless=True),
]

"""deploy/iam: what each process asks of SWF is allowed, and what is allowed is asked for.

Every call and every decision of a run of scenarios is recorded and judged by the policies, with
their resources and conditions.  Both directions fail: a request that the policy of its process
does not allow, and an action that no process of its role needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import cli
import config
import published
import setup
from activities import database
from activity_worker import ActivityWorker
from dashboard.app import make_app
from dashboard.options import Options
from dashboard.overall import Overall
from dashboard.pages import execution_url
from local_swf.testing import LocalSWF
from starter.control.bulk import Jobs
from starter.garbage import collect
from starter.lists.browsing import Browser
from starter.lists.health import Health
from swf_client import SwfClient
from tests.application import Application, application
from tests.contract.policies import (
    DECISIONS,
    NEEDED_BY,
    POLICY_OF,
    Policy,
    Recording,
    Request,
    recorded,
)
from tests.contract.steering import machines
from tests.contract.steering.conftest import Stage, until
from workflow import Retry, Rollback, child, choice, process, step, wait, wait_for_signal, where
from workflow_starter import WorkflowStarter

ROLE = "arn:aws:iam::123456789012:role/swf-lambda"
ONCE = Retry(attempts=1)
ORDER = process(
    "Order",
    "1",
    [
        step("Take", compensation="Return"),
        step("Pack", retry=Retry(attempts=2)),
        step("Send", retry=ONCE),
    ],
    rollback=Rollback(on_cancel=True),
)
TRIP = process("Trip", "1", [step("Book"), step("Confirm")])
OUTER = process("Outer", "1", [child("Travel", "Trip@1"), step("Bill")])
PATIENT = process("Patient", "1", [wait_for_signal("Ask", signal="GO"), wait("Rest", 5)])
LOOP = process(
    "Loop",
    "1",
    [
        step("Turn"),
        choice(
            "Again?", (where("$.previous_results.Turn.visit").less_than(9), "Turn"), otherwise=[]
        ),
    ],
)
CALL = machines.task("", Resource=machines.FUNCTION + "double", Parameters={"n.$": "$.n"})
FUNCTION = machines.machine({"Call": CALL}, "Function")
ALL = (ORDER, TRIP, OUTER, PATIENT, LOOP, FUNCTION)


class Scene(Stage):
    """A stage on which set-up registers, and nobody else."""

    def __init__(self, app: Application, recording: Recording) -> None:
        super().__init__(app, None)  # type: ignore[arg-type]
        self.recording = recording

    def publish(self, *definitions: Any) -> None:
        """Publish and register, as set-up does."""
        for definition in definitions:
            published.write(definition)
            setup.ensure_registered(SwfClient(self.app.settings), definition)

    def serve(self, *definitions: Any, **options: Any) -> ActivityWorker:
        """Publish, and run a decider and a worker."""
        self.publish(*definitions)
        self.decider = self.app.decider()
        return self.work(*definitions, **options)

    def command(self, *arguments: str, code: int = 0) -> str:
        """Run a command of workflow_starter.py."""
        told = StringIO()
        with redirect_stdout(told), redirect_stderr(told):
            assert cli.main(arguments) == code, (arguments, told.getvalue())
        return told.getvalue()


@contextmanager
def scene(folder: Path, recording: Recording) -> Iterator[Scene]:
    """An engine of its own, with a decider and a worker."""
    (folder / "definitions").mkdir(parents=True)
    with LocalSWF(virtual_clock=True) as swf, pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "FOLDER", folder / "definitions")
        env = {"SWF_ENDPOINT": swf.url, "DATA_DIR": str(folder), "LAMBDA_ROLE": ROLE}
        for name, value in env.items():
            patch.setenv(name, value)
        patch.setattr(config, "_current", config.load(env))
        with application(swf, folder, LAMBDA_ROLE=ROLE) as app:
            made = Scene(app, recording)
            made.serve(*ALL)
            try:
                yield made
            finally:
                made.close()
                database.close()


# --- scenarios --------------------------------------------------------------------------------


def success(on: Scene) -> None:
    """An order, and the ways to look at it."""
    run = on.start(ORDER)
    on.ends(run)
    for words in (["status"], ["history"], ["history", "--chain"], ["audit"], ["forecast"]):
        on.command(*words[:1], run["workflow_id"], *words[1:])
    on.command("list")
    on.command("list", "--open")
    on.command("waiting")
    on.command("check")


def retry(on: Scene) -> None:
    """An attempt fails, and the next does not."""
    left = [OSError("away")]

    def pack(_: Any) -> dict[str, Any]:
        if left:
            raise left.pop()
        return {}

    on.play("Pack", pack)
    on.ends(on.start(ORDER))


def broken(_: Any) -> dict[str, Any]:
    raise ValueError("no carrier")


def rollback_and_resume(on: Scene) -> None:
    """A failure is undone, and the closed execution goes on in a new run."""
    on.play("Send", broken)
    run = on.start(ORDER)
    on.ends(run, "FAILED")
    on.plays.clear()
    resumed = on.starter.resume_workflow_from_step(**run, step_name="Send", force=True)
    on.ends(dict(resumed))


def steered(on: Scene) -> None:
    """Signals that hold, step back and go on; a decider that has forgotten the run."""
    gate = on.hold("Pack")
    run = on.start(ORDER)
    gate.wait()
    on.starter.pause_workflow(**run)
    on.command("continue", run["workflow_id"])
    on.command("back", run["workflow_id"], "--dry-run")
    gate.open()
    on.ends(run)


def forgotten(on: Scene) -> None:
    """A decider gets a task with what is new of a run that it does not remember."""
    gate = on.hold("Pack")
    run = on.start(ORDER)
    gate.wait()
    until(lambda: on.decider._cache.take(run["run_id"]), "the decider's memory of the run")
    gate.open()
    on.ends(run)


def measured(on: Scene) -> None:
    """A decider's metrics tell how many executions are open."""
    assert on.decider._open_executions() == 0


def signals_and_timers(on: Scene) -> None:
    """An execution waits for a person, then for a time."""
    run = on.start(PATIENT)
    on.happens(run, "DecisionTaskCompleted")
    on.starter.signal_workflow(run["workflow_id"], "GO", {"yes": True})
    on.ends(run)


def canceled(on: Scene) -> None:
    """A step that is under way stops, and what was done is undone."""
    gate = on.hold("Pack")
    run = on.start(ORDER)
    gate.wait()
    on.starter.cancel_workflow(**run)
    on.ends(run, "CANCELED")


def terminated(on: Scene) -> None:
    """The end without a decision."""
    gate = on.hold("Pack")
    run = on.start(ORDER)
    gate.wait()
    on.starter.terminate_workflow(**run, reason="by mistake")
    gate.open()


def children(on: Scene) -> None:
    """A child is started, heard of, and asked to stop."""
    on.ends(on.start(OUTER))
    gate = on.hold("Confirm")
    run = on.start(OUTER)
    gate.wait()
    on.starter.cancel_workflow(**run)
    on.ends(run, "CANCELED")


def continued(on: Scene) -> None:
    """A run continues as new, also while its child is open, which then reports to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workflow.commands.HISTORY_SOFT_LIMIT", 30)
        on.ends(on.start(LOOP))
        gate = on.hold("Confirm")
        run = on.start(OUTER)
        gate.wait()

        def gone_on() -> bool:
            on.starter.signal_workflow(run["workflow_id"], "NOISE", {})
            return bool(on.starter.status(run["workflow_id"])["run_id"] != run["run_id"])

        until(gone_on, "the run that goes on")
        gate.open()
        newest = on.starter.status(run["workflow_id"])["run_id"]
        on.ends({"workflow_id": run["workflow_id"], "run_id": newest})


def lambdas(on: Scene) -> None:
    """SWF invokes a function itself."""
    functions = on.app.swf.call(lambda endpoint: endpoint.engine.functions)
    functions["double"] = lambda event: 2 * event["n"]
    on.ends(on.start(FUNCTION, {"n": 4}))


def batches(on: Scene) -> None:
    """Many starts at once."""
    results = on.starter.start_batch([{"order_id": f"B-{n}"} for n in range(3)])
    assert len(list(results)) == 3


def set_up(on: Scene) -> None:
    """Everything is registered, found, and brought back after it was deprecated."""
    with redirect_stdout(StringIO()):
        assert setup.main([]) == 0
        raw, domain = on.app.swf.client(), on.app.settings.swf_domain
        kind: Any = {"name": "Order", "version": "1"}
        raw.deprecate_workflow_type(domain=domain, workflowType=kind)
        raw.deprecate_activity_type(domain=domain, activityType={**kind, "name": "Take"})
        raw.deprecate_domain(name=domain)
        assert setup.main([]) == 0


def collected(on: Scene) -> None:
    """Stored values are looked after, in every domain."""
    client = SwfClient(on.app.settings)
    client.payloads.shrink("x" * 40_000)
    on.ends(on.start(ORDER))
    on.recording.others = "gc"
    collect(client, 0, dry_run=True, now=2**33)
    on.recording.others = "set-up"


def paged(on: Scene) -> None:
    """The page: every part is looked at, read-only and not; actions and bulk."""
    run = on.start(ORDER)
    on.ends(run)
    waits = on.start(PATIENT)
    on.happens(waits, "DecisionTaskCompleted")
    for read_only in (True, False):
        role = "read-only-page" if read_only else "page"
        viewer = visitor(on, role, read_only=read_only)
        for path in looks(run):
            assert viewer.get(path).status_code == 200, path
    acts(viewer, waits)


def looks(run: dict[str, str]) -> list[str]:
    """Addresses of the page."""
    parts = ("", "data", "events", "events/1", "audit", "forecast", "relations", "export.html")
    whole = ["/executions", "/executions?state=FAILED", "/executions?text=no", "/health", "/bulk"]
    definitions = ["/definitions", "/definitions/Order/1"]
    return [*whole, *definitions, *(execution_url(run, *filter(None, [part])) for part in parts)]


def visitor(on: Scene, role: str, *, read_only: bool) -> TestClient:
    """Somebody at a page whose engine tells no more than Amazon's does."""
    starter = WorkflowStarter(on.app.settings)
    client: Any = starter.swf_client
    on.recording.name(client, role)
    client.task_lists = lambda: None
    app = make_app(starter, Options(read_only=read_only))
    browser = Browser(client, aws=True)
    jobs = Jobs(starter, aws=True)
    app.state.overall = Overall(browser, jobs, Health(client, browser, aws=True))
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


def acts(viewer: TestClient, run: dict[str, str]) -> None:
    """What the page changes: a definition, a start, a signal, and an end of several at once."""
    secret = viewer.app.state.site.protection.secret  # type: ignore[attr-defined]

    def send(path: str, **fields: str) -> str:
        answer = viewer.post(path, data={"csrf": secret, **fields})
        assert answer.status_code == 303, (path, answer.text)
        return str(answer.headers["location"])

    text = '{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}'
    send("/definitions/save", text=text, name="Small", version="1")
    send("/start", input="{}", workflow_id="paged", definition="Small")
    send(execution_url(run, "act") + "/pause", reason="lunch")
    job = send("/bulk", kind="terminate", pick=f'["{run["workflow_id"]}", "{run["run_id"]}"]')
    until(lambda: "are being looked for" not in viewer.get(job).text, "the job's executions")
    send(job, number="1", reason="enough")
    until(lambda: "TERMINATED" in viewer.get(execution_url(run)).text, "the end")


SCENARIOS: tuple[Callable[[Scene], None], ...] = (
    success,
    retry,
    rollback_and_resume,
    steered,
    forgotten,
    measured,
    signals_and_timers,
    canceled,
    terminated,
    children,
    continued,
    lambdas,
    batches,
    set_up,
    collected,
    paged,
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    """What was asked in all scenarios, each on an engine of its own."""
    with recorded() as found:
        for play in SCENARIOS:
            with scene(tmp_path_factory.mktemp(play.__name__), found) as on:
                play(on)
        yield found


# --- judged -----------------------------------------------------------------------------------


def refused(requests: set[Request], policies: list[Policy]) -> list[Request]:
    """The requests that none of the policies allows."""
    return [one for one in requests if not any(policy.allows(one) for policy in policies)]


@pytest.mark.parametrize("role", POLICY_OF)
def test_what_a_process_asks_for_is_allowed(recording: Recording, role: str) -> None:
    policies = [Policy.read(name) for name in POLICY_OF[role]]

    assert recording.requests[role]
    assert refused(recording.requests[role], policies) == []


def test_nobody_else_asked_anything(recording: Recording) -> None:
    assert recording.requests.keys() == POLICY_OF.keys()


@pytest.mark.parametrize("name", NEEDED_BY)
def test_what_is_allowed_is_asked_for(recording: Recording, name: str) -> None:
    allowed = {action for action in Policy.read(name).actions if action.startswith("swf:")}

    assert allowed - recording.actions(*NEEDED_BY[name]) == set()


def test_every_kind_of_decision_was_made(recording: Recording) -> None:
    assert {f"swf:{kind}" for kind in DECISIONS} <= recording.actions("decider")


def test_the_first_try_is_enough_for_all_of_it(recording: Recording) -> None:
    asked = [recording.requests[role] for role in NEEDED_BY["first-try.json"]]

    assert refused(set().union(*asked), [Policy.read("first-try.json")]) == []


# --- and that they would be refused otherwise -------------------------------------------------


@pytest.mark.parametrize("name", sorted(NEEDED_BY.keys() - {"first-try.json"}))
def test_without_any_of_its_actions_something_is_refused(recording: Recording, name: str) -> None:
    policy = Policy.read(name)
    asked: set[Request] = set().union(*(recording.requests[role] for role in NEEDED_BY[name]))

    for action in recording.actions(*NEEDED_BY[name]) & policy.actions:
        assert refused({one for one in asked if one.action == action}, [policy.without(action)])


def test_other_domains_and_other_lists_are_refused() -> None:
    policy, domain = Policy.read("decider.json"), "arn:aws:swf:us-east-1:123456789012:/domain/"
    ours = f"{domain}business-process-domain"

    def polls(resource: str, *lists: str) -> list[bool]:
        keys = [(("swf:taskList.name", name),) for name in lists] or [()]
        return [policy.allows(Request("swf:PollForDecisionTask", resource, key)) for key in keys]

    assert polls(ours, "business-process-tasks", "business-process-tasks-host-7-1f2e3d4c") == [
        True,
        True,
    ]
    assert polls(ours, "business-process-tasks2", "payroll") == [False, False]
    assert polls(ours) == [False]
    assert polls(f"{domain}payroll", "business-process-tasks") == [False]


def test_deciders_poll_lists_of_their_own(recording: Recording) -> None:
    """Else the pattern with the hyphen would be held by nothing."""
    polled = {
        dict(one.keys)["swf:taskList.name"]
        for one in recording.requests["decider"]
        if one.action == "swf:PollForDecisionTask"
    }

    assert "business-process-tasks" in polled
    assert any(name.startswith("business-process-tasks-") for name in polled)

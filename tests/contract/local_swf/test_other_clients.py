"""Clients that others have written, unchanged: AWS CLI, JavaScript SDK, simpleflow.

They are installed into pytest's cache folder, once. Where that cannot be done the tests are
skipped, but not with CI in the environment: only a machine without Node may skip there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import venv
from pathlib import Path
from typing import Any

import pytest

from local_swf.testing import LocalSWF

CLIENTS = Path(__file__).parent / "clients"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def install(folder: Path, *command: str) -> None:
    """Run an installer once for a folder."""
    done = folder / ".installed"
    if done.exists():
        return
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        reason = f"{' '.join(command[1:])} failed: {ended.stderr.strip()[-500:]}"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    done.touch()


@pytest.fixture(scope="module")
def node(pytestconfig):
    """A folder with the JavaScript SDK."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node is missing")
    folder = Path(pytestconfig.cache.mkdir("local_swf_node"))
    (folder / "package.json").write_text('{"private": true}')
    install(folder, shutil.which("npm"), "install", "--silent", "@aws-sdk/client-swf@3")
    return folder


@pytest.fixture(scope="module")
def python(pytestconfig):
    """The folder of programs of an environment with the AWS CLI and simpleflow."""
    folder = Path(pytestconfig.cache.mkdir("local_swf_python"))
    programs = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
    if not (folder / ".installed").exists():
        venv.create(folder / "environment", with_pip=True)
    install(folder, str(programs / "python"), "-m", "pip", "install", "-q", "awscli", "simpleflow")
    return programs


@pytest.fixture
def swf():
    with LocalSWF() as endpoint:
        yield endpoint


def environment(swf: LocalSWF, **more: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_SWF": swf.url,
        "AWS_PAGER": "",
        **more,
    }


def test_the_javascript_sdk(swf, node):
    script = shutil.copy(CLIENTS / "run.mjs", node)
    ended = subprocess.run(
        ["node", script, swf.url], cwd=node, capture_output=True, text=True, check=True
    )
    assert json.loads(ended.stdout) == {
        "abandoned": "AbortError",
        "again": ["WorkflowExecutionAlreadyStartedFault", "Already Started"],
        "invalid": "ValidationException",
        "dated": True,
        "events": [
            "WorkflowExecutionStarted",
            "DecisionTaskScheduled",
            "DecisionTaskStarted",
            "DecisionTaskCompleted",
            "WorkflowExecutionCompleted",
        ],
    }


def test_the_aws_cli(swf, python):
    def aws(*words: str) -> Any:
        ended = subprocess.run(
            [python / "python", "-m", "awscli", "swf", *words],
            env=environment(swf),
            capture_output=True,
            text=True,
            check=False,
        )
        return json.loads(ended.stdout) if ended.stdout else ended.stderr

    aws("register-domain", "--name", "d", "--workflow-execution-retention-period-in-days", "1")
    typed = ["--domain", "d", "--name", "w", "--workflow-version", "1"]
    lists = ["--default-task-list", "name=l", "--default-child-policy", "TERMINATE"]
    times = ["--default-task-start-to-close-timeout", "9"]
    times += ["--default-execution-start-to-close-timeout", "99"]
    aws("register-workflow-type", *typed, *lists, *times)
    refused = aws("register-workflow-type", *typed)
    assert "TypeAlreadyExistsFault" in refused
    assert "WorkflowType=[name=w, version=1]" in refused
    start = ["--domain", "d", "--workflow-id", "1", "--workflow-type", "name=w,version=1"]
    run_id = aws("start-workflow-execution", *start)["runId"]
    task = aws(
        "poll-for-decision-task", "--domain", "d", "--task-list", "name=l", "--page-size", "1"
    )
    assert [event["eventId"] for event in task["events"]] == [1, 2, 3]
    execution = f"workflowId=1,runId={run_id}"
    described = aws("describe-workflow-execution", "--domain", "d", "--execution", execution)
    assert described["executionInfo"]["executionStatus"] == "OPEN"
    assert aws("terminate-workflow-execution", "--domain", "d", "--workflow-id", "1") == ""


def wait_for_close(client: Any, workflow_id: str, seconds: float = 60) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = client.list_closed_workflow_executions(
            domain="d",
            startTimeFilter={"oldestDate": 0},
            executionFilter={"workflowId": workflow_id},
        )["executionInfos"]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"{workflow_id} did not close")


def test_simpleflow_runs_a_workflow_of_its_own(swf, python, tmp_path):
    client = swf.client()
    client.register_domain(name="d", workflowExecutionRetentionPeriodInDays="1")
    settings = environment(swf, PYTHONPATH=str(CLIENTS), SWF_DOMAIN="d")

    def begin(*words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [python / "simpleflow", *words],
            cwd=tmp_path,
            env=settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    workflows = [f"orders.{name}" for name in ("Parent", "Child", "Patient")]
    processes = [
        begin("decider.start", "-d", "d", "-t", "decisions", "-N", "1", *workflows),
        begin("worker.start", "-d", "d", "-t", "activities", "-N", "1"),
    ]
    try:
        for name, arguments in (("Parent", ["--input", "[3]"]), ("Patient", [])):
            words = ["-d", "d", "--workflow-id", name, *arguments, f"orders.{name}"]
            assert begin("workflow.start", *words).wait(60) == 0
        client.request_cancel_workflow_execution(domain="d", workflowId="Patient")
        assert wait_for_close(client, "Patient")["closeStatus"] == "CANCELED"
        parent = wait_for_close(client, "Parent")
        assert parent["closeStatus"] == "COMPLETED"
        events = client.get_workflow_execution_history(domain="d", execution=parent["execution"])
        kinds = {event["eventType"] for event in events["events"]}
        assert {"TimerFired", "ChildWorkflowExecutionCompleted", "ActivityTaskCompleted"} <= kinds
        assert "WorkflowExecutionSignaled" in kinds
    finally:
        for process in processes:
            os.killpg(process.pid, 9)
            process.wait()

"""SECURITY.md: the policies together are what the code calls; what else it says holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import config
import dashboard.__main__
import local_swf.cli
import setup
from activities import database
from activity_worker import ActivityWorker
from dashboard import guard, listening
from dashboard.options import Options
from decision_worker import DecisionWorker
from expressions import budget
from local_swf import connections, process, server
from local_swf.limits import Limits
from starter.garbage import collect
from swf_client import SwfClient
from telemetry import port, switch
from tests.application import Application
from tests.contract.documents import ROOT, Shell, blocks_of, is_there, named_tests, read, shell_in
from tests.contract.policies import Policy
from workflow.agenda import TRANSITIONS
from workflow_starter import WorkflowStarter

TEXT = read("docs/SECURITY.md")
DECIDER, WORKER, STARTER, SETUP, GC = (
    {
        action.removeprefix("swf:")
        for action in Policy.read(f"{name}.json").actions
        if action.startswith("swf:")
    }
    for name in ("decider", "activity-worker", "starter", "set-up", "gc")
)
SWF = boto3.client("swf", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
OPERATIONS = SWF.meta.method_to_api_mapping
UNUSED = {"ListActivityTypes"}
"""Operations of the client that no process of ours asks for."""


def quoted(*patterns: str) -> set[str]:
    """Every name in quotes in the sources, with each kind of task where one is filled in."""
    texts = [path.read_text("utf-8") for pattern in patterns for path in ROOT.glob(pattern)]
    texts += [text.replace("{kind}", kind) for text in texts for kind in ("activity", "decision")]
    return {name for text in texts for name in re.findall(r'"(\w+)"', text)}


def test_together_they_are_what_the_code_calls() -> None:
    called = {OPERATIONS[name] for name in quoted("swf_client.py", "swf/*.py") & OPERATIONS.keys()}
    decisions = SWF.meta.service_model.shape_for("DecisionType").enum
    decided = quoted("workflow/*.py") & set(decisions)

    assert called | decided == DECIDER | WORKER | STARTER | SETUP | GC | UNUSED
    assert decided < DECIDER


def watched(client: SwfClient) -> set[str]:
    """What a client calls from now on."""
    found: set[str] = set()
    once = client._connection.once

    def call(operation: str, members: Any, **options: Any) -> Any:
        found.add(OPERATIONS[operation])
        return once(operation, members, **options)

    client._connection.once = call  # type: ignore[method-assign]
    return found


def test_each_role_is_enough_for_its_process(app: Application) -> None:
    decider, worker = DecisionWorker(app.settings), ActivityWorker(app.settings)
    starter = WorkflowStarter(app.settings)
    decides, works, starts = (watched(who.swf_client) for who in (decider, worker, starter))
    app.decider(decider)
    app.worker(worker)

    first = starter.start_workflow({"order_id": "O-1"})
    starter.wait(**first)
    again = starter.resume_workflow_from_step(**first, step_name="SaveResults")
    starter.wait(again["workflow_id"], again["run_id"])
    starter.start_workflow({"order_id": "O-2"}, workflow_id="second")
    starter.cancel_workflow("second")
    starter.wait("second")
    starter.list_workflows()
    starter.check_open_workflows()
    client = SwfClient(app.settings)
    sets_up = watched(client)
    list(setup.register(client, setup.process.shipped()))

    assert decides <= DECIDER
    assert works <= WORKER
    assert starts <= STARTER
    assert sets_up <= SETUP
    assert {"PollForActivityTask", "RespondActivityTaskCompleted"} <= works


def test_gc_has_a_policy_of_its_own(app: Application) -> None:
    client = SwfClient(app.settings)
    app.settings.payload_dir.mkdir()
    client.payloads.shrink("x" * 40_000)
    asked = watched(client)
    collect(client, 0, dry_run=True, now=2**33)

    assert asked <= GC
    assert "ListDomains" in asked


def test_both_languages_of_the_answers_name_the_same_actions() -> None:
    for name in ("docs/FAQ.md", "docs/FAQ.pt-BR.md"):
        told = set(re.findall(r"`([A-Z]\w+)`", read(name)))
        assert told >= DECIDER | WORKER | STARTER


def test_the_limits_that_are_told() -> None:
    assert f"{budget.STEPS:,} steps and {budget.BYTES // 2**20} MiB" in TEXT
    assert f"{TRANSITIONS:,} states at one event" in TEXT
    assert f"{budget.CALLS} nested calls, {budget.DEPTH} levels" in TEXT


# --- promises ---------------------------------------------------------------------------------

SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
WITHOUT = {"Threat model", "Who is trusted", "Encryption at rest", "Reporting a problem"}
"""Sections that describe and point at others."""


@pytest.mark.parametrize(("file", "name"), named_tests(TEXT))
def test_each_promise_has_its_test(file: str, name: str) -> None:
    assert is_there(file, name)


@pytest.mark.parametrize("section", sorted(SECTIONS.keys() - WITHOUT))
def test_each_section_has_promises(section: str) -> None:
    assert re.search(r"`tests/[\w/]+\.py", SECTIONS[section])


def test_each_row_of_a_table_of_promises_has_one() -> None:
    tables = re.findall(r"^\| [^|\n]+ \| Test \|\n\|---\|---\|\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]
    assert len(tables) == len(SECTIONS.keys() - WITHOUT)
    assert [row for row in rows if "`tests/" not in row and "`.ci/run`" not in row] == []


def test_the_bounds_of_the_ports_are_those_that_are_told() -> None:
    text, wholes = SECTIONS["Ports"], Limits()
    assert (connections.HEAD_BYTES, wholes.request_bytes) == (64 * 1024, 1024**2)
    assert (connections.SLOW_SECONDS, connections.IDLE_SECONDS) == (30, 3600)
    most, of_one = connections.MOST_CONNECTIONS, connections.CLIENT_CONNECTIONS
    burst, rate = server.CLIENT_RATE
    assert (
        f"{most:,} connections, {of_one} of one other machine; of that, {burst:,} requests" in text
    )
    assert f"requests and {rate:,} more each second. For this machine" in text
    assert (listening.HEAD_BYTES, guard.MOST_BYTES) == (64 * 1024, 4_000_000)
    assert f"a head in {listening.HEAD_SECONDS:.0f} s, a form in {guard.MOST_SECONDS:.0f} s" in text
    assert f"{listening.MOST_CONNECTIONS} connections; of one address" in text
    assert f"{guard.REQUESTS_AT_ONCE:,} requests and {guard.REQUESTS_PER_SECOND:.0f} more" in text
    assert (port.MOST_BYTES, port.MOST_SECONDS) == (8 * 1024, 5)
    assert f"{port.AT_ONCE} at once; {port.BURST} requests and {port.PER_SECOND:.0f} more" in text


def test_ports_are_of_this_machine_unless_a_host_is_named() -> None:
    engine = local_swf.cli.build_parser().parse_args([])
    page = dashboard.__main__.parser().parse_args([])
    hosts = [
        engine.host,
        page.host,
        Options().host,
        process.Options().host,
        switch.split("8080")[0],
    ]
    assert set(hosts) == {"127.0.0.1"}
    defaults = config.load({"SWF_ENDPOINT": "local"})
    assert (defaults.health_port, defaults.metrics_port) == ("", "")


def test_secrets_are_not_shown() -> None:
    found = config.load({"AWS_REGION": "eu-west-1", "PAYLOAD_KEYS": "k1:" + "A" * 43 + "="})

    assert "AAAA" not in repr(found)


@pytest.fixture
def shell(app: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    yield shell_in(app, tmp_path, monkeypatch, Shell)
    app.stop()
    database.close()


def test_the_audit_is_shown(shell: Shell) -> None:
    shell.run("python decision_worker.py")
    shell.run("python activity_worker.py")
    shell.run("python workflow_starter.py start --input docs/examples/order.json --wait")
    for block in blocks_of(TEXT):
        if not block.language:
            for line in block.text.splitlines():
                assert shell.run(line) == 0

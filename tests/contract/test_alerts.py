"""`monitor --alert`: a webhook or an SNS topic hears of executions that fail, and of no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import moto
import pytest

import config
from cli import alert
from cli import app as command_line
from tests.contract.test_task_logs import ORDER
from tests.webhook import webhook


@pytest.fixture
def hook() -> Iterator[Any]:
    with webhook() as listening:
        yield listening


@pytest.fixture
def monitor(app, monkeypatch):
    """Run the command on an execution; its exit code."""
    monkeypatch.setenv("SWF_ENDPOINT", app.swf.url)
    monkeypatch.setenv("DATA_DIR", str(app.settings.data_dir))

    def run(run: dict[str, str], *options: str) -> int:
        found = config.settings()
        try:
            return command_line.main(["monitor", run["workflow_id"], *options])
        finally:
            config.use(found)

    return run


def broken(_):
    raise ValueError("no disk, password=hunter2")


def test_a_webhook_hears_of_an_execution_that_fails(app, hook, monitor, capsys):
    app.decider()
    app.worker().activities["SaveResults"] = broken
    run = app.starter.start_workflow(ORDER)
    assert monitor(run, "--alert", hook.url) == 1
    ((headers, body),) = hook.requests
    told = json.loads(body)
    assert headers["Idempotency-Key"] == f"alert-{run['run_id']}"
    assert (told["workflow_id"], told["run_id"]) == (run["workflow_id"], run["run_id"])
    assert (told["state"], told["type"]) == ("FAILED", "BusinessProcess")
    assert told["text"].startswith(f"BusinessProcess {run['workflow_id']} FAILED: SaveResults")
    assert b"hunter2" not in body
    assert "The alert was sent" in capsys.readouterr().err


def test_of_an_execution_that_completes_nobody_hears(app, hook, monitor):
    app.decider()
    app.worker()
    assert monitor(app.starter.start_workflow(ORDER), "--alert", hook.url) == 0
    assert hook.requests == []


def test_terminated_ones_are_told_of(app, hook, monitor):
    run = app.starter.start_workflow(ORDER)
    app.starter.terminate_workflow(**run, reason="enough")
    assert monitor(run, "--alert", hook.url) == 1
    assert json.loads(hook.requests[0][1])["reason"] == "enough"


@pytest.mark.parametrize(
    ("statuses", "posts", "line"),
    [([503, 503], 3, "was sent"), ([503] * 3, 3, "was not sent"), ([404], 1, "was not sent")],
)
def test_it_is_tried_again_where_that_may_help(  # noqa: PLR0917 - fixtures and a table
    app, hook, monitor, capsys, statuses, posts, line
):
    hook.statuses = statuses
    run = app.starter.start_workflow(ORDER)
    app.starter.terminate_workflow(**run)
    assert monitor(run, "--alert", hook.url) == 1
    assert len(hook.requests) == posts
    assert line in capsys.readouterr().err


def test_an_sns_topic_hears_of_it(app, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    run = app.starter.start_workflow(ORDER)
    app.starter.terminate_workflow(**run, reason="enough")
    last = app.starter.status(**run)
    with moto.mock_aws():
        topic = boto3.client("sns", "us-east-1").create_topic(Name="on-call")["TopicArn"]
        assert alert.send(topic, last, app.settings) == ""
        backend = moto.backends.get_backend("sns")["123456789012"]["us-east-1"]
        (sent,) = backend.topics[topic].sent_notifications
    assert json.loads(sent[1])["workflow_id"] == run["workflow_id"]


@pytest.mark.parametrize("text", ["", "on-call", "ftp://h/x", "http://", "arn:aws:sqs:r:1:q"])
def test_other_targets_are_refused_before_anything_is_watched(text, capsys):
    with pytest.raises(SystemExit) as ending:
        command_line.main(["monitor", "w-1", "--alert", text])
    assert ending.value.code == 2
    assert "webhook" in capsys.readouterr().err

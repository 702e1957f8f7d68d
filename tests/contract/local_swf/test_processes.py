"""The endpoint as a process of its own: command line, control calls, signatures, crashes."""

from __future__ import annotations

import http.client
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.contract.local_swf.swf_world import COMPLETE, Raw, World, schedule

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

ROOT = Path(__file__).absolute().parents[3]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "local_swf", *arguments]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )


@contextmanager
def endpoint(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        command(*arguments), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("local SWF ready at http://127.0.0.1:"), process.stderr.read()
        yield process, line.rsplit(" ", 1)[1].strip()
    finally:
        process.kill()
        process.communicate()


def client_of(url: str, key: str = "k", secret: str = "s") -> Any:
    return boto3.client(
        "swf",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(read_timeout=70, retries={"total_max_attempts": 1}),
    )


@contextmanager
def client(url: str, **keys: str) -> Iterator[Any]:
    made = client_of(url, **keys)
    yield made
    made.close()


def control(url: str, method: str, name: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
    connection.request(
        method,
        f"/_local/{name}",
        json.dumps(body or {}),
        {"X-Local-SWF": "1", **headers},
    )
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "add --require-signature"),
        (["--database", "/no/such/folder/x.sqlite"], "no folder"),
        (["--require-signature"], "needs keys"),
        (["--faults", "/no/such/file"], "cannot read faults"),
        (["--function", "nonsense"], "takes NAME=VALUE"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments, message, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_taken_port_and_a_taken_database_are_one_line(tmp_path):
    file = str(tmp_path / "swf.sqlite")
    with endpoint("--database", file) as (_, url):
        ended = run("--port", str(urlsplit(url).port))
        assert ended.returncode == 2
        assert "cannot listen on" in ended.stderr
        assert ended.stderr.count("\n") == 1
        ended = run("--database", file)
        assert ended.returncode == 2
        assert "locked" in ended.stderr


def test_a_database_that_is_not_ours_or_of_another_version_is_refused(tmp_path):
    foreign, newer = tmp_path / "foreign.sqlite", tmp_path / "newer.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with endpoint("--database", str(newer)) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    for file, words in ((foreign, "another program"), (newer, "schema version 99")):
        ended = run("--database", str(file))
        assert ended.returncode == 2
        assert words in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_though_a_poll_waits(number):
    with endpoint() as (process, url):
        with client(url) as swf:
            World(None, swf).register()
        raw = Raw(url)
        body = json.dumps({"domain": "d", "taskList": {"name": "main"}})
        raw.connection.request(
            "POST", "/", body, {"X-Amz-Target": "SimpleWorkflowService.PollForActivityTask"}
        )
        while control(url, "GET", "health")[1]["waiting_pollers"] == 0:
            pass
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""
        raw.connection.close()


def test_the_control_surface_is_closed_to_web_pages_and_open_to_tools():
    with endpoint("--clock", "virtual") as (process, url):
        status, health = control(url, "GET", "health")
        assert (status, health["pid"]) == (200, process.pid)
        assert health["clock"]["virtual"]
        assert not health["clock"]["skipping"]
        assert control(url, "GET", "health", Origin="http://evil")[0] == 403
        assert control(url, "GET", "health", **{"X-Local-SWF": "0"})[0] == 403
        assert control(url, "POST", "nothing")[0] == 404
        assert control(url, "POST", "clock", {"advance": "soon"})[0] == 400
        assert control(url, "POST", "clock", {"advance": 1000, "unlock": True})[1]["skipping"]
        assert control(url, "POST", "clock", {"lock": True})[1]["skipping"] is False
        assert control(url, "POST", "faults", {"rules": [{"kind": "no"}]})[0] == 400
        assert (
            control(url, "POST", "faults", {"rules": [{"kind": "throttle", "count": 1}]})[0] == 200
        )
        with client(url) as swf:
            with pytest.raises(ClientError, match="Rate exceeded"):
                swf.list_domains(registrationStatus="REGISTERED")
            swf.list_domains(registrationStatus="REGISTERED")
        assert control(url, "GET", "faults") == (200, {"done": {"throttle": 1}})
        assert control(url, "POST", "stop")[0] == 200
        assert process.wait(10) == 0


def test_faults_from_a_file(tmp_path):
    file = tmp_path / "faults.json"
    file.write_text('{"rules": [{"kind": "throttle", "operation": "ListDomains"}]}')
    with (
        endpoint("--faults", str(file)) as (_, url),
        client(url) as swf,
        pytest.raises(ClientError, match="Rate exceeded"),
    ):
        swf.list_domains(registrationStatus="REGISTERED")


def test_only_signed_requests_of_known_keys_are_served():
    with endpoint("--require-signature", "--key", "known=secret") as (_, url):
        question = {"registrationStatus": "REGISTERED"}
        with client(url, key="known", secret="secret") as swf:
            swf.list_domains(**question)
        for key, secret, code in (
            ("known", "wrong", "InvalidSignatureException"),
            ("unknown", "secret", "UnrecognizedClientException"),
        ):
            with client(url, key=key, secret=secret) as swf, pytest.raises(ClientError) as refused:
                swf.list_domains(**question)
            assert refused.value.response["Error"]["Code"] == code
        raw = Raw(url)
        for headers, code in (
            ({}, "MissingAuthenticationTokenException"),
            ({"Authorization": "AWS4-HMAC-SHA256 nonsense"}, "IncompleteSignatureException"),
        ):
            response = raw.send("ListDomains", question, headers)
            assert json.loads(response.read())["__type"].endswith(code)
            assert response.status == 403
        raw.connection.close()


def test_tokens_and_tasks_survive_a_crash(tmp_path):
    file = str(tmp_path / "swf.sqlite")
    with endpoint("--database", file) as (process, url), client(url) as swf:
        world = World(None, swf).register()
        run_id = world.start()
        world.decide(schedule("a"), schedule("b"))
        token = world.activity()["taskToken"]
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with endpoint("--database", file) as (_, url), client(url) as swf:
        world = World(None, swf)
        swf.respond_activity_task_completed(taskToken=token)
        swf.respond_activity_task_completed(taskToken=world.activity()["taskToken"])
        world.decide(COMPLETE)
        assert world.types(run_id)[-1] == "WorkflowExecutionCompleted"


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Linux limits a running process")
def test_a_full_disk_is_a_500_and_a_line_in_the_log_until_there_is_room_again(tmp_path):
    with endpoint("--database", str(tmp_path / "swf.sqlite")) as (process, url):
        with client(url) as swf:
            world = World(None, swf).register()
            before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, before[1]))
            for _ in range(3):
                with pytest.raises(ClientError) as refused:
                    world.start()
                assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
            run_id = world.start()
            world.decide(COMPLETE)
            assert world.types(run_id)[-1] == "WorkflowExecutionCompleted"
        process.terminate()
        told = process.communicate()[1]
    assert "disk I/O error" in told or "full" in told
    assert "Traceback" not in told

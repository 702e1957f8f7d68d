"""Credentials that expire: what boto3's chain renews is taken up while workers run.

The engine is reached over TLS, as Amazon SWF is, and refuses keys that have expired.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import logs
from activity_worker import ActivityWorker
from cli import app
from config import Settings
from errors import CredentialsError, EngineUnreachableError
from swf_client import SwfClient
from tests.outages.conftest import BRIEF, QUICK
from tests.outages.front import Asked, Front, fault
from tests.outages.working import running, until
from tests.unit.scripted_swf import unused_port

SettingsOf = Callable[..., Settings]

EXPIRED = "The security token included in the request is expired"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def mended(secure: Front) -> Iterator[None]:
    secure.asked.clear()
    yield
    secure.mend()


def taking(*keys: str, code: str = "ExpiredTokenException") -> Callable[[Asked], bytes | None]:
    """An engine that takes these access keys, and refuses others."""

    def refuse(asked: Asked) -> bytes | None:
        taken = key_of(asked) in keys
        return None if taken else fault(code, EXPIRED, 400)

    return refuse


def key_of(asked: Asked) -> str:
    found = re.search(r"Credential=([^/]+)/", asked.headers.get("authorization", ""))
    return found[1] if found else ""


def expiring(seconds: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


# --- where they come from ------------------------------------------------------------------


class Source:
    """A place of boto3's chain from which credentials come."""

    def write(self, key: str, lasts: float) -> None:
        """Give these from now on, which expire after so many seconds."""
        raise NotImplementedError


class CredentialsFile(Source):
    """The shared file, as tools write it that fetch temporary keys."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "credentials"

    def write(self, key: str, lasts: float) -> None:
        text = f"aws_access_key_id={key}\naws_secret_access_key=s\naws_session_token=t\n"
        self._path.write_text(f"[default]\n{text}")


class Process(Source):
    """`credential_process` of a profile."""

    def __init__(self, folder: Path) -> None:
        self.answer = folder / "answer.json"
        self.script = folder / "process.py"
        self.script.write_text(f"print(open({str(self.answer)!r}).read())")
        command = f"{sys.executable} -S -E {self.script}"
        (folder / "config").write_text(f"[default]\ncredential_process = {command}\n")

    def write(self, key: str, lasts: float) -> None:
        told = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "t"}
        self.answer.write_text(json.dumps({**told, "Expiration": expiring(lasts)}))


class ContainerRole(Source):
    """The role of a container (ECS, EKS), whose keys a server near by gives."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.told: dict[str, str] = {}
        source = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(source.told).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{self.server.server_port}/"
        patch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", address)

    def write(self, key: str, lasts: float) -> None:
        self.told = {"AccessKeyId": key, "SecretAccessKey": "s", "Token": "t"}
        self.told["Expiration"] = expiring(lasts)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(params=["credentials file", "credential_process", "role of a container"])
def source(
    request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Source]:
    if request.param == "role of a container":
        role = ContainerRole(monkeypatch)
        yield role
        role.close()
        return
    yield CredentialsFile(folder) if request.param == "credentials file" else Process(folder)
    for name in ("credentials", "config"):
        (folder / name).unlink(missing_ok=True)


@pytest.fixture
def process(folder: Path) -> Iterator[Process]:
    yield Process(folder)
    (folder / "config").unlink()


# --- renewed ---------------------------------------------------------------------------------


def test_what_was_refused_is_looked_for_anew(
    secure: Front, settings_of: SettingsOf, source: Source
) -> None:
    """Also where they said that they would last longer: a session may be revoked."""
    client = SwfClient(settings_of(secure.url), patience=QUICK)
    source.write("ASIAFIRST", lasts=3600)
    client.describe_domain()
    secure.refusal = taking("ASIASECOND")
    with pytest.raises(CredentialsError, match="takes them up by itself"):
        client.describe_domain()
    source.write("ASIASECOND", lasts=3600)
    client.describe_domain()
    assert [key_of(asked) for asked in secure.asked] == ["ASIAFIRST"] * 2 + ["ASIASECOND"]


def test_those_that_end_soon_are_renewed_before_they_are_refused(
    secure: Front, settings_of: SettingsOf, process: Process
) -> None:
    client = SwfClient(settings_of(secure.url), patience=QUICK)
    process.write("ASIAFIRST", lasts=120)
    assert client.client is not None
    process.write("ASIASECOND", lasts=3600)
    secure.refusal = taking("ASIASECOND")
    client.describe_domain()
    assert [key_of(asked) for asked in secure.asked] == ["ASIASECOND"]


def test_a_result_in_hand_waits_for_new_ones(
    secure: Front, settings_of: SettingsOf, source: Source
) -> None:
    client = SwfClient(settings_of(secure.url), patience=QUICK)
    source.write("ASIAFIRST", lasts=3600)
    client.describe_domain()
    refusals = []

    def renew_after_three(asked: Asked) -> bytes | None:
        if key_of(asked) == "ASIASECOND":
            return fault("UnknownResourceFault", "Unknown activity, scheduledEventId = 5")
        refusals.append(asked.operation)
        if len(refusals) == 3:
            source.write("ASIASECOND", lasts=3600)
        return fault("ExpiredTokenException", EXPIRED)

    secure.refusal = renew_after_three
    with pytest.raises(Exception, match="no longer ours"):
        client.complete_activity_task("token", "{}", timeout=60)
    assert refusals == ["RespondActivityTaskCompleted"] * 3


def test_a_worker_goes_on_without_a_restart(
    secure: Front, settings_of: SettingsOf, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source.write("ASIAFIRST", lasts=3600)
    client = SwfClient(settings_of(secure.url), patience=QUICK)
    worker = ActivityWorker(client.settings, swf_client=client, concurrency=2)

    def told(text: str) -> list[str]:
        return [r.getMessage() for r in caplog.records if text in r.getMessage()]

    with running(worker, front=secure):
        until(lambda: secure.operations.count("PollForActivityTask") >= 2, "polls")
        worker._polls._outage.over()  # as after a poll of a minute
        secure.refusal = taking("ASIASECOND")
        secure.cut()
        until(lambda: told("the AWS credentials have expired"), "the line")
        source.write("ASIASECOND", lasts=3600)
        until(lambda: any(key_of(asked) == "ASIASECOND" for asked in secure.asked), "new keys")
    assert len(told("the AWS credentials have expired")) == 1
    assert not told("Traceback")


def test_clients_that_were_given_up_are_gone(
    secure: Front, settings_of: SettingsOf, process: Process
) -> None:
    client = SwfClient(settings_of(secure.url), patience=QUICK)
    process.write("ASIAFIRST", lasts=3600)
    secure.refusal = taking()
    threads = threading.active_count()
    for _ in range(5):
        with pytest.raises(CredentialsError):
            client.describe_domain()
    assert client._connection._callers is None
    until(lambda: threading.active_count() <= threads + 1, "the threads of the front")


# --- fixed -----------------------------------------------------------------------------------


def test_keys_of_the_environment_need_a_restart_and_the_line_says_so(
    secure: Front, settings_of: SettingsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAFIRST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    client = SwfClient(settings_of(secure.url), patience=QUICK)
    client.describe_domain()
    secure.refusal = taking("ASIASECOND")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIASECOND")
    for _ in range(2):
        with pytest.raises(CredentialsError, match=r"read at the start: restart what runs") as told:
            client.describe_domain()
        assert "AWS_SESSION_TOKEN" in str(told.value)


REFUSALS = {
    "ExpiredTokenException": "have expired",
    "UnrecognizedClientException": "does not know these credentials in us-east-1",
    "InvalidSignatureException": "does not belong to the access key",
}


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("arguments", [["list"], ["status", "w"], []], ids=str)
def test_a_command_says_so_in_one_line(
    arguments: list[str], code: str, secure: Front, process: Process, command: Command
) -> None:
    process.write("ASIAFIRST", lasts=3600)
    expired = code == "ExpiredTokenException"
    said = EXPIRED if expired else "The security token included in the request is invalid."
    secure.refusal = lambda _: fault(code, said)
    exit_code, (line,) = command(*arguments)
    assert exit_code == 3
    assert REFUSALS[code] in line


Command = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def command(
    secure: Front,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folder: Path,
) -> Command:
    """Run a command; its exit code, and the lines on standard error."""
    monkeypatch.setenv("SWF_ENDPOINT", secure.url)
    monkeypatch.setenv("DATA_DIR", str(folder / "data"))
    monkeypatch.setattr(app, "REFUSED_SECONDS", 0.05)

    def run(*arguments: str) -> tuple[int, list[str]]:
        code = app.main(arguments)
        told = capsys.readouterr()
        assert told.out == ""
        return code, told.err.splitlines()

    return run


# --- what gives them fails ---------------------------------------------------------------------

OLD = """import json
print(json.dumps({"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t",
"Expiration": "2020-01-01T00:00:00Z"}))"""

BROKEN: dict[str, tuple[str, str]] = {
    "it fails": ("import sys; sys.exit('the vault is sealed')", "the vault is sealed"),
    "it says nothing": ("pass", "Expecting value"),
    "it says no JSON": ("print('<html>')", "Expecting value"),
    "keys are missing": ("print('{\"Version\": 1}')", "Missing required key"),
    "they have expired": (OLD, "expired"),
}


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A script for the process, and what it is to be told of it."""
    return BROKEN[request.param]


def test_a_process_that_fails_at_the_start_is_one_line(
    broken: tuple[str, str], process: Process, command: Command
) -> None:
    process.script.write_text(broken[0])
    code, (line,) = command("list")
    assert code == 3
    assert broken[1] in line


def test_and_later_it_is_an_outage_like_others(
    broken: tuple[str, str],
    secure: Front,
    settings_of: SettingsOf,
    process: Process,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = SwfClient(settings_of(secure.url), patience=QUICK)
    process.write("ASIAFIRST", lasts=60)  # so that each call renews them
    client.describe_domain()
    logs.configure(client.settings)
    works = process.script.read_text()
    process.script.write_text(broken[0])
    for _ in range(3):
        with pytest.raises(CredentialsError, match=broken[1]):
            client.describe_domain()
    process.script.write_text(works)
    client.describe_domain()
    written = capsys.readouterr().err
    assert "Traceback" not in written
    assert written.count("WARNING") <= 1


def test_a_process_that_is_not_there(folder: Path, process: Process, command: Command) -> None:
    assert process.script.exists()
    (folder / "config").write_text("[default]\ncredential_process = /nowhere/vault\n")
    code, (line,) = command("list")
    assert code == 3
    assert "/nowhere/vault" in line


def test_a_role_that_cannot_be_asked_for_is_an_outage(
    secure: Front, settings_of: SettingsOf, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start too: the network may be away, and workers wait for it."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # of the client that asks for the role
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{unused_port()}")
    (folder / "config").write_text(
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n"
        "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n"
    )
    client = SwfClient(settings_of(secure.url), patience=BRIEF)
    with pytest.raises(EngineUnreachableError):
        client.poll_activity_task("l")
    (folder / "config").unlink()

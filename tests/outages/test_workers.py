"""Deciders and activity workers while SWF cannot be reached: at the start, and later.

They wait, say so once, and go on without a restart; whoever stops them meanwhile is obeyed.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from activity_worker import ActivityWorker
from config import Settings
from decision_worker import DecisionWorker
from errors import DomainNotRegisteredError
from local_swf.testing import LocalSWF
from polling import Polls
from swf import connection
from swf_client import SwfClient
from tests.outages.conftest import QUICK
from tests.outages.front import NAME, Front
from tests.outages.working import running, until
from workflow_starter import WorkflowStarter

SettingsOf = Callable[..., Settings]
ORDER = {"order_id": "O-1", "items": ["a"]}
STOP_SECONDS = 5.0  # generous: it takes half a second

Told = Callable[[str], list[str]]


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Told:
    """The lines that begin so."""
    caplog.set_level(logging.INFO)

    def find(begin: str) -> list[str]:
        lines = [record.getMessage() for record in caplog.records]
        return [line for line in lines if line.startswith(begin)]

    return find


@pytest.fixture
def task_list() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def settings(front: Front, settings_of: SettingsOf, task_list: str) -> Settings:
    return settings_of(front.url, SWF_TASK_LIST=task_list)


@pytest.fixture
def starter(engine: LocalSWF, settings_of: SettingsOf, task_list: str) -> WorkflowStarter:
    """Past the front."""
    return WorkflowStarter(settings_of(engine.url, SWF_TASK_LIST=task_list))


def workers(settings: Settings) -> tuple[DecisionWorker, ActivityWorker]:
    decider = DecisionWorker(settings, swf_client=SwfClient(settings, patience=QUICK))
    worker = ActivityWorker(settings, swf_client=SwfClient(settings, patience=QUICK))
    return decider, worker


# --- outages -------------------------------------------------------------------------------


class Outage:
    """A way in which the engine cannot be reached."""

    def __init__(self, front: Front) -> None:
        self.front = front

    def begin(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        raise NotImplementedError


class Refused(Outage):
    """Nothing listens."""

    def begin(self) -> None:
        self.front.down()

    def end(self) -> None:
        self.front.up()


class Broken(Outage):
    """Every answer is a page of a gateway."""

    def begin(self) -> None:
        self.front.refusal = lambda _: b"HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n"
        self.front.cut()

    def end(self) -> None:
        self.front.mend()


class Reset(Outage):
    """Connections are taken, and cut after a moment."""

    def begin(self) -> None:
        self.front.refusal = lambda _: b""
        self.front.cut()

    def end(self) -> None:
        self.front.mend()


OUTAGES: dict[str, type[Outage]] = {
    "nothing listens": Refused,
    "a gateway answers": Broken,
    "connections are reset": Reset,
}


@pytest.fixture(params=OUTAGES)
def outage(request: pytest.FixtureRequest, front: Front) -> Outage:
    return OUTAGES[request.param](front)  # whose fixture ends it


class TestRecovery:
    def test_at_the_start(
        self, outage: Outage, settings: Settings, starter: WorkflowStarter, told: Told
    ) -> None:
        outage.begin()
        run = starter.start_workflow(ORDER)
        with running(*workers(settings), front=outage.front):
            until(lambda: len(told("Polling fails")) == 2, "a line of each")
            outage.end()
            assert starter.wait(**run, timeout=30)["state"] == "COMPLETED"
        check(told, outages=1)

    def test_later(
        self, outage: Outage, settings: Settings, starter: WorkflowStarter, told: Told
    ) -> None:
        first = starter.start_workflow(ORDER)
        with running(*workers(settings), front=outage.front):
            assert starter.wait(**first, timeout=30)["state"] == "COMPLETED"
            outage.begin()
            until(lambda: len(told("Polling fails")) == 2, "a line of each")
            until(lambda: outage.front.is_quiet, "the polls' end")
            second = starter.start_workflow(ORDER)
            outage.end()
            assert starter.wait(**second, timeout=30)["state"] == "COMPLETED"
        check(told, outages=1)

    def test_the_name_is_not_resolved(
        self,
        front: Front,
        settings_of: SettingsOf,
        starter: WorkflowStarter,
        resolver: dict[str, str],
        told: Told,
    ) -> None:
        url = front.url.replace("127.0.0.1", NAME)
        settings = settings_of(url, SWF_TASK_LIST=starter.settings.swf_task_list)
        run = starter.start_workflow(ORDER)
        with running(*workers(settings), front=front):
            until(lambda: len(told("Polling fails")) == 2, "a line of each")
            assert NAME in told("Polling fails")[0]
            resolver[NAME] = "127.0.0.1"
            assert starter.wait(**run, timeout=30)["state"] == "COMPLETED"
        check(told, outages=1)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The names that can be resolved, beside numbers."""
    known: dict[str, str] = {}
    really = socket.getaddrinfo

    def resolve(host: Any, *more: Any, **others: Any) -> Any:
        if host == NAME and host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return really(known.get(host, host), *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


def check(told: Told, outages: int) -> None:
    """Each of the two said twice a thing: that polls fail, and that they work again."""
    assert len(told("Polling fails")) == 2 * outages
    assert 1 <= len(told("Polling works again")) <= 2 * outages
    assert all("does not answer" in line for line in told("Polling fails"))
    assert not told("SWF call failed")
    assert not told("A task could not be served")


class TestStopping:
    """Within moments, however the engine is away; AWS's polls under way are waited out."""

    @pytest.mark.parametrize("make", [DecisionWorker, ActivityWorker])
    def test_while_it_waits(
        self, outage: Outage, settings: Settings, told: Told, make: Any
    ) -> None:
        outage.begin()
        worker = make(settings, swf_client=SwfClient(settings, patience=QUICK))
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        until(lambda: told("Polling fails"), "the line")
        begun = time.monotonic()
        worker.stop()
        thread.join(30)
        assert time.monotonic() - begun < STOP_SECONDS

    @pytest.mark.parametrize("make", [DecisionWorker, ActivityWorker])
    def test_while_nothing_is_answered(
        self, plain: Front, settings_of: SettingsOf, make: Any
    ) -> None:
        plain.deaf = True
        plain.asked.clear()
        worker = make(settings_of(plain.url))
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        until(lambda: len(plain.asked) >= 2, "polls")
        begun = time.monotonic()
        worker.stop()
        thread.join(30)
        assert time.monotonic() - begun < STOP_SECONDS
        plain.mend()

    def test_threads_that_wait_for_another_to_register_ask_nothing_more(
        self, plain: Front, settings_of: SettingsOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On the embedded engine each process registers what is missing before it polls."""
        client = SwfClient(settings_of(plain.url))
        polls, asked, answered = Polls("x", client), threading.Event(), threading.Event()
        calls: list[None] = []

        def prepare(*_: Any, **__: Any) -> None:
            calls.append(None)
            asked.set()
            answered.wait(30)
            raise DomainNotRegisteredError("not yet")

        monkeypatch.setattr("polling.prepare", prepare)

        def turn() -> None:
            polls.task(lambda: client.poll_activity_task("l"))

        def stop() -> None:
            until(lambda: asked.is_set() and polls._pulse.slots()["polling"] == 4, "all four")
            polls.stop()
            answered.set()

        threading.Thread(target=stop, daemon=True).start()
        with pytest.raises(DomainNotRegisteredError):
            polls.run([turn] * 4)
        assert len(calls) == 1


def test_an_engine_that_takes_connections_and_never_answers_is_an_outage(
    front: Front, settings_of: SettingsOf, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "POLL_SECONDS", 0.1)
    front.deaf = True
    worker = ActivityWorker(settings_of(front.url), concurrency=1)
    with running(worker, front=front):
        until(lambda: told("Polling fails"), "the line")
    assert "does not answer (Read timeout" in told("Polling fails")[0]


def test_nothing_grows_while_it_lasts(
    outage: Outage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads and open files after a hundred polls that failed are those after ten."""
    monkeypatch.setattr("polling.LONGEST_WAIT_SECONDS", 0.002)
    monkeypatch.setattr("polling.FIRST_WAIT_SECONDS", 0.001)
    outage.begin()
    worker = ActivityWorker(settings, swf_client=SwfClient(settings, patience=QUICK))
    failed: list[None] = []
    really = worker._polls._outage.wait

    def wait(error: Exception) -> None:
        failed.append(None)
        really(error)

    monkeypatch.setattr(worker._polls._outage, "wait", wait)
    with running(worker, front=outage.front):
        until(lambda: len(failed) >= 10, "ten failures")
        threads, files = threading.active_count(), _open_files()
        until(lambda: len(failed) >= 100, "a hundred failures")
        # What the front holds of a connection that was just made counts too.
        assert threading.active_count() <= threads + 4
        assert _open_files() <= files + 6


def _open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0  # as on Linux


class TestWrongRegion:
    """Who asks in another region finds no domain: that ends a worker, for somebody must mend it."""

    @pytest.mark.parametrize("make", [DecisionWorker, ActivityWorker])
    def test_at_the_start(self, front: Front, settings_of: SettingsOf, make: Any) -> None:
        worker = make(settings_of(front.url, SWF_DOMAIN="elsewhere", AWS_REGION="eu-west-1"))
        with pytest.raises(DomainNotRegisteredError, match="the domain elsewhere is not") as raised:
            worker.run()
        assert raised.value.exit_code == 2
        assert "python setup.py" in str(raised.value)

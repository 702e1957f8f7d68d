"""The embedded SWF as an HTTP server, beside `moto_server` on the same machine in the same run.

Five operations at 400 open executions, by lean keep-alive clients, with the processor time that
a call took the endpoint; boto3's own figures beside them; then what reading a history and
answering a decision task cost as the history grows, and what closed executions leave in memory.
"""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore import xform_name

from bench.lean_client import Call, Client, LeanClient, Outcome, outcome
from bench.processes import ROOT, cpu_seconds, until

OPEN_EXECUTIONS = 400
START_SECONDS = 20.0
MOTO = "moto[server]==5.2.1"
MOTO_SECONDS = 5.0  # a batch of calls sends no more after this long
MARKERS = 1_000  # a decision response that grows a history
MARKERS_MEASURED = 10  # a decision response that is measured
READS = 11
RESPONSES = 60
CLOSED_AT = (1_000, 5_000, 10_000, 50_000, 100_000)  # closed executions at which memory is read
CLOSED_AT_ONCE = 500

OPERATIONS = 6  # of one execution: the five, and the termination that is not shown

DOMAIN = "bench"
WORKFLOW = {"name": "w", "version": "1"}
ACTIVITY = {"name": "a", "version": "1"}
SCHEDULE = {
    "decisionType": "ScheduleActivityTask",
    "scheduleActivityTaskDecisionAttributes": {"activityId": "1", "activityType": ACTIVITY},
}
MARKER = {
    "decisionType": "RecordMarker",
    "recordMarkerDecisionAttributes": {"markerName": "m", "details": "x" * 40},
}


@dataclass(frozen=True)
class Server:
    """Who answers, and how much is asked of it."""

    name: str
    url: str
    calls: int
    """Calls of each operation for each number of clients."""
    within: float = 60.0
    """Seconds after which a batch sends no more."""
    pid: int | None = None
    """Its process, when its processor time is to be shown."""

    def cpu_seconds(self) -> float:
        """Processor time used so far; 0 where that is not known."""
        return cpu_seconds(self.pid) if self.pid and Path("/proc/self/stat").exists() else 0.0


Figures = dict[str, Outcome]
"""By operation."""


def endpoint(
    clients: Sequence[int], *, quick: bool, moto: Path | None, closed: int
) -> Iterator[str]:
    """Lines of figures.

    `moto` is the folder of an environment that has, or gets, moto's server; `closed` is how
    many executions are opened and closed to see what they leave in memory.
    """
    calls = 160 if quick else 500
    yield _load()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        durable, pid = stack.enter_context(_local_swf(folder / "swf.sqlite"))
        in_memory, other = stack.enter_context(_local_swf(":memory:"))
        servers = [
            Server("durable", durable, calls, pid=pid),
            Server("in memory", in_memory, calls, pid=other),
        ]
        program = _moto_server(moto)
        if program is None:
            yield f"no moto_server here: --moto FOLDER makes an environment with {MOTO}"
        else:
            url = stack.enter_context(_moto(program))
            servers.append(Server("moto", url, 16 if quick else 64, MOTO_SECONDS))
        for server in servers:
            _open_executions(server)
        yield from _speeds(servers, clients)
        yield from _boto3(servers[0])
        yield from _scaling(durable, quick=quick)
    yield from _memory(closed)


def _load() -> str:
    """What else the machine is doing, for it moves every figure."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return f"load average before the run: {load}"


# Five operations


def _open_executions(server: Server) -> None:
    """Register what is needed, and have so many executions open that nobody works on."""
    with LeanClient(server.url, 1) as client:
        days = {"workflowExecutionRetentionPeriodInDays": "1"}
        client.one("RegisterDomain", name=DOMAIN, **days)
        client.one(
            "RegisterWorkflowType",
            domain=DOMAIN,
            **WORKFLOW,
            defaultTaskList={"name": "idle"},
            defaultChildPolicy="TERMINATE",
            defaultTaskStartToCloseTimeout="600",
            defaultExecutionStartToCloseTimeout="3600",
        )
        client.one(
            "RegisterActivityType",
            domain=DOMAIN,
            **ACTIVITY,
            defaultTaskList={"name": "work"},
            defaultTaskScheduleToStartTimeout="600",
            defaultTaskScheduleToCloseTimeout="600",
            defaultTaskStartToCloseTimeout="600",
            defaultTaskHeartbeatTimeout="600",
        )
        client([_start(f"idle-{number}") for number in range(OPEN_EXECUTIONS)])


def _speeds(servers: list[Server], clients: Sequence[int]) -> Iterator[str]:
    yield f"at {OPEN_EXECUTIONS} open executions and more; calls a second, median and p95 in ms"
    columns = "".join(f"{server.name:>27}" for server in servers)
    ratios = "".join(f"{name + ' / moto':>18}" for name in _compared(servers))
    yield f"{'operation':<31}{'clients':>7}{columns}{ratios}"
    for number in clients:
        figures, used = {}, {}
        for server in servers:
            before = server.cpu_seconds()
            with LeanClient(server.url, number, server.within) as lean:
                figures[server.name] = _five_operations(lean, f"{number}", server.calls)
            used[server.name] = (server.cpu_seconds() - before) / (server.calls * OPERATIONS)
        for operation in figures["durable"]:
            yield f"{operation:<31}{number:>7}{_line(servers, figures, operation)}"
        shown = (f"{name} {seconds * 1e6:.0f}" for name, seconds in used.items() if seconds)
        yield f"  CPU of a call, us: {', '.join(shown)}"
        for server in servers:
            if uncounted := sum(figure.uncounted for figure in figures[server.name].values()):
                yield f"  {server.name}: {uncounted} calls refused or without a task, not counted"


def _line(servers: list[Server], figures: dict[str, Figures], operation: str) -> str:
    columns = [_columns(figures[server.name][operation]) for server in servers]
    for name in _compared(servers):
        ratio = figures[name][operation].rate / (figures["moto"][operation].rate or float("nan"))
        columns.append(f"{ratio:>17.1f}x")
    return "".join(columns)


def _compared(servers: list[Server]) -> list[str]:
    names = [server.name for server in servers]
    return [name for name in names if name != "moto"] if "moto" in names else []


def _columns(figure: Outcome) -> str:
    return f"{figure.rate:>11.0f}{figure.median * 1000:>8.2f}{figure.p95 * 1000:>8.2f}"


def _five_operations(client: Client, batch: str, count: int) -> Figures:
    """Executions of one activity each, from start to close, one operation at a time."""
    tasks = {"domain": DOMAIN, "taskList": {"name": f"tasks-{batch}"}}
    work = {"domain": DOMAIN, "taskList": {"name": "work"}}
    starts = [_start(f"{batch}-{n}", taskList=tasks["taskList"]) for n in range(count)]
    figures = {"StartWorkflowExecution": client(starts, "runId")}
    started = len(figures["StartWorkflowExecution"].answers)
    polls = [Call("PollForDecisionTask", tasks)] * started
    found = figures["PollForDecisionTask"] = client(polls, "taskToken")
    decided = [_decide(task, SCHEDULE) for task in found.answers]
    figures["RespondDecisionTaskCompleted"] = client(decided, "")
    polls = [Call("PollForActivityTask", work)] * len(decided)
    found = figures["PollForActivityTask"] = client(polls, "taskToken")
    done = [_of(task, "RespondActivityTaskCompleted", result="ok") for task in found.answers]
    figures["RespondActivityTaskCompleted"] = client(done, "")
    client([_terminate(start) for start in starts], "")
    return figures


def _start(workflow_id: str, **options: Any) -> Call:
    named = {"domain": DOMAIN, "workflowId": workflow_id, "workflowType": WORKFLOW}
    return Call("StartWorkflowExecution", {**named, "input": '{"order_id": "1"}', **options})


def _terminate(start: Call) -> Call:
    named = {name: start.arguments[name] for name in ("domain", "workflowId")}
    return Call("TerminateWorkflowExecution", named)


def _decide(task: Any, *decisions: Any) -> Call:
    return _of(task, "RespondDecisionTaskCompleted", decisions=decisions)


def _of(task: Any, operation: str, **arguments: Any) -> Call:
    return Call(operation, {"taskToken": task["taskToken"], **arguments})


def _boto3(server: Server) -> Iterator[str]:
    """The same operations by one boto3 client, which is its own bottleneck."""
    yield ""
    yield f"boto3, one client, {server.name}; calls a second, median and p95 in ms"
    client = _boto3_client(server.url)
    for operation, figure in _five_operations(client, "boto3", min(server.calls, 200)).items():
        yield f"{operation:<38}{_columns(figure)}"


def _boto3_client(url: str) -> Client:
    made: Any = boto3.client(
        "swf",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106 - of an endpoint that checks none
    )

    def call(calls: Sequence[Call], counts: str) -> Outcome:
        taken, begun = [], time.perf_counter()
        for one in calls:
            sent = time.perf_counter()
            answer = getattr(made, xform_name(one.operation))(**one.arguments)
            taken.append((time.perf_counter() - sent, answer))
        return outcome(taken, time.perf_counter() - begun, counts)

    return call


# Long histories


def _scaling(url: str, *, quick: bool) -> Iterator[str]:
    """One history that grows: cost of reading it, and of a response and a poll at its end."""
    sizes = (10, 1_000, 20_000) if quick else (10, 100, 1_000, 5_000, 20_000)
    yield ""
    yield f"durable, one client; a response carries {MARKERS_MEASURED} markers; medians"
    yield (
        f"{'events':>7}{'whole history, ms':>20}{'us an event':>13}{'last page, ms':>15}"
        f"{'response, ms':>14}{'us an event':>13}{'poll, last page, ms':>21}"
    )
    with LeanClient(url, 1) as client:
        history = _History(client)
        for size in sizes:
            history.grow(size)
            read, last_page = _median(history.read), _median(history.read_last_page)
            polls, responses = history.extend(RESPONSES)
            added = MARKERS_MEASURED + 1  # the markers and DecisionTaskCompleted
            yield (
                f"{size:>7}{read * 1e3:>20.2f}{read * 1e6 / size:>13.2f}{last_page * 1e3:>15.2f}"
                f"{responses * 1e3:>14.2f}{responses * 1e6 / added:>13.1f}{polls * 1e3:>21.2f}"
            )


class _History:
    """The history of one execution, kept open."""

    def __init__(self, client: LeanClient) -> None:
        self._client = client
        self._list = {"name": "long"}
        started = client([_start("long", taskList=self._list)]).answers[0]
        self._execution = {"workflowId": "long", "runId": started["runId"]}
        self._poll()

    def grow(self, size: int) -> None:
        """Until it has so many events, or a few more."""
        while self._events < size:
            missing = size - self._events - 4  # what a response and the next task add
            self._respond(max(0, min(MARKERS, missing)))
            self._next_task()

    def read(self) -> float:
        """Seconds to read all of it, a thousand events at a time."""
        seconds, page = self._page()
        while "nextPageToken" in page:
            more, page = self._page(nextPageToken=page["nextPageToken"])
            seconds += more
        return seconds

    def read_last_page(self) -> float:
        """Seconds to read its last ten events."""
        return self._page(reverseOrder=True, maximumPageSize=10)[0]

    def extend(self, times: int) -> tuple[float, float]:
        """Median seconds of a poll that finds a task at its end, and of a response."""
        polls, responses = [], []
        for _ in range(times):
            responses.append(self._respond(MARKERS_MEASURED))
            polls.append(self._next_task())
        return statistics.median(polls), statistics.median(responses)

    def _page(self, **options: Any) -> tuple[float, Any]:
        named = {"domain": DOMAIN, "execution": self._execution}
        return self._timed(Call("GetWorkflowExecutionHistory", {**named, **options}))

    def _respond(self, markers: int) -> float:
        return self._timed(_decide(self._task, *[MARKER] * markers))[0]

    def _next_task(self) -> float:
        signal = {"domain": DOMAIN, "workflowId": "long", "signalName": "s"}
        self._client.one("SignalWorkflowExecution", **signal)
        return self._poll()

    def _poll(self) -> float:
        options = {"reverseOrder": True, "maximumPageSize": 10}
        named = {"domain": DOMAIN, "taskList": self._list}
        seconds, self._task = self._timed(Call("PollForDecisionTask", {**named, **options}))
        self._events: int = self._task["startedEventId"]
        return seconds

    def _timed(self, call: Call) -> tuple[float, Any]:
        """Seconds until the answer is there, and its JSON, which is read afterwards."""
        made = self._client([call])
        return made.latencies[0], made.answers[0]


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(READS))


# Closed executions


def _memory(closed: int) -> Iterator[str]:
    """What executions that were opened and closed leave in memory, in a process of their own."""
    yield ""
    yield "durable, 16 clients; resident memory of the endpoint over closed executions"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url, pid = stack.enter_context(_local_swf(folder / "swf.sqlite"))
        _open_executions(Server("closed", url, 0))
        client = stack.enter_context(LeanClient(url, 16))
        done = 0
        for size in sorted({0, closed, *(size for size in CLOSED_AT if size <= closed)}):
            while done < size:
                done += _close_some(client, done, min(CLOSED_AT_ONCE, size - done))
            yield f"{done:>7}{_resident(pid):>12}"


def _close_some(client: LeanClient, first: int, count: int) -> int:
    starts = [_start(f"closed-{number}") for number in range(first, first + count)]
    client(starts)
    return len(client([_terminate(start) for start in starts]).answers)


def _resident(pid: int) -> str:
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmRSS:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return f"{int(found[1]) / 1024:.1f} MB" if found else "not known here"


# Servers


@contextmanager
def _local_swf(database: Path | str) -> Iterator[tuple[str, int]]:
    """An endpoint in a process of its own: its URL and its process id."""
    command = [sys.executable, "-m", "local_swf", "--database", str(database)]
    with _running(command, stdout=subprocess.PIPE) as process:
        yield _announced(process), process.pid


def _announced(process: subprocess.Popen[str]) -> str:
    """The URL in the line that the endpoint prints when it is ready."""
    line = process.stdout.readline() if process.stdout is not None else ""
    found = re.search(r"http://\S+", line)
    if found is None:
        raise RuntimeError("the endpoint did not start")
    return found.group()


@contextmanager
def _moto(program: list[str]) -> Iterator[str]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [*program, "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, stdout=subprocess.DEVNULL) as process:
        until(lambda: process.poll() is not None or _answers(url), "moto_server", START_SECONDS)
        yield url


@contextmanager
def _running(command: list[str], stdout: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, stdout=stdout, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def _moto_server(folder: Path | None) -> list[str] | None:
    """The command of moto's server: of the environment named, made if need be, or of this one."""
    if folder is not None:
        return [str(_environment(folder)), "-m", "moto.server"]
    present = all(importlib.util.find_spec(name) for name in ("moto", "flask", "flask_cors"))
    return [sys.executable, "-m", "moto.server"] if present else None


def _environment(folder: Path) -> Path:
    """The Python of an environment that has moto's server."""
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = programs / ("python.exe" if sys.platform == "win32" else "python")
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", MOTO], check=True)  # noqa: S603
    return python


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/moto-api/", timeout=2):  # noqa: S310 - our own server
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False

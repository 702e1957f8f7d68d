"""Calls that fail: which are made again, how long, and what the user is told in the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import config
import wire
from errors import (
    BusinessProcessError,
    CredentialsError,
    DomainNotRegisteredError,
    EngineUnreachableError,
    ExecutionAlreadyStartedError,
    LimitReachedError,
    PermissionDeniedError,
    RequestRefusedError,
    SwfError,
    TaskLostError,
    ThrottledError,
    TypeNotRegisteredError,
    UnknownExecutionError,
)
from swf_client import Patience, SwfClient
from tests.unit.scripted_swf import (
    Exchange,
    Handler,
    ScriptedSwf,
    answer,
    drop,
    raw,
    refuse,
    unused_port,
)

SHORT = Patience(ordinary=0.3, refused=0.1, first_wait=0.001, longest_wait=0.01)
LONG = Patience(ordinary=30.0, refused=30.0, first_wait=0.001, longest_wait=0.01)

Play = Callable[..., ScriptedSwf]


@pytest.fixture
def play() -> Iterator[Play]:
    """Start peers; they end with the test."""
    peers: list[ScriptedSwf] = []

    def start(**script: list[Handler]) -> ScriptedSwf:
        peers.append(ScriptedSwf(**script).__enter__())
        return peers[-1]

    yield start
    for peer in peers:
        peer.__exit__()


@pytest.fixture
def connect(tmp_path: Path) -> Callable[..., SwfClient]:
    """Make a client of an endpoint."""

    def make(url: str, patience: Patience = LONG) -> SwfClient:
        settings = config.load({"SWF_ENDPOINT": url, "DATA_DIR": str(tmp_path)})
        return SwfClient(settings, patience=patience)

    return make


Connect = Callable[..., SwfClient]

DESCRIPTION = answer({"domainInfo": {"name": "d", "status": "REGISTERED"}, "configuration": {}})

PASSING = {
    "throttled": refuse("ThrottlingException", "Rate exceeded"),
    "throttled in words only": refuse("SomethingElse", "Rate exceeded"),
    "out of order": refuse("InternalFailure", "", 500),
    "unavailable": raw(b"<html>", 503),
    "line cut before the answer": drop,
    "line cut within the answer": raw(b'{"domainInfo"', length=100),
    "no JSON": raw(b"<html>"),
    "half a JSON": raw(b'{"domainInfo": {'),
    "another JSON": raw(b"[]"),
    "an empty object": raw(b"{}"),
    "no HTTP": lambda exchange: exchange.connection.sendall(b"SSH-2.0\r\n\r\n"),
}


class TestReads:
    @pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
    def test_a_fault_that_passes_is_survived(
        self, fault: Handler, play: Play, connect: Connect
    ) -> None:
        peer = play(any=[fault, fault, DESCRIPTION])
        assert connect(peer.url).describe_domain()["domainInfo"]["name"] == "d"
        assert len(peer.requests) == 3

    @pytest.mark.parametrize(
        ("fault", "error", "says"),
        [
            (refuse("ThrottlingException", "Rate exceeded"), ThrottledError, "request rate"),
            (drop, EngineUnreachableError, "does not answer"),
            (refuse("InternalFailure", "", 500), EngineUnreachableError, "status 500"),
        ],
    )
    def test_one_that_stays_ends_in_one_error(
        self,
        fault: Handler,
        error: type[Exception],
        says: str,
        play: Play,
        connect: Connect,
    ) -> None:
        peer = play(any=[fault])
        with pytest.raises(error, match=says):
            connect(peer.url, SHORT).describe_domain()
        assert len(peer.requests) > 3

    def test_nothing_listens(self, connect: Connect) -> None:
        url = f"http://127.0.0.1:{unused_port()}"
        with pytest.raises(EngineUnreachableError) as raised:
            connect(url, SHORT).describe_domain()
        assert url in str(raised.value)
        assert "SWF_ENDPOINT=local" in str(raised.value)
        assert "\n" not in str(raised.value)
        assert raised.value.exit_code == 3

    def test_stop_ends_the_waiting(self, connect: Connect) -> None:
        patience = Patience(ordinary=600, refused=600, first_wait=500, longest_wait=500)
        client = connect(f"http://127.0.0.1:{unused_port()}", patience)
        threading.Timer(0.05, client.stop).start()
        started = time.monotonic()
        with pytest.raises(EngineUnreachableError):
            client.describe_domain()
        assert time.monotonic() - started < 100

    def test_a_connection_that_the_peer_closed_meanwhile_is_not_used(
        self, play: Play, connect: Connect
    ) -> None:
        def answer_and_close(exchange: Exchange) -> None:
            DESCRIPTION(exchange)
            exchange.close()

        peer = play(any=[answer_and_close, DESCRIPTION])
        client = connect(peer.url, Patience(ordinary=0, refused=0))
        client.describe_domain()
        _wait_until(lambda: not client._connection._transport._idle[0].usable())
        client.describe_domain()
        assert len(peer.requests) == 2

    def test_a_chunked_answer_is_read(self, play: Play, connect: Connect) -> None:
        def chunked(exchange: Exchange) -> None:
            exchange.connection.sendall(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                b'f;x=y\r\n{"domainInfo":{\r\n2\r\n}}\r\n0\r\nTrailer: x\r\n\r\n'
            )

        assert connect(play(any=[chunked]).url).describe_domain() == {"domainInfo": {}}

    def test_an_answer_may_end_with_the_connection(self, play: Play, connect: Connect) -> None:
        def until_closed(exchange: Exchange) -> None:
            exchange.connection.sendall(b'HTTP/1.0 200 OK\r\n\r\n{"domainInfo":{}}')
            exchange.close()

        assert connect(play(any=[until_closed]).url).describe_domain() == {"domainInfo": {}}


DENIED = "User: arn:aws:iam::1:user/u is not authorized"


@pytest.mark.parametrize(
    ("refusal", "error", "says"),
    [
        (("UnknownResourceFault", "Unknown domain: D"), DomainNotRegisteredError, "setup.py"),
        (("DomainDeprecatedFault", "D"), DomainNotRegisteredError, "is deprecated"),
        (
            ("UnknownResourceFault", "Unknown type: WorkflowType=[name=P, version=1]"),
            TypeNotRegisteredError,
            "the workflow type P 1 is not registered",
        ),
        (("TypeDeprecatedFault", "T"), TypeNotRegisteredError, "is deprecated"),
        (("AccessDeniedException", DENIED, 403), PermissionDeniedError, "swf:DescribeDomain"),
        (("OperationNotPermittedFault",), PermissionDeniedError, "swf:DescribeDomain"),
        (("UnrecognizedClientException", "invalid"), CredentialsError, "AWS_ACCESS_KEY_ID"),
        (("ExpiredTokenException", "expired", 403), CredentialsError, "new temporary credentials"),
        (("InvalidSignatureException", "Signature expired", 403), CredentialsError, "clock"),
        (("LimitExceededFault", "Limit on domains"), LimitReachedError, "Limit on domains"),
        (
            ("LimitExceededFault", "Limit on maximum concurrent poll requests reached"),
            LimitReachedError,
            "fewer workers",
        ),
        (("ValidationException", "too long"), RequestRefusedError, "too long"),
        (("UnknownOperationException", "", 404), SwfError, "does not know swf:DescribeDomain"),
        (("NewFault", "what"), SwfError, "NewFault: what"),
    ],
)
def test_refusals_say_what_to_do(
    refusal: tuple[Any, ...],
    error: type[BusinessProcessError],
    says: str,
    play: Play,
    connect: Connect,
) -> None:
    peer = play(any=[refuse(*refusal)])
    with pytest.raises(error) as raised:
        connect(peer.url).describe_domain()
    assert type(raised.value) is error
    assert says in str(raised.value)
    assert len(peer.requests) == 1


GONE = refuse("UnknownResourceFault", "Unknown activity, scheduledEventId = 5")

REPORTS: dict[str, Callable[[SwfClient], Any]] = {
    "complete": lambda client: client.complete_activity_task("t", "{}"),
    "fail": lambda client: client.fail_activity_task("t", "r", "d"),
    "cancel": lambda client: client.cancel_activity_task("t", "d"),
    "heartbeat": lambda client: client.heartbeat("t"),
    "decide": lambda client: client.respond_decision_task("t", []),
}


class TestReports:
    """Results are offered until their task has timed out."""

    @pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
    @pytest.mark.parametrize("refusal", [GONE, refuse("ValidationException", "Invalid token")])
    def test_a_task_that_is_no_longer_ours(
        self,
        report: Callable[[SwfClient], Any],
        refusal: Handler,
        play: Play,
        connect: Connect,
    ) -> None:
        peer = play(any=[refusal])
        with pytest.raises(TaskLostError) as raised:
            report(connect(peer.url))
        assert not raised.value.perhaps_done
        assert len(peer.requests) == 1

    def test_one_whose_first_report_got_no_answer_was_perhaps_done(
        self, play: Play, connect: Connect
    ) -> None:
        peer = play(any=[drop, GONE])
        with pytest.raises(TaskLostError, match="perhaps taken") as raised:
            connect(peer.url).complete_activity_task("t", "{}")
        assert raised.value.perhaps_done

    def test_tried_past_ordinary_patience(self, play: Play, connect: Connect) -> None:
        peer = play(any=[drop] * 20 + [answer()])
        impatient = Patience(ordinary=0, refused=0, first_wait=0.001, longest_wait=0.002)
        connect(peer.url, impatient).complete_activity_task("t", "{}", timeout=60)
        assert len(peer.requests) == 21

    def test_given_up_when_the_task_has_timed_out(self, connect: Connect) -> None:
        client = connect(f"http://127.0.0.1:{unused_port()}")
        with pytest.raises(EngineUnreachableError):
            client.complete_activity_task("t", "{}", timeout=0.05)

    def test_a_drained_worker_still_reports(self, play: Play, connect: Connect) -> None:
        peer = play(any=[drop, drop, answer()])
        client = connect(peer.url)
        client.stop()
        client.complete_activity_task("t", "{}")
        assert len(peer.requests) == 3

    def test_one_that_leaves_at_once_does_not(self, play: Play, connect: Connect) -> None:
        peer = play(any=[drop])
        client = connect(peer.url)
        client.stop(now=True)
        with pytest.raises(EngineUnreachableError):
            client.complete_activity_task("t", "{}")

    def test_texts_are_cut_or_kept_outside_as_swf_needs(self, play: Play, connect: Connect) -> None:
        peer = play(any=[answer({"cancelRequested": True})])
        client = connect(peer.url)
        long = "x" * 40_000
        client.fail_activity_task("t", long, long)
        assert client.heartbeat("t", long) is True
        failed, beat = (exchange.body for exchange in peer.requests)
        assert len(failed["reason"]) == 256
        assert client.payloads.get(wire.loads(failed["details"])) == long
        assert len(beat["details"]) == 2048


TASK = {
    "taskToken": "t",
    "startedEventId": 3,
    "previousStartedEventId": 0,
    "workflowExecution": {"workflowId": "w", "runId": "r"},
    "workflowType": {"name": "P", "version": "1"},
}


def event(number: int, kind: str = "TimerFired", **facts: Any) -> dict[str, Any]:
    block = f"{kind[0].lower()}{kind[1:]}EventAttributes"
    return {"eventId": number, "eventType": kind, "eventTimestamp": 1.5e9 + number, block: facts}


class TestPolls:
    @pytest.mark.parametrize(
        "nothing",
        [
            {"startedEventId": 0, "previousStartedEventId": 0},
            {"taskToken": "", "startedEventId": 0},
        ],
    )
    def test_no_task(self, nothing: dict[str, Any], play: Play, connect: Connect) -> None:
        client = connect(play(any=[answer(nothing)]).url)
        assert client.poll_decision_task("l") is None
        assert client.poll_activity_task("l") is None

    @pytest.mark.parametrize(
        "fault", [drop, raw(b"{"), raw(b"{}", length=9), refuse("InternalFailure", "", 500)]
    )
    def test_a_poll_that_may_have_taken_a_task_is_not_repeated(
        self, fault: Handler, play: Play, connect: Connect
    ) -> None:
        peer = play(any=[fault])
        with pytest.raises(EngineUnreachableError):
            connect(peer.url).poll_activity_task("l")
        assert len(peer.requests) == 1

    def test_a_throttled_one_is(self, play: Play, connect: Connect) -> None:
        peer = play(any=[refuse("ThrottlingException", "Rate exceeded"), answer(TASK)])
        assert connect(peer.url).poll_activity_task("l") is not None

    def test_the_pages_of_a_decision_task_are_joined(self, play: Play, connect: Connect) -> None:
        pages = [
            answer({**TASK, "events": [event(1)], "nextPageToken": "p2"}),
            drop,  # a page may be asked for again: it hands nothing out
            answer({**TASK, "events": [event(2)], "nextPageToken": "p3"}),
            answer({**TASK, "events": [event(3)]}),
        ]
        peer = play(any=pages)
        task = connect(peer.url).poll_decision_task("l", since_previous=True)
        assert task is not None
        assert [item["eventId"] for item in task["events"]] == [1, 2, 3]
        assert task["events"][0]["eventTimestamp"].timestamp() == 1.5e9 + 1
        assert "nextPageToken" not in task
        tokens = [exchange.body.get("nextPageToken") for exchange in peer.requests]
        assert tokens == [None, "p2", "p2", "p3"]
        assert all(exchange.body["startAtPreviousStartedEvent"] for exchange in peer.requests)

    def test_stop_hangs_up(self, play: Play, connect: Connect) -> None:
        asked = threading.Event()
        results: list[Any] = []

        def hold(exchange: Exchange) -> None:
            asked.set()
            exchange.connection.recv(1)  # until the client closes its side
            exchange.close()

        client = connect(play(any=[hold]).url)
        poller = threading.Thread(target=lambda: results.append(client.poll_activity_task("l")))
        poller.start()
        assert asked.wait(10)
        client.stop()
        poller.join(10)
        assert results == [None]
        assert client.poll_activity_task("l") is None

    def test_a_task_that_is_on_its_way_is_not_lost_to_it(
        self, play: Play, connect: Connect
    ) -> None:
        asked = threading.Event()
        results: list[Any] = []

        def hold(exchange: Exchange) -> None:
            asked.set()
            exchange.connection.recv(1)
            answer(TASK)(exchange)

        client = connect(play(any=[hold]).url)
        poller = threading.Thread(target=lambda: results.append(client.poll_activity_task("l")))
        poller.start()
        assert asked.wait(10)
        client.stop()
        poller.join(10)
        assert [task["taskToken"] for task in results] == ["t"]

    def test_an_engine_that_does_not_notice_is_cut_off(self, play: Play, connect: Connect) -> None:
        asked, over = threading.Event(), threading.Event()
        results: list[Any] = []

        def deaf(exchange: Exchange) -> None:
            asked.set()
            over.wait(30)
            exchange.close()

        client = connect(play(any=[deaf]).url)
        poller = threading.Thread(target=lambda: results.append(client.poll_activity_task("l")))
        poller.start()
        assert asked.wait(10)
        client.stop()
        poller.join(10)
        over.set()
        assert results == [None]


def info(run_id: str, **more: Any) -> dict[str, Any]:
    return {
        "execution": {"workflowId": "w", "runId": run_id},
        "workflowType": {"name": "P", "version": "1"},
        "startTimestamp": 1.5e9,
        "executionStatus": "OPEN",
        "cancelRequested": False,
        **more,
    }


def infos(*run_ids: str) -> Handler:
    return answer({"executionInfos": [info(run_id) for run_id in run_ids]})


def first_events(**inputs: str) -> Handler:
    """Answer a history read with the start event of the run asked for."""

    def handle(exchange: Exchange) -> None:
        text = inputs[exchange.body["execution"]["runId"]]
        started = event(1, "WorkflowExecutionStarted", input=text)
        answer({"events": [started]})(exchange)

    return handle


def start(client: SwfClient) -> str:
    envelope = wire.dumps(wire.wrap_start({}, {"start_id": "mine"}))
    return client.start_execution(
        workflow_id="w", name="P", version="1", input=envelope, start_id="mine"
    )


MINE = wire.dumps({"_process": {"start_id": "mine"}})
OTHER = wire.dumps({"_process": {"start_id": "other"}})
ALREADY = refuse("WorkflowExecutionAlreadyStartedFault", "Already Started")


class TestStarts:
    """An execution is started once, whatever happens to the answer."""

    def test_an_unanswered_one_that_was_carried_out_is_found_open(
        self, play: Play, connect: Connect
    ) -> None:
        peer = play(
            StartWorkflowExecution=[drop],
            ListOpenWorkflowExecutions=[infos("r1")],
            ListClosedWorkflowExecutions=[infos()],
            GetWorkflowExecutionHistory=[first_events(r1=MINE)],
        )
        assert start(connect(peer.url)) == "r1"
        assert peer.operations.count("StartWorkflowExecution") == 1

    def test_or_closed_already(self, play: Play, connect: Connect) -> None:
        peer = play(
            StartWorkflowExecution=[raw(b'{"runI')],
            ListOpenWorkflowExecutions=[infos()],
            ListClosedWorkflowExecutions=[infos("r2", "r1")],
            GetWorkflowExecutionHistory=[first_events(r1=MINE, r2="by hand")],
        )
        assert start(connect(peer.url)) == "r1"

    def test_one_that_was_not_is_sent_again(self, play: Play, connect: Connect) -> None:
        peer = play(
            StartWorkflowExecution=[drop, answer({"runId": "r2"})],
            ListOpenWorkflowExecutions=[infos()],
            ListClosedWorkflowExecutions=[infos("r1")],
            GetWorkflowExecutionHistory=[first_events(r1=OTHER)],
        )
        assert start(connect(peer.url)) == "r2"

    def test_a_list_that_lags_is_made_up_for(self, play: Play, connect: Connect) -> None:
        peer = play(
            StartWorkflowExecution=[drop, ALREADY],
            ListOpenWorkflowExecutions=[infos(), infos(), infos(), infos("r1")],
            ListClosedWorkflowExecutions=[infos()],
            GetWorkflowExecutionHistory=[first_events(r1=MINE)],
        )
        assert start(connect(peer.url)) == "r1"

    def test_a_whole_text_reference_is_looked_into(self, play: Play, connect: Connect) -> None:
        peer = play(
            StartWorkflowExecution=[drop],
            ListOpenWorkflowExecutions=[infos("r1")],
            ListClosedWorkflowExecutions=[infos()],
        )
        client = connect(peer.url)
        reference = wire.dumps(client.payloads.put(MINE))
        peer.script["GetWorkflowExecutionHistory"] = [first_events(r1=reference)]
        assert start(client) == "r1"

    def test_throttling_needs_no_settling(self, play: Play, connect: Connect) -> None:
        throttled = refuse("ThrottlingException", "Rate exceeded")
        peer = play(StartWorkflowExecution=[throttled, answer({"runId": "r1"})])
        assert start(connect(peer.url)) == "r1"
        assert peer.operations == ["StartWorkflowExecution"] * 2

    def test_somebody_elses_open_run_is_named(self, play: Play, connect: Connect) -> None:
        peer = play(
            StartWorkflowExecution=[ALREADY],
            ListOpenWorkflowExecutions=[infos("r1")],
            ListClosedWorkflowExecutions=[infos()],
            GetWorkflowExecutionHistory=[first_events(r1=OTHER)],
        )
        with pytest.raises(ExecutionAlreadyStartedError) as raised:
            start(connect(peer.url))
        assert raised.value.run_id == "r1"

    def test_what_cannot_be_settled_is_said(self, play: Play, connect: Connect) -> None:
        peer = play(StartWorkflowExecution=[drop], any=[drop])
        with pytest.raises(EngineUnreachableError, match="was started is not known"):
            start(connect(peer.url, SHORT))


class TestSteering:
    def test_a_signal_is_sent_again(self, play: Play, connect: Connect) -> None:
        peer = play(any=[drop, answer()])
        connect(peer.url).signal("w", "PAUSE", "{}", "r")
        assert len(peer.requests) == 2

    def test_a_termination_that_got_no_answer_but_was_done_is_done(
        self, play: Play, connect: Connect
    ) -> None:
        gone = refuse("UnknownResourceFault", "Unknown execution, workflowId = w")
        peer = play(any=[drop, gone])
        connect(peer.url).terminate("w", reason="x" * 300)
        assert len(peer.requests[0].body["reason"]) == 256
        with pytest.raises(UnknownExecutionError) as raised:
            connect(peer.url).terminate("w")
        assert raised.value.workflow_id == "w"

    def test_a_registration_that_was_done_is_done(self, play: Play, connect: Connect) -> None:
        peer = play(any=[drop, refuse("TypeAlreadyExistsFault", "T")])
        assert connect(peer.url).register_workflow_type(name="P", version="1") is False


class TestLists:
    def test_one_filter_is_sent_and_the_rest_compared(self, play: Play, connect: Connect) -> None:
        found = [
            info("r1", tagList=["a"]),
            info("r2", tagList=["b"]),
            info("r3", tagList=["b"], closeStatus="FAILED"),
        ]
        peer = play(any=[answer({"executionInfos": found})])
        client = connect(peer.url)
        listed = client.closed_executions(
            workflow_id="w", tag="b", type_name="P", status="FAILED", since=10.9, until=20.1
        )
        assert [item["execution"]["runId"] for item in listed] == ["r3"]
        (request,) = peer.requests
        assert request.body == {
            "domain": client.domain,
            "executionFilter": {"workflowId": "w"},
            "startTimeFilter": {"oldestDate": 10, "latestDate": 21},
        }

    def test_pages_are_fetched_as_they_are_needed(self, play: Play, connect: Connect) -> None:
        peer = play(
            any=[
                answer({"executionInfos": [info("r1")], "nextPageToken": "p"}),
                answer({"executionInfos": [info("r2")]}),
            ]
        )
        listed = connect(peer.url).open_executions()
        next(listed)
        assert len(peer.requests) == 1
        assert [item["execution"]["runId"] for item in listed] == ["r2"]


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)

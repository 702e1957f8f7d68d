"""Payloads of events and decisions: what is sealed, what is opened, and for whom."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import botocore.session
import pytest

import wire
from errors import PayloadError, PayloadKeyError, PayloadStoreError
from payloads import Codec, DirectoryStore, Payloads
from swf import events
from swf.events import attribute_name

LONG = "x" * 40_000
KEYS = (("k1", b"1" * 32),)


@pytest.fixture
def payloads(tmp_path: Path) -> Payloads:
    return Payloads(DirectoryStore(tmp_path / "payloads"), Codec(KEYS))


@pytest.fixture
def keyless(tmp_path: Path) -> Payloads:
    return Payloads(DirectoryStore(tmp_path / "payloads"))


def event(kind: str, **block: Any) -> dict[str, Any]:
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    return {
        "eventId": 1,
        "eventType": kind,
        "eventTimestamp": moment,
        attribute_name(kind): block,
    }


def decision(kind: str, **block: Any) -> dict[str, Any]:
    name = f"{kind[0].lower()}{kind[1:]}DecisionAttributes"
    return {"decisionType": kind, name: block}


def block_of(decided: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in decided.values() if isinstance(item, dict))
    return found


def test_every_payload_of_every_event_is_known() -> None:
    model = botocore.session.get_session().get_service_model("swf").shape_for("HistoryEvent")
    texts = {*events.PAYLOAD_MEMBERS, "executionContext"}
    found = {
        name: sorted(texts & set(member.members))
        for name, member in model.members.items()
        if name.endswith("EventAttributes") and texts & set(member.members)
    }
    assert {attribute_name(kind): [text] for kind, text in events.TEXT_OF.items()} == found


DECISIONS = [
    decision("ScheduleActivityTask", activityId="a1.1", control="{}", input='{"a":1}'),
    decision("RecordMarker", markerName="M", details="d"),
    decision("CompleteWorkflowExecution", result="r"),
    decision("CancelWorkflowExecution", details="d"),
    decision("StartChildWorkflowExecution", workflowId="w", input='{"a":1}'),
    decision("ContinueAsNewWorkflowExecution", input='{"a":1,"_process":{"start_id":"s"}}'),
    decision("SignalExternalWorkflowExecution", signalName="S", input="i"),
]


@pytest.mark.parametrize("plain", DECISIONS, ids=lambda item: item["decisionType"])
def test_decisions_are_sealed_but_for_names_ids_and_control(
    payloads: Payloads, plain: dict[str, Any]
) -> None:
    sealed = block_of(events.shrunk(plain, payloads))
    for member, value in block_of(plain).items():
        if member in events.PAYLOAD_MEMBERS:
            assert wire.is_sealed(sealed[member])
            assert payloads.opened(sealed[member]) == value
        else:
            assert sealed[member] == value


@pytest.mark.parametrize("plain", DECISIONS, ids=lambda item: item["decisionType"])
def test_without_keys_short_ones_are_as_they_were(keyless: Payloads, plain: dict[str, Any]) -> None:
    assert events.shrunk(plain, keyless) == plain


@pytest.mark.parametrize("text", ['{"a":1}', "x" * 20_000])
def test_a_lambda_functions_input_is_not_sealed_for_it_has_no_keys(
    payloads: Payloads, text: str
) -> None:
    asked = decision("ScheduleLambdaFunction", id="l", name="f", input=text)
    assert events.shrunk(asked, payloads) == asked


def test_the_reason_of_a_failed_execution_travels_in_its_details(payloads: Payloads) -> None:
    asked = decision("FailWorkflowExecution", reason="Anna's order failed", details='{"a":1}')
    block = block_of(events.shrunk(asked, payloads))
    assert block["reason"] == "(encrypted)"
    seen = event("WorkflowExecutionFailed", **block)
    for read in (events.opened, events.decoded, events.decoded_for_core):
        assert read(seen, payloads)[attribute_name(seen["eventType"])] == {
            "reason": "Anna's order failed",
            "details": '{"a":1}',
        }


def test_so_does_one_whose_details_are_outside(payloads: Payloads) -> None:
    asked = decision("FailWorkflowExecution", reason="Anna's order failed", details=LONG)
    block = block_of(events.shrunk(asked, payloads))
    seen = event("ActivityTaskFailed", **block)
    assert events.opened(seen, payloads) == seen, "opening reads no store"
    for read in (events.decoded, events.decoded_for_core):
        facts = read(seen, payloads)["activityTaskFailedEventAttributes"]
        assert facts == {"reason": "Anna's order failed", "details": LONG}


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("ValueError: Anna", "ValueError"),
        ("NonRetryableError", "NonRetryableError"),
        ("Anna's order", "(encrypted)"),
        ("", "(encrypted)"),
    ],
)
def test_only_an_exceptions_name_may_be_read(reason: str, shown: str) -> None:
    assert events.public_reason(reason) == shown


class TestReading:
    def test_what_the_core_only_passes_on_stays_a_reference(self, payloads: Payloads) -> None:
        text = payloads.shrink(LONG)
        done = event("ActivityTaskCompleted", result=text)
        assert events.decoded_for_core(done, payloads) == done
        assert events.decoded(done, payloads)["activityTaskCompletedEventAttributes"] == {
            "result": LONG
        }

    @pytest.mark.parametrize("kind", list(events.TEXT_OF))
    def test_what_is_sealed_is_opened_for_everybody(self, payloads: Payloads, kind: str) -> None:
        member = events.TEXT_OF[kind]
        seen = event(kind, **{member: payloads.shrink("secret")})
        for read in (events.opened, events.decoded, events.decoded_for_core):
            assert read(seen, payloads)[attribute_name(kind)] == {member: "secret"}

    def test_without_the_key_only_the_core_refuses(
        self, payloads: Payloads, keyless: Payloads, caplog: pytest.LogCaptureFixture
    ) -> None:
        seen = event("MarkerRecorded", details=payloads.shrink("secret"))
        assert events.opened(seen, keyless) == seen
        assert events.decoded(seen, keyless) == seen
        assert "cannot be read" in caplog.text
        with pytest.raises(PayloadKeyError):
            events.decoded_for_core(seen, keyless)

    def test_a_lost_value_is_the_cores_error_and_a_readers_reference(
        self, payloads: Payloads
    ) -> None:
        payloads.put("the folder is there")
        seen = event("MarkerRecorded", details=wire.dumps(wire.reference("0" * 64, 1)))
        assert events.decoded(seen, payloads) == seen
        with pytest.raises(PayloadError, match="is not under"):
            events.decoded_for_core(seen, payloads)

    def test_a_store_that_is_away_is_everybodys_error(self, payloads: Payloads) -> None:
        seen = event("MarkerRecorded", details=wire.dumps(wire.reference("0" * 64, 1)))
        for read in (events.decoded, events.decoded_for_core):
            with pytest.raises(PayloadStoreError):
                read(seen, payloads)

    def test_an_envelope_is_found_however_it_was_sent(self, payloads: Payloads) -> None:
        value = {"a": 1, "_process": {"start_id": "s", "snapshot": {"b": LONG}}}
        whole = wire.dumps(payloads.put(wire.dumps(value)))
        for text in (payloads.shrink_start(wire.dumps(value)), whole, payloads.shrink(whole)):
            start = event("WorkflowExecutionStarted", input=text)
            first = events.with_envelope(start, payloads)
            facts = first["workflowExecutionStartedEventAttributes"]
            assert wire.unwrap_start(wire.loads(facts["input"]))[1]["start_id"] == "s"
            facts = events.decoded_for_core(start, payloads)
            facts = facts["workflowExecutionStartedEventAttributes"]
            assert wire.loads(facts["input"]) == value

    def test_a_start_without_input_is_one(self, payloads: Payloads) -> None:
        start = event("WorkflowExecutionStarted", taskList={"name": "t"})
        assert events.with_envelope(start, payloads) == start
        assert events.decoded_for_core(start, payloads) == start
        assert events.open_text(start, payloads) == ""

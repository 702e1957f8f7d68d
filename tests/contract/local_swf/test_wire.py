"""What is on the wire: targets, types, constraints, envelopes, bytes."""

from __future__ import annotations

import json
import math

import pytest

from tests.contract.local_swf.swf_world import WORKFLOW

START = {"domain": "d", "workflowId": "w", "workflowType": WORKFLOW}


def test_an_answer_is_compact_sorted_json_with_a_request_id(world, raw):
    response = raw.send("StartWorkflowExecution", START)
    body = response.read()
    assert response.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert len(response.headers["x-amzn-RequestId"]) == 36
    assert body.startswith(b'{"runId":"22')
    assert len(json.loads(body)["runId"]) == 46
    history = {"workflowId": "w", "runId": json.loads(body)["runId"]}
    text = raw.send("GetWorkflowExecutionHistory", {"domain": "d", "execution": history}).read()
    compact = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert [e["eventId"] for e in json.loads(text)["events"]] == [1, 2]
    assert json.loads(compact) == json.loads(text)
    assert b": " not in text
    assert b", " not in text


def test_an_operation_without_output_answers_an_empty_body(world, raw):
    response = raw.send("DeprecateDomain", {"name": "d"})
    assert (response.status, response.read(), response.headers["Content-Length"]) == (200, b"", "0")


def test_the_older_request_form_is_answered_in_kind(world, raw):
    response = raw.send(
        "CountOpenWorkflowExecutions",
        {"domain": "d", "startTimeFilter": {"oldestDate": 0}},
        {
            "X-Amz-Target": "com.amazonaws.swf.service.model.SimpleWorkflowService."
            "CountOpenWorkflowExecutions",
            "Content-Type": "application/json; charset=UTF-8",
            "Content-Encoding": "amz-1.0",
        },
    )
    assert response.headers["Content-Type"] == "application/json"
    assert json.loads(response.read()) == {"count": 0, "truncated": False}


def test_an_unknown_target_is_no_operation(raw):
    response = raw.send("MakeCoffee", {})
    assert (response.status, json.loads(response.read())["__type"].split("#")[1]) == (
        404,
        "UnknownOperationException",
    )


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"nonsense",
        b'{"domain": NaN}',
        b'"x"',
        b"\xff",
        b'{"a":"\\ud800"}',
        b"[" * 9999,
    ],
)
def test_a_body_that_is_no_json_object_is_refused(raw, body):
    assert raw.refusal("ListDomains", body)[0] == "SerializationException"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("workflowId", 1),
        ("workflowId", True),
        ("workflowId", ["a"]),
        ("workflowType", "x"),
        ("workflowType", []),
        ("tagList", "x"),
        ("tagList", [1]),
        ("tagList", {"a": 1}),
    ],
)
def test_a_wrong_json_type_is_refused(world, raw, member, value):
    code, _ = raw.refusal("StartWorkflowExecution", {**START, member: value})
    assert code == "SerializationException"


def failure(value: str, path: str, tail: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: {tail}"


@pytest.mark.parametrize(
    ("operation", "body", "failures"),
    [
        (
            "RegisterDomain",
            {},
            [
                failure(
                    "null", "workflowExecutionRetentionPeriodInDays", "Member must not be null"
                ),
                failure("null", "name", "Member must not be null"),
            ],
        ),
        (
            "DescribeWorkflowExecution",  # as AWS answered in September 2026
            {},
            [
                failure("null", "execution", "Member must not be null"),
                failure("null", "domain", "Member must not be null"),
            ],
        ),
        (
            "GetWorkflowExecutionHistory",  # as AWS answered in September 2026
            {"domain": "d", "execution": {"workflowId": None}},
            [
                failure("null", "execution.runId", "Member must not be null"),
                failure("null", "execution.workflowId", "Member must not be null"),
            ],
        ),
        (
            "ListDomains",
            {"registrationStatus": "GONE", "maximumPageSize": 1001},
            [
                failure(
                    "'GONE'",
                    "registrationStatus",
                    "Member must satisfy enum value set: [REGISTERED, DEPRECATED]",
                ),
                failure(
                    "'1001'",
                    "maximumPageSize",
                    "Member must have value less than or equal to 1000",
                ),
            ],
        ),
        (
            "PollForActivityTask",
            {"domain": "", "taskList": {"name": "a:b"}},
            [
                failure("''", "domain", "Member must have length greater than or equal to 1"),
            ],
        ),
        (
            "RespondDecisionTaskCompleted",
            {
                "taskToken": "t",
                "decisions": [
                    {
                        "decisionType": "StartTimer",
                        "startTimerDecisionAttributes": {"startToFireTimeout": "x" * 9},
                    }
                ],
            },
            [
                failure(
                    "'xxxxxxxxx'",
                    "decisions.1.member.startTimerDecisionAttributes.startToFireTimeout",
                    "Member must have length less than or equal to 8",
                ),
                failure(
                    "null",
                    "decisions.1.member.startTimerDecisionAttributes.timerId",
                    "Member must not be null",
                ),
            ],
        ),
    ],
)
def test_broken_constraints_are_reported_together(raw, operation, body, failures):
    code, message = raw.refusal(operation, body)
    errors = "error" if len(failures) == 1 else "errors"
    assert code == "ValidationException"
    assert message == f"{len(failures)} validation {errors} detected: " + "; ".join(failures)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("executionStartToCloseTimeout", "NONE"),
        ("executionStartToCloseTimeout", "31536001"),
        ("taskStartToCloseTimeout", "soon"),
        ("taskStartToCloseTimeout", "-1"),
        ("taskPriority", "high"),
        ("taskPriority", str(2**31)),
        ("childPolicy", "KILL"),
        ("input", "x" * 32_769),
        ("tagList", ["t"] * 6),
        ("tagList", ["t" * 257]),
    ],
)
def test_a_value_out_of_bounds_is_refused(world, raw, member, value):
    code, message = raw.refusal("StartWorkflowExecution", {**START, member: value})
    assert (code, message[:27]) == ("ValidationException", "1 validation error detected")


@pytest.mark.parametrize(
    ("operation", "member", "value"),
    [
        ("RegisterWorkflowType", "name", "Orders::Order.place"),  # reported of AWS
        ("RegisterActivityType", "version", "1|2"),
        ("StartWorkflowExecution", "workflowId", "arn"),
        ("StartWorkflowExecution", "workflowId", "a/b"),
        ("StartWorkflowExecution", "taskList", "a:b"),
        ("PollForActivityTask", "taskList", " a"),
    ],
)
def test_a_name_with_forbidden_characters_is_refused(world, raw, operation, member, value):
    body = {**START, "name": "n", "version": "1", "taskList": {"name": "l"}}
    body[member] = {"name": value} if member == "taskList" else value
    assert raw.refusal(operation, body) == ("ValidationException", f"Invalid {member}: {value}")


def test_unknown_and_null_members_are_passed_over(world, raw):
    status, answer = raw.call(
        "StartWorkflowExecution", {**START, "lambdaRole": None, "x": {"y": 1}}
    )
    assert status == 200, answer


def test_times_of_any_size_are_taken(world, raw):
    for moment in (0, 1.5, -1, 1e300, 10**40, math.pi):
        body = {"domain": "d", "startTimeFilter": {"oldestDate": moment}}
        status, answer = raw.call("CountOpenWorkflowExecutions", body)
        assert status == 200, answer


def test_a_request_over_the_size_limit_is_refused(raw):
    response = raw.send("ListDomains", b'{"x":"' + b"a" * 1_100_000 + b'"}')
    assert response.status == 413


def test_a_client_that_asks_before_it_sends_its_body_is_let(raw):
    body = b'{"registrationStatus":"REGISTERED"}'
    raw.connection.connect()
    connection = raw.connection.sock
    connection.sendall(
        b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        b"X-Amz-Target: SimpleWorkflowService.ListDomains\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(body)
    assert connection.recv(1000).endswith(b'{"domainInfos":[]}')


def test_a_web_page_is_not_served(world, raw):
    response = raw.send("ListDomains", {}, {"Origin": "https://example.org"})
    assert response.status == 403

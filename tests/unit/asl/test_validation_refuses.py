"""Definitions that AWS refuses, and what is doubtful: each mistake has a code and a place."""

from __future__ import annotations

import json

import pytest

from asl import errors_of, of, read, validate
from tests.unit.asl.samples import (
    LAMBDA,
    LEAF,
    PASS,
    choice,
    distributed,
    jsonata,
    machine,
    map_of,
    task,
)

SCHEMA = "SCHEMA_VALIDATION_FAILED"
TARGET = "MISSING_TRANSITION_TARGET"
UNSUPPORTED = "UNSUPPORTED_JSONATA_EXPRESSION"
INVALID = "INVALID_JSONATA_EXPRESSION"
EXTENSION = "EXTENSION_INVALID"
A = "/States/A"


def refused(definition, *found):
    """A definition and what is found: pointers, of SCHEMA unless a code is given."""
    return definition, [item if isinstance(item, tuple) else (item, SCHEMA) for item in found]


def in_map(scope):
    return machine(map_of(ItemProcessor=scope))


def looped(**more):
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}, **more}
    return {"StartAt": "A", "States": states}


STRUCTURE = [
    refused({}, ""),
    refused({"StartAt": "A"}, ""),
    refused({"States": {"A": PASS}}, ""),
    refused({"StartAt": "A", "States": {}}, "/States"),
    refused({"StartAt": "A", "States": []}, "/States"),
    refused({"StartAt": 1, "States": {"A": PASS}}, "/StartAt"),
    refused(machine(PASS, Foo=1), "/Foo"),
    refused(machine(PASS, Version="2.0"), "/Version"),
    refused(machine(PASS, Version=1.0), "/Version"),
    refused(machine(PASS, TimeoutSeconds=0), "/TimeoutSeconds"),
    refused(machine(PASS, TimeoutSeconds=100_000_000), "/TimeoutSeconds"),
    refused(machine(PASS, TimeoutSeconds="5"), "/TimeoutSeconds"),
    refused(machine(PASS, TimeoutSeconds=True), "/TimeoutSeconds"),
    refused(machine({"Type": "Nope"}), f"{A}/Type"),
    refused(machine({"Type": "pass", "End": True}), f"{A}/Type"),
    refused(machine({"Type": 1}), f"{A}/Type"),
    refused({"StartAt": "A", "States": {"A": {"End": True}}}, A),
    refused({"StartAt": "A", "States": {"A": None}}, A),
    refused({"StartAt": "A", "States": {"A": [PASS]}}, A),
    refused(machine({"_comment": "x"}), f"{A}/_comment"),
    refused(machine(PASS, name="a" * 81), (f"/States/{'a' * 81}", "INVALID_STATE_NAME")),
    refused(machine(PASS, name=""), ("/States/", "INVALID_STATE_NAME")),
]

TRANSITIONS = [
    refused(looped(), ("", "MISSING_END_STATE")),
    refused(looped(Unused={"Type": "Pass", "Next": "A"}), ("", "MISSING_END_STATE")),
    refused(looped(C=PASS), ("/States/C", TARGET)),
    refused(machine({"Type": "Pass"}), ("", "MISSING_END_STATE"), A),
    refused(machine({"Type": "Pass", "End": False}), ("", "MISSING_END_STATE"), A),
    refused(machine({"Type": "Pass", "End": True, "Next": "A"}), A),
    refused(machine({"Type": "Pass", "End": "True"}), f"{A}/End"),
    refused(
        machine({"Type": "Pass", "Next": "NOPE"}),
        ("", "MISSING_END_STATE"),
        (f"{A}/Next", TARGET),
    ),
    refused({"StartAt": "Nope", "States": {"A": PASS}}, ("/StartAt", TARGET), (A, TARGET)),
    refused({"StartAt": "A", "States": {"A": PASS, "a/b": PASS}}, ("/States/a~1b", TARGET)),
    refused(
        in_map({"StartAt": "Nope", "States": {"B": PASS}}),
        (f"{A}/ItemProcessor/StartAt", TARGET),
        (f"{A}/ItemProcessor/States/B", TARGET),
    ),
    refused(
        in_map({"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "A"}}}),
        (f"{A}/ItemProcessor/States/B/Next", TARGET),
    ),
    refused(
        {**in_map({"StartAt": "B", "States": {"B": PASS}}), "StartAt": "B"},
        ("/StartAt", TARGET),
        (A, TARGET),
    ),
    refused(
        in_map({"StartAt": "A", "States": {"A": PASS}}),
        (f"{A}/ItemProcessor/States/A", "DUPLICATE_STATE_NAME"),
    ),
    refused(
        machine({"Type": "Parallel", "End": True, "Branches": [LEAF, LEAF]}),
        (f"{A}/Branches/1/States/Leaf", "DUPLICATE_STATE_NAME"),
    ),
    refused(
        task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Ghost"}]),
        (f"{A}/Catch/0/Next", TARGET),
    ),
    refused(
        choice({"Variable": "$.x", "IsPresent": True, "Next": "Ghost"}),
        (f"{A}/Choices/0/Next", TARGET),
    ),
    refused(
        choice({"Variable": "$.x", "IsPresent": True, "Next": "Z"}, Default="Ghost"),
        (f"{A}/Default", TARGET),
    ),
]

# members that a type does not have, in either language
NOT_SUPPORTED = [
    refused(machine({"Type": kind, **more, key: value}), f"{A}/{key}")
    for kind, more, names in (
        ("Pass", {"End": True}, "TimeoutSeconds Catch Retry Resource ResultSelector Default"),
        ("Wait", {"End": True, "Seconds": 1}, "ResultPath Parameters Catch Retry Result"),
        ("Succeed", {}, "End Next ResultPath Parameters Retry Catch TimeoutSeconds"),
        ("Fail", {}, "End Next InputPath OutputPath Assign Retry Catch TimeoutSeconds"),
        ("Task", {"End": True, "Resource": LAMBDA}, "Result ItemsPath Branches Seconds"),
        ("Map", {"End": True, "ItemProcessor": LEAF}, "TimeoutSeconds HeartbeatSeconds Result"),
        ("Parallel", {"End": True, "Branches": [LEAF]}, "TimeoutSeconds Result Credentials"),
    )
    for key, value in ((name, _sample) for name in names.split() for _sample in (None,))
]

LANGUAGES = [
    refused(machine({"Output": 1}), f"{A}/Output"),
    refused(task(Arguments={}), f"{A}/Arguments"),
    refused(machine(map_of(Items=[1])), f"{A}/Items"),
    *(
        refused(jsonata({key: value}), f"{A}/{key}")
        for key, value in {
            "InputPath": "$", "OutputPath": "$", "ResultPath": "$", "Parameters": {}, "Result": 1,
        }.items()
    ),
    refused(
        jsonata({"Type": "Task", "Resource": LAMBDA, "End": True, "TimeoutSecondsPath": "$.t"}),
        f"{A}/TimeoutSecondsPath",
    ),
    refused(jsonata(map_of(MaxConcurrencyPath="$.n")), f"{A}/MaxConcurrencyPath"),
    refused(jsonata(map_of(ItemsPath="$.n")), f"{A}/ItemsPath"),
    refused(jsonata({"Type": "Fail", "ErrorPath": "$.e"}), f"{A}/ErrorPath"),
    refused(
        jsonata({"Type": "Wait", "SecondsPath": "$.e", "End": True}), f"{A}/SecondsPath"
    ),
    refused(jsonata({"QueryLanguage": "JSONPath", "InputPath": "$", "Output": 1}), A),
    refused(jsonata({"QueryLanguage": "jsonata"}), f"{A}/QueryLanguage"),
    refused(jsonata({"QueryLanguage": "jsonpath"}), f"{A}/QueryLanguage"),
    refused(
        machine({"QueryLanguage": "foo", "InputPath": "$"}), f"{A}/QueryLanguage", f"{A}/InputPath"
    ),
    refused(machine({"Output": 1}, QueryLanguage="jsonpath"), "/QueryLanguage"),
    refused(machine(PASS, QueryLanguage=5), "/QueryLanguage"),
    refused(in_map(LEAF | {"QueryLanguage": "JSONata"}), f"{A}/ItemProcessor/QueryLanguage"),
    refused(
        machine({"Type": "Map", "End": True, "Iterator": LEAF | {"QueryLanguage": "JSONata"}}),
        f"{A}/Iterator/QueryLanguage",
    ),
    refused(
        machine({"Type": "Parallel", "End": True, "QueryLanguage": "JSONata", "Branches": [
            {"StartAt": "P", "States": {"P": PASS | {"Output": 1}}}]}),
        f"{A}/Branches/0/States/P/Output",
    ),
]  # fmt: skip

PATHS = [
    *(refused(machine({key: "Test"}), f"{A}/{key}") for key in ("InputPath", "OutputPath")),
    *(
        refused(machine({"InputPath": path}), f"{A}/InputPath")
        for path in ("", "$.", "$.a[", "$.a b", "$[?(", "States.UUID()", 5, True, ["$"])
    ),
    *(
        refused(machine({"ResultPath": path}), f"{A}/ResultPath")
        for path in ("a", "$$.a", "$v", "$.a[*]", "$..a", "$.a[0,1]", "$.a[1:2]", 1, "$.a.length()")
    ),
    *(
        refused(machine({"Parameters": {"o": [{"x.$": value}]}}), f"{A}/Parameters/o/0/x.$")
        for value in ("Test", "$.a[", 1, None, {}, "States.Nope()", "States.Format('{}')",
                      "States.Array('\\q')", "States.MathAdd('a', 1)", "States.Hash('a', 'MD6')")
    ),
    refused(machine({"Parameters": {"x.$": "$.a", "x": 1}}), f"{A}/Parameters/x.$"),
    refused(task(ResultSelector={"x.$": "y"}), f"{A}/ResultSelector/x.$"),
    refused(machine({"Assign": {"Variable.$": "Test"}}), f"{A}/Assign/Variable.$"),
]  # fmt: skip

VARIABLES = [
    refused(machine({"Assign": {name: 1}}), f"{A}/Assign/{name}")
    for name in ("", "1a", "a-b", "a b", "states", "a.b", "x" * 81, "$a")
] + [
    refused(machine({"Assign": {"states.$": "$"}}), f"{A}/Assign/states.$"),
    refused(jsonata({"Assign": {"a.$": 1}}), f"{A}/Assign/a.$"),
    refused(machine({"Assign": [1]}), f"{A}/Assign"),
    refused(jsonata({"Assign": "{% {} %}"}), f"{A}/Assign"),
]

TASKS = [
    refused(machine({"Type": "Task", "End": True}), A),
    *(
        refused(task(Resource=resource), f"{A}/Resource")
        for resource in (
            None, 5, "", "createToken", "$.FunctionName", "{% $r %}", "arn:aws:lambda",
            "arn:aws:states:::sqs", "arn:aws:states:::sqs:sendMessage.wait",
            "arn:aws:states:::ecs:runTask.sync:3", "arn:aws:states:::signal:",
        )
    ),
    refused(task(TimeoutSeconds=0), f"{A}/TimeoutSeconds"),
    refused(task(TimeoutSeconds=1.5), f"{A}/TimeoutSeconds"),
    refused(task(TimeoutSeconds="{% 1 %}"), f"{A}/TimeoutSeconds"),
    refused(task(HeartbeatSeconds=0), f"{A}/HeartbeatSeconds"),
    refused(task(TimeoutSeconds=5, HeartbeatSeconds=5), f"{A}/HeartbeatSeconds"),
    refused(task(TimeoutSeconds=5, TimeoutSecondsPath="$.t"), A),
    refused(task(HeartbeatSeconds=5, HeartbeatSecondsPath="$.t"), A),
    refused(task(Credentials={}), f"{A}/Credentials"),
    refused(task(Credentials={"Role": "x"}), f"{A}/Credentials"),
    refused(task(Credentials=None), f"{A}/Credentials"),
    refused(task(Credentials={"RoleArn": 1}), f"{A}/Credentials/RoleArn"),
    refused(task(Credentials={"RoleArn.$": "x"}), f"{A}/Credentials/RoleArn.$"),
]  # fmt: skip

RETRY = f"{A}/Retry/0"
RETRIES = [
    refused(task(Retry={}), f"{A}/Retry"),
    refused(task(Retry=[1]), RETRY),
    refused(task(Retry=[{}]), RETRY),
    *(
        refused(task(Retry=[{"ErrorEquals": ["E"], key: value}]), f"{RETRY}/{key}")
        for key, value in (
            ("IntervalSeconds", -1), ("IntervalSeconds", "$.x"), ("IntervalSeconds", 1.5),
            ("MaxAttempts", -1), ("MaxAttempts", 100_000_000), ("MaxAttempts", True),
            ("BackoffRate", 0.9), ("BackoffRate", "2"), ("MaxDelaySeconds", 0),
            ("MaxDelaySeconds", 31_622_401), ("JitterStrategy", "SOME"), ("Next", "A"),
        )
    ),
    refused(
        task(Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 5, "MaxDelaySeconds": 5}]),
        f"{RETRY}/MaxDelaySeconds",
    ),
    refused(task(Retry=[{"ErrorEquals": []}]), f"{RETRY}/ErrorEquals"),
    refused(task(Retry=[{"ErrorEquals": "E"}]), f"{RETRY}/ErrorEquals"),
    refused(task(Retry=[{"ErrorEquals": [1]}]), f"{RETRY}/ErrorEquals/0"),
    refused(task(Retry=[{"ErrorEquals": ["States.ALL", "E"]}]), f"{RETRY}/ErrorEquals/0"),
    refused(
        task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]),
        f"{RETRY}/ErrorEquals/0",
    ),
    refused(task(Catch=[{"ErrorEquals": ["E"]}]), f"{A}/Catch/0"),
    refused(task(Catch=[{"Next": "A"}]), f"{A}/Catch/0"),
    refused(task(Catch=[{"ErrorEquals": ["E"], "Next": 1}]), f"{A}/Catch/0/Next"),
    *(
        refused(task(Catch=[{"ErrorEquals": ["E"], "Next": "A", key: value}]),
                f"{A}/Catch/0/{key}")
        for key, value in (
            ("ResultPath", "x"), ("Output", 1), ("End", True), ("MaxAttempts", 1),
        )
    ),
]  # fmt: skip

WAITS = [
    refused(machine({"Type": "Wait", "End": True}), A),
    refused(machine({"Type": "Wait", "End": True, "Seconds": 1, "SecondsPath": "$.s"}), A),
    *(
        refused(machine({"Type": "Wait", "End": True, key: value}), f"{A}/{key}")
        for key, value in (
            ("Seconds", -1), ("Seconds", 100_000_000), ("Seconds", "1"), ("Seconds", 1.5),
            ("Timestamp", "2016-03-14"), ("Timestamp", "2016-03-14T01:59:00"),
            ("Timestamp", "2016-03-14t01:59:00Z"), ("Timestamp", 5), ("Timestamp", "$.t"),
            ("SecondsPath", "s"), ("TimestampPath", None),
        )
    ),
    refused(jsonata({"Type": "Wait", "End": True, "Seconds": "5"}), f"{A}/Seconds"),
    refused(jsonata({"Type": "Wait", "End": True, "Timestamp": "now"}), f"{A}/Timestamp"),
]  # fmt: skip

FAILS = [
    refused(machine({"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}), A),
    refused(machine({"Type": "Fail", "Cause": "E", "CausePath": "$.e"}), A),
    refused(machine({"Type": "Fail", "Error": 1}), f"{A}/Error"),
    refused(machine({"Type": "Fail", "ErrorPath": 1}), f"{A}/ErrorPath"),
    refused(machine({"Type": "Fail", "CausePath": "why"}), f"{A}/CausePath"),
]

RULE = f"{A}/Choices/0"
UNREACHABLE = ("/States/Z", TARGET)
CHOICES = [
    refused(choice(), f"{A}/Choices"),
    refused(choice({"Variable": "$.a", "IsNull": True}), RULE),
    refused(choice(5), RULE),
    refused({"StartAt": "A", "States": {"A": {"Type": "Choice"}, "Z": PASS}}, A, UNREACHABLE),
    *(
        refused(choice({**rule, "Next": "Z"}), f"{RULE}{place}")
        for rule, place in (
            ({}, ""), ({"Variable": "$.a"}, ""), ({"StringEquals": "a"}, ""),
            ({"Variable": "$.a", "Nope": 1}, "/Nope"),
            ({"Variable": "$.a", "StringEquals": "a", "NumericEquals": 1}, ""),
            ({"Variable": "a", "IsNull": True}, "/Variable"),
            ({"Variable": "$.a", "StringEquals": 1}, "/StringEquals"),
            ({"Variable": "$.a", "NumericEquals": "1"}, "/NumericEquals"),
            ({"Variable": "$.a", "NumericEquals": True}, "/NumericEquals"),
            ({"Variable": "$.a", "BooleanEquals": "true"}, "/BooleanEquals"),
            ({"Variable": "$.a", "IsNull": "true"}, "/IsNull"),
            ({"Variable": "$.a", "TimestampEquals": "today"}, "/TimestampEquals"),
            ({"Variable": "$.a", "StringEqualsPath": "b"}, "/StringEqualsPath"),
            ({"Variable": "$.a", "StringMatches": "a\\b"}, "/StringMatches"),
            ({"Variable": "$.a", "StringMatchesPath": "$.b"}, "/StringMatchesPath"),
            ({"And": []}, "/And"), ({"Or": {}}, "/Or"), ({"Not": []}, "/Not"),
            ({"And": [{"Variable": "$.a", "IsNull": True, "Next": "Z"}]}, "/And/0/Next"),
            ({"Or": [{"Not": {"Variable": "$.a", "IsNull": 1}}]}, "/Or/0/Not/IsNull"),
            ({"Condition": "{% true %}"}, "/Condition"),
            ({"Variable": "$.a", "IsNull": True, "Output": 1}, "/Output"),
        )
    ),
    *(
        refused({**choice({**rule, "Next": "Z"}), "QueryLanguage": "JSONata"}, f"{RULE}{place}")
        for rule, place in (
            ({}, ""), ({"Condition": 1}, "/Condition"), ({"Condition": None}, "/Condition"),
            ({"Condition": True, "Variable": "$.a"}, "/Variable"),
        )
    ),
]  # fmt: skip

READER = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}}
MAPS = [
    refused(machine({"Type": "Map", "End": True}), A),
    refused(
        machine(map_of(Iterator={"StartAt": "B", "States": {"B": PASS}})), A
    ),
    refused(machine(map_of(ItemSelector={}, Parameters={})), A),
    refused(in_map(LEAF | {"Foo": 1}), f"{A}/ItemProcessor/Foo"),
    refused(in_map([]), f"{A}/ItemProcessor"),
    refused(in_map({}), f"{A}/ItemProcessor"),
    *(
        refused(in_map(LEAF | {"ProcessorConfig": {key: "X"}}),
                f"{A}/ItemProcessor/ProcessorConfig/{key}")
        for key in ("Mode", "ExecutionType")
    ),
    *(
        refused(machine(map_of(**{key: value})), f"{A}/{key}")
        for key, value in (
            ("ItemsPath", None), ("ItemsPath", "a"), ("MaxConcurrency", -1),
            ("MaxConcurrency", "1"), ("MaxConcurrency", 1.5), ("MaxConcurrencyPath", "$.a[*]"),
            ("MaxConcurrencyPath", "$$.Execution.Input.n"), ("ToleratedFailureCount", -1),
            ("ToleratedFailurePercentage", -1), ("ToleratedFailurePercentage", 100.1),
            ("ToleratedFailurePercentage", "5"), ("ToleratedFailurePercentagePath", "$$.x"),
            ("Label", 5), ("ItemReader", []), ("ItemBatcher", 1), ("ResultWriter", {}),
        )
    ),
    refused(machine(map_of(MaxConcurrency=1, MaxConcurrencyPath="$.a")), A),
    refused(machine(map_of(ToleratedFailureCount=1, ToleratedFailureCountPath="$.a")), A),
    refused(
        machine(map_of(ToleratedFailurePercentage=1, ToleratedFailurePercentagePath="$.a")), A
    ),
    *(
        refused(machine(distributed(Label=label)), (f"{A}/Label", "INVALID_LABEL_NAME"))
        for label in ("", "a b", "a*b", "a:b", "a/b", "a{b", "l" * 41, "a\tb", 'a"b', "a\x00")
    ),
    refused(
        {"StartAt": "A", "States": {"A": distributed(Label="L") | {"Next": "B", "End": False},
                                    "B": map_of(ItemProcessor={
                                        "StartAt": "P", "States": {"P": PASS}}, Label="L")}},
        ("/States/B/Label", "DUPLICATE_LABEL_NAME"),
    ),
    *(
        refused(machine(distributed(ItemReader=reader)), f"{A}/ItemReader{place}")
        for reader, place in (
            ({"Parameters": {}}, ""),
            (READER | {"Resource": "arn:aws:states:::s3:unknown"}, "/Resource"),
            (READER | {"ReaderConfig": 5}, "/ReaderConfig"),
            (READER | {"ReaderConfig": {"InputType": "X"}}, "/ReaderConfig/InputType"),
            (READER | {"ReaderConfig": {"MaxItems": -1}}, "/ReaderConfig/MaxItems"),
            (READER | {"ReaderConfig": {"MaxItems": 100_000_001}}, "/ReaderConfig/MaxItems"),
            (READER | {"ReaderConfig": {"MaxItems": 1, "MaxItemsPath": "$.a"}}, "/ReaderConfig"),
            (READER | {"ReaderConfig": {"CSVHeaders": "a"}}, "/ReaderConfig/CSVHeaders"),
            (READER | {"ReaderConfig": {"CSVHeaderLocation": "X"}},
             "/ReaderConfig/CSVHeaderLocation"),
            (READER | {"Parameters": {"Key.$": "k"}}, "/Parameters/Key.$"),
            (READER | {"Arguments": {}}, "/Arguments"),
        )
    ),
    *(
        refused(machine(distributed(ItemBatcher=batcher)), f"{A}/ItemBatcher{place}")
        for batcher, place in (
            ({"MaxItemsPerBatch": -1}, "/MaxItemsPerBatch"),
            ({"MaxItemsPerBatch": 1, "MaxItemsPerBatchPath": "$.a"}, ""),
            ({"MaxInputBytesPerBatchPath": "$$.a"}, "/MaxInputBytesPerBatchPath"),
            ({"BatchInput": {"a.$": "b"}}, "/BatchInput/a.$"),
        )
    ),
    *(
        refused(machine(distributed(ResultWriter=writer)), f"{A}/ResultWriter{place}")
        for writer, place in (
            ({"Resource": "arn:aws:states:::s3:putObject"}, ""),
            ({"Resource": "arn:aws:states:::s3:x", "Parameters": {}}, "/Resource"),
            ({"WriterConfig": {"Transformation": "X", "OutputType": "JSON"}},
             "/WriterConfig/Transformation"),
            ({"WriterConfig": {"Transformation": "NONE", "OutputType": "X"}},
             "/WriterConfig/OutputType"),
        )
    ),
    refused(machine({"Type": "Parallel", "End": True}), A),
    refused(machine({"Type": "Parallel", "End": True, "Branches": []}), f"{A}/Branches"),
    refused(machine({"Type": "Parallel", "End": True, "Branches": {}}), f"{A}/Branches"),
    refused(machine({"Type": "Parallel", "End": True, "Branches": [1]}), f"{A}/Branches/0"),
    refused(
        machine({"Type": "Parallel", "End": True, "Branches": [LEAF | {"ProcessorConfig": {}}]}),
        f"{A}/Branches/0/ProcessorConfig",
    ),
]  # fmt: skip

EXPRESSIONS = [
    *(
        refused(jsonata({"Output": [{"v": f"{{% {text} %}}"}]}), (f"{A}/Output/0/v", INVALID))
        for text in ("a[1,2)", '"unterminated', "1 +", '{"a":}', "$x :=", '$match("a", /abc',
                     "phone %.other", "")
    ),
    *(
        refused(jsonata({"Output": f"{{% {text} %}}"}), (f"{A}/Output", UNSUPPORTED))
        for text in ("phone", "phone[0].number", "-phone", "phone ? 1 : 2", "$sum(phone)",
                     "phone(1)", "[1..phone]", "(phone).other", "[phone].other", "{phone: 1}",
                     "($x := phone; $x)", "$map($states.input.a, function($y){ phone })",
                     "$count(phone[inner])", "phone.**.deeper", "$", "$.phone", "$$", "$[0]",
                     "$string($)", "$states.errorOutput", "[$states.errorOutput.Cause]")
    ),
    refused(jsonata({"Assign": {"Next": "{% phone %}"}}), (f"{A}/Assign/Next", UNSUPPORTED)),
    refused(
        jsonata({"Type": "Wait", "End": True, "Seconds": "{% 1 + %}"}), (f"{A}/Seconds", INVALID)
    ),
    refused(
        {**choice({"Condition": "{% phone %}", "Next": "Z"}), "QueryLanguage": "JSONata"},
        (f"{RULE}/Condition", UNSUPPORTED),
    ),
    refused(
        jsonata({"Type": "Task", "Resource": LAMBDA, "End": True, "Catch": [
            {"ErrorEquals": ["E"], "Next": "A", "Output": "{% phone %}"}]}),
        (f"{A}/Catch/0/Output", UNSUPPORTED),
    ),
    refused(jsonata(map_of(Items="{% phone %}")), (f"{A}/Items", UNSUPPORTED)),
    refused(jsonata({"Output": "{% aaa + bbb + aaa %}"}),
            (f"{A}/Output", UNSUPPORTED), (f"{A}/Output", UNSUPPORTED)),
]  # fmt: skip

EXTENSIONS = [
    *(
        refused(machine(PASS, Saga=saga), (f"/Saga{place}", EXTENSION))
        for saga, place in (
            (1, ""), ([], ""), ({"Step": 1}, "/Step"), ({"Step": ""}, "/Step"),
            ({"Transaction": None}, "/Transaction"), ({"OnCancel": "yes"}, "/OnCancel"),
            ({"OnDeadline": 1}, "/OnDeadline"), ({"Foo": 1}, "/Foo"),
        )
    ),
    *(
        refused(task(**members), (f"{A}/{place}", EXTENSION))
        for members, place in (
            ({"Compensation": 1}, "Compensation"), ({"Compensation": ""}, "Compensation"),
            ({"OnFailure": "stop"}, "OnFailure"), ({"OnFailure": ["pause"]}, "OnFailure"),
            ({"Needs": "B"}, "Needs"), ({"Needs": [1]}, "Needs"), ({"Settings": 1}, "Settings"),
            ({"Settings": {"Foo": 1}}, "Settings/Foo"),
            ({"Settings": {"ScheduleToStart": 0}}, "Settings/ScheduleToStart"),
            ({"Settings": {"ScheduleToStart": "soon"}}, "Settings/ScheduleToStart"),
            ({"Settings": {"ScheduleToClose": True}}, "Settings/ScheduleToClose"),
            ({"Settings": {"TaskList": 1}}, "Settings/TaskList"),
            ({"Settings": {"TaskList": "x" * 257}}, "Settings/TaskList"),
            ({"Settings": {"Priority": 2**31}}, "Settings/Priority"),
            ({"Settings": {"Priority": "1"}}, "Settings/Priority"),
            ({"Default": {}}, "Default"),
        )
    ),
    refused(machine({"Compensation": "x"}), f"{A}/Compensation"),
    refused(machine(map_of(Compensation="x")), f"{A}/Compensation"),
]  # fmt: skip

ALL = [
    STRUCTURE, TRANSITIONS, NOT_SUPPORTED, LANGUAGES, PATHS, VARIABLES, TASKS, RETRIES, WAITS,
    FAILS, CHOICES, MAPS, EXPRESSIONS, EXTENSIONS,
]  # fmt: skip
REFUSED = [case for group in ALL for case in group]


@pytest.mark.parametrize(("definition", "expected"), REFUSED)
def test_what_aws_refuses_has_its_errors_and_no_others(definition, expected):
    found = errors_of(validate(read(json.dumps(definition))))
    assert sorted((item.pointer, item.code) for item in found) == sorted(expected)


@pytest.mark.parametrize(
    ("resource", "refused"),
    [
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", True),
        ("arn:aws:states:::ecs:runTask.sync", True),
        ("arn:aws:states:::states:startExecution.sync:2", True),
        ("arn:aws:states:us-east-1:123456789012:activity:ship", True),
        ("arn:aws:states:::activity:ship", True),
        ("arn:aws:states:::lambda:invoke", False),
        (LAMBDA, False),
    ],
)
def test_an_express_machine_waits_for_nobody(resource, refused):
    found = errors_of(validate(of(task(Resource=resource)), "EXPRESS"))
    assert [item.pointer for item in found] == ([f"{A}/Resource"] if refused else [])
    assert validate(of(task(Resource=resource))) == []


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (machine({"Parameters": {"a": "$.b"}}), (f"{A}/Parameters/a", "NO_DOLLAR")),
        (machine({"Parameters": {"a": "States.UUID()"}}), (f"{A}/Parameters/a", "NO_DOLLAR")),
        (machine({"Parameters": 5}), (f"{A}/Parameters", SCHEMA)),
        (machine({"Result": {"a": [{"b.$": 1}]}}),
         (f"{A}/Result/a/0/b.$", "PASS_RESULT_IS_STATIC")),
        (jsonata({"Output": "{% open"}), (f"{A}/Output", INVALID)),
        (jsonata({"Output": "{% $nope(1) %}"}), (f"{A}/Output", INVALID)),
        (machine(PASS, Comment=1), ("/Comment", SCHEMA)),
        (task(TimeoutSecondsPath="$.a[*]"), (f"{A}/TimeoutSecondsPath", SCHEMA)),
        (task(Retry=[{"ErrorEquals": ["States.Nope"]}]), (f"{RETRY}/ErrorEquals/0", SCHEMA)),
        (task(Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 0}]),
         (f"{RETRY}/IntervalSeconds", SCHEMA)),
        (machine(distributed(ItemReader=READER | {"New": 1})), (f"{A}/ItemReader/New", SCHEMA)),
        (jsonata(map_of(Items="$.items")), (f"{A}/Items", SCHEMA)),
        (machine(map_of(Assign={"x": 1}, ItemProcessor={
            "StartAt": "P", "States": {"P": PASS | {"Assign": {"x.$": "$"}}}})),
         (f"{A}/ItemProcessor/States/P/Assign/x", SCHEMA)),
    ],
)  # fmt: skip
def test_what_is_doubtful_is_a_warning(definition, expected):
    found = validate(of(definition))
    assert [(item.pointer, item.code, item.severity) for item in found] == [(*expected, "WARNING")]


def test_a_variable_of_a_distributed_map_hides_nothing():
    inner = {"StartAt": "P", "States": {"P": PASS | {"Assign": {"x": 1}}}}
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}
    assert validate(of(machine(map_of(Assign={"x": 1}, ItemProcessor=inner | config)))) == []

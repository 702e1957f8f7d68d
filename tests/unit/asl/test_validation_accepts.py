"""Definitions that AWS takes: none of them has an error."""

from __future__ import annotations

import json

import pytest

from asl import errors_of, is_valid, of, read, validate
from tests.unit.asl.samples import (
    LAMBDA,
    LEAF,
    PASS,
    cases,
    choice,
    distributed,
    jsonata,
    machine,
    map_of,
    task,
)  # fmt: skip

COMMENT = {"Comment": "text"}
TEST = {"Variable": "$.a", "IsPresent": True}
RULE = TEST | {"Next": "Z"}

STRUCTURE = [
    machine(PASS, Comment="c", Version="1.0", TimeoutSeconds=99999999, QueryLanguage="JSONPath"),
    machine({"Type": "Succeed"}),
    machine({"Type": "Fail"}),
    machine({"Type": "Pass", "End": True, "Comment": ""}),
    machine(PASS, name="a" * 80),
    machine(PASS, name="Ünïcode / ~ name"),
    {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": PASS}},
    {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B", "End": False}, "B": PASS}},
    # a nested scope without an end, AWS was seen to take; the machine itself ends
    machine(
        map_of(
            ItemProcessor={
                "StartAt": "B",
                "States": {"B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Pass", "Next": "B"}},
            }
        )
    ),
    machine({"Type": "Parallel", "End": True, "Branches": [LEAF | COMMENT]}),
]

PATHS = [
    machine({"InputPath": path, "OutputPath": path, "ResultPath": None})
    for path in (None, "$", "$.a", "$$", "$$.Execution.Id", "$v", "$v.a[0]", "$.a[*].b", "$..c",
                 "$.users[?(@.year == 1997)]", "$['a b']", "$.sub-values", "$.a[1:5]")
] + [
    machine({"ResultPath": path}) for path in ("$", "$.a", "$.a.b", "$['a b'].c", "$.a[0]", None)
] + [
    machine({"Parameters": template, "Result": template}) for template in (
        {}, {"a.$": "$"}, {"a.$": "$$"}, {"a.$": "$v", "b": {"c": [{"d.$": "$.x"}]}},
        {"a.$": "States.Format('{} {}', $.x, $$.State.Name)"}, {"a.$": "States.UUID()"},
        {"a.$": "States.Array()"}, {"a": "$.looks.like"}, {"a": None, "": 1, "$": 2},
        {"a.$": "$.none[*]"}, {"a.$": "States.MathAdd(States.ArrayLength($.x), -1)"},
    )
]  # fmt: skip

TASKS = [
    task(Resource=resource) for resource in (
        LAMBDA, f"{LAMBDA}:$LATEST", "arn:aws-cn:lambda:cn-north-1:123456789012:function:f:PROD",
        "arn:aws:states:us-east-1:123456789012:activity:ship",
        "arn:aws:states:::lambda:invoke", "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "arn:aws:states:::ecs:runTask.sync",
        "arn:aws:states:::states:startExecution.sync:2", "arn:aws:states:::glue:startJobRun.sync",
        "arn:aws:states:::aws-sdk:dynamodb:putItem", "arn:aws:states:::http:invoke",
        "arn:aws:states:::aws-sdk:sfn:startExecution.waitForTaskToken",
        "arn:aws:states:::elasticmapreduce:addStep.sync", "arn:aws:states:::apigateway:invoke",
        "arn:<partition>:states:::sns:publish", "arn:aws-us-gov:states:::sns:publish",
    )
] + [
    task(Parameters={"a.$": "$.a"}, ResultSelector={"b.$": "$.b"}, ResultPath="$.c"),
    task(TimeoutSeconds=2, HeartbeatSeconds=1),
    task(TimeoutSeconds=99999999),
    task(TimeoutSecondsPath="$.t", HeartbeatSecondsPath="$h"),
    task(TimeoutSeconds=5, HeartbeatSecondsPath="$.h"),
    task(Credentials={"RoleArn": "arn:aws:iam::123456789012:role/r"}),
    task(Credentials={"RoleArn.$": "States.Format('{}', $.role)"}),
    task(Retry=[], Catch=[]),
    task(Retry=[{"ErrorEquals": ["States.ALL"]}]),
    task(Retry=[{"ErrorEquals": ["A", "States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 0,
                 "BackoffRate": 1, "MaxDelaySeconds": 2, "JitterStrategy": "FULL", **COMMENT},
                {"ErrorEquals": ["States.ALL"], "MaxAttempts": 99999999, "BackoffRate": 1.5,
                 "MaxDelaySeconds": 31622400, "IntervalSeconds": 99, "JitterStrategy": "NONE"}]),
    task(Retry=[{"ErrorEquals": ["States.SomethingNew"], "IntervalSeconds": 0}]),
]  # fmt: skip

CATCHES = [
    {"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": LAMBDA, "End": True, "Catch": [
            {"ErrorEquals": ["A"], "Next": "B", "ResultPath": None, **COMMENT},
            {"ErrorEquals": ["States.ALL"], "Next": "C", "ResultPath": "$.e",
             "Assign": {"seen.$": "$.Error"}}]},
        "B": PASS, "C": PASS}},
    {"StartAt": "A", "QueryLanguage": "JSONata", "States": {
        "A": {"Type": "Task", "Resource": LAMBDA, "End": True, "Catch": [
            {"ErrorEquals": ["States.ALL"], "Next": "B", "Output": "{% $states.errorOutput %}",
             "Assign": {"e": ["{% $states.errorOutput.Cause %}"]}}]},
        "B": PASS}},
]  # fmt: skip

WAITS = [
    machine({"Type": "Wait", "End": True, **members}) for members in (
        {"Seconds": 0}, {"Seconds": 99999999}, {"SecondsPath": "$.s"}, {"SecondsPath": "$v"},
        {"Timestamp": "2016-03-14T01:59:00Z"}, {"Timestamp": "2016-03-14T01:59:00.123-03:00"},
        {"TimestampPath": "$.t"}, {"TimestampPath": "$$.Execution.StartTime"},
        {"Seconds": 1, "Assign": {"a": 1}, "InputPath": "$.a", "OutputPath": None},
    )
] + [
    jsonata({"Type": "Wait", "End": True, **members}) for members in (
        {"Seconds": 1}, {"Seconds": "{% $states.input.s %}"}, {"Timestamp": "{% $now() %}"},
        {"Timestamp": "2016-03-14T01:59:00Z", "Output": 1, "Assign": {"a": "{% 1 %}"}},
    )
]  # fmt: skip

FAILS = [
    machine({"Type": "Fail", **members}) for members in (
        {"Error": "E", "Cause": "C"}, {"ErrorPath": "$.e", "CausePath": "$$.State.Name"},
        {"ErrorPath": "States.Format('{}', $.e)", "CausePath": "States.UUID()"},
        {"Error": "E", "CausePath": "$v"}, {"Cause": ""},
    )
] + [
    jsonata({"Type": "Fail", "Error": "{% $v %}", "Cause": "{% 'a' & $states.input.b %}"}),
]  # fmt: skip

CHOICES = [
    choice(rule | {"Next": "Z"}) for rule in (
        {"Variable": "$.a", "StringEquals": ""}, {"Variable": "$v", "StringEqualsPath": "$.b"},
        {"Variable": "$", "IsNull": False}, {"Variable": "$$.Execution.Input", "IsPresent": True},
        {"NumericLessThanEquals": -1.5, "Variable": "$.a"}, {"Variable": "$.a", "NumericEquals": 0},
        {"Variable": "$.a", "StringMatches": "a*\\*b\\\\"},
        {"Variable": "$.a", "BooleanEquals": True},
        {"Variable": "$.a", "TimestampLessThan": "2001-01-01T12:00:00Z"},
        {"Variable": "$.a", "TimestampEqualsPath": "$$.Execution.StartTime"},
        {"And": [{"Variable": "$.a", "IsString": True, **COMMENT}], **COMMENT},
        {"Or": [{"Not": {"Variable": "$.a", "IsNumeric": True}}, {"And": [TEST]}]},
        {"Not": {"Variable": "$.a", "IsTimestamp": True}, "Assign": {"b.$": "$.a"}},
    )
] + [
    choice(RULE, Assign={"x": 1}, InputPath="$.a", OutputPath="$.b"),
    {"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [RULE]},
                                "Z": {"Type": "Succeed"}}},
    {**choice({"Condition": "{% $states.input.a %}", "Next": "Z", "Assign": {"b": "{% 1 %}"},
               "Output": {"c": "{% $states.input %}"}, **COMMENT},
              {"Condition": True, "Next": "Z"}, Output=1, Assign={"d": 2}),
     "QueryLanguage": "JSONata"},
]  # fmt: skip

READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "Parameters": {"Bucket": "b", "Key.$": "$.k"},
}
MAPS = [
    machine(state) for state in (
        map_of(), {"Type": "Map", "Iterator": LEAF, "Parameters": {"i.$": "$$.Map.Item.Index"},
                   "End": True},
        map_of(ItemsPath="$.a.b", ItemSelector={"v.$": "$$.Map.Item.Value"}, MaxConcurrency=0),
        map_of(ItemsPath="$$.Execution.Input.a"), map_of(ItemsPath="$items"),
        map_of(MaxConcurrencyPath="$.n", ResultSelector={"r.$": "$"}, ResultPath="$.r"),
        map_of(MaxConcurrency=9223372036854775807),
        map_of(ToleratedFailureCount=0, ToleratedFailurePercentage=12.5),
        map_of(ToleratedFailureCountPath="$v", ToleratedFailurePercentagePath="$.p"),
        {"Type": "Map", "End": True, "Iterator": LEAF | {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}},
        map_of(ItemProcessor=LEAF | {"ProcessorConfig": {"Mode": "INLINE"}} | COMMENT),
        distributed(Label="TestMap-1", ItemsPath="$.from_previous", ItemReader=READER | {
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN",
                             "CSVHeaders": ["a", "b"], "MaxItems": 100000000}}),
        distributed(ItemReader={"Resource": "arn:aws:states:::s3:listObjectsV2", **COMMENT,
                                "Parameters": {"Bucket": "b"}}),
        distributed(ItemReader=READER | {"ReaderConfig": {
            "InputType": "JSONL", "MaxItemsPath": "$n", "SomethingNew": 1}}),
        distributed(ItemBatcher={"MaxItemsPerBatchPath": "$a", "MaxInputBytesPerBatchPath": "$.b",
                                 "BatchInput": {"c.$": "$.c"}}),
        distributed(ItemBatcher={"MaxItemsPerBatch": 10, "MaxInputBytesPerBatch": 262144}),
        distributed(ResultWriter={"Resource": "arn:aws:states:::s3:putObject", "WriterConfig": {
            "Transformation": "FLATTEN", "OutputType": "JSONL"}, "Parameters": {"Bucket": "b"}}),
        distributed(ResultWriter={"WriterConfig": {"Transformation": "COMPACT",
                                                   "OutputType": "JSON"}}),
        map_of(ItemReader=READER),
    )
] + [
    jsonata(state) for state in (
        map_of(Items="{% [1..3] %}", MaxConcurrency="{% $n %}", Output="{% $states.result %}"),
        map_of(Items=[1, "{% $a %}"], ItemSelector={"i": "{% $states.context.Map.Item.Index %}"}),
        map_of(ToleratedFailureCount="{% 1 %}", ToleratedFailurePercentage="{% 1 %}"),
        distributed(ItemReader={"Resource": "arn:aws:states:::s3:getObject", "Arguments": {
            "Bucket": "{% $b %}"}, "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% 1 %}"}},
            ItemBatcher={"MaxItemsPerBatch": "{% 2 %}", "BatchInput": "{% $states.input %}"},
            ResultWriter={"Resource": "arn:aws:states:::s3:putObject", "Arguments": "{% $w %}"}),
    )
]  # fmt: skip

EXPRESSIONS = [
    jsonata({"Output": {"v": f"{{% {expression} %}}"}}) for expression in (
        "$states.input.phone", "$states.input.items[phone > 3]", "$states.input.a^(phone)",
        "$states.input.a{'k': phone}", "$states.input.a.(phone)", "$phone", "$x.y[0]",
        "$states.input ~> |phone|{'b': 1}|", "**.phone", "{'k': 1}.phone", "'phone'", "1 + 1",
        "$states.input.a[$ > 1]", "function($x){ $x.phone }", "$now()", "$states",
        "$map($states.input.a, function($x){ $x.phone })", "$states.input.errorOutput",
        "$notAFunction(1)", "$parse('1') + $hash('a', 'MD5')", "$uuid()", "$random(1)",
        "( $a := $states.input; $a.b )", "$states.input.a@$x.b#$i.{'i': $i}",
    )
] + [
    jsonata({"Output": value}) for value in (
        None, 1, "", "text", " {% phone %} ", "{% open", "x {% phone %}", ["{% 1 %}"], {"a": {}},
    )
] + [
    jsonata({"Assign": {"a": "{% 1 %}", "_b2": {"c.$": "$.d"}}}),
    jsonata({"QueryLanguage": "JSONata", "Output": 1}),
    machine({"QueryLanguage": "JSONata", "Output": "{% $states.input %}"}),
    machine({"QueryLanguage": "JSONPath", "InputPath": "$.a"}),
    machine({"Type": "Map", "QueryLanguage": "JSONata", "Items": [], "End": True,
             "ItemProcessor": {"StartAt": "P", "States": {"P": PASS | {"Parameters": {}}}}}),
    jsonata({"Type": "Task", "Resource": LAMBDA, "End": True, "Arguments": "{% $doesNotExist %}",
             "TimeoutSeconds": "{% 1 %}", "HeartbeatSeconds": "{% 2 %}",
             "Credentials": {"RoleArn": "{% $states.input.role %}"}}),
    jsonata({"Comment": "{% phone %}"}),
]  # fmt: skip

VARIABLES = [
    machine({"Assign": {"a": 1, "_": 2, "B9_": 3, "c.$": "$.c", "é": 4, "x" * 80: 5}}),
    machine({"Assign": {}}),
    machine({"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": name, "States": {name: PASS | {"Assign": {"same.$": "$x"}}}}
        for name in ("B1", "B2")]}),
    machine(map_of(Assign={"x": 1}, ItemProcessor={
        "StartAt": "P", "States": {"P": PASS | {"Assign": {"x": 2}}}})),
]  # fmt: skip

EXTENSIONS = [
    machine(PASS, Saga={}),
    machine(PASS, Saga={"Step": "Undo", "Transaction": "t", "OnCancel": True, "OnDeadline": False}),
    task(Compensation="refund", OnFailure="pause", Needs=["Pay", "Ship"], Settings={}),
    task(Settings={"ScheduleToStart": 60, "ScheduleToClose": "NONE", "TaskList": "slow",
                   "Priority": -5, **COMMENT}),
    task(Resource="arn:aws:states:::signal:approve", Default={"ok": False}, TimeoutSeconds=60),
    task(Resource="arn:aws:states:::activity:charge"),
    machine(map_of(OnFailure="rollback", Settings={"TaskList": "x"})),
    machine({"Type": "Parallel", "Branches": [LEAF], "End": True, "OnFailure": "rollback"}),
]  # fmt: skip

ALL = [
    STRUCTURE, PATHS, TASKS, CATCHES, WAITS, FAILS, CHOICES, MAPS, EXPRESSIONS, VARIABLES,
    EXTENSIONS,
]  # fmt: skip
ACCEPTED = [definition for group in ALL for definition in group]


@pytest.mark.parametrize("definition", ACCEPTED)
def test_what_aws_takes_has_no_errors(definition):
    source = read(json.dumps(definition))
    assert errors_of(validate(source)) == []
    assert is_valid(of(definition))


@pytest.mark.parametrize(
    "definition",
    [
        machine(PASS),
        task(),
        task(Resource="arn:aws:states:::sns:publish"),
        task(Resource="arn:aws:states:::aws-sdk:dynamodb:putItem"),
        machine(map_of()),
    ],
)
def test_an_express_machine_may_call_functions_and_services(definition):
    assert validate(of(definition), "EXPRESS") == []


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_the_sample_machines_have_no_errors(case):
    source = read(json.dumps(case["definition"]))
    assert errors_of(validate(source, case["type"])) == []

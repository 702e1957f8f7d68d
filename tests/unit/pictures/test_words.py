import pytest

from pictures.conditions import words
from pictures.resources import about
from pictures.seen import Seen, duration, figures
from pictures.texts import cut, width, wrap

A = {"Variable": "$.a", "NumericLessThan": 1}
B = {"Variable": "$.b", "IsPresent": True}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (A, "a < 1"),
        (B, "b is present"),
        ({"Variable": "$.b", "IsPresent": False}, "b is absent"),
        ({"Variable": "$.b", "IsNull": False}, "b is not null"),
        ({"Variable": "$.s", "StringEquals": "ação"}, 's = "ação"'),
        ({"Variable": "$.s", "StringMatches": "a*"}, 's matches "a*"'),
        ({"Variable": "$.n", "NumericGreaterThanEqualsPath": "$.limit"}, "n ≥ limit"),
        ({"Variable": "$.t", "TimestampLessThanEquals": "2026"}, 't ≤ "2026"'),
        ({"Variable": "$$.Execution.Name", "BooleanEquals": True}, "$$.Execution.Name = true"),
        ({"Variable": "$", "IsString": True}, "$ is a text"),
        ({"And": [A, B]}, "a < 1 and b is present"),
        ({"Or": [A, {"And": [A, B]}]}, "a < 1 or (a < 1 and b is present)"),
        ({"Not": A}, "not a < 1"),
        ({"Not": {"Or": [A, B]}}, "not (a < 1 or b is present)"),
        ({"Condition": "{% $states.input.x > 3 %}"}, "x > 3"),
        ({"Condition": True}, "true"),
        ({"Not": {"Not": {"Not": {"Not": A}}}}, "not not not not …"),
        ({"And": []}, "…"),
        ({}, "…"),
        (7, "…"),
    ],
)
def test_conditions_in_words(rule, expected):
    assert words(rule) == expected


INTEGRATION = "arn:aws:states:::"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"Resource": INTEGRATION + "activity:Charge"}, "activity Charge"),
        ({"Resource": INTEGRATION + "activity:S"}, "activity"),
        ({"Resource": "arn:aws:states:eu-west-1:1:activity:pay"}, "activity pay"),
        ({"Resource": "arn:aws:lambda:eu-west-1:1:function:charge:live"}, "lambda charge"),
        (
            {
                "Resource": INTEGRATION + "lambda:invoke",
                "Parameters": {"FunctionName": "arn:aws:lambda:eu-west-1:1:function:charge"},
            },
            "lambda charge",
        ),
        (
            {"Resource": INTEGRATION + "lambda:invoke", "Parameters": {"FunctionName.$": "$.f"}},
            "lambda f",
        ),
        ({"Resource": INTEGRATION + "lambda:invoke"}, "lambda invoke"),
        ({"Resource": INTEGRATION + "dynamodb:putItem"}, "dynamodb:putItem"),
        ({"Resource": INTEGRATION + "aws-sdk:s3:listBuckets"}, "s3:listBuckets"),
        (
            {"Resource": INTEGRATION + "sqs:sendMessage.waitForTaskToken"},
            "sqs:sendMessage (callback)",
        ),
        ({"Resource": INTEGRATION + "glue:startJobRun.sync"}, "glue:startJobRun (sync)"),
        ({"Resource": INTEGRATION + "signal:paid"}, "signal paid"),
        (
            {
                "Resource": INTEGRATION + "states:startExecution.sync:2",
                "Parameters": {"StateMachine": "Billing@1.0"},
            },
            "process Billing@1.0",
        ),
        ({"Resource": "something else"}, "something else"),
        ({"Resource": 3}, ""),
        ({"Type": "Wait", "Seconds": 90}, "for 1 min 30 s"),
        ({"Type": "Wait", "SecondsPath": "$.delay"}, "for delay"),
        ({"Type": "Wait", "Timestamp": "2026-01-01T00:00:00Z"}, "until 2026-01-01T00:00:00Z"),
        ({"Type": "Fail", "Error": "Gone"}, "Gone"),
        ({"Type": "Parallel", "Branches": [{}]}, "1 branch"),
        (
            {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 5},
            "for each of items, 5 at a time",
        ),
        ({"Type": "Map"}, "for each item"),
        ({"Type": "Pass"}, ""),
    ],
)
def test_what_a_state_is_about(state, expected):
    assert about("S", {"Type": "Task", **state}) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.35, "350 ms"),
        (1.2, "1.2 s"),
        (30, "30 s"),
        (59.99, "1 min"),
        (180, "3 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations(seconds, expected):
    assert duration(seconds) == expected


def test_figures_leave_out_what_is_usual():
    assert figures(Seen("succeeded")) == ""
    assert figures(Seen("succeeded", seconds=float("nan"))) == ""
    assert figures(Seen("running", open=3)) == "open 3"


def test_text_is_broken_where_a_reader_would():
    assert wrap("ValidateEveryOrderInput", 10, 105, 2) == ["ValidateEvery", "OrderInput"]
    assert wrap("one two three", 10, 60, 3) == ["one two", "three"]
    assert wrap("", 10, 60, 3) == []


def test_text_never_is_wider_than_its_room():
    for text in ("日本語" * 20, "wwww" * 20, "a b " * 30):
        for line in [cut(text, 12, 100), *wrap(text, 12, 100, 3)]:
            assert width(line, 12) <= 100

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import wire
from activities.context import TaskContext, current_task
from activities.execution import Canceled, Completed, Failed, Outcome, execute
from errors import ActivityCanceled, NonRetryableError, TombstoneError
from wire import activity_input

TaskOf = Callable[..., TaskContext]
Run = Callable[[Callable[..., Any]], Outcome]


@pytest.fixture
def run(task_of: TaskOf) -> Run:
    return lambda function: execute(function, {"a": 1}, task_of("Step", activity="MyActivity"))


def raising(error: BaseException) -> Callable[..., Any]:
    def function(_: dict[str, Any]) -> Any:
        raise error

    return function


def failure(outcome: Outcome) -> tuple[str, dict[str, Any]]:
    assert isinstance(outcome, Failed)
    assert wire.length(outcome.reason) <= 256
    assert wire.length(outcome.details) <= 32_768
    return outcome.reason, json.loads(outcome.details)


def test_a_result_is_json_text(run: Run) -> None:
    assert run(lambda data: {**data, "b": "ção"}) == Completed('{"a":1,"b":"ção"}')


def test_the_activity_sees_its_task(run: Run) -> None:
    assert run(lambda _: {"path": current_task().path}) == Completed('{"path":"Step"}')


def test_an_exception_is_a_failure_with_its_trace(run: Run) -> None:
    reason, details = failure(run(raising(ValueError("no stock"))))
    assert reason == "ValueError: no stock"
    trace = details.pop("trace")
    assert details == {"type": "ValueError", "message": "no stock", "retryable": True}
    assert trace.startswith("Traceback")
    assert trace.endswith("ValueError: no stock\n")


@pytest.mark.parametrize(
    ("error", "retryable"),
    [(NonRetryableError("x"), False), (TombstoneError("x"), False), (OSError("x"), True)],
)
def test_an_error_says_whether_trying_again_may_help(
    run: Run, error: Exception, *, retryable: bool
) -> None:
    assert failure(run(raising(error)))[1]["retryable"] is retryable


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), MemoryError()]
)
def test_what_would_end_a_thread_is_a_failure(run: Run, error: BaseException) -> None:
    reason, details = failure(run(raising(error)))
    assert reason.startswith(type(error).__name__)
    assert details["retryable"]


def test_honouring_a_request_to_stop_is_no_failure(run: Run) -> None:
    assert run(raising(ActivityCanceled("at 40 %"))) == Canceled("at 40 %")


@pytest.mark.parametrize("result", [None, [], "text", 1, True, ({},)])
def test_a_result_must_be_a_dict(run: Run, result: Any) -> None:
    reason, _ = failure(run(lambda _: result))
    kind = type(result).__name__
    assert reason == f"TypeError: MyActivity returned {kind}; an activity returns a dict"


def circle() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def deep() -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(sys.getrecursionlimit() * 100):
        value = {"deeper": value}
    return value


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"x": float("nan")}, "Out of range float"),
        ({"x": Decimal(1)}, "Decimal is not JSON serializable"),
        ({"x": {1, 2}}, "set is not JSON serializable"),
        ({(1, 2): 3}, "keys must be str"),
        (circle(), "Circular reference"),
        (deep(), "recursion"),
    ],
    ids=["NaN", "decimal", "set", "key", "circle", "deep"],
)
def test_a_result_must_be_json(run: Run, result: Any, problem: str) -> None:
    reason, _ = failure(run(lambda _: result))
    assert "the result of MyActivity is not JSON: " in reason
    assert problem in reason


@pytest.mark.parametrize("key", wire.RESERVED_KEYS)
def test_a_result_may_not_use_our_keys(run: Run, key: str) -> None:
    assert key in failure(run(lambda _: {"deep": [{key: {}}]}))[0]
    assert isinstance(run(lambda _: {"text": f'a "{key}" within text'}), Completed)


@pytest.mark.parametrize(
    "message",
    ["x" * 50_000, "\n" * 50_000, "\x00" * 50_000, "\U0001f600" * 50_000, '"\\' * 50_000],
    ids=["plain", "lines", "controls", "emoji", "quotes"],
)
def test_long_failures_fit_into_what_swf_takes(run: Run, message: str) -> None:
    reason, details = failure(run(raising(ValueError(message))))
    assert reason.startswith("ValueError: ")
    assert wire.length(details["message"]) <= 4_096
    assert details["type"] == "ValueError"


def test_of_a_long_trace_the_end_is_kept(run: Run) -> None:
    def recurse(data: dict[str, Any], depth: int = 0) -> Any:
        if depth >= 300:
            raise ValueError("at the bottom")
        return [recurse, even][depth % 2](data, depth + 1)

    def even(data: dict[str, Any], depth: int) -> Any:
        return recurse(data, depth + 1)

    _, details = failure(run(recurse))
    assert len(details["trace"]) > 20_000
    assert details["trace"].endswith("ValueError: at the bottom\n")


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_an_exception_that_cannot_be_shown_is_reported_all_the_same(run: Run) -> None:
    assert (
        failure(run(raising(UnspeakableError())))[0]
        == "UnspeakableError: (its message cannot be shown)"
    )


def test_an_exception_without_a_message_is_its_name(run: Run) -> None:
    assert failure(run(raising(ValueError())))[0] == "ValueError"


ENVELOPE = {"start_id": "s", "path": "Step", "visit": 1, "attempt": 2}


@pytest.mark.parametrize(
    ("value", "data", "envelope"),
    [
        (None, {}, {}),
        ({"a": 1}, {"a": 1}, {}),
        ([1], {"input": [1]}, {}),
        ("text", {"input": "text"}, {}),
        ({"a": 1, "_process": ENVELOPE}, {"a": 1}, ENVELOPE),
        ({"a": 1, "_process": "odd"}, {"a": 1}, {}),
        (
            {"previous_results": {}, "_process": {**ENVELOPE, "input": {"a": 1}}},
            {"a": 1, "previous_results": {}},
            {**ENVELOPE, "input": {"a": 1}},
        ),
        (
            {"previous_results": {}, "_process": {"input": [1, 2]}},
            {"input": [1, 2], "previous_results": {}},
            {"input": [1, 2]},
        ),
    ],
)
def test_the_input_is_what_the_caller_gave(value: Any, data: Any, envelope: Any) -> None:
    assert activity_input(value) == (data, envelope)

"""What the starter accepts before anything is sent."""

from __future__ import annotations

import re

import pytest

import config
import process
from asl.loading import load
from errors import InvalidInputError
from starter import requests
from workflow import Definition


def test_new_ids_look_as_promised_and_differ() -> None:
    first, second = requests.new_workflow_id(), requests.new_workflow_id()

    assert re.fullmatch(r"workflow-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-.{12}", first)
    assert first != second


@pytest.mark.parametrize("workflow_id", ["a", "pedido-São-1", "x" * 256, "arn-1", "a b"])
def test_usable_workflow_ids(workflow_id: str) -> None:
    assert requests.checked_workflow_id(workflow_id) == workflow_id


@pytest.mark.parametrize(
    "workflow_id",
    ["", "x" * 257, "a:b", "a/b", "a|b", "a\nb", "a\x7fb", "a\x9fb", "\udcff", "arn", "😀" * 129],
)
def test_unusable_workflow_ids(workflow_id: str) -> None:
    with pytest.raises(InvalidInputError, match="workflow id"):
        requests.checked_workflow_id(workflow_id)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [(None, []), ([], []), (("a", "b"), ["a", "b"]), (["t" * 256] * 5, ["t" * 256] * 5)],
)
def test_usable_tags(tags: list[str] | None, expected: list[str]) -> None:
    assert requests.checked_tags(tags) == expected


@pytest.mark.parametrize("tags", ["vip", ["a"] * 6, [""], ["t" * 257], [1]])
def test_unusable_tags(tags: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="tag"):
        requests.checked_tags(tags)


@pytest.mark.parametrize(
    ("timeout", "expected"), [(None, None), (60, "60"), ("060", "60"), ("31536000", "31536000")]
)
def test_usable_timeouts(timeout: int | str | None, expected: str | None) -> None:
    assert requests.checked_timeout(timeout) == expected


@pytest.mark.parametrize("timeout", [0, -1, "1h", "", "31536001", "1.5", "٣", "9" * 5000])
def test_unusable_timeouts(timeout: int | str) -> None:
    with pytest.raises(InvalidInputError, match="whole seconds"):
        requests.checked_timeout(timeout)


@pytest.mark.parametrize("value", [None, 1, "text", [1, {"a": None}], {"order_id": "Ü"}])
def test_any_json_is_input(value: object) -> None:
    assert requests.checked_input(value) == value


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        {"a": object()},
        float("nan"),
        "\ud800",
        {"_process": {}},
        [{"x": {"_process_ref": 1}}],
    ],
)
def test_what_is_not_json_or_uses_our_keys_is_refused(value: object) -> None:
    with pytest.raises(InvalidInputError, match="input"):
        requests.checked_input(value)


def test_input_that_contains_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(InvalidInputError, match="not JSON"):
        requests.checked_input(endless)


def called(region: str) -> Definition:
    arn = f"arn:aws:lambda:{region}:123456789012:function:charge"
    task = {"Type": "Task", "Resource": arn, "End": True}
    return load({"StartAt": "Pay", "States": {"Pay": task}}, "Paying", "1")


def test_functions_are_invoked_by_swf_only_under_a_role_and_in_its_own_region() -> None:
    role = "arn:aws:iam::123456789012:role/lambda"
    without = config.load({"AWS_REGION": "us-east-1"})
    with_role = config.load({"AWS_REGION": "us-east-1", "LAMBDA_ROLE": role})
    assert requests.checked_role(without, called("eu-west-1")) is None
    assert requests.checked_role(with_role, called("us-east-1")) == role
    assert requests.checked_role(with_role, process.definition("1.0")) is None
    with pytest.raises(InvalidInputError, match="is in region eu-west-1, and SWF in us-east-1"):
        requests.checked_role(with_role, called("eu-west-1"))

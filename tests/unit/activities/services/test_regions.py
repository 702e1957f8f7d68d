"""Calls that name a resource of another region than the worker's are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from activities import services
from activities.services import regions
from errors import TaskFailedError

HERE = "us-east-1"


@pytest.mark.parametrize(
    ("activity", "parameters"),
    [
        ("aws.sns.publish", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:news"}),
        ("aws.sqs.sendMessage", {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/orders"}),
        ("aws.sqs.sendMessage", {"QueueUrl": "https://eu-west-1.queue.amazonaws.com/1/orders"}),
        ("aws.ecs.runTask", {"Cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/c"}),
        (
            "aws.sdk.secretsmanager.getSecretValue",
            {"SecretId": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s"},
        ),
    ],
)
def test_another_region_is_refused_and_named(activity: str, parameters: Any) -> None:
    call = services.find(activity)
    assert call is not None
    with pytest.raises(TaskFailedError, match="is in region eu-west-1") as caught:
        call(parameters)
    assert caught.value.error == "States.Runtime"
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("activity", "parameters"),
    [
        ("aws.sns.publish", {"TopicArn": f"arn:aws:sns:{HERE}:123456789012:news"}),
        ("aws.sns.publish", {"Message": "arn:aws:sqs:eu-west-1:123456789012:q"}),
        ("aws.dynamodb.putItem", {"Item": {"a": {"S": "arn:aws:dynamodb:eu-west-1:1:table/t"}}}),
        ("aws.sqs.sendMessage", {"QueueUrl": "http://localhost:9324/queue/orders"}),
        ("aws.sqs.sendMessage", None),
    ],
)
def test_data_and_resources_here_are_let_through(activity: str, parameters: Any) -> None:
    regions.check(activity, parameters)

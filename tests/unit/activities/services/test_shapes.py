from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.session import get_session

from activities.services import shapes
from errors import TaskFailedError
from wire import Json

MOMENT = datetime(2024, 3, 1, 12, 0, 0, 250_000, timezone(timedelta(hours=2)))


def model(service: str) -> ServiceModel:
    loader: Loader = get_session().get_component("data_loader")
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


def input_of(service: str, operation: str) -> Shape:
    shape = model(service).operation_model(operation).input_shape
    assert shape is not None
    return shape


@pytest.mark.parametrize(
    ("service", "operation", "given", "sent"),
    [
        (
            "stepfunctions",
            "StartExecution",
            {"StateMachineArn": "arn", "Input": {"a": [1, None]}, "Name": None},
            {"stateMachineArn": "arn", "input": '{"a":[1,null]}'},
        ),
        (
            "batch",
            "SubmitJob",
            {"JobName": "j", "Parameters": {"camelKey": "x", "PascalKey": "y"}},
            {"jobName": "j", "parameters": {"camelKey": "x", "PascalKey": "y"}},
        ),
        (
            "ecs",
            "RunTask",
            {
                "Count": 2.0,
                "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["s"]}},
                "Overrides": {"ContainerOverrides": [{"Environment": [{"Name": "N", "Value": 1}]}]},
            },
            {
                "count": 2,
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"]}},
                "overrides": {
                    "containerOverrides": [{"environment": [{"name": "N", "value": "1"}]}]
                },
            },
        ),
        (
            "rds",
            "CreateDBSnapshot",
            {"DbInstanceIdentifier": "i", "DBSnapshotIdentifier": "s"},
            {"DBInstanceIdentifier": "i", "DBSnapshotIdentifier": "s"},
        ),
        ("ce", "GetTags", {"Filter": {"Dimensions": {"Key": "k"}}}, None),
        ("kinesis", "PutRecord", {"Data": {"a": 1}}, {"Data": b'{"a":1}'}),
        ("kinesis", "PutRecord", {"Data": "ção"}, {"Data": "ção".encode()}),
    ],
)
def test_parameters_get_the_names_of_the_api(
    service: str, operation: str, given: Json, sent: Any
) -> None:
    expected = given if sent is None else sent
    assert shapes.to_api(input_of(service, operation), given, shapes.SDK) == expected


def test_an_unknown_parameter_is_refused_or_left_out() -> None:
    shape = input_of("sqs", "SendMessage")
    given = {"QueueUrl": "q", "Nonsense": 1}
    with pytest.raises(TaskFailedError, match="'Nonsense' of Parameters is not one of") as caught:
        shapes.to_api(shape, given, shapes.SDK)
    assert (caught.value.error, caught.value.retryable) == ("States.Runtime", False)
    assert shapes.to_api(shape, given, shapes.OPTIMISED) == {"QueueUrl": "q"}


@pytest.mark.parametrize("given", [[], "text", {"Overrides": "x"}, {"Tags": {}}])
def test_a_value_of_the_wrong_kind_is_refused(given: Json) -> None:
    with pytest.raises(TaskFailedError, match="must be an") as caught:
        shapes.to_api(input_of("ecs", "RunTask"), given, shapes.SDK)
    assert caught.value.error == "States.Runtime"


def test_results_are_json_in_the_spelling_of_the_integration() -> None:
    shape = model("ecs").operation_model("DescribeTasks").output_shape
    answer = {
        "tasks": [{"createdAt": MOMENT, "containers": [{"exitCode": 0, "gpuIds": []}]}],
        "ResponseMetadata": {"RequestId": "r"},
    }
    (task,) = shapes.from_api(shape, answer, shapes.OPTIMISED)["Tasks"]
    assert task == {"CreatedAt": 1709287200250, "Containers": [{"ExitCode": 0, "GpuIds": []}]}
    (task,) = shapes.from_api(shape, answer, shapes.SDK)["Tasks"]
    assert task["CreatedAt"] == "2024-03-01T10:00:00.250Z"


def test_a_whole_second_is_written_without_milliseconds() -> None:
    assert shapes.iso(MOMENT.replace(microsecond=0)) == "2024-03-01T10:00:00Z"


@pytest.mark.parametrize(("data", "text"), [(b"abc", "abc"), (b"\xff\x00", "/wA=")])
def test_binary_results_are_text_or_else_base64(data: bytes, text: str) -> None:
    shape = model("kms").operation_model("Decrypt").output_shape
    assert shapes.from_api(shape, {"Plaintext": data}, shapes.SDK) == {"Plaintext": text}

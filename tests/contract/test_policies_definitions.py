"""deploy/iam/definitions: what the shipped definitions call in AWS, and nothing else.

What a definition names is compared with its policies both ways; those that call services from an
activity worker are also run, on an AWS that moto plays, and every call is judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws

import published
from activities import database, functions
from activities.services import clients
from tests.asl.drivers import InProcessHost, host
from tests.contract.policies import FOLDER, PLACEHOLDERS, Policy, Request

REGION, ACCOUNT, INBOX = (PLACEHOLDERS[name] for name in ("REGION", "ACCOUNT", "INBOX"))
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:"

ACTIONS: dict[str, Callable[[dict[str, Any]], list[Request]]] = {
    "sns.Publish": lambda p: [Request("sns:Publish", p["TopicArn"])],
    "dynamodb.PutItem": lambda p: [
        Request("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{p['TableName']}")
    ],
    "s3.GetObject": lambda p: [Request("s3:GetObject", in_s3(p["Bucket"], p["Key"]))],
    "s3.DeleteObject": lambda p: [Request("s3:DeleteObject", in_s3(p["Bucket"], p["Key"]))],
    "s3.CopyObject": lambda p: [
        Request("s3:GetObject", in_s3(*source_of(p["CopySource"]))),
        Request("s3:PutObject", in_s3(p["Bucket"], p["Key"])),
    ],
}
"""What IAM is asked for by an operation; S3 asks for reading and writing where one copies."""


def in_s3(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}"


def source_of(source: Any) -> tuple[str, str]:
    if isinstance(source, str):
        bucket, _, key = source.partition("/")
        return bucket, key
    return source["Bucket"], source["Key"]


DEFINITIONS = [f"{name}@{version}" for name, version in published.known()]


@pytest.fixture(autouse=True)
def topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the definitions are filled in with."""
    for name in ("FILES", "DEPLOYMENTS"):
        monkeypatch.setenv(f"{name}_TOPIC_ARN", f"{TOPIC}{name.lower()}")


def policy_of(definition: str, role: str) -> Policy | None:
    """The policy that a definition brings for a role."""
    file = FOLDER / "definitions" / f"{definition}.{role}.json"
    return Policy.read(f"definitions/{file.name}") if file.exists() else None


def called(definition: str) -> list[str]:
    """The activities of AWS that a definition names."""
    found = published.find(*definition.split("@"))
    assert found is not None
    return [name for name in found.activities if name.startswith("aws.")]


# --- by what they name ------------------------------------------------------------------------


def operation_of(activity: str) -> str:
    """`aws.sdk.s3.copyObject` and `aws.sns.publish` as service and operation."""
    service, action = activity.removeprefix("aws.").removeprefix("sdk.").split(".")[:2]
    return f"{service}.{action[0].upper()}{action[1:]}"


GIVEN = {"TopicArn": "", "TableName": "", "Bucket": "", "Key": "", "CopySource": "b/k"}


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_the_worker_may_call_what_the_definition_names(definition: str) -> None:
    operations = [operation_of(n) for n in called(definition) if n not in functions.NAMES]
    wanted = {request.action for name in operations for request in ACTIONS[name](GIVEN)}
    policy = policy_of(definition, "activity-worker")

    assert wanted == (policy.actions if policy else set())


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_the_lambda_role_may_invoke_what_the_definition_names(definition: str) -> None:
    text = published.file_of(*definition.split("@")).read_text("utf-8")
    names = set(re.findall(r"FunctionName\W+([\w-]+)", text))
    policy = policy_of(definition, "lambda-role")
    wanted = {f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}" for name in names}

    assert bool(names) == any(name in functions.NAMES for name in called(definition))
    assert wanted == {
        arn for part in (policy.statements if policy else ()) for arn in part["Resource"]
    }
    assert policy is None or policy.actions == {"lambda:InvokeFunction"}


def test_every_sample_is_of_a_definition() -> None:
    for path in (FOLDER / "definitions").iterdir():
        definition, _, role = path.name.removesuffix(".json").rpartition(".")
        assert definition in DEFINITIONS
        assert role in ("activity-worker", "lambda-role")


# --- by what they call ------------------------------------------------------------------------


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Request]]:
    """An AWS that moto plays, with what the definitions need; what workers ask for."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    clients.forget()
    asked: list[Request] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def recorded(client: Any, operation: str, given: dict[str, Any]) -> Any:
        service = client.meta.service_model.service_name
        if service != "swf":
            asked.extend(ACTIONS[f"{service}.{operation}"](given))
        return call(client, operation, given)

    with mock_aws():
        boto3.client("s3", region_name=REGION).create_bucket(Bucket=INBOX)
        boto3.client("dynamodb", region_name=REGION).create_table(
            TableName="files",
            KeySchema=[{"AttributeName": "object_key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "object_key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for name in ("files", "deployments"):
            boto3.client("sns", region_name=REGION).create_topic(Name=name)
        boto3.client("s3", region_name=REGION).put_object(
            Bucket=INBOX, Key="in/a.csv", Body=b"sale,amount\n1,10\n"
        )
        boto3.client("s3", region_name=REGION).put_object(
            Bucket=INBOX, Key="in/b.csv", Body=b"x\n1\n"
        )
        monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
        yield asked
    clients.forget()
    database.close()


def file_event(key: str) -> dict[str, Any]:
    """What EventBridge tells of a file."""
    return {"detail": {"bucket": {"name": INBOX}, "object": {"key": key, "size": 20}}}


RUNS = {
    "FilePipeline@1.0": [file_event("in/a.csv"), file_event("in/b.csv")],
    "Deployment@1.0": [{"application": "shop", "version": "1.4.0"}],
}


@pytest.mark.parametrize("definition", RUNS)
def test_what_a_worker_calls_is_allowed(
    definition: str, aws: list[Request], tmp_path: Path
) -> None:
    found = published.find(*definition.split("@"))
    policy = policy_of(definition, "activity-worker")
    assert found is not None
    assert policy is not None
    with host("in-process", tmp_path, LOG_LEVEL="ERROR") as runs:
        assert isinstance(runs, InProcessHost)
        for given in RUNS[definition]:
            runs.run(found, given)

    assert [request for request in aws if not policy.allows(request)] == []
    assert {request.action for request in aws} == policy.actions
    for statement in policy.statements:
        only = Policy({"Statement": [part for part in policy.statements if part != statement]})
        assert [request for request in aws if not only.allows(request)], statement["Sid"]


def test_another_bucket_is_refused() -> None:
    policy = policy_of("FilePipeline@1.0", "activity-worker")

    assert policy is not None
    assert not policy.allows(Request("s3:GetObject", "arn:aws:s3:::other/in/a.csv"))
    assert not policy.allows(Request("s3:PutObject", f"arn:aws:s3:::{INBOX}/in/a.csv"))

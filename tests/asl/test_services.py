"""AWS services in definitions, played by moto, in-process and on SWF."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from activities.services import clients
from asl.loading import load
from tests.asl.drivers import HOSTS, Finished, Host, host

REGION = "us-east-1"


@pytest.fixture(params=HOSTS)
def runs(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """Both hosts, in an AWS that moto plays."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    clients.forget()
    played = mock_aws(config={"batch": {"use_docker": False}})
    with played, host(request.param, tmp_path, AWS_REGION=REGION) as found:
        yield found
    clients.forget()


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


def ended(runs: Host, states: dict[str, Any], value: Any = None, **members: Any) -> Finished:
    document = {"StartAt": next(iter(states)), "States": states, **members}
    return runs.run(load(document, "Services", "1"), {} if value is None else value)


def task(resource: str, parameters: Any, **members: Any) -> dict[str, Any]:
    ends = {} if "Next" in members else {"End": True}
    where = f"arn:aws:states:::{resource}"
    return {"Type": "Task", "Resource": where, "Parameters": parameters, **ends, **members}


def test_an_item_is_put_got_updated_and_deleted(runs: Host) -> None:
    client("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    key = {"id": {"S.$": "$.id"}}
    update = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "2"}}}
    table = {"TableName": "orders"}
    states = {
        "Put": task("dynamodb:putItem", {**table, "Item": key}, ResultPath=None, Next="Update"),
        "Update": task(
            "dynamodb:updateItem", {**table, "Key": key, **update}, ResultPath=None, Next="Get"
        ),
        "Get": task(
            "dynamodb:getItem",
            {**table, "Key": key},
            ResultSelector={"n.$": "$.Item.n.N"},
            ResultPath="$.got",
            Next="Delete",
        ),
        "Delete": task("dynamodb:deleteItem", {**table, "Key": key}, ResultPath=None, Next="Gone"),
        "Gone": task(
            "aws-sdk:dynamodb:getItem",
            {**table, "Key": key},
            ResultSelector={"there.$": "States.JsonToString($)"},
            ResultPath="$.gone",
        ),
    }
    found = ended(runs, states, {"id": "O-1"})
    assert found.output == {"id": "O-1", "got": {"n": "2"}, "gone": {"there": "{}"}}


def test_a_condition_that_does_not_hold_is_caught_by_its_name(runs: Host) -> None:
    client("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    given = {
        "TableName": "orders",
        "Item": {"id": {"S": "1"}},
        "ConditionExpression": "attribute_exists(id)",
    }
    caught = [{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": "No"}]
    states = {
        "Put": task("dynamodb:putItem", given, Catch=caught),
        "No": {"Type": "Pass", "Result": "no", "End": True},
    }
    assert ended(runs, states).output == "no"


def test_a_message_is_sent_to_a_queue_and_a_topic(runs: Host) -> None:
    queue = client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    topic = client("sns").create_topic(Name="news")["TopicArn"]
    arn = f"arn:aws:sqs:{REGION}:123456789012:orders"
    client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    states = {
        "Send": task(
            "sqs:sendMessage",
            {"QueueUrl": queue, "MessageBody": {"id.$": "$.id"}},
            ResultPath=None,
            Next="Tell",
        ),
        "Tell": task("sns:publish", {"TopicArn": topic, "Message": {"told.$": "$.id"}}),
    }
    found = ended(runs, states, {"id": "O-1"})
    assert found.status == "SUCCEEDED"
    assert found.output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    got = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert sorted(item["Body"] for item in got) == ['{"id":"O-1"}', '{"told":"O-1"}']


def test_an_event_is_put_on_a_bus(runs: Host) -> None:
    entry = {"Detail": {"id.$": "$.id"}, "DetailType": "order", "Source": "shop"}
    found = ended(runs, {"Put": task("events:putEvents", {"Entries": [entry]})}, {"id": 7})
    assert found.output["FailedEntryCount"] == 0


def test_a_job_is_asked_for_until_it_is_over(runs: Host) -> None:
    arn = "arn:aws:iam::123456789012:role/r"
    given = {
        "TrainingJobName.$": "$.name",
        "RoleArn": arn,
        "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    chosen = {"status.$": "$.TrainingJobStatus"}
    train = task("sagemaker:createTrainingJob.sync", given, ResultSelector=chosen)
    found = ended(runs, {"Train": train}, {"name": "job-1"})
    assert (found.status, found.output) == ("SUCCEEDED", {"status": "Completed"})
    assert found.activities == ["aws.sagemaker.createTrainingJob.sync"] * 2
    waits = [event for event in found.events if event["eventType"] == "TimerFired"]
    assert len(waits) == 1


def test_a_container_task_runs_until_it_has_stopped(runs: Host) -> None:
    client("ecs").create_cluster(clusterName="c")
    client("ecs").register_task_definition(
        family="f",
        containerDefinitions=[{"name": "w", "image": "i", "memory": 10}],
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
    )
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    network = {"Subnets": [subnet], "SecurityGroups": []}
    given = {
        "Cluster": "c",
        "TaskDefinition": "f",
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"AwsvpcConfiguration": network},
    }
    chosen = {"status.$": "$.LastStatus", "containers.$": "$.Containers[*].Name"}
    run = task("ecs:runTask.sync", given, ResultSelector=chosen)
    found = ended(runs, {"Run": run})
    assert (found.status, found.output) == ("SUCCEEDED", {"status": "STOPPED", "containers": ["w"]})
    assert len(found.activities) > 2  # it is looked at while it goes down


def batch_queue() -> dict[str, str]:
    trusts = {"RoleName": "batch", "AssumeRolePolicyDocument": "{}"}
    role = client("iam").create_role(**trusts)["Role"]["Arn"]
    batch = client("batch")
    batch.create_compute_environment(
        computeEnvironmentName="machines", type="UNMANAGED", state="ENABLED", serviceRole=role
    )
    order = [{"order": 1, "computeEnvironment": "machines"}]
    queue = batch.create_job_queue(
        jobQueueName="queue", state="ENABLED", priority=1, computeEnvironmentOrder=order
    )
    container = {"image": "i", "vcpus": 1, "memory": 10}
    job = batch.register_job_definition(
        jobDefinitionName="count", type="container", containerProperties=container
    )
    return {"JobQueue": queue["jobQueueArn"], "JobDefinition": job["jobDefinitionArn"]}


def test_a_batch_job_runs_until_it_succeeded(runs: Host) -> None:
    given = {**batch_queue(), "JobName.$": "$.name"}
    chosen = {"name.$": "$.JobName", "status.$": "$.Status"}
    submit = task("batch:submitJob.sync", given, ResultSelector=chosen)
    found = ended(runs, {"Submit": submit}, {"name": "job-1"})
    assert (found.status, found.output) == ("SUCCEEDED", {"name": "job-1", "status": "SUCCEEDED"})


def test_a_glue_job_runs_until_it_succeeded(runs: Host) -> None:
    command = {"Name": "glueetl", "ScriptLocation": "s3://b/s"}
    client("glue").create_job(Name="clean", Role="r", Command=command)
    chosen = {"name.$": "$.JobName", "status.$": "$.JobRunState"}
    given = {"JobName.$": "$.name"}
    start = task("glue:startJobRun.sync", given, ResultSelector=chosen, Next="Missing")
    states = {
        "Start": {**start, "ResultPath": "$.ran"},
        "Missing": task(
            "glue:startJobRun.sync",
            {"JobName": "none"},
            Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.missed", "Next": "End"}],
        ),
        "End": {"Type": "Succeed"},
    }
    found = ended(runs, states, {"name": "clean"})
    assert found.output["ran"] == {"name": "clean", "status": "SUCCEEDED"}
    assert found.output["missed"]["Error"] == "Glue.EntityNotFoundException"


def test_any_service_is_called_and_its_errors_have_its_name(runs: Host) -> None:
    client("secretsmanager").create_secret(Name="s", SecretString="hidden")
    states = {
        "Read": task(
            "aws-sdk:secretsmanager:describeSecret",
            {"SecretId": "s"},
            ResultSelector={"name.$": "$.Name"},
            ResultPath="$.found",
            Next="Miss",
        ),
        "Miss": task(
            "aws-sdk:secretsmanager:describeSecret",
            {"SecretId": "none"},
            Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.missed", "Next": "End"}],
        ),
        "End": {"Type": "Succeed"},
    }
    found = ended(runs, states)
    assert found.output["found"] == {"name": "s"}
    assert found.output["missed"]["Error"] == "SecretsManager.ResourceNotFoundException"


def test_credentials_of_another_role_are_refused_by_name(runs: Host) -> None:
    state = task(
        "sqs:sendMessage",
        {"QueueUrl": "q", "MessageBody": "m"},
        Credentials={"RoleArn": "arn:aws:iam::123456789012:role/other"},
        Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 3}],
    )
    found = ended(runs, {"Send": state})
    assert (found.status, found.error) == ("FAILED", "States.Permissions")
    assert "its own credentials" in str(found.cause)
    assert len(found.activities) == 1


def test_an_unknown_action_fails_by_name(runs: Host) -> None:
    found = ended(runs, {"Do": task("aws-sdk:sqs:flyAway", {})})
    assert (found.status, found.error) == ("FAILED", "States.Runtime")
    assert "flyAway" in json.dumps(found.cause)

from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name
from botocore.stub import Stubber

from activities import services
from errors import TaskFailedError
from tests.unit.activities.services.conftest import Run

Aws = Callable[[str], Any]


@pytest.mark.parametrize(
    "activity",
    ["SaveResults", "lambda.invoke", "aws", "aws.", "aws.sdk", "aws.sdk.s3", "aws.athena.stop"],
)
def test_what_is_not_offered_has_no_function(activity: str) -> None:
    assert services.find(activity) is None


def test_what_is_offered_is_listed_and_found() -> None:
    assert "aws.ecs.runTask.sync" in services.offered()
    assert all(map(services.find, services.offered()))


def test_an_item_is_put_and_read(aws: Aws, run: Run) -> None:
    make_table(aws)
    item = {"id": {"S": "1"}, "data": {"B": "/wA="}, "camelKey": {"N": "1.5"}}
    assert run("aws.sdk.dynamodb.putItem", {"TableName": "t", "Item": item}) == {}
    read = {"TableName": "t", "Key": {"id": {"S": "1"}}}
    assert run("aws.sdk.dynamodb.getItem", read) == {"Item": item}


def test_camel_case_of_an_api_is_mapped_both_ways(aws: Aws, run: Run) -> None:
    machine = aws("stepfunctions").create_state_machine(
        name="m",
        definition='{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
        roleArn="arn:aws:iam::123456789012:role/r",
    )
    started = run(
        "aws.sdk.sfn.startExecution",
        {"StateMachineArn": machine["stateMachineArn"], "Input": {"x": 1}},
    )
    assert set(started) == {"ExecutionArn", "StartDate"}
    assert started["StartDate"].endswith("Z")
    described = run("aws.sdk.sfn.describeExecution", {"ExecutionArn": started["ExecutionArn"]})
    assert described["Input"] == '{"x":1}'


def test_objects_in_s3_are_text(aws: Aws, run: Run) -> None:
    aws("s3").create_bucket(Bucket="bucket")
    run("aws.sdk.s3.putObject", {"Bucket": "bucket", "Key": "k", "Body": {"a": "ção"}})
    assert run("aws.sdk.s3.getObject", {"Bucket": "bucket", "Key": "k"})["Body"] == '{"a":"ção"}'
    listed = run("aws.sdk.s3.listObjectsV2", {"Bucket": "bucket"})
    assert listed["KeyCount"] == 1
    assert set(listed["Contents"][0]) >= {"Key", "ETag", "LastModified", "Size"}


def test_a_token_of_the_api_is_the_key_of_the_task(
    stubbed: Callable[[str], Stubber], run: Run, key: str
) -> None:
    secrets = stubbed("secretsmanager")
    for token in (key, key, "a token of the caller's own, 32 long"):
        secrets.add_response("create_secret", {"Name": "s"}, sent(token))
    parameters = {"Name": "s", "SecretString": "x"}
    assert run("aws.sdk.secretsmanager.createSecret", parameters) == {"Name": "s"}
    run("aws.sdk.secretsmanager.createSecret", parameters, attempt=2)
    run(
        "aws.sdk.secretsmanager.createSecret",
        {**parameters, "ClientRequestToken": "a token of the caller's own, 32 long"},
    )


def sent(token: str) -> dict[str, str]:
    return {"Name": "s", "SecretString": "x", "ClientRequestToken": token}


# --- errors ---------------------------------------------------------------------------------


def make_table(aws: Aws) -> None:
    aws("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


ONCE = {
    "TableName": "t",
    "Item": {"id": {"S": "1"}},
    "ConditionExpression": "attribute_exists(id)",
}


@pytest.mark.parametrize(
    ("activity", "parameters", "error"),
    [
        ("sdk.dynamodb.putItem", ONCE, "DynamoDb.ConditionalCheckFailedException"),
        ("dynamodb.putItem", ONCE, "DynamoDB.ConditionalCheckFailedException"),
        (
            "sdk.dynamodb.getItem",
            {"TableName": "gone", "Key": {"id": {"S": "1"}}},
            "DynamoDb.ResourceNotFoundException",
        ),
        ("sdk.dynamodb.putItem", {"TableName": "t", "Item": None}, "DynamoDb.DynamoDbException"),
        ("dynamodb.putItem", {"TableName": "t"}, "DynamoDB.AmazonDynamoDBException"),
        ("sdk.dynamodb.putItem", {"TableName": ["t"], "Item": []}, "States.Runtime"),
        ("sdk.dynamodb.putItem", {"tableName": "t"}, "States.Runtime"),
        ("sdk.dynamodb.putTable", {}, "States.Runtime"),
        ("sdk.nosuch.putItem", {}, "States.Runtime"),
        ("sdk.s3.selectObjectContent", {}, "States.Runtime"),
        ("sdk.s3.listObjectsV2", {"Bucket": "no-such-bucket"}, "S3.NoSuchBucketException"),
        ("sdk.s3.headObject", {"Bucket": "here", "Key": "gone"}, "S3.NoSuchKeyException"),
        ("sdk.secretsmanager.getSecretValue", {"SecretId": "gone"},
         "SecretsManager.ResourceNotFoundException"),
        ("sdk.sqs.sendMessage",
         {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/gone", "MessageBody": "m"},
         "Sqs.QueueDoesNotExistException"),
        ("sqs.sendMessage",
         {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/gone", "MessageBody": "m"},
         "SQS.QueueDoesNotExistException"),
        ("sns.publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:gone", "Message": "m"},
         "SNS.NotFoundException"),
    ],
)  # fmt: skip
def test_errors_have_the_names_that_step_functions_gives(
    aws: Aws, run: Run, activity: str, parameters: Any, error: str
) -> None:
    make_table(aws)
    aws("s3").create_bucket(Bucket="here")
    with pytest.raises(TaskFailedError) as caught:
        run(f"aws.{activity}", parameters)
    assert caught.value.error == error
    assert caught.value.retryable == (error != "States.Runtime")
    assert str(caught.value)


@pytest.mark.parametrize(
    ("call", "code", "error"),
    [
        ("sdk.s3.ListBuckets", "InvalidBucketName", "S3.S3Exception"),
        ("sdk.sqs.ListQueues", "AccessDenied", "Sqs.SqsException"),
        ("sdk.ecs.ListClusters", "AccessDeniedException", "Ecs.AccessDeniedException"),
        ("ecs.RunTask", "AccessDeniedException", "ECS.AccessDeniedException"),
        ("glue.StartJobRun", "ConcurrentRunsExceededException",
         "Glue.ConcurrentRunsExceededException"),
        ("sns.Publish", "AuthorizationError", "SNS.AuthorizationErrorException"),
        ("sns.Publish", "AccessDenied", "SNS.AmazonSNSException"),
    ],
)  # fmt: skip
def test_an_error_goes_by_the_modelled_name_or_by_the_services(
    stubbed: Callable[[str], Stubber], run: Run, call: str, code: str, error: str
) -> None:
    place, operation = call.rsplit(".", 1)
    stubbed(place.removeprefix("sdk.")).add_client_error(xform_name(operation), code, "no", 403)
    with pytest.raises(TaskFailedError, match="no") as caught:
        run(f"aws.{place}.{operation[0].lower()}{operation[1:]}", REQUIRED.get(operation, {}))
    assert caught.value.error == error


REQUIRED = {
    "RunTask": {"TaskDefinition": "d"},
    "StartJobRun": {"JobName": "j"},
    "Publish": {"Message": "m"},
}


@pytest.mark.parametrize(
    ("activity", "cause"),
    [
        ("sdk.sqs.sendMessage", "no (Service: Sqs, Status Code: 400, Request ID: 1)"),
        ("sqs.sendMessage",
         "no (Service: AmazonSQS; Status Code: 400; Error Code: Odd; Request ID: 1; Proxy: null)"),
    ],
)  # fmt: skip
def test_causes_are_written_as_step_functions_writes_them(
    stubbed: Callable[[str], Stubber], run: Run, activity: str, cause: str
) -> None:
    sqs = stubbed("sqs")
    sqs.add_client_error("send_message", "Odd", "no", 400, response_meta={"RequestId": "1"})
    with pytest.raises(TaskFailedError) as caught:
        run(f"aws.{activity}", {"QueueUrl": "q", "MessageBody": "m"})
    assert caught.value.cause == cause


def test_a_service_that_cannot_be_reached_is_an_error_to_retry(
    monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(TaskFailedError, match=r"127\.0\.0\.1:1") as caught:
        run("aws.sqs.sendMessage", {"QueueUrl": "http://127.0.0.1:1/q", "MessageBody": "m"})
    assert (caught.value.error, caught.value.retryable) == ("SQS.SdkClientException", True)


@pytest.mark.parametrize("activity", ["aws.sdk.sqs.listQueues", "aws.map.items"])
def test_another_role_is_refused(run: Run, activity: str) -> None:
    role = {"RoleArn": "arn:aws:iam::123456789012:role/other"}
    with pytest.raises(TaskFailedError, match=r"role/other.*own credentials") as caught:
        run(activity, {}, credentials=role)
    assert (caught.value.error, caught.value.retryable) == ("States.Permissions", False)

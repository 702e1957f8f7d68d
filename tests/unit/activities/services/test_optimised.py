import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from errors import TaskFailedError
from tests.unit.activities.services.conftest import Run
from tests.unit.activities.services.test_sdk import make_table
from wire import Json

Aws = Callable[[str], Any]


def without_metadata(result: dict[str, Json]) -> dict[str, Json]:
    http, response = result.pop("SdkHttpMetadata"), result.pop("SdkResponseMetadata")
    assert http["HttpStatusCode"] == 200
    assert {name: [value] for name, value in http["HttpHeaders"].items()} == http["AllHttpHeaders"]
    assert set(response) == {"RequestId"}
    return result


def test_dynamodb_gives_the_item_and_what_http_said(aws: Aws, run: Run) -> None:
    make_table(aws)
    key = {"TableName": "t", "Key": {"id": {"S": "1"}}}
    item = {"id": {"S": "1"}, "n": {"N": "1"}}
    assert without_metadata(run("aws.dynamodb.putItem", {"TableName": "t", "Item": item})) == {}
    assert without_metadata(run("aws.dynamodb.getItem", key)) == {"Item": item}
    update = {
        **key,
        "UpdateExpression": "SET n = :n",
        "ExpressionAttributeValues": {":n": {"N": "2"}},
        "ReturnValues": "UPDATED_NEW",
    }
    updated = without_metadata(run("aws.dynamodb.updateItem", update))
    assert updated["Attributes"] == {"n": {"N": "2"}}
    assert without_metadata(run("aws.dynamodb.deleteItem", key)) == {}
    assert without_metadata(run("aws.dynamodb.getItem", key)) == {}


@pytest.mark.parametrize(
    ("body", "sent"), [("text", "text"), ({"a": [1, "ção"]}, '{"a":[1,"ção"]}'), (5, "5")]
)
def test_a_message_body_that_is_no_text_goes_as_json_text(
    aws: Aws, run: Run, body: Json, sent: str
) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    parameters = {"QueueUrl": url, "MessageBody": body, "MessageSystemAttribute": {"no": "such"}}
    result = without_metadata(run("aws.sqs.sendMessage", parameters))
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert (message["Body"], message["MessageId"]) == (sent, result["MessageId"])
    assert result["MD5OfMessageBody"] == message["MD5OfBody"]


def test_a_message_to_a_fifo_queue_goes_once_a_visit(aws: Aws, run: Run) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    message = {"QueueUrl": url, "MessageBody": "m", "MessageGroupId": "g"}
    for attempt in (1, 2):
        run("aws.sqs.sendMessage", message, attempt=attempt)
    run("aws.sqs.sendMessage", {**message, "MessageDeduplicationId": "own"})
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "2"


def test_a_topic_gets_the_message_as_text(stubbed: Callable[[str], Stubber], run: Run) -> None:
    sns = stubbed("sns")
    sns.add_response("publish", {"MessageId": "1"}, {"TopicArn": "arn:topic", "Message": '{"a":1}'})
    result = run("aws.sns.publish", {"TopicArn": "arn:topic", "Message": {"a": 1}})
    assert without_metadata(result) == {"MessageId": "1"}


def test_a_fifo_topic_gets_the_key(stubbed: Callable[[str], Stubber], run: Run, key: str) -> None:
    parameters = {"TopicArn": "arn:t.fifo", "Message": "m", "MessageGroupId": "g"}
    sns = stubbed("sns")
    sns.add_response("publish", {}, {**parameters, "MessageDeduplicationId": key})
    run("aws.sns.publish", parameters)


def test_events_are_put_without_metadata(aws: Aws, run: Run) -> None:
    aws("events")
    entry = {"Detail": {"a": 1}, "DetailType": "t", "Source": "s"}
    result = run("aws.events.putEvents", {"Entries": [entry]})
    assert set(result) == {"Entries", "FailedEntryCount"}
    assert result["FailedEntryCount"] == 0


def test_an_event_that_is_not_taken_fails_the_task(aws: Aws, run: Run) -> None:
    aws("events")
    entries = [{"Detail": {"a": 1}, "DetailType": "t", "Source": "s"}, {"Detail": "{}"}]
    with pytest.raises(TaskFailedError) as caught:
        run("aws.events.putEvents", {"Entries": entries})
    assert caught.value.error == "EventBridge.FailedEntry"
    assert json.loads(caught.value.cause)["FailedEntryCount"] == 1


def test_a_glue_run_brings_the_name_of_its_job(stubbed: Callable[[str], Stubber], run: Run) -> None:
    stubbed("glue").add_response("start_job_run", {"JobRunId": "jr_1"}, {"JobName": "j"})
    result = without_metadata(run("aws.glue.startJobRun", {"JobName": "j"}))
    assert result == {"JobName": "j", "JobRunId": "jr_1"}

"""The optimised integrations: `arn:aws:states:::SERVICE:ACTION`.

Parameters that the API does not have are left out, times are epoch milliseconds, results
bring `SdkHttpMetadata` and `SdkResponseMetadata` (but for EventBridge): all as recorded from
Step Functions.  What runs until a job is over is in `jobs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import wire
from activities.context import current_task
from activities.services import calls, failures, jobs, shapes
from activities.services.calls import Service
from activities.services.naming import Naming
from errors import TaskFailedError
from wire import Json

Function: TypeAlias = Callable[[Json], Json]


def _service(name: str, prefix: str, sdk_name: str, told: str = "") -> Service:
    return Service(name, Naming(prefix, f"{sdk_name}Exception", told or sdk_name), shapes.OPTIMISED)


DYNAMODB = _service("dynamodb", "DynamoDB", "AmazonDynamoDB", "AmazonDynamoDBv2")
SQS = _service("sqs", "SQS", "AmazonSQS")
SNS = _service("sns", "SNS", "AmazonSNS")
EVENTS = _service("events", "EventBridge", "AmazonEventBridge")
ECS = _service("ecs", "ECS", "AmazonECS")
BATCH = _service("batch", "Batch", "AWSBatch")
GLUE = _service("glue", "Glue", "AWSGlue")
SAGEMAKER = _service("sagemaker", "SageMaker", "AmazonSageMaker")


def _plain(service: Service, operation: str) -> Function:
    def perform(parameters: Json) -> Json:
        answer = calls.call(service, operation, parameters)
        return {**answer.result, **answer.metadata}

    return perform


def _deduplicated(service: Service, operation: str, place: str) -> Function:
    """To a FIFO queue or topic, named by the parameter `place`, a message goes once a visit."""
    perform = _plain(service, operation)

    def send(parameters: Json) -> Json:
        if isinstance(parameters, dict) and str(parameters.get(place, "")).endswith(".fifo"):
            once = {"MessageDeduplicationId": current_task().idempotency_key}
            parameters = {**once, **parameters}
        return perform(parameters)

    return send


def put_events(parameters: Json) -> Json:
    """PutEvents; one entry that failed fails the task, with the response as the cause."""
    result = calls.call(EVENTS, "PutEvents", parameters).result
    if result.get("FailedEntryCount"):
        raise TaskFailedError("EventBridge.FailedEntry", failures.cut(wire.dumps(result)))
    return result


def start_job_run(parameters: Json) -> Json:
    """StartJobRun; the result brings the job's name from the parameters, too."""
    result = _plain(GLUE, "StartJobRun")(parameters)
    return {**result, "JobName": parameters["JobName"]}


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "dynamodb.getItem": _plain(DYNAMODB, "GetItem"),
        "dynamodb.putItem": _plain(DYNAMODB, "PutItem"),
        "dynamodb.updateItem": _plain(DYNAMODB, "UpdateItem"),
        "dynamodb.deleteItem": _plain(DYNAMODB, "DeleteItem"),
        "sqs.sendMessage": _deduplicated(SQS, "SendMessage", "QueueUrl"),
        "sns.publish": _deduplicated(SNS, "Publish", "TopicArn"),
        "events.putEvents": put_events,
        "ecs.runTask": _plain(ECS, "RunTask"),
        "ecs.runTask.sync": jobs.until_over(jobs.EcsTask(ECS)),
        "batch.submitJob": _plain(BATCH, "SubmitJob"),
        "batch.submitJob.sync": jobs.until_over(jobs.BatchJob(BATCH)),
        "glue.startJobRun": start_job_run,
        "glue.startJobRun.sync": jobs.until_over(jobs.GlueJobRun(GLUE)),
        "sagemaker.createTrainingJob": _plain(SAGEMAKER, "CreateTrainingJob"),
        "sagemaker.createTrainingJob.sync": jobs.until_over(jobs.TrainingJob(SAGEMAKER)),
    }
)
"""By the activity type without `aws.`."""

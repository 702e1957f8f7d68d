import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

import wire
from errors import TaskFailedError
from tests.unit.activities.services.conftest import Run
from wire import Json

Stub = Callable[[str], Stubber]
MOMENT = datetime(2024, 3, 1, tzinfo=timezone.utc)
MILLISECONDS = 1709251200000
TRAINING = {
    "TrainingJobName": "t",
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "i"},
    "RoleArn": "arn:aws:iam::123456789012:role/r",
    "OutputDataConfig": {"S3OutputPath": "s3://b/"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


def started(result: Json) -> Json:
    """The state of a job that is not over."""
    told = wire.pending_of(result)
    assert told is not None
    state, seconds = told
    assert seconds > 0
    json.dumps(state)
    return state


def task(arn: str = "arn:task/1", **members: Any) -> dict[str, Any]:
    return {"taskArn": arn, "clusterArn": "arn:cluster", "lastStatus": "RUNNING", **members}


def stopped(*codes: int | None, **members: Any) -> dict[str, Any]:
    containers = [
        {"name": f"c{at}", **({} if code is None else {"exitCode": code})}
        for at, code in enumerate(codes)
    ]
    return task(
        lastStatus="STOPPED",
        containers=containers,
        **{
            "stopCode": "EssentialContainerExited",
            "taskDefinitionArn": "arn:definition",
            **members,
        },
    )


RUN = {"TaskDefinition": "d", "LaunchType": "FARGATE"}
POLL = {"cluster": "arn:cluster", "tasks": ["arn:task/1"]}


# --- ECS ------------------------------------------------------------------------------------


def test_a_task_is_run_looked_at_and_described(stubbed: Stub, run: Run, key: str) -> None:
    ecs = stubbed("ecs")
    sent = {"taskDefinition": "d", "launchType": "FARGATE", "clientToken": key}
    asked = {"cluster": "arn:cluster", "tasks": ["arn:task/1"]}
    ecs.add_response("run_task", {"tasks": [task()], "failures": []}, sent)
    for description in (task(), task(), stopped(0, createdAt=MOMENT)):
        ecs.add_response("describe_tasks", {"tasks": [description]}, asked)
    state = started(run("aws.ecs.runTask.sync", RUN))
    assert state == POLL
    assert started(run("aws.ecs.runTask.sync", RUN, poll=state)) == state
    assert started(run("aws.ecs.runTask.sync", RUN, poll=state)) == state
    result = run("aws.ecs.runTask.sync", RUN, poll=state)
    assert result["Containers"] == [{"Name": "c0", "ExitCode": 0}]
    assert result["CreatedAt"] == MILLISECONDS
    assert "SdkHttpMetadata" not in result


@pytest.mark.parametrize(
    "description",
    [stopped(1), stopped(0, 137), stopped(None), stopped(0, stopCode="UserInitiated")],
)
def test_a_task_that_ended_badly_fails_with_its_description(
    stubbed: Stub, run: Run, description: dict[str, Any]
) -> None:
    ecs = stubbed("ecs")
    ecs.add_response("describe_tasks", {"tasks": [description]})
    if description["stopCode"] == "EssentialContainerExited":
        ecs.add_client_error("describe_task_definition", "AccessDeniedException", "no", 400)
    with pytest.raises(TaskFailedError) as caught:
        run("aws.ecs.runTask.sync", RUN, poll=POLL)
    assert (caught.value.error, caught.value.retryable) == ("States.TaskFailed", True)
    assert json.loads(caught.value.cause)["LastStatus"] == "STOPPED"


def test_only_essential_containers_count(stubbed: Stub, run: Run) -> None:
    ecs = stubbed("ecs")
    definition = {
        "containerDefinitions": [{"name": "c0"}, {"name": "c1", "essential": False}],
    }
    for codes in ((0, 137), (1, 0)):
        ecs.add_response("describe_tasks", {"tasks": [stopped(*codes)]})
        ecs.add_response("describe_task_definition", {"taskDefinition": definition})
    assert run("aws.ecs.runTask.sync", RUN, poll=POLL)["LastStatus"] == "STOPPED"
    with pytest.raises(TaskFailedError):
        run("aws.ecs.runTask.sync", RUN, poll=POLL)


def test_a_task_that_finds_no_place_fails(stubbed: Stub, run: Run) -> None:
    failure = {"arn": "a", "reason": "RESOURCE:MEMORY"}
    stubbed("ecs").add_response("run_task", {"tasks": [], "failures": [failure]})
    with pytest.raises(TaskFailedError) as caught:
        run("aws.ecs.runTask.sync", RUN)
    assert caught.value.error == "AmazonECS.Unknown"
    assert json.loads(caught.value.cause)["Failures"][0]["Reason"] == "RESOURCE:MEMORY"


def test_several_tasks_give_a_list(stubbed: Stub, run: Run) -> None:
    ecs = stubbed("ecs")
    both = [task(), task("arn:task/2")]
    ecs.add_response("run_task", {"tasks": both})
    ecs.add_response("describe_tasks", {"tasks": [stopped(0), stopped(0)]})
    state = started(run("aws.ecs.runTask.sync", {**RUN, "Count": 2}))
    assert len(run("aws.ecs.runTask.sync", RUN, poll=state)) == 2


def test_an_attempt_again_takes_up_the_task_of_the_earlier_one(
    stubbed: Stub, run: Run, key: str
) -> None:
    ecs = stubbed("ecs")
    ecs.add_response("run_task", {"tasks": [task()]}, sent(key))
    ecs.add_response("describe_tasks", {"tasks": [task()]})
    assert started(run("aws.ecs.runTask.sync", RUN, attempt=2)) == POLL


def test_an_attempt_again_after_a_task_that_failed_runs_another(
    stubbed: Stub, run: Run, key: str
) -> None:
    ecs = stubbed("ecs")
    ecs.add_response("run_task", {"tasks": [task()]}, sent(key))
    ecs.add_response("describe_tasks", {"tasks": [stopped(0, stopCode="UserInitiated")]})
    ecs.add_response("run_task", {"tasks": [task("arn:task/2")]}, sent(f"{key}-2"))
    state = started(run("aws.ecs.runTask.sync", RUN, attempt=2))
    assert state["tasks"] == ["arn:task/2"]


def sent(token: str) -> dict[str, str]:
    return {"taskDefinition": "d", "launchType": "FARGATE", "clientToken": token}


def test_a_plain_run_does_not_wait(stubbed: Stub, run: Run, key: str) -> None:
    stubbed("ecs").add_response("run_task", {"tasks": [task()], "failures": []}, sent(key))
    result = run("aws.ecs.runTask", RUN)
    assert result["Tasks"][0]["TaskArn"] == "arn:task/1"
    assert "SdkHttpMetadata" in result


# --- what does not answer -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status"), [("ServerException", 500), ("ThrottlingException", 400)]
)
def test_a_service_that_does_not_answer_now_is_asked_again_later(
    stubbed: Stub, run: Run, code: str, status: int
) -> None:
    stubbed("ecs").add_client_error("describe_tasks", code, "later", status)
    assert started(run("aws.ecs.runTask.sync", RUN, poll=POLL)) == POLL


def test_a_start_that_is_not_answered_is_an_error(stubbed: Stub, run: Run) -> None:
    stubbed("ecs").add_client_error("run_task", "ServerException", "later", 500)
    with pytest.raises(TaskFailedError) as caught:
        run("aws.ecs.runTask.sync", RUN)
    assert (caught.value.error, caught.value.retryable) == ("ECS.ServerException", True)


def test_a_job_that_may_not_be_looked_at_fails(stubbed: Stub, run: Run) -> None:
    stubbed("batch").add_client_error("describe_jobs", "AccessDeniedException", "no", 403)
    with pytest.raises(TaskFailedError) as caught:
        run("aws.batch.submitJob.sync", {}, poll={"job": "1"})
    assert caught.value.error == "Batch.AWSBatchException"


# --- Batch, Glue, SageMaker -----------------------------------------------------------------


def batch_job(status: str) -> dict[str, Any]:
    facts = {"jobName": "n", "jobId": "1", "jobQueue": "q", "startedAt": 1, "jobDefinition": "d"}
    return {"jobs": [{**facts, "status": status}]}


def test_a_batch_job_runs_until_it_succeeded(stubbed: Stub, run: Run) -> None:
    batch = stubbed("batch")
    parameters = {"JobName": "n", "JobQueue": "q", "JobDefinition": "d", "Parameters": {"k": "v"}}
    submitted = {
        "jobName": "n", "jobQueue": "q", "jobDefinition": "d", "parameters": {"k": "v"},
    }  # fmt: skip
    batch.add_response("submit_job", {"jobName": "n", "jobId": "1"}, submitted)
    for status in ("RUNNABLE", "SUCCEEDED", "FAILED"):
        batch.add_response("describe_jobs", batch_job(status), {"jobs": ["1"]})
    state = started(run("aws.batch.submitJob.sync", parameters))
    assert started(run("aws.batch.submitJob.sync", parameters, poll=state)) == state
    result = run("aws.batch.submitJob.sync", parameters, poll=state)
    assert (result["JobId"], result["Status"]) == ("1", "SUCCEEDED")
    with pytest.raises(TaskFailedError) as caught:
        run("aws.batch.submitJob.sync", parameters, poll=state)
    assert json.loads(caught.value.cause)["Status"] == "FAILED"


def test_a_glue_run_goes_on_until_it_succeeded(stubbed: Stub, run: Run) -> None:
    glue = stubbed("glue")
    glue.add_response("start_job_run", {"JobRunId": "jr_1"}, {"JobName": "j"})
    for status in ("STARTING", "SUCCEEDED", "TIMEOUT"):
        facts = {"Id": "jr_1", "JobRunState": status, "StartedOn": MOMENT}
        asked = {"JobName": "j", "RunId": "jr_1"}
        glue.add_response("get_job_run", {"JobRun": facts}, asked)
    state = started(run("aws.glue.startJobRun.sync", {"JobName": "j"}))
    assert started(run("aws.glue.startJobRun.sync", {}, poll=state)) == state
    assert run("aws.glue.startJobRun.sync", {}, poll=state) == {
        "Id": "jr_1", "JobName": "j", "JobRunState": "SUCCEEDED", "StartedOn": MILLISECONDS,
    }  # fmt: skip
    with pytest.raises(TaskFailedError) as caught:
        run("aws.glue.startJobRun.sync", {}, poll=state)
    assert json.loads(caught.value.cause)["JobRunState"] == "TIMEOUT"


def training(status: str) -> dict[str, Any]:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:training-job/t"
    return {
        "TrainingJobName": "t",
        "TrainingJobArn": arn,
        "TrainingJobStatus": status,
        "ModelArtifacts": {"S3ModelArtifacts": "s3://b/m"},
        "SecondaryStatus": status,
        "CreationTime": MOMENT,
        **{name: TRAINING[name] for name in ("AlgorithmSpecification", "ResourceConfig")},
        "StoppingCondition": TRAINING["StoppingCondition"],
    }


def test_a_training_job_runs_until_it_is_completed(stubbed: Stub, run: Run) -> None:
    sagemaker = stubbed("sagemaker")
    arn = training("")["TrainingJobArn"]
    sagemaker.add_response("create_training_job", {"TrainingJobArn": arn}, TRAINING)
    for status in ("InProgress", "Completed", "Failed"):
        sagemaker.add_response("describe_training_job", training(status), {"TrainingJobName": "t"})
    state = started(run("aws.sagemaker.createTrainingJob.sync", TRAINING))
    assert started(run("aws.sagemaker.createTrainingJob.sync", TRAINING, poll=state)) == state
    result = run("aws.sagemaker.createTrainingJob.sync", TRAINING, poll=state)
    assert (result["TrainingJobStatus"], result["CreationTime"]) == ("Completed", MILLISECONDS)
    with pytest.raises(TaskFailedError):
        run("aws.sagemaker.createTrainingJob.sync", TRAINING, poll=state)


def test_a_training_job_of_an_earlier_attempt_is_ours(stubbed: Stub, run: Run) -> None:
    sagemaker = stubbed("sagemaker")
    for _ in range(2):
        sagemaker.add_client_error("create_training_job", "ResourceInUse", "taken", 400)
    with pytest.raises(TaskFailedError) as caught:
        run("aws.sagemaker.createTrainingJob.sync", TRAINING)
    assert caught.value.error == "SageMaker.ResourceInUseException"
    state = started(run("aws.sagemaker.createTrainingJob.sync", TRAINING, attempt=2))
    assert state == {"job": "t"}


def test_a_training_job_alone_gives_its_arn(stubbed: Stub, run: Run) -> None:
    arn = training("")["TrainingJobArn"]
    stubbed("sagemaker").add_response(
        "create_training_job", {"TrainingJobArn": arn}, ANY_PARAMETERS
    )
    assert run("aws.sagemaker.createTrainingJob", TRAINING)["TrainingJobArn"] == arn


ANY_PARAMETERS = dict.fromkeys(TRAINING, ANY)

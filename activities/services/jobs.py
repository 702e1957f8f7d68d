"""The `.sync` integrations: start a job, and look until it is over.

The first call starts the job and gives `wire.pending`; each later one, with
`current_task().poll` the state that was given, looks once.  A call that is repeated does no
harm: looking changes nothing, and starting is made idempotent where the API allows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import wire
from activities.context import current_task
from activities.services import calls, failures
from activities.services.calls import Service
from activities.services.failures import PassingError
from errors import TaskFailedError
from wire import Json


class Job(Protocol):
    """What starts a job and sees how it stands."""

    @property
    def seconds(self) -> int:
        """How long to wait between two looks."""

    def start(self, parameters: dict[str, Json]) -> Json:
        """Start the job; the state by which `look` finds it."""

    def look(self, state: Json) -> Json | None:
        """The job's description once it is over, or None; raises for a job that failed."""


def until_over(job: Job) -> Callable[[Json], Json]:
    """The function of a `.sync` resource."""

    def perform(parameters: Json) -> Json:
        state = current_task().poll
        if state is None:
            given = parameters if isinstance(parameters, dict) else {}
            return wire.pending(job.start(given), job.seconds)
        try:
            result = job.look(state)
        except PassingError:  # the job goes on, though its service does not answer now
            result = None
        return wire.pending(state, job.seconds) if result is None else result

    return perform


# --- ECS ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class EcsTask:
    """`ecs:runTask.sync`: the description of the task, once it has stopped.

    Fails as the task did: an essential container with another exit code than 0, or a task
    that never ran or was stopped.
    """

    service: Service
    seconds: int = 5

    def start(self, parameters: dict[str, Json]) -> Json:
        """Run the task; an attempt again takes the earlier one's task, unless that failed."""
        attempts = max(current_task().attempt, 1)
        for number in range(1, attempts + 1):
            state = self._run({**parameters, **self._token(parameters, number)})
            if number == attempts or "ClientToken" in parameters or not self._has_failed(state):
                break
        return state

    def look(self, state: Json) -> Json | None:
        """The one task's description, or a list of several."""
        asked = {"Cluster": state["cluster"], "Tasks": state["tasks"]}
        answer = calls.call(self.service, "DescribeTasks", asked).result
        tasks = answer.get("Tasks", [])
        if len(tasks) < len(state["tasks"]):
            raise failures.failed(answer)
        if any(task.get("LastStatus") != "STOPPED" for task in tasks):
            return None
        bad = next(filter(self._is_bad, tasks), None)
        if bad is not None:
            raise failures.failed(bad)
        return tasks[0] if len(tasks) == 1 else tasks

    def _token(self, parameters: dict[str, Json], number: int) -> dict[str, Json]:
        if "ClientToken" in parameters:
            return {}
        key = current_task().idempotency_key
        return {"ClientToken": key if number == 1 else f"{key}-{number}"}

    def _run(self, parameters: dict[str, Json]) -> Json:
        answer = calls.call(self.service, "RunTask", parameters).result
        tasks = answer.get("Tasks", [])
        if answer.get("Failures") or not tasks:
            raise TaskFailedError("AmazonECS.Unknown", failures.cut(wire.dumps(answer)))
        arns = [task["TaskArn"] for task in tasks]
        return {"cluster": tasks[0].get("ClusterArn"), "tasks": arns}

    def _has_failed(self, state: Json) -> bool:
        try:
            self.look(state)
        except PassingError:
            raise
        except TaskFailedError as error:
            return error.error == "States.TaskFailed"
        return False

    def _is_bad(self, task: dict[str, Json]) -> bool:
        if task.get("StopCode", "EssentialContainerExited") != "EssentialContainerExited":
            return True
        bad = {item["Name"] for item in task.get("Containers", []) if item.get("ExitCode") != 0}
        return bool(bad) and bool(bad - self._inessential(task))

    def _inessential(self, task: dict[str, Json]) -> set[str]:
        """Containers that may end badly; none where the definition may not be read."""
        asked = {"TaskDefinition": task.get("TaskDefinitionArn")}
        try:
            answer = calls.call(self.service, "DescribeTaskDefinition", asked).result
        except PassingError:
            raise
        except TaskFailedError:
            return set()
        containers = answer["TaskDefinition"].get("ContainerDefinitions", [])
        return {item["Name"] for item in containers if item.get("Essential") is False}


# --- Batch -------------------------------------------------------------------------------


@dataclass(frozen=True)
class BatchJob:
    """`batch:submitJob.sync`: the job's description.  Batch takes no token of a request."""

    service: Service
    seconds: int = 10

    def start(self, parameters: dict[str, Json]) -> Json:
        """Submit the job."""
        return {"job": calls.call(self.service, "SubmitJob", parameters).result["JobId"]}

    def look(self, state: Json) -> Json | None:
        """The job, once it is SUCCEEDED."""
        answer = calls.call(self.service, "DescribeJobs", {"Jobs": [state["job"]]}).result
        if not answer.get("Jobs"):
            raise failures.failed(answer)
        return _over(answer["Jobs"][0], "Status", good=("SUCCEEDED",), bad=("FAILED",))


# --- Glue --------------------------------------------------------------------------------


@dataclass(frozen=True)
class GlueJobRun:
    """`glue:startJobRun.sync`: the run's description.  Glue takes no token of a request."""

    service: Service
    seconds: int = 15

    def start(self, parameters: dict[str, Json]) -> Json:
        """Start the run."""
        result = calls.call(self.service, "StartJobRun", parameters).result
        return {"job": parameters["JobName"], "run": result["JobRunId"]}

    def look(self, state: Json) -> Json | None:
        """The run, once it is SUCCEEDED; one that was stopped or ran out of time has failed."""
        asked = {"JobName": state["job"], "RunId": state["run"]}
        run = calls.call(self.service, "GetJobRun", asked).result["JobRun"]
        bad = ("FAILED", "TIMEOUT", "ERROR", "STOPPED", "EXPIRED")
        described = {**run, "JobName": state["job"]}
        return _over(described, "JobRunState", good=("SUCCEEDED",), bad=bad)


# --- SageMaker ---------------------------------------------------------------------------


@dataclass(frozen=True)
class TrainingJob:
    """`sagemaker:createTrainingJob.sync`: the job's description.

    The job's name is the key: a job of that name, found by an attempt again, is ours.
    """

    service: Service
    seconds: int = 15

    def start(self, parameters: dict[str, Json]) -> Json:
        """Create the job, or find the one that an earlier attempt of this visit created."""
        try:
            calls.call(self.service, "CreateTrainingJob", parameters)
        except TaskFailedError as error:
            taken = error.error == "SageMaker.ResourceInUseException"
            if not taken or current_task().attempt <= 1:
                raise
        return {"job": parameters["TrainingJobName"]}

    def look(self, state: Json) -> Json | None:
        """The job, once it is Completed; one that was stopped has failed."""
        asked = {"TrainingJobName": state["job"]}
        job = calls.call(self.service, "DescribeTrainingJob", asked).result
        return _over(job, "TrainingJobStatus", good=("Completed",), bad=("Failed", "Stopped"))


def _over(
    description: dict[str, Json], member: str, *, good: tuple[str, ...], bad: tuple[str, ...]
) -> Json | None:
    status = description.get(member)
    if status in bad:
        raise failures.failed(description)
    return description if status in good else None

"""What the Task states of States Language do in AWS, called through boto3.

A resource is an activity type: `arn:aws:states:::dynamodb:putItem` is `aws.dynamodb.putItem`,
`...:ecs:runTask.sync` is `aws.ecs.runTask.sync`, `...:aws-sdk:sfn:startExecution` is
`aws.sdk.sfn.startExecution`.  `aws.map.items` and `aws.map.results` read and write what a
distributed Map has in S3.  The worker calls AWS with its own credentials.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from activities.context import current_task
from activities.services import items, optimised, regions, results, sdk
from errors import TaskFailedError
from wire import Json

__all__ = ["find", "offered"]

_MAPS: dict[str, Callable[[Json], Json]] = {
    "map.items": items.items,
    "map.results": results.results,
}


def find(activity: str) -> Callable[[Json], Json] | None:
    """The function of an activity type; None where it is none of AWS or not offered.

    It takes the Task's parameters and gives its raw result.  One of `.sync` gives
    `wire.pending` until the job is over.  Every `aws.sdk.` type has a function; it raises
    States.Runtime for a service or action that there is not.
    """
    function = _function(activity)
    return None if function is None else functools.partial(_allowed, activity, function)


def offered() -> list[str]:
    """Every activity type that is offered, but for those of `aws.sdk.`."""
    return sorted(f"aws.{name}" for name in [*optimised.FUNCTIONS, *_MAPS])


def _function(activity: str) -> Callable[[Json], Json] | None:
    first, _, rest = activity.partition(".")
    if first != "aws":
        return None
    parts = rest.split(".")
    if parts[0] == "sdk":
        return functools.partial(sdk.perform, *parts[1:]) if len(parts) == 3 else None
    return optimised.FUNCTIONS.get(rest) or _MAPS.get(rest)


def _allowed(activity: str, function: Callable[[Json], Json], parameters: Json) -> Json:
    """Call a function, unless the state asks for another role or region than the worker's."""
    credentials = current_task().credentials
    if credentials and credentials.get("RoleArn"):
        raise TaskFailedError(
            "States.Permissions",
            f"the state asks for the role {credentials['RoleArn']}, and this worker calls AWS with "
            "its own credentials; remove Credentials, or run a worker under that role",
            retryable=False,
        )
    regions.check(activity, parameters)
    return function(parameters)

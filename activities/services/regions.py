"""Resources of other regions than the worker's own: refused before AWS says something unclear."""

from __future__ import annotations

import re
from typing import Any

from activities.context import current_task
from errors import TaskFailedError
from wire import Json

_ARN = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]+):")
_QUEUE = re.compile(r"https://(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com")


def check(activity: str, parameters: Json) -> None:
    """Refuse a call whose own parameters name a resource of that service in another region.

    Only the call's own members are looked at: what lies deeper is data.
    """
    own = current_task().settings.aws_region
    service = activity.removeprefix("aws.").removeprefix("sdk.").partition(".")[0]
    members: dict[str, Any] = parameters if isinstance(parameters, dict) else {}
    for name, value in members.items():
        region = _region(service, value) if isinstance(value, str) else ""
        if region and region != own:
            raise TaskFailedError(
                "States.Runtime",
                f"{name} is in region {region}, and this worker calls AWS in {own}: let a worker "
                f"with AWS_REGION={region} serve this task, by Settings.TaskList of the state",
                retryable=False,
            )


def _region(service: str, text: str) -> str:
    """The region of a resource of a service; empty where the text names none."""
    if queue := _QUEUE.match(text):
        return queue[1] or queue[2]
    arn = _ARN.match(text)
    return arn[2] if arn is not None and arn[1] == service else ""

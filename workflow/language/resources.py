"""What the `Resource` of a Task names: an activity, a function, a service, a process, a signal."""

from __future__ import annotations

import re
from dataclasses import dataclass

from errors import DefinitionError

ACTIVITY, CHILD, SIGNAL = "activity", "child", "signal"

FUNCTION = "aws.lambda"
"""The activity that calls a function named by its ARN."""
INVOKE = "aws.lambda.invoke"
"""The activity that calls a function as `lambda:invoke` does."""
READ_ITEMS, WRITE_RESULTS = "aws.map.items", "aws.map.results"
"""The activities of a distributed Map's ItemReader and ResultWriter."""

_ARN = re.compile(r"arn:aws[a-z-]*:(lambda|states):([^:]*):([^:]*):(.+)")
_ANSWERED = ".waitForTaskToken"


@dataclass(frozen=True)
class Resource:
    """What a Resource means."""

    kind: str
    """`activity`, `child` or `signal`."""
    name: str = ""
    """Of an activity or a signal."""
    token: bool = False
    """Whether the state is over only when its task token is answered."""
    awaited: str = ""
    """Of a child: `sync:2`, `sync`, or empty where it is left to itself."""


def parse(text: str) -> Resource:
    """What a Resource means; `DefinitionError` for one that nothing here runs."""
    found = _ARN.fullmatch(text)
    if found is None:
        raise DefinitionError(f"nothing here runs the Resource {text!r}")
    service, region, _, rest = found.groups()
    if service == "lambda":
        return Resource(ACTIVITY, FUNCTION)
    kind, _, name = rest.partition(":")
    if kind == "activity" and name:
        return Resource(ACTIVITY, name)
    if region or not name:
        raise DefinitionError(f"nothing here runs the Resource {text!r}")
    if kind == "signal":
        return Resource(SIGNAL, name)
    token = name.endswith(_ANSWERED)
    name = name.removesuffix(_ANSWERED)
    if kind == "states" and name.partition(".")[0] == "startExecution":
        return Resource(CHILD, token=token, awaited=name.partition(".")[2])
    return Resource(ACTIVITY, "aws." + _service(kind, name), token)


def _service(kind: str, name: str) -> str:
    if kind == "aws-sdk":
        kind, name = "sdk", name.replace(":", ".")
    return f"{kind}.{name.replace(':', '')}"


FUNCTIONS = (FUNCTION, INVOKE)


def is_function(activity: str) -> bool:
    """Whether an activity calls a Lambda function."""
    return activity in FUNCTIONS


def process_of(arn: str) -> tuple[str, str]:
    """Name and version (empty: the highest) of the process that a state machine's ARN names.

    `arn:aws:states:us-east-1:123456789012:stateMachine:NAME[:VERSION]`, `NAME` or `NAME@VERSION`.
    """
    if arn.startswith("arn:"):
        name, _, version = arn.partition(":stateMachine:")[2].partition(":")
        return (name, version) if version else _split(name)
    return _split(arn)


def _split(text: str) -> tuple[str, str]:
    name, _, version = text.partition("@")
    return name, version

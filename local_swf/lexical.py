"""Rules on text that SWF enforces and its service model does not carry.

The developer guide and the descriptions in the model name the fields; the model itself has
no patterns. Each rule is given a value and answers the broken constraint, or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from local_swf.jsontext import Json

Rule = Callable[[str], str | None]

YEAR_SECONDS = 31_536_000
"""The longest that SWF lets a run, a task or a timeout last."""

MAX_RETENTION_DAYS = 90

MAX_LAMBDA_SECONDS = 900

_FORBIDDEN = re.compile(r"[:/|\x00-\x1f\x7f-\x9f]")
_PATTERN = "Member must satisfy regular expression pattern: "
INVALID = "Invalid"
"""What the rules on names answer: SWF has no pattern for them, and says `Invalid name: a:b`."""


def name(value: str) -> str | None:
    """No `:`, `/`, `|` or control character, and not the bare word `arn`."""
    if value == "arn" or _FORBIDDEN.search(value):
        return INVALID
    return None


def trimmed_name(value: str) -> str | None:
    """A name that also has no white space at its ends."""
    if value != value.strip():
        return INVALID
    return name(value)


def seconds(value: str) -> str | None:
    """A whole number of seconds, at most a year."""
    if not (value.isascii() and value.isdigit()):
        return _PATTERN + "[0-9]+"
    if int(value) > YEAR_SECONDS:
        return f"Member must have value less than or equal to {YEAR_SECONDS}"
    return None


def optional_seconds(value: str) -> str | None:
    """Seconds, or `NONE` for no limit."""
    if value == "NONE":
        return None
    broken = seconds(value)
    return _PATTERN + "[0-9]+|NONE" if broken and broken.startswith(_PATTERN) else broken


def lambda_seconds(value: str) -> str | None:
    """How long a Lambda function may take: 1 to 900 seconds, or `NONE` for the most."""
    if (broken := optional_seconds(value)) is not None or value == "NONE":
        return broken
    if not 1 <= int(value) <= MAX_LAMBDA_SECONDS:
        return f"Member must have value between 1 and {MAX_LAMBDA_SECONDS}"
    return None


def days(value: str) -> str | None:
    """A retention period: `NONE`, or 0 to 90 days."""
    if value == "NONE":
        return None
    if not (value.isascii() and value.isdigit()):
        return _PATTERN + "[0-9]+|NONE"
    if int(value) > MAX_RETENTION_DAYS:
        return f"Member must have value less than or equal to {MAX_RETENTION_DAYS}"
    return None


def priority(value: str) -> str | None:
    """A whole number that fits 32 bits with its sign."""
    if not re.fullmatch(r"[+-]?[0-9]{1,10}", value, re.ASCII):
        return _PATTERN + "-?[0-9]+"
    if not -(2**31) <= int(value) < 2**31:
        return "Member must have value between -2147483648 and 2147483647"
    return None


def tag_text(value: str) -> str | None:
    """Letters, digits, white space and `_ . : / = + - @`, as resource tags allow."""
    if all(c.isalnum() or c.isspace() or c in "_.:/=+-@" for c in value):
        return None
    return _PATTERN + r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"


BY_SHAPE: dict[str, Rule] = {
    "DurationInSeconds": optional_seconds,
    "DurationInSecondsOptional": optional_seconds,
    "DurationInDays": days,
    "TaskPriority": priority,
    "ResourceTagKey": tag_text,
    "ResourceTagValue": tag_text,
}
"""Rules that belong to a shape wherever it is used."""

_WITHOUT_NONE = {
    "executionStartToCloseTimeout": seconds,
    "defaultExecutionStartToCloseTimeout": seconds,
    "startToFireTimeout": seconds,
}

BY_MEMBER: dict[tuple[str, str], Rule] = {
    ("RegisterDomainInput", "name"): trimmed_name,
    ("RegisterWorkflowTypeInput", "name"): name,
    ("RegisterWorkflowTypeInput", "version"): name,
    ("RegisterActivityTypeInput", "name"): name,
    ("RegisterActivityTypeInput", "version"): name,
    ("StartWorkflowExecutionInput", "domain"): name,
    ("StartWorkflowExecutionInput", "workflowId"): name,
    ("StartWorkflowExecutionInput", "taskList"): name,
    ("StartChildWorkflowExecutionDecisionAttributes", "taskList"): trimmed_name,
    ("PollForDecisionTaskInput", "taskList"): name,
    ("PollForActivityTaskInput", "taskList"): trimmed_name,
    ("ScheduleActivityTaskDecisionAttributes", "activityId"): name,
    ("ScheduleActivityTaskDecisionAttributes", "taskList"): name,
    ("StartTimerDecisionAttributes", "timerId"): name,
    ("ScheduleLambdaFunctionDecisionAttributes", "id"): name,
    ("ScheduleLambdaFunctionDecisionAttributes", "startToCloseTimeout"): lambda_seconds,
}
"""Rules that the documentation states for one member of one structure.

It states one for a child's workflowId too, which the service does not keep to: the Flow
frameworks start their children as `RUN-ID:NUMBER`.
"""


def rule_for(structure: str, member: str) -> Rule | None:
    """The rule for a member beyond that of its shape, if any."""
    return BY_MEMBER.get((structure, member)) or _WITHOUT_NONE.get(member)


def text_of(value: Json) -> str:
    """The text a rule looks at: a task list is judged by its name."""
    text: str = value["name"] if isinstance(value, dict) else value
    return text

"""The ARN that a Task names: what can be one, and what an Express machine may not call.

arn:aws:lambda:REGION:ACCOUNT:function:NAME         arn:aws:states:::SERVICE:ACTION
arn:aws:states:REGION:ACCOUNT:activity:NAME         ....sync   .sync:2   .waitForTaskToken
arn:aws:states:::aws-sdk:SERVICE:ACTION             arn:aws:states:::signal:NAME (ours)
                                                    arn:aws:states:::activity:NAME (ours)
"""

from __future__ import annotations

import re

from asl.validation.report import Node, quoted

PATTERNS = ("", ".sync", ".sync:2", ".waitForTaskToken")
"""How a call of a service may end: how its end is waited for."""

SIGNAL = re.compile(r"arn:[^:]+:states:::signal:.+", re.DOTALL)

_ARN = re.compile(r"arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:.+", re.DOTALL)
_SERVICE = re.compile(r"arn:[^:]+:states:::(.*)", re.DOTALL)
_CALL = re.compile(r"[A-Za-z0-9_-]+:(?:[A-Za-z0-9_-]+:)?[A-Za-z0-9_-]+(.*)", re.DOTALL)
_OURS = re.compile(r"(?:signal|activity):.+", re.DOTALL)
_ACTIVITY = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:activity:.+", re.DOTALL)


def check(node: Node) -> None:
    """Check the Resource of a Task, if it is a text."""
    resource = node.members.get("Resource")
    if not isinstance(resource, str):
        return
    pattern = _pattern(resource)
    if pattern is None:
        node.error(
            f"The resource provided {quoted(resource)} is not recognized. "
            "The value is not a valid resource ARN",
            "Resource",
        )
    elif node.report.express:
        _check_express(node, resource, pattern)


def _pattern(resource: str) -> str | None:
    """How the end of a call is waited for; None where the text is no ARN of a Task."""
    if not _ARN.fullmatch(resource):
        return None
    call = _SERVICE.fullmatch(resource)
    if call is None or _OURS.fullmatch(call.group(1)):
        return ""
    form = _CALL.fullmatch(call.group(1))
    return form.group(1) if form is not None and form.group(1) in PATTERNS else None


def _check_express(node: Node, resource: str, pattern: str) -> None:
    if _ACTIVITY.fullmatch(resource):
        node.error("Express state machine does not support Activity ARN", "Resource")
    elif pattern:
        # AWS names the pattern without its version
        name = pattern.split(":", maxsplit=1)[0]
        message = f"Express state machine does not support '{name}' service integration"
        node.error(message, "Resource")

"""Retriers and catchers."""

from __future__ import annotations

from asl.validation import fields, values
from asl.validation.report import Node, quoted

ALL = "States.ALL"
DELAY = 31_622_400
"""Seconds that MaxDelaySeconds may have: 366 days."""

NAMES = fields.names(
    "States.ALL States.BranchFailed States.DataLimitExceeded "
    "States.ExceedToleratedFailureThreshold States.HeartbeatTimeout States.Http.Socket "
    "States.IntrinsicFailure States.ItemReaderFailed States.NoChoiceMatched "
    "States.ParameterPathFailure States.Permissions States.QueryEvaluationError "
    "States.ResultPathMatchFailure States.ResultWriterFailed States.Runtime States.TaskFailed "
    "States.Timeout"
)
"""The names that States Language reserves."""


def retriers(node: Node) -> None:
    """Check the Retry of a state."""
    nodes = node.objects("Retry")
    for number, retrier in enumerate(nodes, 1):
        fields.check(retrier, fields.RETRIER)
        _errors(retrier, last=number == len(nodes))
        _pace(retrier)


def catchers(node: Node) -> list[Node]:
    """Check the Catch of a state, but for its targets; the catchers."""
    nodes = node.objects("Catch")
    for number, catcher in enumerate(nodes, 1):
        fields.check(catcher, fields.CATCHER)
        values.required(catcher, "Next")
        _errors(catcher, last=number == len(nodes))
        if catcher.jsonata:
            if "Output" in catcher.members:
                values.output(catcher, caught=True)
        else:
            values.result_path(catcher)
    return nodes


def _pace(retrier: Node) -> None:
    interval = values.whole(_plain(retrier), "IntervalSeconds", 0, values.SECONDS)
    if interval == 0:
        retrier.warn("IntervalSeconds is a positive number", "IntervalSeconds")
    values.whole(_plain(retrier), "MaxAttempts", 0, values.SECONDS)
    values.number(_plain(retrier), "BackoffRate", 1.0)
    most = values.whole(_plain(retrier), "MaxDelaySeconds", 1, DELAY)
    if interval is not None and most is not None and most <= interval:
        retrier.error("MaxDelaySeconds must be greater than IntervalSeconds", "MaxDelaySeconds")
    values.one_of(_plain(retrier), "JitterStrategy", "FULL", "NONE")


def _plain(retrier: Node) -> Node:
    """A retrier has no expressions, whatever the language."""
    return Node(retrier.report, retrier.trail, retrier.members)


def _errors(node: Node, *, last: bool) -> None:
    """Check ErrorEquals: names, with States.ALL alone and in the last entry."""
    if not values.required(node, "ErrorEquals"):
        return
    names = node.members["ErrorEquals"]
    if not isinstance(names, list):
        node.error("Expected value of type [ARRAY]", "ErrorEquals")
        return
    if not names:
        node.error("ErrorEquals needs at least one error name", "ErrorEquals")
    trail = node.at("ErrorEquals")
    for number, name in enumerate(names):
        if not isinstance(name, str):
            node.report.add((trail, number), "Expected value of type [STRING]")
        elif name == ALL and not (last and len(names) == 1):
            message = f"{ALL} must appear alone and at end of list"
            node.report.add((trail, number), message)
        elif name.startswith("States.") and name not in NAMES:
            message = f"no error of States Language is named {quoted(name)}"
            node.report.add((trail, number), message, severity="WARNING")

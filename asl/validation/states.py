"""What each type of state needs, beside its members, targets and parts with states of their own."""

from __future__ import annotations

from collections.abc import Callable

from asl.diagnostics import PASS_RESULT
from asl.validation import fields, jsonata, resources, values
from asl.validation.report import Node
from expressions import choices
from expressions.moments import instant
from expressions.templates import SUFFIX


def task(node: Node) -> None:
    """Check a Task."""
    if values.required(node, "Resource"):
        values.text(node, "Resource")
        resources.check(node)
    values.payload(node, "Arguments" if node.jsonata else "Parameters")
    timeout = _time(node, "TimeoutSeconds")
    heartbeat = _time(node, "HeartbeatSeconds")
    if timeout is not None and heartbeat is not None and heartbeat >= timeout:
        node.error("HeartbeatSeconds must be smaller than TimeoutSeconds", "HeartbeatSeconds")
    _credentials(node)


def parallel(node: Node) -> None:
    """Check a Parallel state, but for its branches' states."""
    if values.required(node, "Branches") and node.members["Branches"] == []:
        node.error("Branches needs at least one branch", "Branches")
    values.payload(node, "Arguments" if node.jsonata else "Parameters")


def pass_(node: Node) -> None:
    """Check a Pass."""
    if node.jsonata:
        return
    values.template(node, "Parameters")
    for trail, _, name, _ in values.walk(node.members.get("Result"), node.at("Result")):
        if isinstance(name, str) and name.endswith(SUFFIX):
            message = "the Result of a Pass is literal: paths in it are not evaluated"
            node.report.add(trail, message, PASS_RESULT, "WARNING")


def wait(node: Node) -> None:
    """Check a Wait: exactly one of its four members, and its form."""
    names = ("Seconds", "Timestamp", "SecondsPath", "TimestampPath")
    given = [name for name in names if name in node.members]
    if len(given) != 1:
        node.error(f"There should be exactly one of the following fields: [{', '.join(names)}]")
    values.whole(node, "Seconds", 0, values.SECONDS)
    values.expression(node, "Seconds")
    moment = values.text(node, "Timestamp")
    if moment is not None and node.jsonata and jsonata.is_expression(moment):
        values.expression(node, "Timestamp")
    elif moment is not None and instant(moment) is None:
        message = "Value must be a timestamp as in RFC 3339, such as 2016-03-14T01:59:00Z"
        node.error(message, "Timestamp")
    if not node.jsonata:
        values.reference(node, "SecondsPath", sure=False)
        values.reference(node, "TimestampPath", sure=False)


def choice(node: Node) -> None:
    """Check a Choice, but for its targets."""
    values.text(node, "Default")
    if not values.required(node, "Choices"):
        return
    if node.members["Choices"] == []:
        node.error("Choices needs at least one rule", "Choices")
    for rule in node.objects("Choices"):
        values.required(rule, "Next")
        values.text(rule, "Next")
        (_condition if rule.jsonata else _operators)(rule)


def succeed(_node: Node) -> None:
    """Check a Succeed: there is nothing of its own."""


def fail(node: Node) -> None:
    """Check a Fail."""
    values.only_one(node, "Error", "ErrorPath")
    values.only_one(node, "Cause", "CausePath")
    for name in ("Error", "Cause"):
        values.text(node, name)
        values.expression(node, name)
        if not node.jsonata:
            values.path(node, f"{name}Path", call=True)


CHECKS: dict[str, Callable[[Node], None]] = {
    "Task": task, "Parallel": parallel, "Pass": pass_, "Wait": wait, "Choice": choice,
    "Succeed": succeed, "Fail": fail,
}  # fmt: skip
"""By type; a Map has a module of its own."""


def common(node: Node, kind: str) -> None:
    """Check the members that types share: paths and Output."""
    if node.jsonata:
        if "Output" in node.members:
            values.output(node, result=kind in ("Task", "Parallel", "Map"))
    else:
        values.path(node, "InputPath", null=True)
        values.path(node, "OutputPath", null=True)
        values.result_path(node)
        values.template(node, "ResultSelector")


def _time(node: Node, name: str) -> int | None:
    values.only_one(node, name, f"{name}Path")
    values.expression(node, name)
    if not node.jsonata:
        values.reference(node, f"{name}Path", sure=False)
    return values.whole(node, name, 1, values.SECONDS)


def _credentials(node: Node) -> None:
    credentials = node.object("Credentials")
    if credentials is None:
        return
    if "RoleArn" not in credentials.members and "RoleArn.$" not in credentials.members:
        credentials.error("These fields are required: [RoleArn]")
    fields.check(credentials, fields.names("RoleArn RoleArn.$ Comment"), sure=False)
    values.text(credentials, "RoleArn")
    if not node.jsonata:
        values.template(node, "Credentials")


# --- rules ------------------------------------------------------------------------------------

_RULE = fields.names("Condition Next Assign Output Comment")


def _condition(rule: Node) -> None:
    """Check a rule in JSONata."""
    for key in rule.members:
        if key not in _RULE:
            rule.error(f"Field '{key[:100]}' is not supported", key)
    if values.required(rule, "Condition"):
        condition = rule.members["Condition"]
        if not isinstance(condition, bool):
            values.text(rule, "Condition")
            if isinstance(condition, str) and not jsonata.is_expression(condition):
                rule.warn("this is no expression: it never holds", "Condition")
        values.expression(rule, "Condition")
    if "Output" in rule.members:
        values.output(rule, result=False)


def _operators(rule: Node) -> None:
    """Check a rule in JSONPath."""
    if "Condition" in rule.members or "Output" in rule.members:
        name = "Condition" if "Condition" in rule.members else "Output"
        rule.error(
            f"The QueryLanguage is set to 'JSONPath', but field '{name}' is only supported for "
            "the 'JSONata' QueryLanguage",
            name,
        )
        return
    for problem in choices.problems(rule.members):
        trail = rule.trail
        for key in problem.pointer.split("/")[1:]:
            trail = (trail, key)
        rule.report.add(trail, problem.message)

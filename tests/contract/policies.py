"""Policies as IAM reads them, and a record of what each process asks of SWF.

A request is allowed where a statement names its action, its resource and, under a condition, a
value of the request that fits: a request without that value does not fit, as in IAM.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import boto3
import pytest

from activity_worker import ActivityWorker
from decision_worker import DecisionWorker
from swf.connection import Connection
from swf_client import SwfClient
from tests.contract.documents import ROOT
from workflow_starter import WorkflowStarter

FOLDER = ROOT / "deploy" / "iam"
POLICIES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.json"))

SWF = boto3.client("swf", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x").meta
OPERATIONS: dict[str, str] = dict(SWF.method_to_api_mapping)
DECISIONS = frozenset(SWF.service_model.shape_for("DecisionType").enum)
TASK_LIST = "swf:taskList.name"

PLACEHOLDERS = {
    "DEPLOYMENTS_TOPIC": "deployments",
    "FILES_TOPIC": "files",
    "INBOX": "inbox",
    "LAMBDA_ROLE_NAME": "swf-lambda",
    "NOTIFIER_TOPIC": "orders",
    "ALERTS_TOPIC": "on-call",
    "TASK_LIST": "business-process-tasks",
    "ACCOUNT": "123456789012",
    "REGION": "us-east-1",
    "DOMAIN": "business-process-domain",
    "BUCKET": "payloads",
    "PREFIX": "prod",
}
"""What the policies leave to whoever deploys, longer names first; and values for tests."""


@dataclass(frozen=True)
class Request:
    """Something that somebody asks of AWS."""

    action: str
    """`swf:StartTimer`: operations and, inside a response, decisions alike."""
    resource: str
    keys: tuple[tuple[str, str], ...] = ()
    """What conditions may be about."""


@dataclass(frozen=True)
class Policy:
    """One policy, filled in."""

    document: dict[str, Any]

    @classmethod
    def read(cls, name: str) -> Policy:
        """The policy of a file below deploy/iam."""
        return cls.of((FOLDER / name).read_text("utf-8"))

    @classmethod
    def of(cls, text: str) -> Policy:
        """The policy of a text with placeholders."""
        for placeholder, value in PLACEHOLDERS.items():
            text = text.replace(placeholder, value)
        return cls(json.loads(text))

    @property
    def statements(self) -> list[dict[str, Any]]:
        """Its statements."""
        return list(self.document["Statement"])

    @property
    def actions(self) -> set[str]:
        """Every action that it names."""
        return {action for statement in self.statements for action in statement["Action"]}

    def allows(self, request: Request) -> bool:
        """Whether one of its statements allows a request."""
        return any(_allows(statement, request) for statement in self.statements)

    def without(self, action: str) -> Policy:
        """The same without an action."""
        kept = [
            {**item, "Action": [name for name in item["Action"] if name != action]}
            for item in self.statements
        ]
        return Policy({**self.document, "Statement": kept})


def _allows(statement: Mapping[str, Any], request: Request) -> bool:
    keys = dict(request.keys)
    return (
        request.action in statement["Action"]
        and any(fnmatchcase(request.resource, one) for one in _several(statement["Resource"]))
        and all(
            key in keys and any(fnmatchcase(keys[key], one) for one in _several(wanted))
            for conditions in statement.get("Condition", {}).values()
            for key, wanted in conditions.items()
        )
    )


def _several(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


POLICY_OF = {
    "set-up": ("set-up.json",),
    "starter": ("starter.json",),
    "decider": ("decider.json",),
    "activity-worker": ("activity-worker.json",),
    "read-only-page": ("read-only-page.json",),
    "page": ("starter.json", "set-up.json"),
    "gc": ("gc.json",),
}
"""Which policies a role has together."""

NEEDED_BY = {
    "set-up.json": ("set-up",),
    "starter.json": ("starter", "page"),
    "decider.json": ("decider",),
    "activity-worker.json": ("activity-worker",),
    "read-only-page.json": ("read-only-page",),
    "gc.json": ("gc",),
    "first-try.json": ("set-up", "starter", "page", "decider", "activity-worker"),
}
"""Which roles need what a policy allows."""


# --- what processes ask -----------------------------------------------------------------------

ROLES: dict[type, str] = {
    DecisionWorker: "decider",
    ActivityWorker: "activity-worker",
    WorkflowStarter: "starter",
}
"""The role of whatever has a client of its own."""


@dataclass
class Recording:
    """What each role asked of SWF while it was recorded."""

    requests: dict[str, set[Request]] = field(default_factory=dict)
    others: str = "set-up"
    """The role of clients that belong to none of `ROLES`, and that nobody has named."""
    _roles: dict[int, str] = field(default_factory=dict)
    _kept: list[Connection] = field(default_factory=list)

    def name(self, client: SwfClient, role: str) -> None:
        """Whose client this is."""
        self._kept.append(client._connection)  # so that no other gets its id
        self._roles[id(client._connection)] = role

    def take(self, connection: Connection, operation: str, members: Mapping[str, Any]) -> None:
        """Somebody calls an operation."""
        role = self._roles.get(id(connection), self.others)
        domain = connection._settings.swf_domain
        self.requests.setdefault(role, set()).update(
            asked(OPERATIONS[operation], dict(members), domain)
        )

    def actions(self, *roles: str) -> set[str]:
        """The actions that these roles needed."""
        return {request.action for role in roles for request in self.requests.get(role, ())}


def asked(operation: str, members: Mapping[str, Any], domain: str) -> Iterator[Request]:
    """What a call asks of IAM: itself, and every decision that it brings."""
    decisions = members.get("decisions", ())
    # The list that a response names for later decision tasks is no key of it.
    keys = () if operation == "RespondDecisionTaskCompleted" else _keys(members)
    yield Request(f"swf:{operation}", at_domain(operation, domain), keys)
    for decision in decisions:
        kind = decision["decisionType"]
        block = decision.get(f"{kind[0].lower()}{kind[1:]}DecisionAttributes", {})
        yield Request(f"swf:{kind}", at_domain(kind, domain), _keys(block))


def at_domain(action: str, domain: str = PLACEHOLDERS["DOMAIN"]) -> str:
    """The resource of an action: a domain, but where there is none yet or all are meant."""
    if action in ("RegisterDomain", "ListDomains"):
        return "*"
    return f"arn:aws:swf:us-east-1:123456789012:/domain/{domain}"


def _keys(members: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    task_list = members.get("taskList")
    return ((TASK_LIST, task_list["name"]),) if task_list else ()


@contextmanager
def recorded() -> Iterator[Recording]:
    """Record what every client in this process calls."""
    recording = Recording()
    once = Connection.once

    def call(connection: Connection, operation: str, members: Any, **options: Any) -> Any:
        recording.take(connection, operation, members)
        return once(connection, operation, members, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "once", call)
        for kind in ROLES:
            _announce(patch, kind, recording)
        yield recording


def _announce(patch: pytest.MonkeyPatch, kind: type, recording: Recording) -> None:
    """Have whatever is made of a kind say whose its client is."""
    begin: Any = kind.__init__  # type: ignore[misc]

    def made(owner: Any, *arguments: Any, **options: Any) -> None:
        begin(owner, *arguments, **options)
        recording.name(owner.swf_client, ROLES[kind])

    patch.setattr(kind, "__init__", made)


def relative(path: Path) -> str:
    """A path as documents name it."""
    return path.relative_to(ROOT).as_posix()

"""deploy/iam as text: actions and resources that AWS knows, conditions that it looks at."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from importlib import resources
from typing import Any

import pytest

from decision_worker import DecisionWorker
from tests.contract.documents import read
from tests.contract.policies import (
    DECISIONS,
    FOLDER,
    OPERATIONS,
    PLACEHOLDERS,
    POLICIES,
    SWF,
    TASK_LIST,
    Policy,
)

KNOWN: dict[str, Any] = json.loads(
    (resources.files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json").read_text()
)
"""AWS's own list of actions and resources, as cfn-lint brings it: names in small letters."""

UNLISTED = {"swf:ScheduleLambdaFunction"}
"""No list of AWS names it, nor has its failure a cause OPERATION_NOT_PERMITTED: LAMBDA_ROLE alone
seems to decide.  It is allowed all the same, for a decision is refused unless it is."""

UNSCOPED = {"swf:RegisterDomain", "swf:ListDomains"}
"""What has no domain yet, or is about all."""

MANAGED_CHARACTERS = 6_144
"""Most that a managed policy may hold, blanks not counted."""


def limited_by_list() -> set[str]:
    """The actions of which SWF's documentation says that a policy may name their task lists."""
    model = SWF.service_model
    told = {name: model.operation_model(name).documentation for name in model.operation_names}
    for kind in DECISIONS:
        told[kind] = model.shape_for(f"{kind}DecisionAttributes").documentation
    return {f"swf:{name}" for name, text in told.items() if f"<code>{TASK_LIST}</code>" in text}


LIMITED = limited_by_list()


def complaints(document: dict[str, Any]) -> list[str]:
    """What is wrong with a policy."""
    found = [] if document.get("Version") == "2012-10-17" else ["Version"]
    sids = [statement.get("Sid", "") for statement in document["Statement"]]
    found += ["Sids"] if len(set(sids)) != len(sids) else []
    found += [f"Sid {sid!r}" for sid in sids if not re.fullmatch("[A-Za-z0-9]+", sid)]
    text = re.sub(r"\s", "", json.dumps(document))
    found += ["too long"] if len(text) > MANAGED_CHARACTERS else []
    for statement in document["Statement"]:
        found += _complaints(statement)
    return found


def _complaints(statement: dict[str, Any]) -> list[str]:
    actions, place = statement["Action"], statement["Resource"]
    found = [] if statement["Effect"] == "Allow" else ["Effect"]
    found += [f"{action} twice" for action in set(actions) if actions.count(action) > 1]
    found += [f"unknown action {action}" for action in actions if not _is_known(action)]
    for action in actions:
        if (place == "*") != (action in UNSCOPED):
            found.append(f"{action} on {place}")
        elif action.startswith("swf:") and action not in UNSCOPED:
            found += [] if place.startswith("arn:aws:swf:REGION:ACCOUNT:/domain/") else ["domain"]
        has = TASK_LIST in json.dumps(statement.get("Condition", {}))
        if has != (action in LIMITED):
            found.append(f"{action} {'with' if has else 'without'} a task list")
    return found


def _is_known(action: str) -> bool:
    service, _, name = action.partition(":")
    if service == "swf" and name not in {*OPERATIONS.values(), *DECISIONS}:
        return False
    return action in UNLISTED or name.lower() in KNOWN.get(service, {}).get("Actions", {})


@pytest.mark.parametrize("name", POLICIES)
def test_there_is_nothing_to_complain_of(name: str) -> None:
    assert complaints(json.loads((FOLDER / name).read_text("utf-8"))) == []


def test_what_is_unlisted_is_still_unlisted() -> None:
    causes = SWF.service_model.shape_for("ScheduleLambdaFunctionFailedCause").enum

    assert "schedulelambdafunction" not in KNOWN["swf"]["Actions"]
    assert "OPERATION_NOT_PERMITTED" not in causes


@pytest.mark.parametrize(
    ("member", "value", "complaint"),
    [
        ("Action", ["swf:PollForDecisionTasks"], "unknown action swf:PollForDecisionTasks"),
        ("Action", ["s3:GetObjects"], "unknown action s3:GetObjects"),
        ("Action", ["swf:*"], "unknown action swf:*"),
        ("Action", ["swf:StartTimer"], "swf:StartTimer with a task list"),
        ("Condition", {}, "swf:PollForDecisionTask without a task list"),
        ("Resource", "*", "swf:PollForDecisionTask on *"),
        ("Resource", "arn:aws:swf:REGION:ACCOUNT:domain/DOMAIN", "domain"),
        ("Effect", "Deny", "Effect"),
        ("Sid", "Two words", "Sid 'Two words'"),
        ("Sid", "X" * 7_000, "too long"),
    ],
)
def test_what_is_wrong_is_complained_of(member: str, value: Any, complaint: str) -> None:
    document = deepcopy(json.loads((FOLDER / "decider.json").read_text("utf-8")))
    document["Statement"][0][member] = value

    assert complaint in complaints(document)


def test_the_first_try_is_the_four_together() -> None:
    parts = ["set-up.json", "starter.json", "decider.json", "activity-worker.json"]
    together = [statement for name in parts for statement in Policy.read(name).statements]
    whole = Policy.read("first-try.json")

    assert whole.statements == together
    assert whole.actions == set().union(*(Policy.read(name).actions for name in parts))


def test_a_deciders_own_list_fits_whatever_its_host_is_called() -> None:
    """It begins with the shared list's name and a hyphen, and the policies allow just that."""
    lists = Policy.read("decider.json").statements[0]["Condition"]["StringLike"][TASK_LIST]
    shared = PLACEHOLDERS["TASK_LIST"]

    assert lists == [shared, f"{shared}-*"]
    assert DecisionWorker(task_list=shared)._own_list.startswith(f"{shared}-")


def test_the_document_names_every_policy_and_every_placeholder() -> None:
    text = read("docs/SECURITY.md")
    used = {
        word
        for name in POLICIES
        for word in re.findall(r"\b[A-Z][A-Z_]{3,}\b", (FOLDER / name).read_text("utf-8"))
    }

    assert used == PLACEHOLDERS.keys()
    assert [word for word in used if f"`{word}`" not in text] == []
    for name in POLICIES:
        folder, _, file = name.rpartition("/")
        assert f"](../deploy/iam/{folder or file})" in text, name

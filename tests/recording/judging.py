"""Whether what the test suite asked of SWF is what deploy/iam allows, both ways."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tests.contract.policies import (
    NEEDED_BY,
    PLACEHOLDERS,
    POLICY_OF,
    TASK_LIST,
    Policy,
    Request,
    at_domain,
)

Asked = tuple[str, str, str]
"""Role, action without `swf:`, and which task list it names."""

SHARED = PLACEHOLDERS["TASK_LIST"]
LISTS = {"": None, "shared": SHARED, "own": f"{SHARED}-host-1", "other": SHARED}
"""What stands for a task list.  Another one than the shared has to be added to the policies, as
SECURITY.md says: it is judged as if it had been."""


def read(folder: Path) -> dict[Asked, str]:
    """What was asked, and a test in which it was; lines that a full disk cut are passed over."""
    found: dict[Asked, str] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text("utf-8", "replace").splitlines():
            with suppress(json.JSONDecodeError):
                role, action, task_list, test = json.loads(line)
                found.setdefault((role, action, task_list), test)
    return found


def as_request(action: str, task_list: str) -> Request:
    """What IAM is asked for."""
    name = LISTS[task_list]
    return Request(
        f"swf:{action}", at_domain(action), ((TASK_LIST, name),) if name is not None else ()
    )


def refused(asked: dict[Asked, str]) -> Iterator[str]:
    """A line for each request that the policies of its role do not allow."""
    policies = {role: [Policy.read(n) for n in names] for role, names in POLICY_OF.items()}
    for (role, action, task_list), test in sorted(asked.items()):
        request = as_request(action, task_list)
        if not any(policy.allows(request) for policy in policies[role]):
            named = f" with {task_list} task list" if task_list else ""
            yield f"{role} asks swf:{action}{named}, which no policy allows, in {test}"


def unused(asked: Iterable[Asked]) -> Iterator[str]:
    """A line for each action that a policy allows and no process of its roles asked for."""
    used = {(role, f"swf:{action}") for role, action, _ in asked}
    for name, roles in NEEDED_BY.items():
        for action in sorted(Policy.read(name).actions):
            if action.startswith("swf:") and not any((role, action) in used for role in roles):
                yield f"{name} allows {action}, for which no {' or '.join(roles)} asked"

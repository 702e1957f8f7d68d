"""Two releases of the project: copies of it, the newer changed as a user would change it.

Its process has one step more, and another compensation.  In both, an order that says so is
refused at the last step, so that compensations are to be seen, or tarries there: it is done at
the third attempt, and open for as long as that takes.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import published
from process import NAME
from tests.chaos.parts import ROOT
from workflow import Definition

OLDER, NEWER = "1.0", "1.1"
ADDED = "CheckFraud"
UNDONE = "SaveResults"
UNDOES = {OLDER: "RollbackStep", NEWER: "WithdrawOrder"}
"""The activity that undoes that step, by version."""

_KEPT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".data", ".env", "tests", "bench", "__pycache__", ".*_cache", ".hypothesis"
)

_NOTIFYING = """
from activities.context import current_task
from activities.notification import notify_completion
from errors import NonRetryableError


def notify_slowly(data):
    if data["metadata"]["tarry"] and current_task().attempt < 3:
        raise ConnectionError("not yet")
    if data["metadata"]["refuse"]:
        raise NonRetryableError("refused")
    return notify_completion(data)
"""

_NOTIFIES = """

from activities.notifying import notify_slowly

ACTIVITIES["NotifyCompletion"] = notify_slowly
"""

_CHECKING = """
def check_fraud(data):
    return {"status": "clean", "order_id": data["order_id"]}
"""

_CHECKS = f'''
from activities.fraud import check_fraud

ACTIVITIES["{ADDED}"] = check_fraud
ACTIVITIES["{UNDOES[NEWER]}"] = rollback_step
'''


@dataclass(frozen=True)
class Release:
    """A project folder, with the version that its settings name."""

    folder: Path
    version: str

    def definition(self, version: str) -> Definition:
        """What this release published under a version."""
        found = published.read(NAME, version, self.folder / "definitions")
        assert found is not None
        return found

    def keep(self, other: Release) -> None:
        """Take over what another release has published."""
        name = published.file_of(NAME, other.version).name
        shutil.copy(other.folder / "definitions" / name, self.folder / "definitions" / name)


def made(folder: Path) -> tuple[Release, Release]:
    """The older release and the newer one."""
    older, newer = Release(folder / "older", OLDER), Release(folder / "newer", NEWER)
    for release in (older, newer):
        shutil.copytree(ROOT, release.folder, ignore=_KEPT_OUT)
        (release.folder / "activities" / "notifying.py").write_text(_NOTIFYING)
        _append(release.folder / "activities" / "registry.py", _NOTIFIES)
    (newer.folder / "activities" / "fraud.py").write_text(_CHECKING)
    _append(newer.folder / "activities" / "registry.py", _CHECKS)
    steps = newer.folder / "process.py"
    _replace(steps, f'    step("{UNDONE}"', f'    step("{ADDED}"),\n    step("{UNDONE}"')
    _replace(steps, f'compensation="{UNDOES[OLDER]}"', f'compensation="{UNDOES[NEWER]}"')
    return older, newer


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _replace(path: Path, before: str, after: str) -> None:
    content = path.read_text("utf-8")
    assert content.count(before) == 1
    path.write_text(content.replace(before, after), "utf-8")

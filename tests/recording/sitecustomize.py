"""Records, in whatever Python process of the test suite, what is asked of SWF and by which role.

Python imports a module of this name by itself where its folder is on PYTHONPATH: that is how
processes that tests start are recorded too.  Each new kind of request is written at once as a
line of JSON, for processes are killed: role, action, task list, and the test.  Imports nothing
before `swf.connection` is imported by somebody else.

The role is read from the stack: what asks is the nearest of our modules outside the client.
Where that says nothing (a thread that only polls), it is whoever made the connection.  What a
test asks itself is nobody's.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
from weakref import WeakKeyDictionary

TYPE_CHECKING = False  # as typing has it, which takes a moment that each process would wait
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

FOLDER = "RECORDED_CALLS"
"""The environment variable that names where to write."""
ITSELF = "tests/recording/"
CLIENT = ("swf/", "swf_client.py")
TESTS = ("tests/", "bench/", "docs/")
ROLES = {
    "setup.py": "set-up",
    "starter/garbage.py": "gc",
    "dashboard/": "page",
    "decision_worker.py": "decider",
    "activity_worker.py": "activity-worker",
}
STARTER = ("workflow_starter.py", "starter/", "cli/", "demonstration/")
"""The starter; unless further out the page or `gc` stands, whose means it is."""


class Recorder:
    """What was asked so far in this process, and by whom."""

    def __init__(self, folder: str, root: str) -> None:
        self._file = os.path.join(folder, f"{os.getpid()}.jsonl")  # noqa: PTH118 - as above
        self._root = root + os.sep
        # Weak: tests make thousands of connections, each with its sockets.
        self._owners: WeakKeyDictionary[Any, str | None] = WeakKeyDictionary()
        self._read_only: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
        self._seen: set[tuple[str, str, str]] = set()

    def made(self, connection: Any) -> None:
        """A connection is made, by whoever stands on the stack."""
        self._owners[connection], _ = self._asker(sys._getframe(2))

    def shown(self, connection: Any, *, read_only: bool) -> None:
        """A page is made on a connection."""
        self._read_only[connection] = self._read_only.get(connection, True) and read_only

    def asks(self, connection: Any, operation: str, members: Any) -> None:
        """Somebody calls an operation."""
        role = self._role(connection)
        if role is None:
            return
        shared = connection._settings.swf_task_list
        name = "".join(word.capitalize() for word in operation.split("_"))
        # The list that a response names for later decision tasks is no key of it.
        own = {} if name == "RespondDecisionTaskCompleted" else members
        asked = [(role, name, _list(own, shared))]
        for decision in members.get("decisions", ()):
            kind = decision["decisionType"]
            block = decision.get(f"{kind[0].lower()}{kind[1:]}DecisionAttributes", {})
            asked.append((role, kind, _list(block, shared)))
        for one in asked:
            if one not in self._seen and self.writes(one):
                self._seen.add(one)

    def writes(self, asked: tuple[str, str, str]) -> bool:
        """Whether it was written: a full disk is no fault of the process that is recorded."""
        import json

        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        try:
            with open(self._file, "a", encoding="utf-8") as file:  # noqa: PTH123 - as above
                file.write("\n" + json.dumps([*asked, test]) + "\n")  # what was cut stands apart
        except OSError:
            return False
        return True

    def _role(self, connection: Any) -> str | None:
        role, in_test = self._asker(sys._getframe(3))
        owner = self._owners.get(connection)
        shown = self._read_only.get(connection)
        if role is None and not in_test:
            role = owner
        if role == "starter" and not in_test and (owner == "page" or shown is not None):
            role = "page"  # a thread of the page's
        if role == "page" and shown:
            role = "read-only-page"
        return role

    def _asker(self, frame: FrameType | None) -> tuple[str | None, bool]:
        """The role that the stack tells, and whether a test stands on it."""
        found: str | None = None
        client = False
        while frame is not None:
            path = frame.f_code.co_filename
            frame = frame.f_back
            if not path.startswith(self._root):
                continue
            path = path[len(self._root) :].replace(os.sep, "/")
            if path.startswith(CLIENT):
                client = True
            elif path.startswith(ITSELF) or (not client and path.startswith("tests/")):
                continue  # another recorder on the way
            elif path.startswith(TESTS):
                return found, True
            elif path.startswith(STARTER) and not path.startswith("starter/garbage.py"):
                found = found or "starter"
            else:
                role = next((r for start, r in ROLES.items() if path.startswith(start)), None)
                if role is not None and (found is None or role in ("page", "gc")):
                    return role, False
        return found, False


def _list(members: Any, shared: str) -> str:
    """Which task list a request names: none, the shared one, one of a process, another."""
    name = (members.get("taskList") or {}).get("name")
    if name is None:
        return ""
    if name == shared:
        return "shared"
    return "own" if name.startswith(shared + "-") else "other"


# --- installing ---------------------------------------------------------------------------

_recorder: Recorder | None = None


def _of(module: Any) -> Recorder:
    global _recorder
    if _recorder is None:
        path = os.path.realpath(module.__file__)
        _recorder = Recorder(os.environ[FOLDER], path.rsplit(os.sep, 2)[0])
    return _recorder


def _watch_connections(module: Any) -> None:
    recorder = _of(module)
    kind = module.Connection
    begin, once = kind.__init__, kind.once

    def made(self: Any, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        recorder.made(self)

    def call(self: Any, operation: str, members: Any, **options: Any) -> Any:
        recorder.asks(self, operation, members)
        return once(self, operation, members, **options)

    kind.__init__, kind.once = made, call


def _watch_pages(module: Any) -> None:
    recorder = _of(module)
    kind = module.Site
    begin = kind.__init__

    def made(self: Any, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        connection = getattr(self.starter.swf_client, "_connection", None)
        if connection is not None:
            recorder.shown(connection, read_only=not self.may_act)

    kind.__init__ = made


WATCHED: dict[str, Callable[[Any], None]] = {
    "swf.connection": _watch_connections,
    "dashboard.site": _watch_pages,
}


class _Finder:
    """Has a module watched once it has been imported."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        if name not in WATCHED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                WATCHED[name](module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if os.environ.get(FOLDER):
    sys.meta_path.insert(0, _Finder)  # type: ignore[arg-type]

"""Registers what the process needs with SWF: the domain, the activity and workflow types.

    python setup.py

Run again it changes nothing.  A published version never changes: its graph is kept in
`definitions/`, its hash in the workflow type's description, and another shape under the
same version is refused with the line to edit.  Attempts and timeouts are no part of the
shape.  This is no setuptools script: `pip` builds from `pyproject.toml`, and importing this
module registers nothing.
"""

from __future__ import annotations

if __name__ == "__main__":
    import dependencies

    dependencies.check()

import argparse
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import config
import logs
import process
import published
from arguments import Parser, count, reported
from errors import (
    BusinessProcessError,
    DomainNotRegisteredError,
    PublishedDefinitionError,
    TypeNotRegisteredError,
)
from progress import bar
from starter.pace import Pace
from swf_client import Patience, SwfClient
from workflow import Definition

RETENTION_DAYS = 30
REFUSED_SECONDS = 3.0  # how long an engine that takes no connection is tried
MOST_RETENTION_DAYS = 90  # SWF's limit
CALLS_PER_SECOND = 5.0  # SWF grants 6 Describes a second to an account
CALLS_AT_ONCE = 50
CHILD_POLICY = "TERMINATE"
AWS_ACTIVITIES = "aws."
"""What the names of activities begin with that call services of AWS (`activities.services`)."""
SHAPE = re.compile(r"\bshape ([0-9a-f]{16})\b")


@dataclass(frozen=True)
class Line:
    """What became of one thing that the process needs."""

    kind: str
    name: str
    outcome: str
    """`registered`, `there already`, `undeprecated`, ..."""

    def __str__(self) -> str:
        return f"{self.kind:<14} {self.name:<40} {self.outcome}"


@dataclass(frozen=True)
class _Kind:
    """How one sort of thing is described, registered and brought back."""

    describe: Callable[[], dict[str, Any]]
    register: Callable[[], object]
    undeprecate: Callable[[], object]


# --- registering -------------------------------------------------------------------------


def register(
    client: SwfClient,
    definition: Definition,
    activities: Sequence[str] = (),
    *,
    retention_days: int = RETENTION_DAYS,
) -> Iterator[Line]:
    """Register what is missing, one line for each thing as it is done.

    `activities` are names besides those of the definition.  The workflow type comes last: an
    engine that has it has all the rest.  Raises `PublishedDefinitionError` before anything is
    registered when the engine has this version with another shape.
    """
    check_engine(client, definition)
    pace = Pace(CALLS_PER_SECOND, CALLS_AT_ONCE)
    yield Line("domain", client.domain, _ensure(_domain(client, retention_days), "domainInfo"))
    for name in dict.fromkeys([*definition.activities, *activities]):
        pace.wait()
        outcome = _ensure(_activity_type(client, name, definition.version), "typeInfo")
        yield Line("activity type", f"{name} {definition.version}", outcome)
    outcome = _ensure(_workflow_type(client, definition), "typeInfo")
    yield Line("workflow type", f"{definition.name} {definition.version}", outcome)


_known: set[tuple[str, str, str, str, str]] = set()
_lock = threading.Lock()


def ensure_registered(
    client: SwfClient, definition: Definition | None = None, *, anew: bool = False
) -> None:
    """Register silently what is missing, for engines that nobody sets up by hand.

    One call when all is there, none when this process has seen that before and it is not to
    look `anew` (the engine's data may have been deleted meanwhile).  Raises
    `PublishedDefinitionError` for another shape under a published version.
    """
    wanted = definition or process.shipped()
    settings = client.settings
    place = (settings.swf_endpoint, str(settings.data_dir), client.domain)
    key = (*place, wanted.name, f"{wanted.version} {wanted.hash}")
    with _lock:
        if key in _known and not anew:
            return
        for needed in _with_children(wanted):
            check_file(needed)
            if registered_shape(client, needed) != needed.hash:
                for _ in register(client, needed):
                    pass
        _known.add(key)


def _with_children(definition: Definition) -> list[Definition]:
    """The definition and, as far as they are here, those of the processes that it starts."""
    found = {(definition.name, definition.version): definition}
    waiting = [definition]
    while waiting:
        for name, version in waiting.pop().children:
            child = published.find(name, version)
            if child is not None and (name, version) not in found:
                found[name, version] = child
                waiting.append(child)
    return list(found.values())


def registered_shape(client: SwfClient, definition: Definition) -> str | None:
    """Hash of the shape that the engine has under this version; None where it has none.

    A deprecated type counts as none, for it has to be brought back.
    """
    try:
        found = client.describe_workflow_type(definition.name, definition.version)
    except (DomainNotRegisteredError, TypeNotRegisteredError):
        return None
    if found["typeInfo"]["status"] != "REGISTERED":
        return None
    return _shape_in(found)


def _ensure(kind: _Kind, member: str) -> str:
    try:
        found = kind.describe()
    except (DomainNotRegisteredError, TypeNotRegisteredError):
        kind.register()
        return "registered"
    if found[member]["status"] == "DEPRECATED":
        kind.undeprecate()
        return "was deprecated, is registered again"
    return "there already"


def _domain(client: SwfClient, retention_days: int) -> _Kind:
    return _Kind(
        describe=client.describe_domain,
        register=lambda: client.register_domain(retention_days, "Business processes"),
        undeprecate=client.undeprecate_domain,
    )


def _workflow_type(client: SwfClient, definition: Definition) -> _Kind:
    name, version, settings = definition.name, definition.version, client.settings
    members = {
        "name": name,
        "version": version,
        "description": f"{len(definition.steps)} steps, shape {definition.hash}",
        "defaultTaskList": {"name": settings.swf_task_list},
        "defaultTaskStartToCloseTimeout": settings.decision_task_timeout,
        "defaultExecutionStartToCloseTimeout": settings.workflow_execution_timeout,
        "defaultChildPolicy": CHILD_POLICY,
    }
    return _Kind(
        describe=lambda: client.describe_workflow_type(name, version),
        register=lambda: client.register_workflow_type(**members),
        undeprecate=lambda: client.undeprecate_workflow_type(name, version),
    )


def _activity_type(client: SwfClient, name: str, version: str) -> _Kind:
    settings = client.settings
    members = {
        "name": name,
        "version": version,
        "defaultTaskList": {"name": settings.swf_task_list},
        "defaultTaskStartToCloseTimeout": settings.activity_start_to_close_timeout,
        "defaultTaskScheduleToStartTimeout": settings.activity_schedule_to_start_timeout,
        "defaultTaskScheduleToCloseTimeout": settings.activity_schedule_to_close_timeout,
        "defaultTaskHeartbeatTimeout": settings.activity_heartbeat_timeout,
    }
    return _Kind(
        describe=lambda: client.describe_activity_type(name, version),
        register=lambda: client.register_activity_type(**members),
        undeprecate=lambda: client.undeprecate_activity_type(name, version),
    )


# --- published versions ------------------------------------------------------------------


def publish(definition: Definition, folder: Path | None = None) -> Line:
    """Keep the definition's graph as a file; a file that is there already stays as it is."""
    path = published.file_of(definition.name, definition.version, folder)
    check_file(definition, folder)
    outcome = "there already" if path.exists() else "written"
    if outcome == "written":
        published.write(definition, folder)
    return Line("definition", _short(path), outcome)


def check_file(definition: Definition, folder: Path | None = None) -> None:
    """Refuse another shape than the published file of this version has."""
    kept = published.read(definition.name, definition.version, folder)
    if kept is not None and kept.hash != definition.hash:
        path = _short(published.file_of(definition.name, definition.version, folder))
        raise _changed(definition, f"{path} ({', '.join(kept.steps)})")


def check_engine(client: SwfClient, definition: Definition) -> None:
    """Refuse another shape than the engine's workflow type of this version has."""
    try:
        found = client.describe_workflow_type(definition.name, definition.version)
    except (DomainNotRegisteredError, TypeNotRegisteredError):
        return
    shape = _shape_in(found)
    if shape is not None and shape != definition.hash:
        raise _changed(definition, f"domain {client.domain} (shape {shape})")


def _shape_in(description: dict[str, Any]) -> str | None:
    found = SHAPE.search(description["typeInfo"].get("description") or "")
    return found[1] if found else None


def _changed(definition: Definition, where: str) -> PublishedDefinitionError:
    version = definition.version
    return PublishedDefinitionError(
        f"{definition.name} {version} is published with another shape in {where}; it is now "
        f"{', '.join(definition.steps)} (shape {definition.hash}). Runs of {version} still need "
        f"the old one: {_remedy(definition)}"
    )


def _remedy(definition: Definition) -> str:
    """Where a new shape gets a version of its own."""
    name, following = definition.name, next_version(definition.version)
    if definition.by_document:
        file = published.file_of(name, definition.version).name
        return f"put it back into {file}, and save the new one as {name}@{following}"
    where = "in process.py" if name != process.NAME else version_line()
    setting = "" if name != process.NAME else "WORKFLOW_VERSION="
    return f"give the new shape a version of its own, {setting}{following}, {where}"


def next_version(version: str) -> str:
    """A version to suggest: the last number in it counted up, or `.1` behind it."""
    found = re.fullmatch(r"(.*?)(\d+)(\D*)", version)
    return f"{found[1]}{int(found[2]) + 1}{found[3]}" if found else f"{version}.1"


def version_line() -> str:
    """Where the version in force is written: the environment, a settings file, or config.py."""
    if os.environ.get("WORKFLOW_VERSION", "").strip():
        return "in the environment variable WORKFLOW_VERSION"
    for path in _settings_files():
        number = _line_number(path, r"\s*(export\s+)?WORKFLOW_VERSION\s*=\s*\S")
        if number:
            return f"in {_short(path)}, line {number}"
    number = _line_number(config.HOME / "config.py", r'.*"WORKFLOW_VERSION"')
    return f"in .env, or its default in config.py, line {number}"


def _settings_files() -> list[Path]:
    named = os.environ.get("ENV_FILE")
    return [Path(named)] if named else [Path(".env"), config.HOME / ".env"]


def _line_number(path: Path, pattern: str) -> int | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    found = (number for number, line in enumerate(lines, 1) if re.match(pattern, line))
    return next(found, None)


def _short(path: Path) -> str:
    """The path as seen from the project, where it lies inside."""
    try:
        return path.resolve().relative_to(config.HOME).as_posix()
    except ValueError:
        return str(path)


def without_function(definition: Definition) -> list[str]:
    """The activities of a process that no worker of this project does; AWS's own are not ours."""
    from activities.registry import ACTIVITIES  # noqa: PLC0415 - processes that import us do not

    ours = [name for name in definition.activities if not name.startswith(AWS_ACTIVITIES)]
    return sorted(name for name in ours if name not in ACTIVITIES)


# --- the command -------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Register everything and say so; gives the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given and not given[0].startswith("-"):
        print(
            f"setup.py registers SWF types and knows no command {given[0]!r}; "
            "to install packages: pip install -r requirements.txt",
            file=sys.stderr,
        )
        return 2
    try:
        with logs.hushed():
            _run(build_parser().parse_args(given))
    except BusinessProcessError as error:
        print(f"setup.py: {reported(error)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.env_file:
        os.environ["ENV_FILE"] = options.env_file  # so that a refusal names this file's line
        config.use(config.load())
    if told := config.exposure():
        print(f"setup.py: {reported(told)}", file=sys.stderr)
    for definition in process.ours().values():
        check_file(definition)
    client = SwfClient(config.settings(), patience=Patience(refused=REFUSED_SECONDS))
    report = _Report(client.settings.engine, as_json=options.json)
    for line in _register_all(client, options.retention, as_json=options.json):
        report.add(line)
    for note in _notes():
        report.note(note)
    report.end()


class _Report:
    """What is printed: lines as they come, or one JSON object at the end."""

    def __init__(self, engine: str, *, as_json: bool) -> None:
        self._as_json = as_json
        self._engine = engine
        self._lines: list[Line] = []
        self._notes: list[str] = []
        self._say(f"Engine: {engine}")

    def add(self, line: Line) -> None:
        """Something that the process needs; the same thing is told once."""
        if all((line.kind, line.name) != (told.kind, told.name) for told in self._lines):
            self._lines.append(line)
            self._say(str(line))

    def note(self, text: str) -> None:
        """Something to be mended sooner or later."""
        self._notes.append(text)
        self._say(f"note: {text}")

    def end(self) -> None:
        """All there is to tell has been told."""
        if self._as_json:
            lines = [asdict(line) for line in self._lines]
            told = {"engine": self._engine, "lines": lines, "notes": self._notes}
            print(json.dumps(told, ensure_ascii=False, indent=2))

    def _say(self, text: str) -> None:
        if not self._as_json:
            print(text, flush=True)


def _register_all(client: SwfClient, retention_days: int, *, as_json: bool) -> Iterator[Line]:
    """Register every process that is here, and publish those that are written in Python."""
    ours = list(process.ours().values())
    definitions = [*ours, *published.elsewhere()]
    needs = [_own_activities(definition) for definition in definitions]
    total = sum(
        len({*definition.activities, *more}) + 2  # with domain and workflow type
        for definition, more in zip(definitions, needs, strict=True)
    )
    done = 0
    with bar("registering", total, as_json=as_json) as tell:
        for definition, more in zip(definitions, needs, strict=True):
            for line in register(client, definition, more, retention_days=retention_days):
                done += 1
                tell(done)
                yield line
            if definition in ours:
                yield publish(definition)


def _own_activities(definition: Definition) -> list[str]:
    """Activities that are registered with a process though none of its steps names them."""
    from activities.registry import (  # noqa: PLC0415 - processes that import us do not
        ACTIVITIES,
        SAMPLES,
    )

    if definition.name != process.NAME:
        return []
    return [name for name in ACTIVITIES if name not in SAMPLES]


def _notes() -> Iterator[str]:
    """What is left out, and what is missing."""
    from activities.registry import ACTIVITIES  # noqa: PLC0415 - as above

    for (name, version), why in published.unfilled().items():
        yield f"{name} {version} is left out: {why}"
    named = {name for item in process.ours().values() for name in item.activities}
    for name in sorted(named - set(ACTIVITIES)):
        yield f"{name} has no function in activities/registry.py yet"


def build_parser() -> Parser:
    """The options of `python setup.py`."""
    parser = Parser(
        prog="setup.py",
        description="Register the SWF domain and types of this application. Safe to repeat.",
        epilog="example: python setup.py --retention 90\n\n"
        "--json: engine, lines (kind, name, outcome), notes.\n"
        "Exit code: 0 done, 2 something to mend, 3 SWF unreachable or refusing",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--env-file", metavar="FILE", help="settings file instead of .env")
    parser.add_argument(
        "--retention",
        metavar="DAYS",
        type=count(1, MOST_RETENTION_DAYS),
        default=RETENTION_DAYS,
        help=f"days a new domain keeps closed histories, 1 to {MOST_RETENTION_DAYS} "
        f"(default {RETENTION_DAYS})",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

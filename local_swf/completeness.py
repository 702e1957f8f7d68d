"""What of SWF this endpoint has, as a table: the service model beside the code.

`python -m local_swf.completeness` prints it; with the name of a Markdown file it puts it at the
end of that file, in the place of the one that is there. The tests compare the page that users
read with the code and provoke every line of it over HTTP.
"""

from __future__ import annotations

import re
import sys
from importlib import resources
from pathlib import Path

from local_swf import model
from local_swf.decisions.response import HANDLERS
from local_swf.operations.registry import OPERATIONS, POLLS

HEADING = "## What of Amazon SWF this endpoint has"

_WRITTEN = re.compile(r'"([A-Z][A-Za-z]+)"')
_COMPOSED = {
    "ChildWorkflowExecution": ("Completed", "Failed", "TimedOut", "Canceled", "Terminated"),
    "LambdaFunction": ("Completed", "Failed", "TimedOut"),
    "WorkflowExecution": ("Completed", "Failed", "Canceled"),
}
"""Event names that the code puts together from a stem and an outcome."""


def operations() -> set[str]:
    """The operations that have a handler."""
    return OPERATIONS.keys() | POLLS.keys()


def decisions() -> set[str]:
    """The decisions that have a handler."""
    return set(HANDLERS)


def events() -> set[str]:
    """The event types that the code names, or puts together."""
    named = {f"{stem}{end}" for stem, ends in _COMPOSED.items() for end in ends}
    named |= {f"{decision}Failed" for decision in HANDLERS}
    for source in _sources(Path(str(resources.files("local_swf")))):
        named |= set(_WRITTEN.findall(source))
    return named & set(model.event_types())


def table() -> str:
    """The table in Markdown."""
    parts = [
        HEADING,
        "Made by `python -m local_swf.completeness` from botocore's service model and the code.",
        _section("Operations", list(model.operations()), operations()),
        _section("Decisions", model.decision_types(), decisions()),
        _section("Events", model.event_types(), events()),
    ]
    return "\n\n".join(parts) + "\n"


def with_table(page: str) -> str:
    """A page in Markdown with the table as it is now at its end."""
    return page.partition(HEADING)[0].rstrip("\n") + "\n\n" + table()


def main(files: list[str]) -> None:
    """Print the table, or put it into files."""
    if not files:
        print(table(), end="")
    for file in map(Path, files):
        file.write_text(with_table(file.read_text("utf-8")), "utf-8")


def _section(title: str, wanted: list[str], present: set[str]) -> str:
    have = sum(name in present for name in wanted)
    rows = [f"| `{name}` | {'yes' if name in present else 'no'} |" for name in sorted(wanted)]
    heading = f"### {title}: {have} of {len(wanted)}"
    return "\n".join([heading, "", "| Name | There |", "|---|---|", *rows])


def _sources(folder: Path) -> list[str]:
    return [file.read_text("utf-8") for file in sorted(folder.rglob("*.py"))]


if __name__ == "__main__":
    main(sys.argv[1:])

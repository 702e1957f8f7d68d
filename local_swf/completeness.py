"""What of SWF this endpoint has, as a table: the service model beside the code.

`python -m local_swf.completeness` writes it to `COMPLETENESS.md` in this folder. The tests
compare the file with the code and provoke every line of it over HTTP.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from local_swf import model
from local_swf.decisions.response import HANDLERS
from local_swf.operations.registry import OPERATIONS, POLLS

FILE = Path(__file__).with_name("COMPLETENESS.md")

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
        "# What of Amazon SWF this endpoint has",
        "Made by `python -m local_swf.completeness` from botocore's service model and the code.",
        _section("Operations", list(model.operations()), operations()),
        _section("Decisions", model.decision_types(), decisions()),
        _section("Events", model.event_types(), events()),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, wanted: list[str], present: set[str]) -> str:
    have = sum(name in present for name in wanted)
    rows = [f"| `{name}` | {'yes' if name in present else 'no'} |" for name in sorted(wanted)]
    heading = f"## {title}: {have} of {len(wanted)}"
    return "\n".join([heading, "", "| Name | There |", "|---|---|", *rows])


def _sources(folder: Path) -> list[str]:
    return [file.read_text("utf-8") for file in sorted(folder.rglob("*.py"))]


if __name__ == "__main__":
    FILE.write_text(table(), "utf-8")

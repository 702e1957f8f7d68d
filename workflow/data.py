"""The two ways in which data go through a graph, behind one interface.

`dataflow`: the input and the results of the steps before, by name; processes written in Python.
`language.documents`: one document and variables; States Language.
"""

from __future__ import annotations

from typing import Protocol

from wire import Json
from workflow import dataflow
from workflow.graph import Await, Choice, Fail, Map, Wait
from workflow.language import documents
from workflow.machine import Failure, Machine
from workflow.state import Frame, Outcome, Visit, Work


class DataFlow(Protocol):
    """What the rules of the core ask of it.  `ExpressionError`: the data do not fit."""

    def entered(self, machine: Machine, visit: Visit) -> None:
        """A state is entered."""

    def passed(self, machine: Machine, visit: Visit) -> None:
        """A Pass, Wait or Succeed is left."""

    def chosen(self, machine: Machine, visit: Visit, state: Choice, /) -> str:
        """The state that a Choice leads to; it is left."""

    def wait(
        self, machine: Machine, visit: Visit, state: Wait, /
    ) -> tuple[int | None, float | None]:
        """Seconds to wait, or the moment to wait for."""

    def limit(self, machine: Machine, visit: Visit, state: Await, /) -> int | None:
        """Seconds to wait for a signal; None for ever."""

    def failure(self, machine: Machine, visit: Visit, state: Fail, /) -> Failure:
        """What a Fail fails with."""

    def attempt(self, machine: Machine, visit: Visit, work: Work, /) -> None:
        """An attempt at a state's work begins: take what it gets."""

    def of_work(self, machine: Machine, work: Work, result: Json, /) -> Json:
        """The state's result for what its activity or function gave."""

    def child_result(self, machine: Machine, work: Work, result: Json, /) -> Json:
        """The state's result for what its child gave."""

    def took(self, machine: Machine, visit: Visit, result: Json, outcome: Outcome, /) -> None:
        """A state has its result: it is left."""

    def check_result(self, machine: Machine, visit: Visit, result: Json, /) -> None:
        """Raise where an operator's result cannot be taken for a state."""

    def caught(self, machine: Machine, visit: Visit, failure: Failure, /) -> str | None:
        """The state at which a catcher goes on; None where none takes the failure."""

    def matches(self, errors: tuple[str, ...], failure: Failure, /) -> bool:
        """Whether a retrier that names these errors is for a failure."""

    def reads(self, machine: Machine, visit: Visit, state: Map, /) -> Json:
        """What the activity gets that reads a map's items; None where they are in the data."""

    def items(self, machine: Machine, visit: Visit, state: Map, read: Json = None, /) -> list[Json]:
        """What a map works on."""

    def concurrency(self, visit: Visit, state: Map, /) -> int:
        """How many items are worked on at once; 0 means all."""

    def tolerates(self, machine: Machine, visit: Visit, /) -> bool:
        """Whether failed items of a map are counted rather than failing it at once."""

    def is_tolerated(self, machine: Machine, visit: Visit, failed: int, /) -> bool:
        """Whether a map goes on with so many failed items."""

    def begin_frame(self, machine: Machine, visit: Visit, frame: Frame, /) -> None:
        """A branch or item begins: give it its data."""

    def composite_result(self, machine: Machine, visit: Visit, /) -> list[Json]:
        """The result of a state whose branches or items have come to their end."""

    def writes(self, machine: Machine, visit: Visit, /) -> Json:
        """What the activity gets that writes a map's results; None where nothing is written."""

    def returned(self, machine: Machine, frame: Frame, last: Visit, /) -> None:
        """A frame goes back to the data that a state was entered with."""

    def work_input(self, machine: Machine, work: Work, envelope: dict[str, Json], /) -> Json:
        """The input of an activity on the wire."""

    def child_input(self, machine: Machine, work: Work, envelope: dict[str, Json], /) -> Json:
        """The input of a child on the wire."""

    def output(self, machine: Machine, /) -> Json:
        """The execution's result."""


def of(machine: Machine) -> DataFlow:
    """How data go through the process that a machine runs."""
    return documents if machine.definition.by_document else dataflow

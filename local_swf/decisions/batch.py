"""The decisions of one response while they are carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local_swf.jsontext import Json
from local_swf.runs import Run
from local_swf.work import Work

Args = dict[str, Json]


@dataclass
class Batch:
    """One response: the run it is for, and what its decisions have come to so far."""

    work: Work
    run: Run
    completed_id: int
    """DecisionTaskCompleted of this response."""
    unhandled: bool
    """Events arrived while the decider was deciding: the run may not be closed."""
    needs_decision: bool = False
    """Something happened that the decider has to see, such as a decision that failed."""

    def append(self, event_type: str, attributes: Args) -> int:
        """Write an event that names this response's DecisionTaskCompleted."""
        attributes["decisionTaskCompletedEventId"] = self.completed_id
        return self.work.append(self.run, event_type, attributes)

    def fail(self, event_type: str, cause: str, attributes: Args) -> None:
        """Write the event of a decision that is impossible; the decider sees it at once."""
        attributes["cause"] = cause
        self.append(event_type, attributes)
        self.needs_decision = True

    def type_problem(self, kind: str, named: Args) -> tuple[str | None, Args]:
        """What is wrong with a type (`DEPRECATED`, `DOES_NOT_EXIST`, None) and its defaults."""
        found = self.work.find_type(self.run.domain, kind, named["name"], named["version"])
        if found is None:
            return "DOES_NOT_EXIST", {}
        return ("DEPRECATED" if found.status == "DEPRECATED" else None), found.defaults


Handler = Callable[[Batch, Args], None]

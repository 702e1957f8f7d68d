"""For tests of your own processes: run them in milliseconds, say how steps go, look what happened.

    >>> from runner.testing import fails, returns, signal, simulate
    >>> from workflow import process, step
    >>> order = process("Order", "1.0", [step("Pay", compensation="Refund"), step("Ship")])
    >>> ended = simulate(order, {"order_id": "1"}, {"Ship": fails("CarrierError: no van")})
    >>> ended.assert_failed("Max retries exceeded")
    >>> ended.assert_steps("Pay")
    >>> ended.assert_compensated("Ship", "Pay")
    >>> ended.attempts("Ship"), ended.seconds
    (3, 3.0)

A sequence of outcomes is for the attempts one after the other; the last one repeats.  Real
activity functions take part with `activities={"Pay": pay}`; the clock is virtual all the same.

    >>> ended = simulate(order, {}, {"Ship": [fails("CarrierError: no van"), returns({"no": 7})]})
    >>> ended.assert_completed()
    >>> ended.assert_result("Ship", {"no": 7})
    >>> ended = simulate(order, signals=[signal("PAUSE", at=0)], outcomes={"Pay": returns(after=5)})
    >>> ended.assert_waiting()

State machines in States Language are tested alike.  Errors are named as their retriers and
catchers name them, and of a state that sends a task token out the outcome is the answer.

    >>> from asl.loading import load
    >>> machine = load({
    ...     "StartAt": "Pay",
    ...     "States": {
    ...         "Pay": {
    ...             "Type": "Task",
    ...             "Resource": "arn:aws:states:us-east-1:123456789012:activity:Pay",
    ...             "ResultPath": "$.paid",
    ...             "Catch": [{"ErrorEquals": ["Declined"], "Next": "Tell", "ResultPath": "$.why"}],
    ...             "End": True,
    ...         },
    ...         "Tell": {"Type": "Pass", "End": True},
    ...     },
    ... }, "Payments", "1")
    >>> ended = simulate(machine, {"n": 1}, {"Pay": returns(7)})
    >>> ended.assert_output({"n": 1, "paid": 7})
    >>> ended = simulate(machine, {"n": 1}, {"Pay": fails("Declined", cause="no funds")})
    >>> ended.assert_caught("Pay", "Declined")
    >>> ended.assert_passed("Tell")
    >>> ended.assert_output({"n": 1, "why": {"Error": "Declined", "Cause": "no funds"}})
"""

from __future__ import annotations

from typing import Any

from runner.outcomes import Completed, Failed, TimedOut
from runner.simulation import CANCEL, Sent, Simulation
from runner.simulation import simulate as _simulate
from wire import Json
from workflow import Definition

__all__ = ["Tested", "cancel", "fails", "returns", "signal", "simulate", "times_out"]


class Tested(Simulation):
    """A simulation that tests can make demands on; what fails shows the timeline."""

    def assert_completed(self) -> None:
        """It came to its end."""
        self._check(self.state == "COMPLETED", f"it is {self.state}: {self.reason}")

    def assert_output(self, output: Json) -> None:
        """It completed, with exactly this output (a process in Python: its data, with results)."""
        self.assert_completed()
        self._check(self.result == output, f"the output is {self.result!r}")

    def assert_caught(self, path: str, error: str = "") -> None:
        """A state failed, with an error that contains this text, and a catcher took it."""
        told = [e.detail for e in self._own() if e.what == "caught" and e.step == path]
        self._check(any(error in text for text in told), f"caught at {path}: {told}")

    def assert_passed(self, *paths: str) -> None:
        """These states, which only pass data on, were passed, in this order; perhaps others too."""
        found = iter(e.step for e in self._own() if e.what == "passed")
        self._check(all(path in found for path in paths), "not all were passed in that order")

    def assert_failed(self, reason: str = "") -> None:
        """It failed, for a reason that contains this text."""
        self._check(self.state == "FAILED", f"it is {self.state}")
        self._check(reason in self.reason, f"it failed because: {self.reason}")

    def assert_waiting(self) -> None:
        """It waits for a signal or an operator."""
        self._check(self.state == "WAITING", f"it is {self.state}: {self.reason}")

    def assert_steps(self, *paths: str) -> None:
        """Exactly these steps completed, in this order."""
        self._check(self.steps == list(paths), f"completed: {self.steps}")

    def assert_result(self, step: str, result: Json) -> None:
        """A step gave this result."""
        found = self.results.get(step)
        self._check(step in self.results and found == result, f"{step} gave {found!r}")

    def assert_compensated(self, *paths: str) -> None:
        """Exactly these steps were undone, in this order."""
        self._check(self.compensated == list(paths), f"undone: {self.compensated}")

    def assert_not_compensated(self, *paths: str) -> None:
        """Of exactly these steps the undo failed."""
        found = self.not_compensated
        self._check(found == list(paths), f"not undone: {found}")

    def _check(self, holds: bool, what: str) -> None:  # noqa: FBT001 - an assertion's condition
        __tracebackhide__ = True
        if not holds:
            raise AssertionError("\n".join([what, *self.lines()]))

    def __repr__(self) -> str:
        return f"<{self.state} after {self.seconds} s>"


def simulate(
    definition: Definition,
    input: Json = None,  # noqa: A002 - as everywhere in this application
    outcomes: Any = None,
    **options: Any,
) -> Tested:
    """As `runner.simulation.simulate`, which says what the arguments are."""
    found = _simulate(definition, input, outcomes, **options)
    found.__class__ = Tested
    assert isinstance(found, Tested)  # noqa: S101 - for the type checker
    return found


def returns(result: Json = None, *, after: float = 0.0) -> Completed:
    """The step completes with that result (`{}` unless given), after so many seconds."""
    return Completed({} if result is None else result, after)


def fails(
    reason: str, *, retryable: bool = True, after: float = 0.0, cause: str | None = None
) -> Failed:
    """The step fails; `reason` is `ErrorName: message`, or a name with its `cause` beside it."""
    return Failed(reason, retryable, after, cause=cause)


def times_out(kind: str = "START_TO_CLOSE", *, after: float | None = None) -> TimedOut:
    """The step gives no answer until that time limit is over."""
    return TimedOut(kind, after)


def signal(name: str, payload: Json = None, *, at: float = 0.0) -> Sent:
    """A signal so many seconds after the start."""
    return Sent(at, name, {} if payload is None else payload)


def cancel(*, at: float = 0.0) -> Sent:
    """A request to cancel the execution."""
    return Sent(at, CANCEL)

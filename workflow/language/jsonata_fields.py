"""The fields of a state whose language is JSONata.

Order: Arguments (or Items), the state's work, then Assign and Output, of which neither sees what
the other gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from expressions import embedded
from expressions.embedded import Embedded
from expressions.errors import QUERY_EVALUATION_ERROR, ExpressionError
from expressions.jsonata import Expression, Undefined
from wire import Json, dumps
from workflow.graph import Choice, State
from workflow.language import fields
from workflow.language.fields import ABSENT, NOTHING, Left, Taken, Tolerance
from workflow.language.view import View, resolved


class JsonataFields:
    """See `workflow.language.fields.Fields`."""

    def __init__(self, state: State) -> None:
        says = state.says
        members: Mapping[str, Any] = {} if says is None else says.members
        self._members = members
        self._catchers = [_Leaving(c.members) for c in (says.catch if says is not None else ())]
        self._rules = (
            [_Rule(rule, target) for rule, target in state.rules]
            if isinstance(state, Choice)
            else []
        )
        self._default = state.default if isinstance(state, Choice) else None
        self._arguments = _compiled(members, "Arguments")
        self._selector = _compiled(members, "ItemSelector")
        self._leaving = _Leaving(members)
        self._fields = {name: _compiled(members, name) for name in _SINGLE if name in members}

    # --- input ----------------------------------------------------------------------------------

    def input(self, view: View) -> Json:
        """The raw input: JSONata has no InputPath."""
        return view.document

    def effective(self, view: View) -> Json:
        """Arguments, or the raw input."""
        if self._arguments is None:
            return view.document
        return self._arguments.fill(_evaluator(view))

    def seconds(self, view: View, name: str) -> int | None:
        """A time limit of a Task, a number or an expression of one."""
        value = self._value(view, name)
        if value is ABSENT:
            return None
        return fields.whole_number(value, name, QUERY_EVALUATION_ERROR, 1)

    def _value(self, view: View, name: str) -> Json:
        found = self._fields.get(name)
        return ABSENT if found is None else found.fill(_evaluator(view))

    def whole(self, view: View, members: Mapping[str, Json], name: str, least: int) -> int | None:
        """A whole number, or an expression of one."""
        if members.get(name) is None:
            return None
        value = embedded.compile(members[name], name).fill(_evaluator(view))
        return fields.whole_number(value, name, QUERY_EVALUATION_ERROR, least)

    def template(self, view: View, value: Json, place: str) -> Json:
        """A template within the state."""
        return embedded.compile(value, place).fill(_evaluator(view))

    # --- output ---------------------------------------------------------------------------------

    def passed(self, view: View, given: Json) -> Left:
        """What a Pass, Wait or Succeed leaves: its Output, or its input."""
        return self._leaving.left(_evaluator(view), given)

    def after(self, view: View, result: Json) -> Left:
        """What is left for the result of the state's work: Output, or the result."""
        return self._leaving.left(_evaluator(view, result=result), result)

    def replaced(self, view: View, result: Json) -> Json:  # noqa: ARG002 - of the interface
        """The output where an operator gives the result: it is the output."""
        return result

    def caught(self, view: View, catcher: int, error: Json) -> Left:
        """The catcher's Output, or the error output."""
        return self._catchers[catcher].left(_evaluator(view, errorOutput=error), error)

    # --- kinds ----------------------------------------------------------------------------------

    def chosen(self, view: View) -> Taken:
        """The first rule whose Condition is true."""
        evaluate = _evaluator(view)
        for rule in self._rules:
            if rule.holds(evaluate):
                return Taken(rule.target, rule.leaving.left(evaluate, view.document))
        return Taken(self._default, self._leaving.left(evaluate, view.document))

    def wait(self, view: View) -> tuple[int | None, float | None]:
        """Seconds or Timestamp."""
        error = QUERY_EVALUATION_ERROR
        value = self._value(view, "Timestamp")
        if value is not ABSENT:
            return None, fields.moment(value, "Timestamp", error)
        return fields.whole_number(self._value(view, "Seconds"), "Seconds", error), None

    def failure(self, view: View) -> tuple[str | None, str | None]:
        """Error and Cause."""
        found = [self._value(view, name) for name in ("Error", "Cause")]
        error, cause = (
            None if value is ABSENT else fields.text(value, name, QUERY_EVALUATION_ERROR)
            for name, value in zip(("Error", "Cause"), found, strict=True)
        )
        return error, cause

    # --- maps -----------------------------------------------------------------------------------

    def items(self, view: View) -> list[Json]:
        """Items, or the state's input."""
        value = self._value(view, "Items")
        found = resolved(view.document, view.content) if value is ABSENT else value
        if not isinstance(found, list):
            raise ExpressionError(
                "The Items of a Map must be a list, and are none", QUERY_EVALUATION_ERROR
            )
        return found

    def item(self, view: View) -> Json:
        """ItemSelector, with the item in the context object."""
        if self._selector is None:
            return view.context["Map"]["Item"]["Value"]
        return self._selector.fill(_evaluator(view))

    def selects(self) -> bool:
        """Whether there is an ItemSelector."""
        return self._selector is not None

    def tolerance(self, view: View) -> Tolerance:
        """MaxConcurrency, ToleratedFailureCount and ToleratedFailurePercentage."""
        error = QUERY_EVALUATION_ERROR
        share = self._value(view, "ToleratedFailurePercentage")
        return Tolerance(
            self.whole(view, self._members, "MaxConcurrency", 0) or 0,
            self.whole(view, self._members, "ToleratedFailureCount", 0),
            None
            if share is ABSENT
            else fields.percentage(share, "ToleratedFailurePercentage", error),
        )


_SINGLE = (
    "TimeoutSeconds",
    "HeartbeatSeconds",
    "Seconds",
    "Timestamp",
    "Error",
    "Cause",
    "Items",
    "ToleratedFailurePercentage",
)


class _Leaving:
    """Output and Assign of a state, a rule or a catcher."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._output = _compiled(members, "Output")
        self._assign = _compiled(members, "Assign")

    def left(self, evaluate: embedded.Evaluate, otherwise: Json) -> Left:
        """What they give; `otherwise` is the output where none is written."""
        assigned = NOTHING if self._assign is None else self._assign.fill(evaluate)
        output = otherwise if self._output is None else self._output.fill(evaluate)
        return Left(output, assigned)


class _Rule:
    """A rule of a Choice."""

    def __init__(self, rule: Mapping[str, Any], target: str) -> None:
        self._condition = embedded.compile(rule["Condition"], "Condition")
        self.leaving = _Leaving(rule)
        self.target = target

    def holds(self, evaluate: embedded.Evaluate) -> bool:
        """Whether its Condition is true."""
        value = self._condition.fill(evaluate)
        if not isinstance(value, bool):
            raise ExpressionError(
                f"The Condition {dumps(self._condition.value)} must give true or false",
                QUERY_EVALUATION_ERROR,
            )
        return value


def _compiled(members: Mapping[str, Any], name: str) -> Embedded | None:
    return embedded.compile(members[name], name) if name in members else None


def _evaluator(view: View, **more: Json) -> Callable[[Expression], Json | Undefined]:
    """Evaluates expressions with `$states` and the variables; what it needs is made once."""
    bindings: dict[str, Json] = {}

    def evaluate(expression: Expression) -> Json | Undefined:
        if not bindings:
            content = view.content
            told = {"input": view.document, **more}
            states = {name: resolved(value, content) for name, value in told.items()}
            states["context"] = view.context
            bindings.update(
                {name: resolved(value, content) for name, value in view.variables.items()}
            )
            bindings["states"] = states
        return expression.evaluate(
            bindings=bindings, budget=view.budget, chance=view.chance, now=view.now
        )

    return evaluate

"""The fields of a state whose language is JSONPath.

Order (States Language, input and output processing): InputPath, Parameters, the state's work,
ResultSelector, ResultPath on the raw input, OutputPath.  Assign sees what ResultPath takes in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from expressions import choices, jsonpath, templates
from expressions.errors import RUNTIME, ExpressionError
from expressions.jsonpath import Path
from expressions.scope import Scope
from expressions.templates import Template
from wire import Json, dumps
from workflow.graph import Choice, Map, Pass, State
from workflow.language import fields
from workflow.language.fields import ABSENT, NOTHING, Left, Taken, Tolerance
from workflow.language.view import View

Apply = Callable[[Json, View], Json]


def _same(document: Json, _view: View) -> Json:
    return document


def _empty(_document: Json, _view: View) -> Json:
    return {}


class JsonPathFields:
    """See `workflow.language.fields.Fields`."""

    def __init__(self, state: State) -> None:
        says = state.says
        members: Mapping[str, Any] = {} if says is None else says.members
        self._members = members
        self._uses_context = _mentions_context(state)
        self._input = self._path("InputPath")
        self._output = self._path("OutputPath")
        self._parameters = None if isinstance(state, Map) else self._template("Parameters")
        self._selector = self._template("ItemSelector") or (
            self._template("Parameters") if isinstance(state, Map) else None
        )
        self._result_selector = self._template("ResultSelector")
        self._assign = self._template("Assign")
        self._result_path = _result_path(members)
        self._result = members.get("Result", ABSENT) if isinstance(state, Pass) else ABSENT
        self._catchers = [_Catching(c.members) for c in (says.catch if says is not None else ())]
        self._rules = (
            [_Rule(rule, target) for rule, target in state.rules]
            if isinstance(state, Choice)
            else []
        )
        self._default = state.default if isinstance(state, Choice) else None

    # --- compiling ------------------------------------------------------------------------------

    def _path(self, name: str) -> Apply:
        given = self._members.get(name, "$")
        if given == "$":
            return _same
        if given is None:
            return _empty
        need = jsonpath.compile(given).need
        return lambda document, view: need(self._scope(document, view))

    def _template(self, name: str) -> Template | None:
        return templates.compile(self._members[name]) if name in self._members else None

    def _scope(self, document: Json, view: View) -> Scope:
        return view.scope(document, context=self._uses_context)

    def _filled(self, template: Template | None, document: Json, view: View) -> Json:
        if template is None:
            return document
        return template.value if template.constant else template.fill(self._scope(document, view))

    # --- input ----------------------------------------------------------------------------------

    def input(self, view: View) -> Json:
        """After InputPath."""
        return self._input(view.document, view)

    def effective(self, view: View) -> Json:
        """After InputPath and Parameters."""
        return self._filled(self._parameters, self._input(view.document, view), view)

    def seconds(self, view: View, name: str) -> int | None:
        """A time limit of a Task."""
        return self.whole(view, self._members, name, 1)

    def whole(self, view: View, members: Mapping[str, Json], name: str, least: int) -> int | None:
        """A whole number that is said, or read from the member `...Path`."""
        if f"{name}Path" in members:
            value = self._read(view, members[f"{name}Path"])
            return fields.whole_number(value, f"{name}Path", RUNTIME, least)
        given = members.get(name)
        return None if given is None else fields.whole_number(given, name, RUNTIME, least)

    def template(self, view: View, value: Json, place: str) -> Json:  # noqa: ARG002 - as JSONata
        """A template within the state."""
        return self._filled(templates.compile(value), self.input(view), view)

    def _read(self, view: View, path: Json) -> Json:
        found = jsonpath.compile(path).need(self._scope(self.input(view), view))
        return found if view.content is None else view.content(found)

    # --- output ---------------------------------------------------------------------------------

    def passed(self, view: View, given: Json) -> Left:
        """What a Pass, Wait or Succeed leaves."""
        result = given if self._result is ABSENT else self._result
        return Left(self._placed(result, view), self._assigned(self._assign, result, view))

    def after(self, view: View, result: Json) -> Left:
        """What is left for the result of the state's work."""
        selected = self._filled(self._result_selector, result, view)
        return Left(self._placed(selected, view), self._assigned(self._assign, selected, view))

    def replaced(self, view: View, result: Json) -> Json:
        """The output where an operator gives the result: as it stands, where ResultPath puts it."""
        return self._placed(result, view)

    def _placed(self, result: Json, view: View) -> Json:
        return self._output(self._result_path(view.document, result, view), view)

    def _assigned(self, template: Template | None, document: Json, view: View) -> Mapping[str, Any]:
        if template is None:
            return NOTHING
        found: Mapping[str, Any] = self._filled(template, document, view)
        return found

    def caught(self, view: View, catcher: int, error: Json) -> Left:
        """ResultPath on the raw input; OutputPath has no part in it."""
        found = self._catchers[catcher]
        output = found.place(view.document, error, view)
        return Left(output, self._assigned(found.assign, error, view))

    # --- kinds ----------------------------------------------------------------------------------

    def chosen(self, view: View) -> Taken:
        """The first rule that holds."""
        given = self.input(view)
        scope = self._scope(given, view)
        for rule in self._rules:
            if rule.holds(scope):
                assigned = self._assigned(rule.assign, given, view)
                return Taken(rule.target, Left(self._output(given, view), assigned))
        assigned = self._assigned(self._assign, given, view)
        return Taken(self._default, Left(self._output(given, view), assigned))

    def wait(self, view: View) -> tuple[int | None, float | None]:
        """Seconds or a moment, given or read from the effective input."""
        members = self._members
        if "Timestamp" in members or "TimestampPath" in members:
            given = members.get("Timestamp")
            if "TimestampPath" in members:
                given = self._read(view, members["TimestampPath"])
            return None, fields.moment(given, "the time to wait for", RUNTIME)
        return self.whole(view, members, "Seconds", 0), None

    def failure(self, view: View) -> tuple[str | None, str | None]:
        """Error and Cause, or what their paths give."""
        return self._said(view, "Error"), self._said(view, "Cause")

    def _said(self, view: View, name: str) -> str | None:
        if f"{name}Path" in self._members:
            get = templates.expression(self._members[f"{name}Path"])
            found = get(self._scope(view.document, view))
            found = found if view.content is None else view.content(found)
            return fields.text(found, f"{name}Path")
        given: str | None = self._members.get(name)
        return given

    # --- maps -----------------------------------------------------------------------------------

    def items(self, view: View) -> list[Json]:
        """The list at ItemsPath of the effective input."""
        path = self._members.get("ItemsPath", "$")
        found = self._read(view, path)
        if not isinstance(found, list):
            raise ExpressionError(f"there is no list at {path} for the Map to work on", RUNTIME)
        return found

    def item(self, view: View) -> Json:
        """ItemSelector, with the item in the context object."""
        if self._selector is None:
            return view.context["Map"]["Item"]["Value"]
        scope = view.scope(self.input(view), context=True)
        return self._selector.fill(scope)

    def selects(self) -> bool:
        """Whether there is an ItemSelector."""
        return self._selector is not None

    def tolerance(self, view: View) -> Tolerance:
        """MaxConcurrency, ToleratedFailureCount and ToleratedFailurePercentage, or their paths."""
        members = self._members
        name = "ToleratedFailurePercentage"
        share = members.get(name)
        if f"{name}Path" in members:
            share = self._read(view, members[f"{name}Path"])
            share = fields.percentage(share, f"{name}Path", RUNTIME)
        return Tolerance(
            self.whole(view, members, "MaxConcurrency", 0) or 0,
            self.whole(view, members, "ToleratedFailureCount", 0),
            None if share is None else fields.percentage(share, name, RUNTIME),
        )


class _Catching:
    """A catcher's own fields."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self.place = _result_path(members)
        self.assign = templates.compile(members["Assign"]) if "Assign" in members else None


class _Rule:
    """A rule of a Choice."""

    def __init__(self, rule: Mapping[str, Any], target: str) -> None:
        self.holds = choices.compile(dict(rule))
        self.assign = templates.compile(rule["Assign"]) if "Assign" in rule else None
        self.target = target


def _result_path(members: Mapping[str, Any]) -> Callable[[Json, Json, View], Json]:
    """Where a result goes in the raw input."""
    given = members.get("ResultPath", "$")
    if given == "$":
        return lambda _raw, result, _view: result
    if given is None:
        return lambda raw, _result, _view: raw
    path: Path = jsonpath.compile(given)
    return lambda raw, result, view: path.write(raw, result, view.content)


def _mentions_context(state: State) -> bool:
    says = state.says
    if says is None:
        return False
    told = [says.members, [catcher.members for catcher in says.catch]]
    if isinstance(state, Choice):
        told.append([rule for rule, _ in state.rules])
    return "$$" in dumps(told)

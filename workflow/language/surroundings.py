"""A state's fields, and what they are evaluated on at one moment of an execution."""

from __future__ import annotations

from expressions.scope import Content
from wire import Json
from workflow.language import context
from workflow.language.fields import Fields
from workflow.language.view import View, checked
from workflow.machine import Machine, no_content
from workflow.state import Visit


def fields_of(machine: Machine, visit: Visit) -> Fields:
    """The compiled fields of the state that a visit is in."""
    return machine.definition.fields(visit.name)


def view_of(machine: Machine, visit: Visit) -> View:
    """What the fields of a visit's state are evaluated on."""
    state = machine.state
    return View(
        state.inputs[visit.input],
        lambda: context.context_of(machine, visit),
        visible(machine, visit),
        chance=machine.draw,
        now=state.now,
        content=content_of(machine),
    )


def visible(machine: Machine, visit: Visit) -> dict[str, Json]:
    """The variables that a visit sees: its frame's, over those of the frames around it."""
    state = machine.state
    own, outer = state.variables[visit.variables], machine.frame(visit).outer
    return {**state.variables[outer], **own} if outer else own


def within_limits(machine: Machine, value: Json, what: str) -> Json:
    """A payload; `States.DataLimitExceeded` where its JSON has too many bytes."""
    return checked(value, what, content_of(machine))


def content_of(machine: Machine) -> Content | None:
    """What gives the values of references; None where there are none."""
    return None if machine.contents is no_content else machine.content

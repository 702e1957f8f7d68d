"""Histories that another definition made: what the state wants, beside what the history has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from errors import DivergedError
from wire import loads
from workflow.machine import Machine
from workflow.state import Phase, Via, Work

NAMED = 3  # works at most that a divergence names


def diverged(machine: Machine, expected: str, actual: str, step: str) -> DivergedError:
    """The error that says so."""
    kind = f"{machine.definition.name} {machine.definition.version}"
    return DivergedError(expected, actual, step, kind, machine.event_id)


def unwanted(machine: Machine, actual: str, found: Mapping[str, Any]) -> DivergedError:
    """The error for something of ours that nothing in the state has asked for."""
    control = loads(found.get("control"))
    step = control.get("path") if isinstance(control, dict) else None
    return diverged(machine, wanted(machine), actual, str(step or "unknown"))


def wanted(machine: Machine) -> str:
    """What the state asks of SWF, for people."""
    works = machine.state.works.values()
    asking = [work for work in works if work.phase in (Phase.READY, Phase.BACKOFF)]
    return " and ".join(_told(work) for work in asking[:NAMED]) or "nothing"


def _told(work: Work) -> str:
    kind = {Via.CHILD: "child", Via.ACTIVITY: "activity"}.get(work.via, "a wait at")
    return f"{kind} {work.activity}"


def is_ours(found: Mapping[str, Any]) -> bool:
    """Whether a decision of this core scheduled that activity: others write no such control."""
    control = loads(found.get("control"))
    if not isinstance(control, dict) or not {"path", "visit", "attempt", "entry"} <= control.keys():
        return False
    numbers = f"{control['entry']}.{control['attempt']}"
    return bool(found["activityId"][1:] == numbers)


def is_unheard_of(machine: Machine, key: str) -> bool:
    """Whether the key of a work names an entrance or a rollback that never was."""
    made = machine.state.rollbacks if key[:1] == "t" else machine.state.entries
    return key[1:].isdecimal() and int(key[1:]) > made

"""What an argparse parser takes, as a line and as a table."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from docs.markdown import code, table

NOTHING: tuple[object, ...] = (None, False, "", [], argparse.SUPPRESS)
"""Defaults of which there is nothing to tell."""


def actions(parser: argparse.ArgumentParser, without: Iterable[str] = ()) -> list[argparse.Action]:
    """Arguments, then options, that users are told of; not `--help`, nor those named."""
    left_out = {"help", *without}
    listed = parser._actions  # noqa: SLF001 - argparse has no other way to list them
    found = [
        action
        for action in listed
        if action.dest not in left_out
        and action.help != argparse.SUPPRESS
        and action.nargs != argparse.PARSER
    ]
    return sorted(found, key=lambda action: bool(action.option_strings))


def usage(parser: argparse.ArgumentParser, without: Iterable[str] = ()) -> str:
    """What follows a command, on one line: what may be left out in brackets."""
    parts = [_shown(a) if _needed(a) else f"[{_shown(a)}]" for a in actions(parser, without)]
    return " ".join(parts)


def options(parser: argparse.ArgumentParser, without: Iterable[str] = ()) -> str:
    """A table of what a command takes; empty where it takes nothing."""
    rows = [
        [code(_shown(action)), _default(action), _meaning(action)]
        for action in actions(parser, without)
    ]
    return table(["Argument", "Default", "Meaning"], rows) if rows else ""


def _needed(action: argparse.Action) -> bool:
    return action.required if action.option_strings else action.nargs not in ("?", "*")


def _shown(action: argparse.Action) -> str:
    """As it is typed: `--input FILE`, `WORKFLOW_ID`, `FILE...`."""
    return " ".join([*action.option_strings[-1:], *_value(action)])


def _value(action: argparse.Action) -> list[str]:
    if action.nargs == 0:
        return []
    name = action.metavar or (
        "|".join(map(str, action.choices)) if action.choices else action.dest.upper()
    )
    return [f"{name}..." if action.nargs in ("*", "+") else str(name)]


def _default(action: argparse.Action) -> str:
    if action.option_strings and action.required:
        return "required"
    if action.default in NOTHING:
        return ""
    value = action.default
    return code(f"{value:g}" if isinstance(value, float) else str(value))


def _meaning(action: argparse.Action) -> str:
    """What `--help` says; most identifiers need no word."""
    said = action.help or MEANINGS.get(str(action.metavar), "")
    return f"{said}; repeatable" if _forgotten(action, said) else said


def _forgotten(action: argparse.Action, said: str) -> bool:
    return type(action).__name__ == "_AppendAction" and "repeatable" not in said


MEANINGS = {"WORKFLOW_ID": "which execution"}
"""Arguments that `--help` leaves to their names."""
